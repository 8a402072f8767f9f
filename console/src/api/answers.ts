// Answers of the API that wrap the contract's types or that only this console reads.
import type {
  Alarm,
  Approval,
  AttributeDelta,
  AttributeView,
  BilingualText,
  ConnectionEvent,
  Conversation,
  Decision,
  DeviceCommandView,
  DeviceImportRow,
  DeviceRow,
  DeviceView,
  IssuedCredential,
  LimitEvent,
  LocationView,
  Message,
  OrderSummary,
  Quarantined,
  Receipt,
  ReleaseKey,
  ReleaseView,
  Scenario,
  ShipmentSummary,
  StockRow,
  SuiteView,
  ValueType,
} from "@waremind/contract";

export interface Items<T> {
  readonly items: readonly T[];
}
export type Alarms = Items<Alarm>;
export type Approvals = Items<Approval>;
export type Conversations = Items<Conversation>;
export type Devices = Items<DeviceView>;
export type Locations = Items<LocationView>;
export type Orders = Items<OrderSummary>;
export type Scenarios = Items<Scenario>;
export type Shipments = Items<ShipmentSummary>;
export type Stock = Items<StockRow>;
export type Suites = Items<SuiteView>;

export interface PolicyClause {
  readonly id: string;
  readonly version: number;
  readonly title: BilingualText;
  readonly text: BilingualText;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface SeriesSummary {
  readonly seriesId: number;
  readonly key: string;
  readonly unit: string | null;
  readonly valueType: ValueType;
}

/** A device as its own screen shows it. */
export type DeviceDetailView = DeviceView &
  Pick<DeviceRow, "state" | "isGateway" | "gatewayName" | "firmware">;

export interface DeviceDetail {
  readonly device: DeviceDetailView;
  readonly series: readonly SeriesSummary[];
}

export interface DeviceAttributes {
  readonly items: readonly AttributeView[];
  readonly delta: readonly AttributeDelta[];
}
export interface DeviceHistory {
  readonly connections: readonly ConnectionEvent[];
  readonly limits: readonly LimitEvent[];
}
export interface QuarantinePage {
  readonly items: readonly Quarantined[];
  readonly total: number;
}
export interface ReleasedMessage {
  readonly stored: number;
  readonly stillRefused: readonly { readonly reason: string; readonly detail: string }[];
}
/** What the guard said to a wish, and what came of it. */
export interface ProposedChange {
  readonly decision: Decision;
  readonly approvalId: string | null;
  readonly receiptId: string | null;
}
export interface ProposedCommand extends ProposedChange {
  readonly command: DeviceCommandView | null;
}
export interface DeviceImport {
  readonly rows: readonly DeviceImportRow[];
  readonly created: number;
  readonly existing: number;
  readonly refused: number;
}
export interface Releases {
  readonly items: readonly ReleaseView[];
  readonly keys: readonly ReleaseKey[];
}

export interface Thread {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
}

export interface DecidedApproval {
  readonly approval: Approval;
  readonly receipt: Receipt | null;
}

export interface CreatedDevice {
  readonly device: DeviceView;
  readonly token: string | null;
  readonly credential: IssuedCredential;
}

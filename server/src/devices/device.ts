import type {
  AlarmRule,
  CommandDefinition,
  ProfileLimits,
  ProfileTransport,
  ValueType,
} from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export interface ProfileKey {
  readonly key: string;
  readonly type: ValueType;
  /** UCUM code, or null for text. */
  readonly unit: string | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly decimals: number | null;
  /** A quoted number of this key is taken as a number. Absent: text stays text. */
  readonly acceptsText?: boolean | undefined;
  /** UCUM code in which it is sent. Absent: its unit. */
  readonly sentUnit?: string | undefined;
}

export type ProvisionStrategy = "disabled" | "allow-create-new" | "check-pre-provisioned" | "x509-chain";

export interface Profile {
  readonly id: string;
  readonly nameEn: string;
  readonly nameZh: string;
  readonly keys: readonly ProfileKey[];
  readonly expectedIntervalSeconds: number;
  /** Grows with each change; an edit names the version it saw. */
  readonly version: number;
  readonly commands: readonly CommandDefinition[];
  readonly transport: ProfileTransport;
  readonly limits: ProfileLimits;
  readonly alarmRules: readonly AlarmRule[];
}

/** What a profile is made of; what is absent takes its default. */
export type NewProfile = Pick<Profile, "id" | "nameEn" | "nameZh" | "keys" | "expectedIntervalSeconds"> &
  Partial<Omit<Profile, "version">>;

export interface Device {
  readonly id: number;
  readonly name: string;
  readonly label: string;
  readonly profileId: string;
  readonly state: "active" | "disabled";
  readonly isGateway: boolean;
  /** The gateway it was last heard through. */
  readonly gatewayId: number | null;
  /** Releases it should run, by kind. */
  readonly firmwareReleaseId: string | null;
  readonly softwareReleaseId: string | null;
}

export type Transport = "mqtt" | "http" | "coap" | "gateway";

export interface DeviceConnection {
  readonly deviceId: number;
  readonly isConnected: boolean;
  readonly transport: string | null;
  readonly connectedAt: number | null;
  readonly disconnectedAt: number | null;
  readonly lastHeardAt: number | null;
}

/** A device came or went. In a batch they stand in the order in which they happened. */
export interface ConnectionChange {
  readonly deviceId: number;
  readonly isConnected: boolean;
  /** Null: whichever it is known to be connected by. */
  readonly transport: string | null;
  readonly reason: string;
  /** Where it connected from, empty when unknown. */
  readonly address: string;
  readonly at: number;
}

export interface ConnectionEvent {
  readonly at: number;
  /** Moved: another gateway speaks for it now. */
  readonly kind: "connected" | "disconnected" | "moved";
  readonly transport: string;
  readonly reason: string;
  readonly address: string;
  /** Of a move alone: the gateway that speaks for it now, and the one that did before (null: none). */
  readonly gatewayName: string | null;
  readonly gatewayBefore: string | null;
}

/** What is absent of a new device: not a gateway, and not provisioned (`check-pre-provisioned` waits for it). */
export interface NewDevice {
  readonly name: string;
  readonly label: string;
  readonly profileId: string;
  readonly isGateway?: boolean | undefined;
  readonly provisionedAt?: number | undefined;
}

/** What is changed of a device; what is absent stays. */
export interface DeviceEdit {
  readonly label?: string | undefined;
  readonly profileId?: string | undefined;
  readonly isGateway?: boolean | undefined;
  /** The gateway it comes through; known beforehand only when it is taken over from elsewhere. */
  readonly gatewayId?: number | null | undefined;
  readonly state?: Device["state"] | undefined;
}

/** One device as the registry knows it, for a table of all of them. */
export interface DeviceRegistryRow {
  readonly id: number;
  readonly name: string;
  readonly label: string;
  readonly profileId: string;
  readonly state: Device["state"];
  readonly isGateway: boolean;
  readonly gatewayName: string | null;
  readonly isConnected: boolean;
  readonly transport: string | null;
  readonly connectedAt: number | null;
  readonly disconnectedAt: number | null;
  readonly lastHeardAt: number | null;
  readonly expectedIntervalSeconds: number;
  /** Times it met a limit since the instant asked for. */
  readonly limitsMet: number;
  /** Title and version of the firmware that it should run. */
  readonly firmware: string | null;
}

export type BindingKind = "logger-shipment" | "cell-stock";

/** What one series of a device means to the business while it is bound. */
export interface Binding {
  readonly id: string;
  readonly kind: BindingKind;
  readonly deviceId: number;
  readonly seriesKey: string;
  /** A shipment id or a shelf cell id. */
  readonly targetId: string;
  readonly boundAt: number;
  /** Rules for as long as it is bound, about any key of the device. */
  readonly alarmRules: readonly AlarmRule[];
}

/** An authenticated device as transports and intake need it. */
export interface DeviceIdentity {
  readonly device: Device;
  readonly profile: Profile;
}

export interface Devices {
  createProfile(connection: Connection, profile: NewProfile): Promise<void>;
  listProfiles(): Promise<readonly Profile[]>;
  /** @throws DomainError `conflict` when the name is taken, `not-found` for an unknown profile, `invalid-input`. */
  createDevice(connection: Connection, device: NewDevice): Promise<Device>;
  /** @throws DomainError `not-found` for an unknown device or profile. The caller closes sessions after the commit. */
  updateDevice(connection: Connection, name: string, edit: DeviceEdit): Promise<Device>;
  /**
   * With all that hangs on its row: credentials, attributes, commands, bindings, series. Readings and rollups of its series
   * are telemetry's and are not touched here. @throws DomainError `not-found`. The caller closes its sessions.
   */
  deleteDevice(connection: Connection, deviceId: number): Promise<void>;
  /**
   * Many at once in a few statements, each with an access token, the given one or a new one; at most 500, in order.
   * @throws DomainError `conflict` when a name or a token is taken, `not-found` for an unknown profile, `invalid-input`
   */
  enterDevices(
    connection: Connection,
    list: readonly {
      readonly name: string;
      readonly label: string;
      readonly profileId: string;
      readonly isGateway: boolean;
      readonly token: string | undefined;
    }[],
  ): Promise<readonly { readonly device: Device; readonly token: string }[]>;
  /** Makes a new access token and returns it once; only its SHA-256 is stored. `token` lets an operator supply one. */
  issueAccessToken(
    connection: Connection,
    deviceId: number,
    token?: string,
  ): Promise<{ token: string; hint: string }>;
  /** Null for an unknown or revoked token or a disabled device. Cached for a bounded time; `forget` clears it. */
  authenticate(token: string): Promise<DeviceIdentity | null>;
  /** A device by its id, as transports need it; null for an unknown or disabled one. Cached like tokens. */
  identityOf(deviceId: number): Promise<DeviceIdentity | null>;
  /** Whatever credential it came by. Call it in the transaction of the change or after it. */
  forget(deviceId: number): void;
  listDevices(): Promise<readonly Device[]>;
  findDevice(name: string): Promise<Device | null>;
  findDeviceById(deviceId: number): Promise<Device | null>;
  /** All devices by name, in one statement. `limitsSinceAt`: from when on `limitsMet` counts. */
  deviceRows(options: { readonly limitsSinceAt: number }): Promise<readonly DeviceRegistryRow[]>;
  connections(): Promise<readonly DeviceConnection[]>;
  tokenHints(): Promise<ReadonlyMap<number, string>>;
  /**
   * Who came and who went, with the history of it: one transaction of set-based statements for thousands of changes. An
   * unknown device is passed over.
   */
  markConnections(changes: readonly ConnectionChange[]): Promise<void>;
  /** Newest first; some 1,000 are kept of each device. */
  connectionHistory(deviceId: number, limit: number): Promise<readonly ConnectionEvent[]>;
  markConnected(deviceId: number, transport: string): Promise<void>;
  markDisconnected(deviceId: number, reason: string): Promise<void>;
  /** For a server that starts after a crash: whoever it held connected is not. */
  markAllDisconnected(reason: string): Promise<void>;
  /** The same where several processes hold devices: of those that live no more. Answers the devices' names. */
  markLeftBehind(connection: Connection, reason: string): Promise<readonly string[]>;
  /** Inside the intake transaction: one statement for all devices of a batch. */
  markHeard(connection: Connection, deviceIds: readonly number[], at: number): Promise<void>;
  /** `boundAt` absent: now. An import of history gives the time. */
  bind(
    connection: Connection,
    binding: Omit<Binding, "id" | "boundAt" | "alarmRules"> & {
      readonly boundAt?: number;
      readonly alarmRules?: readonly AlarmRule[];
    },
  ): Promise<Binding>;
  /** @throws DomainError `not-found` when no live binding has this id. */
  setBindingRules(connection: Connection, bindingId: string, rules: readonly AlarmRule[]): Promise<Binding>;
  /** `at` absent: now. */
  unbind(connection: Connection, bindingId: string, at?: number): Promise<void>;
  /**
   * All live bindings, cached in memory and refreshed after `bind` and `unbind` (and every 5 s for other processes).
   * Inside a transaction pass its connection: a refresh then goes through it (the embedded store has only one).
   */
  liveBindings(connection?: Connection): Promise<readonly Binding[]>;
  /** Bindings of a target, live or ended, newest first; through `connection` inside a transaction. */
  bindingsOf(
    targetId: string,
    connection?: Connection,
  ): Promise<readonly (Binding & { readonly unboundAt: number | null })[]>;
}

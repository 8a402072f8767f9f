/** The limits that a device can meet; on screen and in the ledger by this name. */
export const limitNames = [
  "messages",
  "telemetry-messages",
  "telemetry-points",
  "payload-bytes",
  "connections",
  "connect-rate",
  "devices-per-gateway",
  "gateway-messages",
  "gateway-telemetry-messages",
  "gateway-telemetry-points",
  "server-messages",
  "attribute-keys",
  "requests-under-way",
  "series",
] as const;
export type LimitName = (typeof limitNames)[number];

/** How often a device met a limit in one minute, and by how much at worst, in the limit's own unit. */
export interface LimitEvent {
  readonly deviceId: number;
  readonly limitName: LimitName;
  readonly minuteAt: number;
  /** The limit as it is written: `20:1`, `65536`. */
  readonly allowed: string;
  readonly times: number;
  readonly worst: number;
  readonly lastAt: number;
}

export interface LimitLedger {
  /** Counts in memory; written every few seconds and on `flush`. Never throws. */
  note(event: {
    readonly deviceId: number;
    readonly limitName: LimitName;
    readonly allowed: string;
    readonly observed: number;
  }): void;
  flush(): Promise<void>;
  /** Newest first. */
  list(deviceId: number, limit: number): Promise<readonly LimitEvent[]>;
  /** Times met since `at`, by device. */
  countsSince(at: number): Promise<ReadonlyMap<number, number>>;
}

import type { JsonValue } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

/** client: what the device says of itself (reported); shared: what we want of it (desired); server: ours alone. */
export type AttributeScope = "client" | "shared" | "server";

export interface Attribute {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly value: JsonValue;
  /** Grows with each change of its value. */
  readonly version: number;
  readonly updatedAt: number;
  /** A person's name, or the transport it came by. */
  readonly updatedBy: string;
}

export type AttributeValues = Readonly<Record<string, JsonValue>>;

/** What changed, in the form that is pushed: absent keys did not change. */
export interface AttributeChange {
  readonly values: AttributeValues;
  readonly deletedKeys: readonly string[];
}

/** Which keys: a list, all of a scope, or none. ThingsBoard: neither list given means all of both. */
export interface AttributeRequest {
  readonly client: readonly string[] | "all" | "none";
  readonly shared: readonly string[] | "all" | "none";
}

export const attributeLimits = {
  keysPerScopeMax: 500,
  keyLengthMax: 255,
  /** JSON text of one value, bytes. */
  valueBytesMax: 65_536,
} as const;

export interface DeviceAttributes {
  /** Writes values and removes keys; an equal value changes nothing and keeps its version. Answers what changed. */
  write(
    connection: Connection,
    input: {
      readonly deviceId: number;
      readonly scope: AttributeScope;
      readonly values: AttributeValues;
      readonly deletedKeys?: readonly string[];
      readonly by: string;
    },
  ): Promise<AttributeChange>;
  /** An absent key is absent in the answer, never null. */
  read(
    deviceId: number,
    request: AttributeRequest,
    connection?: Connection,
  ): Promise<{ readonly client: AttributeValues; readonly shared: AttributeValues }>;
  list(deviceId: number): Promise<readonly Attribute[]>;
  /** What we want of these devices and was set at this instant or later, of whoever has any. Deletions leave no trace. */
  sharedSince(deviceIds: readonly number[], at: number): Promise<ReadonlyMap<number, AttributeValues>>;
}

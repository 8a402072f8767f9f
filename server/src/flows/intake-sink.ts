import type { Point } from "@waremind/contract";
import type { DeviceIdentity, Transport } from "../devices/index.ts";

/** One decoded device message: its points are stored together or the message is quarantined with its reason. */
export interface IntakeMessage {
  readonly identity: DeviceIdentity;
  readonly transport: Transport;
  readonly points: readonly Point[];
  readonly receivedAt: number;
  /** The payload as it came (cut at 64 KiB), kept if it must be quarantined. */
  readonly payload: Uint8Array;
}

/** A message whose payload could not be decoded; kept in quarantine where its owner sees it. */
export interface MalformedMessage {
  readonly identity: DeviceIdentity;
  readonly transport: Transport;
  readonly receivedAt: number;
  readonly payload: Uint8Array;
  readonly reason: string;
  readonly detail: string;
}

/** Told once what became of a message; a transport with much traffic spares itself a promise for each. */
export interface Receipt {
  /** It is on disk. */
  stored(): void;
  /** It is not, and nothing of it was kept. */
  notStored(error: unknown): void;
}

/** One sink for every transport. A promise resolves only after its message is on disk; it rejects when it is not. */
export interface IntakeSink {
  append(message: IntakeMessage): Promise<void>;
  /** The same, told by a receipt: all messages of one commit within one turn. */
  take(message: IntakeMessage, receipt: Receipt): void;
  appendMalformed(message: MalformedMessage): Promise<void>;
  /**
   * Unstored messages held now and the most it will hold; transports stop reading sockets above it. Large payloads
   * count for several, so that memory is bounded too. At twice the most, `append` rejects with `overloaded`.
   */
  readonly pendingCount: number;
  readonly pendingCountMax: number;
  /** Resolves when there is room again; at once when there is. */
  waitForRoom(): Promise<void>;
  /** Stores what is pending, then refuses more. */
  stop(): Promise<void>;
}

/** What an observer of intake adds inside the same transaction: derived state and alarms. */
export interface IntakeFollower {
  /** Absent: every reading is of interest. Asked for each new reading of a batch, so it answers from memory. */
  isInterestedIn?(seriesId: number): boolean;
  /** Told of a device's series before their readings come, whenever one of them or the device's profile is new. */
  learn?(identity: DeviceIdentity, series: readonly import("../telemetry/index.ts").Series[]): void;
  /** Told how the transaction of `follow` ended; of one whose end is not known, that it failed. */
  settled?(connection: import("../platform/database.ts").Connection, isCommitted: boolean): void;
  /** Called with the new readings of a batch, in order; answers events to publish after commit. */
  follow(
    connection: import("../platform/database.ts").Connection,
    readings: readonly import("../telemetry/index.ts").StoredReading[],
  ): Promise<readonly import("@waremind/contract").LiveEvent[]>;
}

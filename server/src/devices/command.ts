import type { Actor, CommandDefinition, CommandState, JsonValue } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

/**
 * queued → sent (written to a session) → delivered (the device acknowledged it, or its transport acknowledges nothing;
 * the end of a one-way command) → successful (it answered, an error of its own included). Ends besides: timeout (no
 * answer in time), expired (never delivered in its lifetime), failed (not persistent and nobody listened), deleted
 * (taken back by a person). An ended command never moves again.
 */
export interface DeviceCommand {
  readonly id: string;
  /** What the device knows it by (ThingsBoard's request id). */
  readonly number: number;
  readonly deviceId: number;
  readonly deviceName: string;
  readonly method: string;
  readonly params: JsonValue;
  readonly isOneWay: boolean;
  readonly isPersistent: boolean;
  readonly state: CommandState;
  readonly idempotencyKey: string;
  readonly requestedBy: Actor;
  readonly receiptId: string | null;
  readonly attempts: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly sentAt: number | null;
  readonly deliveredAt: number | null;
  readonly endedAt: number | null;
  readonly answer: JsonValue | null;
  readonly error: string | null;
}

/** The device that a command is for, with what its profile declares, as the guard judges it. */
export interface CommandTarget {
  readonly id: number;
  readonly name: string;
  readonly state: "active" | "disabled";
  readonly commands: readonly CommandDefinition[];
}

/** JSON text of the parameters, and of an answer, bytes. */
export const commandBytesMax = 65_536;

export interface DeviceCommands {
  findTarget(connection: Connection, deviceName: string): Promise<CommandTarget | null>;
  /**
   * @throws DomainError `conflict` when the idempotency key is used, `invalid-input` for parameters that cannot be kept
   * (NUL or half a character), `payload-too-large`.
   */
  create(
    connection: Connection,
    command: Pick<
      DeviceCommand,
      | "deviceId"
      | "method"
      | "params"
      | "isOneWay"
      | "isPersistent"
      | "idempotencyKey"
      | "requestedBy"
      | "receiptId"
      | "expiresAt"
    >,
  ): Promise<DeviceCommand>;
  /** Open ones that a device that connects now should get, oldest first: queued, and sent but never acknowledged. */
  deliverable(deviceId: number, limit: number): Promise<readonly DeviceCommand[]>;
  /** Which of these devices have anything deliverable: one statement for thousands that connect at once. */
  devicesWithDeliverable(deviceIds: readonly number[]): Promise<readonly number[]>;
  /** Answers null when the command is not in one of `from` any more: somebody else moved it. */
  move(
    connection: Connection,
    number: number,
    input: {
      readonly from: readonly CommandState[];
      readonly to: CommandState;
      readonly answer?: JsonValue;
      readonly error?: string;
    },
  ): Promise<DeviceCommand | null>;
  find(id: string): Promise<DeviceCommand | null>;
  findByNumber(deviceId: number, number: number): Promise<DeviceCommand | null>;
  /** Newest first. */
  list(options: {
    readonly deviceId?: number;
    readonly limit: number;
    readonly beforeNumber?: number;
  }): Promise<readonly DeviceCommand[]>;
  /** Ends those past their lifetime (`expired`, or `timeout` when delivered); answers them. */
  expire(limit: number): Promise<readonly DeviceCommand[]>;
}

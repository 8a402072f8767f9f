// What a person does about a quarantined message: let it in after all, or decide that it stays out.
import type { Actor, LiveEvent, Point } from "@waremind/contract";
import type { DeviceIdentity, Devices, Transport } from "../devices/index.ts";
import type { Guard } from "../guard/index.ts";
import type { Bus } from "../platform/bus.ts";
import { patientDatabase, retryContention } from "../platform/contention.ts";
import type { Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { QuarantinedRow, Telemetry } from "../telemetry/index.ts";
import type { IntakeFollower, IntakeMessage } from "./intake-sink.ts";
import { createCleaner, payloadBytes, unawaited } from "./take-in-readings-clean.ts";
import { followed, storeAndFollow } from "./take-in-readings-commit.ts";

type Person = Extract<Actor, { kind: "person" }>;

/** What came of a release. `held`: something of it is still refused, for the reason given; the rest is stored. */
export type ReleaseOutcome =
  | { readonly state: "released"; readonly storedCount: number }
  | {
      readonly state: "held";
      readonly storedCount: number;
      readonly reason: string;
      readonly detail: string;
    };

export interface QuarantineDesk {
  /**
   * Takes the message in under its device's present profile, with the time at which it was received. Readings, the
   * message's new state and the audit entry are one transaction; what is in the store already is not stored twice.
   *
   * @throws DomainError `not-found`; `conflict` when it was decided before; `not-allowed` when it is no telemetry or its
   * device is gone.
   */
  release(id: number, person: Person): Promise<ReleaseOutcome>;
  /** Keeps it out for good; it stays readable. @throws DomainError `not-found`, `conflict`. */
  discard(id: number, person: Person): Promise<void>;
}

/** Reads a payload as its device's profile says: JSON or Protobuf, straight from the device or from its gateway. */
export type PayloadDecoder = (message: {
  readonly identity: DeviceIdentity;
  readonly transport: string;
  readonly payload: Uint8Array;
}) => readonly Point[] | { readonly reason: string; readonly detail: string };

export interface QuarantineDeskDependencies {
  readonly database: Database;
  readonly devices: Pick<Devices, "identityOf" | "forget">;
  readonly telemetry: Telemetry;
  readonly guard: Pick<Guard, "appendAudit">;
  readonly followers: readonly IntakeFollower[];
  readonly decode: PayloadDecoder;
  readonly bus: Bus;
}

/**
 * Why telemetry is refused after its payload was understood, or when it was not. Anything else that is quarantined (a
 * topic that does not exist, a call, attributes) is no reading and never becomes one.
 */
const telemetryReasons: ReadonlySet<string> = new Set([
  "type-mismatch",
  "out-of-range",
  "not-finite",
  "clock-implausible",
  "text-not-storable",
  "key-empty",
  "key-too-long",
  "too-many-keys",
  "too-many-points",
  "telemetry-limit-reached",
  "store-refused",
  "json-syntax",
  "not-utf8",
  "not-an-object",
  "values-not-an-object",
  "ts-invalid",
  "text-unstorable",
  "number-not-finite",
  "nesting-too-deep",
  "protobuf-wire",
  "protobuf-schema-mismatch",
  "protobuf-schema-broken",
  "protobuf-too-deep",
  "protobuf-too-many-values",
  "protobuf-key-invalid",
  "protobuf-ts-invalid",
  "protobuf-json-invalid",
  "gateway-entry-not-an-array",
]);

const transports: ReadonlySet<string> = new Set<Transport>(["mqtt", "http", "coap", "gateway"]);

export function isReleasable(row: Pick<QuarantinedRow, "reason" | "deviceId" | "state">): boolean {
  return row.state === "held" && row.deviceId !== null && telemetryReasons.has(row.reason);
}

export function createQuarantineDesk(deps: QuarantineDeskDependencies): QuarantineDesk {
  const { database, telemetry, guard } = deps;

  async function messageOf(row: QuarantinedRow): Promise<IntakeMessage | ReleaseFault> {
    if (row.deviceId === null) throw deviceGone(row);
    // A profile that was changed a moment ago is the one that counts.
    deps.devices.forget(row.deviceId);
    const identity = await deps.devices.identityOf(row.deviceId);
    if (identity === null) throw deviceGone(row);
    const payload = payloadBytes(row.payload);
    const decoded = deps.decode({ identity, transport: row.transport, payload });
    if ("reason" in decoded) return decoded;
    const transport = transports.has(row.transport) ? (row.transport as Transport) : "mqtt";
    return { identity, transport, points: decoded, receivedAt: row.receivedAt, payload };
  }

  /** Stores what is good of it; `events` are for after the commit. */
  async function takeIn(
    row: QuarantinedRow,
    message: IntakeMessage | ReleaseFault,
    person: Person,
  ): Promise<{ readonly outcome: ReleaseOutcome; readonly events: readonly LiveEvent[] }> {
    // A cleaner of its own: it serves one caller at a time, and knows no profile from before.
    const cleaner = createCleaner(telemetry, deps.followers);
    const { readings, refused } =
      "reason" in message ? { readings: [], refused: [message] } : await cleaner.clean([unawaited(message)]);
    const [fault] = refused;
    // Each attempt ends for the followers before the next one begins.
    const attempt = () =>
      followed(deps, async (connection) => {
        const isStillHeld =
          fault === undefined
            ? await telemetry.decide(connection, { id: row.id, state: "released", by: person.name })
            : await telemetry.holdAgain(connection, {
                id: row.id,
                reason: fault.reason,
                detail: fault.detail,
              });
        if (!isStillHeld) throw decidedBefore(row.id);
        const { storedCount, events } = await storeAndFollow(connection, deps, { readings, cleaner });
        const outcome: ReleaseOutcome =
          fault === undefined
            ? { state: "released", storedCount }
            : { state: "held", storedCount, reason: fault.reason, detail: fault.detail };
        await guard.appendAudit(connection, {
          kind: "quarantine-released",
          actor: person,
          body: { quarantineId: row.id, deviceName: row.deviceName, was: row.reason, ...outcome },
        });
        return { outcome, events };
      });
    return retryContention(attempt);
  }

  return {
    release: async (id, person) => {
      const row = await findHeld(telemetry, id);
      if (!isReleasable(row)) throw row.deviceId === null ? deviceGone(row) : notTelemetry(row);
      const { outcome, events } = await takeIn(row, await messageOf(row), person);
      for (const event of events) deps.bus.publish(event);
      return outcome;
    },
    discard: async (id, person) => {
      const row = await findHeld(telemetry, id);
      await patientDatabase(database).transaction(async (connection) => {
        if (!(await telemetry.decide(connection, { id, state: "discarded", by: person.name }))) {
          throw decidedBefore(id);
        }
        await guard.appendAudit(connection, {
          kind: "quarantine-discarded",
          actor: person,
          body: { quarantineId: id, deviceName: row.deviceName, was: row.reason },
        });
      });
    },
  };
}

interface ReleaseFault {
  readonly reason: string;
  readonly detail: string;
}

async function findHeld(telemetry: Telemetry, id: number): Promise<QuarantinedRow> {
  const row = await telemetry.findQuarantined(id);
  if (row === null) {
    throw new DomainError(
      "not-found",
      { en: `There is no quarantined message ${id}.`, zh: `没有编号为 ${id} 的隔离消息。` },
      { id },
    );
  }
  if (row.state !== "held") throw decidedBefore(id);
  return row;
}

function decidedBefore(id: number): DomainError {
  return new DomainError(
    "conflict",
    {
      en: `Somebody has decided about message ${id} already; load the list again.`,
      zh: `消息 ${id} 已有人处理，请刷新列表。`,
    },
    { id },
  );
}

function notTelemetry(row: QuarantinedRow): DomainError {
  return new DomainError(
    "not-allowed",
    {
      en: `Message ${row.id} was refused as "${row.reason}" and holds no readings; it can only be discarded.`,
      zh: `消息 ${row.id} 因“${row.reason}”被拒绝，不含读数，只能丢弃。`,
    },
    { id: row.id, reason: row.reason },
  );
}

function deviceGone(row: QuarantinedRow): DomainError {
  return new DomainError(
    "not-allowed",
    {
      en: `The device of message ${row.id} is not known or is disabled, so its readings belong to nobody. Enable the device, or discard the message.`,
      zh: `消息 ${row.id} 的设备未知或已停用，其读数无所归属。请启用该设备，或丢弃此消息。`,
    },
    { id: row.id },
  );
}

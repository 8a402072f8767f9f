import type { LiveEvent } from "@waremind/contract";
import { type Devices, heardResolutionMs } from "../devices/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { storeErrorKind, storeUnavailable } from "../platform/store-errors.ts";
import { markFailed, traced } from "../platform/tracing.ts";
import type {
  AlarmRaise,
  QuarantinedMessage,
  Reading,
  StoredReading,
  Telemetry,
} from "../telemetry/index.ts";
import type { IntakeMeter } from "./intake-meter.ts";
import type { IntakeFollower } from "./intake-sink.ts";
import { asQuarantined, type Cleaner, type Delivery } from "./take-in-readings-clean.ts";

/** 0.1 + 0.2 + … + 3.2 s: a database that fails over has half a dozen seconds before devices are told to come again. */
const storeDelaysMs = [100, 200, 400, 800, 1_600, 3_200] as const;
const contentionAttemptsMax = 8;
const contentionDelayMsMax = 20;
/** An event is for screens, which read again what they show. */
const eventPointsMax = 256;
const heardDevicesMax = 50_000;
const followerReasonLengthMax = 200;

export interface IntakeDependencies {
  readonly database: Database;
  readonly devices: Devices;
  readonly telemetry: Telemetry;
  readonly followers: readonly IntakeFollower[];
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter?: IntakeMeter;
  /**
   * What else must stand in the very transaction that stores these deliveries, or refuses them for good. It comes first,
   * and rejects with `TakenOver` when this process may not store them any more.
   */
  readonly within?: (connection: Connection, batch: readonly Delivery[]) => Promise<void>;
}

/** Another process does this work now: nothing of the batch was stored here, and trying again would not help. */
export class TakenOver extends Error {}

/** Stores the batch and settles every delivery. Answers false when the store stayed away and all were rejected. */
export type Commit = (batch: readonly Delivery[]) => Promise<boolean>;

type Outcome =
  | { readonly kind: "stored"; readonly events: readonly LiveEvent[] }
  /** The store refuses this work whenever it is tried: there is a poison message in it. */
  | { readonly kind: "refused"; readonly error: unknown }
  | { readonly kind: "store-away"; readonly error: unknown };

export function createCommitter(dependencies: IntakeDependencies & { readonly cleaner: Cleaner }): Commit {
  const { log, bus } = dependencies;
  const heard = createHeardMemory();

  async function commit(batch: readonly Delivery[]): Promise<boolean> {
    const attributes = { "waremind.intake.messages": batch.length };
    const outcome = await traced({ name: "intake commit", attributes, isRoot: true }, async (span) => {
      const ended = await withRetries(() => storeBatch(dependencies, batch, heard));
      if (ended.kind !== "stored") markFailed(span, ended.kind);
      return ended;
    });
    switch (outcome.kind) {
      case "stored":
        heard.remember(batch);
        acknowledge(batch);
        // Acknowledgements leave first.
        await Promise.resolve();
        publish(outcome.events);
        return true;
      case "store-away":
        log.error({ error: outcome.error, messages: batch.length }, "readings could not be stored");
        for (const delivery of batch) delivery.receipt.notStored(asUnavailable(outcome.error));
        return false;
      case "refused":
        return batch.length > 1 ? bisect(batch) : storeAlone(batch, outcome.error);
    }
  }

  function acknowledge(batch: readonly Delivery[]): void {
    for (const delivery of batch) delivery.receipt.stored();
    dependencies.meter?.acknowledged(batch);
  }

  /**
   * One message whose transaction fails whenever it is tried. What follows from readings must not cost the readings: they
   * are stored without their followers, and an alarm says so; only what the store itself refuses is quarantined.
   */
  async function storeAlone(batch: readonly Delivery[], cause: unknown): Promise<boolean> {
    const outcome = await withRetries(() => storeBatch({ ...dependencies, followers: [] }, batch, heard));
    if (outcome.kind === "refused") return quarantineWhole(batch, outcome.error);
    if (outcome.kind === "store-away") {
      for (const delivery of batch) delivery.receipt.notStored(asUnavailable(outcome.error));
      return false;
    }
    acknowledge(batch);
    log.error({ error: cause }, "readings were stored, but what follows from them could not be worked out");
    await raiseFollowerAlarm(batch, cause);
    publish(outcome.events);
    return true;
  }

  async function raiseFollowerAlarm(batch: readonly Delivery[], cause: unknown): Promise<void> {
    try {
      for (const { message } of batch) {
        await dependencies.database.transaction((connection) =>
          dependencies.telemetry.raiseAlarm(connection, followerAlarm(message, cause)),
        );
      }
    } catch (error) {
      // It stands in the log; the readings are safe.
      log.error({ error }, "the alarm about it could not be raised");
    }
  }

  /** Halves the batch until the poison stands alone; order is kept, and all others are stored. */
  async function bisect(batch: readonly Delivery[]): Promise<boolean> {
    const middle = Math.ceil(batch.length / 2);
    const isFirstStored = await commit(batch.slice(0, middle));
    if (isFirstStored) return commit(batch.slice(middle));
    for (const delivery of batch.slice(middle))
      delivery.receipt.notStored(storeUnavailable("it went away meanwhile"));
    return false;
  }

  async function quarantineWhole(batch: readonly Delivery[], cause: unknown): Promise<boolean> {
    log.error({ error: cause }, "a message that could not be stored was quarantined");
    const outcome = await withRetries(() => storeRefused(dependencies, batch, cause));
    if (outcome.kind === "stored") acknowledge(batch);
    else for (const delivery of batch) delivery.receipt.notStored(asUnavailable(outcome.error));
    return outcome.kind === "stored";
  }

  function publish(events: readonly LiveEvent[]): void {
    for (const event of events) {
      try {
        bus.publish(event);
      } catch (error) {
        // An observer's mistake must not stop the intake.
        log.error({ error, kind: event.kind }, "an observer failed");
      }
    }
  }

  return commit;
}

async function withRetries(work: () => Promise<readonly LiveEvent[]>): Promise<Outcome> {
  const delayAfter = createPatience();
  for (;;) {
    try {
      return { kind: "stored", events: await work() };
    } catch (error) {
      if (error instanceof TakenOver) return { kind: "store-away", error };
      const kind = storeErrorKind(error);
      if (kind === "data" || kind === "other") return { kind: "refused", error };
      const delayMs = delayAfter(kind);
      if (delayMs === undefined) return { kind: "store-away", error };
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

/** How long to wait before the next attempt; undefined when there were enough. */
function createPatience(): (kind: "unavailable" | "contention") => number | undefined {
  let absences = 0;
  let contentions = 0;
  return (kind) => {
    if (kind === "unavailable") {
      absences += 1;
      return storeDelaysMs[absences - 1];
    }
    contentions += 1;
    return contentions > contentionAttemptsMax ? undefined : contentionDelayMsMax * Math.random();
  };
}

/** The one transaction: readings, what is latest, what was refused, who was heard, and what follows from the readings. */
async function storeBatch(
  dependencies: IntakeDependencies & { readonly cleaner: Cleaner },
  batch: readonly Delivery[],
  heard: HeardMemory,
): Promise<readonly LiveEvent[]> {
  const { telemetry, devices, followers, cleaner } = dependencies;
  const { readings, refused } = await cleaner.clean(batch);
  const { deviceIds, at } = heard.news(batch);
  const committed = dependencies.meter?.commitStarts();
  const { stored, events } = await followed(dependencies, async (connection) => {
    await dependencies.within?.(connection, batch);
    // First, because what follows refers to devices: who deletes one locks in this order.
    if (deviceIds.length > 0) await devices.markHeard(connection, deviceIds, at);
    const fresh = await telemetry.storeReadings(connection, readings);
    if (refused.length > 0) await telemetry.quarantine(connection, refused);
    return { stored: fresh, events: await follow(connection, followers, fresh) };
  });
  committed?.({ messages: batch.length, readings: stored.length, refused });
  const told = readingsStored(stored, cleaner);
  return told === undefined ? events : [told, ...events];
}

/** A transaction of whose end the followers are told. */
export async function followed<Result>(
  { database, followers }: Pick<IntakeDependencies, "database" | "followers">,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  let used: Connection | undefined;
  let isCommitted = false;
  try {
    const result = await database.transaction((connection) => {
      used = connection;
      return work(connection);
    });
    isCommitted = true;
    return result;
  } finally {
    if (used !== undefined) for (const follower of followers) follower.settled?.(used, isCommitted);
  }
}

/**
 * Stores clean readings and what follows from them inside the caller's transaction; answers how many were new and the
 * events to publish after its commit.
 */
export async function storeAndFollow(
  connection: Connection,
  dependencies: Pick<IntakeDependencies, "telemetry" | "followers">,
  clean: { readonly readings: readonly Reading[]; readonly cleaner: Cleaner },
): Promise<{ readonly storedCount: number; readonly events: readonly LiveEvent[] }> {
  const stored = await dependencies.telemetry.storeReadings(connection, clean.readings);
  const events = await follow(connection, dependencies.followers, stored);
  const told = readingsStored(stored, clean.cleaner);
  return { storedCount: stored.length, events: told === undefined ? events : [told, ...events] };
}

/** Open until the follower works again: one per device, however many of its messages it happens to. */
function followerAlarm({ identity, receivedAt }: Delivery["message"], cause: unknown): AlarmRaise {
  const { device } = identity;
  const reason = (cause instanceof Error ? cause.message : String(cause)).slice(0, followerReasonLengthMax);
  return {
    kind: "rule",
    severity: "critical",
    subjectKind: "device",
    subjectId: String(device.id),
    ruleId: "follower-failed",
    subjectLabel: device.name,
    deviceId: device.id,
    seriesId: null,
    beganAt: receivedAt,
    value: null,
    unit: null,
    messageEn: `Readings of ${device.name} were stored, but what follows from them (conditions, counts, alarms) could not be worked out: ${reason}. Look into the server's log.`,
    messageZh: `${device.name} 的读数已保存，但据此推算的结果（状况、数量、报警）未能得出：${reason}。请查看服务器日志。`,
  };
}

async function storeRefused(
  { database, telemetry, devices, within, meter }: IntakeDependencies,
  batch: readonly Delivery[],
  cause: unknown,
): Promise<readonly LiveEvent[]> {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const messages: QuarantinedMessage[] = batch.map(({ message }) =>
    asQuarantined(message, [{ reason: "store-refused", detail }]),
  );
  const committed = meter?.commitStarts();
  await database.transaction(async (connection) => {
    await within?.(connection, batch);
    for (const { message } of batch) {
      await devices.markHeard(connection, [message.identity.device.id], message.receivedAt);
    }
    await telemetry.quarantine(connection, messages);
  });
  committed?.({ messages: batch.length, readings: 0, refused: messages });
  return [];
}

async function follow(
  connection: Connection,
  followers: readonly IntakeFollower[],
  stored: readonly StoredReading[],
): Promise<readonly LiveEvent[]> {
  const events: LiveEvent[] = [];
  for (const follower of followers) {
    const wanted =
      follower.isInterestedIn === undefined
        ? stored
        : stored.filter((reading) => follower.isInterestedIn?.(reading.seriesId));
    if (wanted.length > 0) events.push(...(await follower.follow(connection, wanted)));
  }
  return events;
}

/** All numeric points of a small batch; of a large one the last of each series, as many as an event may carry. */
function readingsStored(stored: readonly StoredReading[], cleaner: Cleaner): LiveEvent | undefined {
  const chosen = stored.length <= eventPointsMax ? stored : lastOfSeries(stored);
  const points = chosen.flatMap((reading) => {
    const name = cleaner.nameOf(reading.seriesId);
    if (reading.value.type !== "number" || name === undefined) return [];
    const { seriesId, observedAt } = reading;
    return [{ seriesId, ...name, observedAt, number: reading.value.number }];
  });
  return points.length === 0 ? undefined : { kind: "readings-stored", points };
}

function lastOfSeries(stored: readonly StoredReading[]): StoredReading[] {
  const chosen = new Map<number, StoredReading>();
  for (let index = stored.length - 1; index >= 0 && chosen.size < eventPointsMax; index -= 1) {
    const reading = stored[index];
    if (reading !== undefined && !chosen.has(reading.seriesId)) chosen.set(reading.seriesId, reading);
  }
  return [...chosen.values()].reverse();
}

function asUnavailable(error: unknown): unknown {
  return storeErrorKind(error) === "unavailable"
    ? error
    : storeUnavailable(error instanceof Error ? error.message : String(error), error);
}

/** Which devices' "last heard" is worth a write: it is told to the second, and only a commit counts as told. */
interface HeardMemory {
  news(batch: readonly Delivery[]): { readonly deviceIds: readonly number[]; readonly at: number };
  remember(batch: readonly Delivery[]): void;
}

function createHeardMemory(): HeardMemory {
  const toldAt = new Map<number, number>();
  const isNews = ({ message }: Delivery) =>
    message.receivedAt - (toldAt.get(message.identity.device.id) ?? Number.NEGATIVE_INFINITY) >=
    heardResolutionMs;
  return {
    news: (batch) => {
      const deviceIds = new Set<number>();
      let at = 0;
      for (const delivery of batch) {
        at = Math.max(at, delivery.message.receivedAt);
        if (isNews(delivery)) deviceIds.add(delivery.message.identity.device.id);
      }
      return { deviceIds: [...deviceIds], at };
    },
    remember: (batch) => {
      if (toldAt.size > heardDevicesMax) toldAt.clear();
      for (const delivery of batch) {
        if (isNews(delivery)) toldAt.set(delivery.message.identity.device.id, delivery.message.receivedAt);
      }
    },
  };
}

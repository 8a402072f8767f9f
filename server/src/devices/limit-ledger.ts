import { sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { float8Array, int4Array, int8Array } from "../platform/wire-arrays.ts";
import type { LimitEvent, LimitLedger } from "./limit.ts";
import type { DeviceTables } from "./tables.ts";

const minuteMs = 60_000;
/** Some 200 bytes each. What would be the next one is counted under its minute once there is room again. */
const pendingMax = 50_000;
const rowsPerStatementMax = 5_000;
const listMax = 1_000;
const keptMs = 30 * 24 * 60 * minuteMs;
const pruneEveryMs = 6 * 60 * minuteMs;

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

/** Which limit a device met, in which minute, how often and by how much; see `limit.ts`. */
export function createLimitLedger(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
}): LimitLedger {
  const { database, clock } = dependencies;
  let pending = new Map<string, LimitEvent>();
  let underWay: Promise<void> = Promise.resolve();
  let prunedAt = Number.NEGATIVE_INFINITY;

  function add(event: LimitEvent): void {
    const name = `${event.deviceId}/${event.limitName}/${event.minuteAt}`;
    const before = pending.get(name);
    if (before === undefined && pending.size >= pendingMax) return;
    pending.set(name, before === undefined ? event : together(before, event));
  }

  async function write(): Promise<void> {
    const events = [...pending.values()].sort(byDeviceLimitMinute);
    pending = new Map();
    for (let from = 0; from < events.length; from += rowsPerStatementMax) {
      try {
        await upsertEvents(database, events.slice(from, from + rowsPerStatementMax));
      } catch (error) {
        // Counted on with what came meanwhile: nothing is lost while the store is away.
        for (const event of events.slice(from)) add(event);
        throw error;
      }
    }
    const now = clock.now();
    if (now - prunedAt < pruneEveryMs) return;
    prunedAt = now;
    await tablesIn(database)
      .deleteFrom("deviceLimitEvent")
      .where("minuteAt", "<", now - keptMs)
      .execute();
  }

  return {
    note: ({ deviceId, limitName, allowed, observed }) => {
      const now = clock.now();
      const minuteAt = now - (now % minuteMs);
      add({ deviceId, limitName, minuteAt, allowed, times: 1, worst: observed, lastAt: now });
    },
    flush: () => {
      const turn = underWay.then(write);
      underWay = turn.catch(() => undefined);
      return turn;
    },
    list: (deviceId, limit) => selectEvents(database, deviceId, limit),
    countsSince: (at) => selectCounts(database, at),
  };
}

function together(before: LimitEvent, event: LimitEvent): LimitEvent {
  return {
    ...before,
    allowed: event.allowed,
    times: before.times + event.times,
    worst: Math.max(before.worst, event.worst),
    lastAt: Math.max(before.lastAt, event.lastAt),
  };
}

/** In the order of the primary key, so that two servers never wait for each other crosswise. */
function byDeviceLimitMinute(left: LimitEvent, right: LimitEvent): number {
  if (left.deviceId !== right.deviceId) return left.deviceId - right.deviceId;
  if (left.limitName !== right.limitName) return left.limitName < right.limitName ? -1 : 1;
  return left.minuteAt - right.minuteAt;
}

/** A device that was deleted meanwhile is left out. */
async function upsertEvents(database: Database, events: readonly LimitEvent[]): Promise<void> {
  await sql`
    insert into device_limit_event as known (device_id, limit_name, minute_at, allowed, times, worst, last_at)
    select met.device_id, met.limit_name, met.minute_at, met.allowed, met.times, met.worst, met.last_at
    from unnest(
      ${int4Array(events, (event) => event.deviceId)}::int4[], ${events.map((event) => event.limitName)}::text[],
      ${int8Array(events, (event) => event.minuteAt)}::int8[], ${events.map((event) => event.allowed)}::text[],
      ${int8Array(events, (event) => event.times)}::int8[], ${float8Array(events, (event) => event.worst)}::float8[],
      ${int8Array(events, (event) => event.lastAt)}::int8[]
    ) with ordinality as met (device_id, limit_name, minute_at, allowed, times, worst, last_at, place)
    where exists (select 1 from device where device.id = met.device_id)
    order by met.place
    on conflict (device_id, limit_name, minute_at) do update set
      allowed = excluded.allowed, times = known.times + excluded.times,
      worst = greatest(known.worst, excluded.worst), last_at = greatest(known.last_at, excluded.last_at)`.execute(
    tablesIn(database),
  );
}

function selectEvents(database: Database, deviceId: number, limit: number): Promise<LimitEvent[]> {
  return tablesIn(database)
    .selectFrom("deviceLimitEvent")
    .select(["deviceId", "limitName", "minuteAt", "allowed", "times", "worst", "lastAt"])
    .where("deviceId", "=", deviceId)
    .orderBy("minuteAt", "desc")
    .orderBy("limitName")
    .limit(Math.min(limit, listMax))
    .execute();
}

/** Whole minutes: the one that `at` falls in counts. */
async function selectCounts(database: Database, at: number): Promise<ReadonlyMap<number, number>> {
  const rows = await tablesIn(database)
    .selectFrom("deviceLimitEvent")
    .select(["deviceId", sql<number>`sum(times)::int8`.as("times")])
    .where("minuteAt", ">=", at - (at % minuteMs))
    .groupBy("deviceId")
    .execute();
  return new Map(rows.map((row) => [row.deviceId, row.times]));
}

// Makes hours from minutes and days from hours, once they are over, and again where something came late.
import { type Kysely, sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { int4Array, int8Array } from "../platform/wire-arrays.ts";
import { dayMs, hourMs, hourReadyMs, minuteMs, spansWithin } from "./rollup.ts";
import type { TelemetryTables } from "./tables.ts";

type Tables = Kysely<TelemetryTables>;

/** Everybody waits for the embedded store while a statement runs: some 20 ms each. */
const seriesPerStep = 200;
const lateHoursPerStep = 500;
/** After a long stop the hours are made a day at a time. */
const hoursPerStep = 24;
const lateStepsMax = 200;

/**
 * One run of the recurring job: first what came late, then the hours that ended two hours ago, then their days. Each step
 * is a transaction that replaces what it makes, so a crash between two costs nothing but time.
 *
 * @returns how many hours of the clock were made, and how many late hours of single series were made again.
 */
export async function rollUp(
  database: Database,
  clock: Clock,
): Promise<{ readonly hours: number; readonly late: number }> {
  const readyAt = floorTo(clock.now() - hourReadyMs, hourMs);
  await begin(tablesIn(database), readyAt);
  let late = 0;
  for (let step = 0; step < lateStepsMax; step += 1) {
    const taken = await database.transaction((connection) => makeLateAgain(tablesIn(connection)));
    late += taken;
    if (taken < lateHoursPerStep) break;
  }
  let hours = 0;
  for (;;) {
    const from = await selectProgress(tablesIn(database), hourMs);
    const until = Math.min(from + hoursPerStep * hourMs, readyAt);
    if (until <= from) break;
    await makeHours(database, from, until);
    hours += (until - from) / hourMs;
  }
  return { hours, late };
}

const tablesIn = (connection: Connection) => tablesOf<TelemetryTables>(connection);
const floorTo = (at: number, spanMs: number) => at - (at % spanMs);

/** In a store that was empty: from when its first series was made. What is older than that was late, and noted. */
async function begin(tables: Tables, readyAt: number): Promise<void> {
  if ((await selectProgress(tables, hourMs)) > 0) return;
  const first = await tables
    .selectFrom("series")
    .select((builder) => builder.fn.min("createdAt").as("at"))
    .executeTakeFirst();
  const beginsAt = Math.min(readyAt, (first?.at ?? Number.MAX_SAFE_INTEGER) - hourReadyMs);
  for (const spanMs of [hourMs, dayMs]) await advance(tables, spanMs, floorTo(beginsAt, spanMs));
}

async function makeHours(database: Database, from: number, until: number): Promise<void> {
  const dayFrom = await selectProgress(tablesIn(database), dayMs);
  const dayUntil = floorTo(until, dayMs);
  for (let afterId = 0; ; ) {
    const ids = await selectSeriesAfter(tablesIn(database), afterId);
    const last = ids.at(-1);
    if (last === undefined) break;
    await database.transaction(async (connection) => {
      const tables = tablesIn(connection);
      const hours = ids.map((seriesId) => ({ seriesId, from, until }));
      await makeSpans(tables, hours, { spanMs: hourMs, ofMs: minuteMs });
      if (dayUntil <= dayFrom) return;
      const days = ids.map((seriesId) => ({ seriesId, from: dayFrom, until: dayUntil }));
      await makeSpans(tables, days, { spanMs: dayMs, ofMs: hourMs });
    });
    afterId = last;
  }
  await database.transaction(async (connection) => {
    await advance(tablesIn(connection), hourMs, until);
    await advance(tablesIn(connection), dayMs, dayUntil);
  });
}

/** The notes are taken first: their locks wait for writers, whose minutes the next statement then sees. */
async function makeLateAgain(tables: Tables): Promise<number> {
  const { rows: notes } = await sql<{ seriesId: number; beginsAt: number }>`
    delete from rollup_late where (series_id, begins_at) in
      (select series_id, begins_at from rollup_late order by series_id, begins_at limit ${lateHoursPerStep})
    returning series_id, begins_at`.execute(tables);
  if (notes.length === 0) return 0;
  const hours = notes.map(({ seriesId, beginsAt }) => ({
    seriesId,
    from: beginsAt,
    until: beginsAt + hourMs,
  }));
  await makeSpans(tables, hours, { spanMs: hourMs, ofMs: minuteMs });
  const dayProgress = await selectProgress(tables, dayMs);
  const days = new Map<string, { seriesId: number; from: number; until: number }>();
  for (const { seriesId, beginsAt } of notes) {
    const from = floorTo(beginsAt, dayMs);
    if (from < dayProgress) days.set(`${seriesId}/${from}`, { seriesId, from, until: from + dayMs });
  }
  await makeSpans(tables, [...days.values()], { spanMs: dayMs, ofMs: hourMs });
  return notes.length;
}

async function makeSpans(
  tables: Tables,
  ranges: readonly { readonly seriesId: number; readonly from: number; readonly until: number }[],
  spans: { readonly spanMs: number; readonly ofMs: number },
): Promise<void> {
  if (ranges.length === 0) return;
  const spanMs = sql.lit(spans.spanMs);
  await sql`
    with within (series_id, from_at, until_at) as (
      select * from unnest(${int4Array(ranges, (range) => range.seriesId)}::int4[],
        ${int8Array(ranges, (range) => range.from)}::int8[], ${int8Array(ranges, (range) => range.until)}::int8[]))
    insert into rollup (series_id, span_ms, begins_at, count, min, max, sum, last, last_at)
    select part.series_id, ${spanMs}, part.begins_at / ${spanMs} * ${spanMs}, sum(part.count), min(part.min), max(part.max),
      case when bool_and(abs(part.sum) < 1e290) then sum(case when abs(part.sum) < 1e290 then part.sum else 0 end)
        else 'NaN' end,
      (array_agg(part.last order by part.last_at desc))[1], max(part.last_at)
    from (${spansWithin(sql`within`, spans.ofMs)}) as part
    group by part.series_id, part.begins_at / ${spanMs} * ${spanMs}
    on conflict (series_id, span_ms, begins_at) do update set count = excluded.count, min = excluded.min,
      max = excluded.max, sum = excluded.sum, last = excluded.last, last_at = excluded.last_at`.execute(
    tables,
  );
}

async function selectSeriesAfter(tables: Tables, afterId: number): Promise<number[]> {
  const rows = await tables
    .selectFrom("series")
    .select("id")
    .where("id", ">", afterId)
    .where("valueType", "=", "number")
    .orderBy("id")
    .limit(seriesPerStep)
    .execute();
  return rows.map((row) => row.id);
}

async function selectProgress(tables: Tables, spanMs: number): Promise<number> {
  const row = await tables
    .selectFrom("rollupProgress")
    .select("untilAt")
    .where("spanMs", "=", spanMs)
    .executeTakeFirst();
  return row?.untilAt ?? 0;
}

async function advance(tables: Tables, spanMs: number, untilAt: number): Promise<void> {
  await tables
    .updateTable("rollupProgress")
    .set({ untilAt })
    .where("spanMs", "=", spanMs)
    .where("untilAt", "<", untilAt)
    .execute();
}

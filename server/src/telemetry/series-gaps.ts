// Gaps of a series as records: between which two readings it was silent for too long.
import { sql } from "kysely";
import { type Connection, tablesOf } from "../platform/database.ts";
import { int4Array, int8Array } from "../platform/wire-arrays.ts";
import type { TelemetryTables } from "./tables.ts";

/** A silence that is over: both ends are readings, epoch milliseconds. */
export interface RecordedGap {
  readonly from: number;
  readonly to: number;
}

/**
 * Stored readings of one series from `from` to `to` that follow each other within `longestMs`, so that no gap begins or ends
 * between them. A single reading is a run with both ends alike.
 */
export interface ReadingRun {
  readonly seriesId: number;
  readonly from: number;
  readonly to: number;
  readonly longestMs: number;
}

export interface SeriesGaps {
  /**
   * Brings the gaps around these runs to what the stored readings say: a gap that a run lies in is split, shortened or gone,
   * and where the nearest other reading is more than `longestMs` away there is one. Inside the transaction that stored the
   * runs; a second time it changes nothing.
   */
  correct(connection: Connection, runs: readonly ReadingRun[]): Promise<void>;
  /** The time of the newest reading of each series, of those that have any. */
  newestAt(connection: Connection, seriesIds: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** Gaps that overlap the time from `from` to `to`, the newest `limit` of them, in the order of time. */
  within(
    connection: Connection,
    seriesId: number,
    range: { readonly from: number; readonly to: number; readonly limit: number },
  ): Promise<readonly RecordedGap[]>;
}

const tablesIn = (connection: Connection) => tablesOf<TelemetryTables>(connection);

export const seriesGaps: SeriesGaps = {
  correct: async (connection, runs) => {
    if (runs.length === 0) return;
    const tables = tablesIn(connection);
    // In the order of series and time, so that two writers never wait for each other crosswise.
    const sorted = runs.toSorted((a, b) => a.seriesId - b.seriesId || a.from - b.from);
    await sql`delete from series_gap using ${asRows(sorted)}
      where series_gap.series_id = run.series_id and from_at < run_to and to_at > run_from`.execute(tables);
    // Two statements: a row that one statement deletes cannot be inserted anew by the same one.
    await sql`
      insert into series_gap (series_id, from_at, to_at)
      select run.series_id, before.observed_at, run_from from ${asRows(sorted)} cross join lateral (
        select observed_at from reading where series_id = run.series_id and observed_at < run_from
        order by observed_at desc limit 1) as before
      where run_from - before.observed_at > longest
      union
      select run.series_id, run_to, after.observed_at from ${asRows(sorted)} cross join lateral (
        select observed_at from reading where series_id = run.series_id and observed_at > run_to
        order by observed_at limit 1) as after
      where after.observed_at - run_to > longest
      on conflict (series_id, from_at) do update set to_at = excluded.to_at`.execute(tables);
  },
  newestAt: async (connection, seriesIds) => {
    if (seriesIds.length === 0) return new Map();
    const { rows } = await sql<{ seriesId: number; observedAt: number }>`
      select series_id, observed_at from latest
      where series_id = any(${int4Array(seriesIds, (id) => id)}::int4[])`.execute(tablesIn(connection));
    return new Map(rows.map(({ seriesId, observedAt }) => [seriesId, observedAt]));
  },
  within: async (connection, seriesId, { from, to, limit }) => {
    // They do not overlap, so none before the last that begins by `from` can reach it.
    const { rows } = await sql<RecordedGap>`
      select from_at as from, to_at as to from series_gap
      where series_id = ${seriesId} and from_at < ${to} and to_at > ${from}
        and from_at >= coalesce((select max(from_at) from series_gap
          where series_id = ${seriesId} and from_at <= ${from}), ${from})
      order by from_at desc limit ${limit}`.execute(tablesIn(connection));
    return rows.toReversed();
  },
};

function asRows(runs: readonly ReadingRun[]) {
  return sql`unnest(${int4Array(runs, (run) => run.seriesId)}::int4[], ${int8Array(runs, (run) => run.from)}::int8[],
    ${int8Array(runs, (run) => run.to)}::int8[], ${int8Array(runs, (run) => run.longestMs)}::int8[])
    as run (series_id, run_from, run_to, longest)`;
}

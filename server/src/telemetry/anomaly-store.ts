// Which series are watched for what is unusual, what is known of each, and what was noted.
import type { AnomalySensitivity } from "@waremind/contract";
import { type Kysely, sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { TelemetryTables } from "./tables.ts";

type Tables = Kysely<TelemetryTables>;

/** The span of rollups by which readings are counted. */
const hourMs = 3_600_000;

export interface AnomalyWatch {
  readonly seriesId: number;
  readonly sensitivity: AnomalySensitivity;
  /** Tells a watch from an earlier one of the same series. */
  readonly switchedOnAt: number;
  readonly switchedOnBy: string;
  /** The newest reading that the stored state knows; null: what is stored is still to be learnt from. */
  readonly judgedAt: number | null;
}

export interface AnomalyWatchState extends AnomalyWatch {
  /** As the flow encoded it; null together with `judgedAt`. */
  readonly state: string | null;
}

export interface LearnedState {
  readonly seriesId: number;
  readonly switchedOnAt: number;
  readonly state: string;
  readonly judgedAt: number;
}

export interface NewAnomaly {
  readonly seriesId: number;
  readonly observedAt: number;
  readonly value: number;
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  readonly score: number;
  readonly reason: string;
}

export interface AnomalyRow extends NewAnomaly {
  readonly id: number;
  readonly learnedAt: number;
}

export interface AnomalyRecords {
  /** All watches, without what they know; at most `limit`. */
  watches(connection: Connection, limit: number): Promise<readonly AnomalyWatch[]>;
  countWatches(connection: Connection): Promise<number>;
  findStates(connection: Connection, seriesIds: readonly number[]): Promise<readonly AnomalyWatchState[]>;
  /** A watch that is there already keeps what it knows. Answers the watch as it is then. */
  switchOn(
    connection: Connection,
    watch: {
      readonly seriesId: number;
      readonly sensitivity: AnomalySensitivity;
      readonly by: string;
    },
  ): Promise<AnomalyWatch>;
  /** Forgets what was learnt; what was noted stays. False when it was off. */
  switchOff(connection: Connection, seriesId: number): Promise<boolean>;
  /** What knows less than the store has, and what belongs to an earlier watch, is passed over. */
  saveStates(connection: Connection, states: readonly LearnedState[]): Promise<void>;
  /** Notes each moment of a series once, and nothing of series that are not watched; answers the series of what is new. */
  note(connection: Connection, anomalies: readonly NewAnomaly[]): Promise<readonly number[]>;
  /** Newest first, `from` and `to` inclusive. */
  list(
    connection: Connection,
    seriesId: number,
    options: { readonly from: number; readonly to: number; readonly limit: number },
  ): Promise<readonly AnomalyRow[]>;
  /** From when on the series holds at most about so many readings, not before `from`; epoch milliseconds. */
  newestFrom(
    connection: Connection,
    seriesId: number,
    options: { readonly from: number; readonly readingsMax: number },
  ): Promise<number>;
}

const tablesIn = (connection: Connection) => tablesOf<TelemetryTables>(connection);
const watchColumns = ["seriesId", "sensitivity", "switchedOnAt", "switchedOnBy", "judgedAt"] as const;

export function createAnomalyRecords({ clock }: { readonly clock: Clock }): AnomalyRecords {
  return {
    watches: (connection, limit) =>
      tablesIn(connection)
        .selectFrom("anomalyWatch")
        .select(watchColumns)
        .orderBy("seriesId")
        .limit(limit)
        .execute(),
    countWatches: async (connection) => {
      const row = await tablesIn(connection)
        .selectFrom("anomalyWatch")
        .select((select) => select.fn.countAll<string>().as("count"))
        .executeTakeFirst();
      return Number(row?.count ?? 0);
    },
    findStates: async (connection, seriesIds) => {
      if (seriesIds.length === 0) return [];
      const query = tablesIn(connection)
        .selectFrom("anomalyWatch")
        .select([...watchColumns, "state"]);
      return query.where("seriesId", "in", seriesIds).execute();
    },
    switchOn: (connection, { by, ...watch }) =>
      tablesIn(connection)
        .insertInto("anomalyWatch")
        .values({ ...watch, state: null, judgedAt: null, switchedOnAt: clock.now(), switchedOnBy: by })
        .onConflict((conflict) => conflict.column("seriesId").doUpdateSet({ sensitivity: watch.sensitivity }))
        .returning(watchColumns)
        .executeTakeFirstOrThrow(),
    switchOff: async (connection, seriesId) => {
      const query = tablesIn(connection).deleteFrom("anomalyWatch").where("seriesId", "=", seriesId);
      return (await query.executeTakeFirst()).numDeletedRows > 0n;
    },
    saveStates: (connection, states) => updateStates(tablesIn(connection), states),
    note: (connection, anomalies) => insertAnomalies(tablesIn(connection), anomalies, clock.now()),
    list: (connection, seriesId, { from, to, limit }) =>
      tablesIn(connection)
        .selectFrom("anomaly")
        .selectAll()
        .where("seriesId", "=", seriesId)
        .where("observedAt", ">=", from)
        .where("observedAt", "<=", to)
        .orderBy("observedAt", "desc")
        .limit(limit)
        .execute(),
    newestFrom: (connection, seriesId, options) => selectNewestFrom(tablesIn(connection), seriesId, options),
  };
}

/** In the order of series, so that two writers never wait for each other crosswise. */
async function updateStates(tables: Tables, states: readonly LearnedState[]): Promise<void> {
  if (states.length === 0) return;
  const sorted = states.toSorted((one, other) => one.seriesId - other.seriesId);
  await sql`
    update anomaly_watch as watch set state = fresh.state, judged_at = fresh.judged_at
    from unnest(
      ${sorted.map(({ seriesId }) => seriesId)}::int4[], ${sorted.map(({ switchedOnAt }) => switchedOnAt)}::int8[],
      ${sorted.map(({ state }) => state)}::text[], ${sorted.map(({ judgedAt }) => judgedAt)}::int8[]
    ) as fresh (series_id, switched_on_at, state, judged_at)
    where watch.series_id = fresh.series_id and watch.switched_on_at = fresh.switched_on_at
      and coalesce(watch.judged_at, fresh.judged_at) <= fresh.judged_at`.execute(tables);
}

async function insertAnomalies(
  tables: Tables,
  anomalies: readonly NewAnomaly[],
  at: number,
): Promise<readonly number[]> {
  if (anomalies.length === 0) return [];
  const numbers = (key: "value" | "expected" | "low" | "high" | "score") =>
    sql`${anomalies.map((one) => one[key])}::float8[]`;
  const { rows } = await sql<{ seriesId: number }>`
    insert into anomaly (series_id, observed_at, value, expected, low, high, score, reason, learned_at)
    select fresh.*, ${at}::int8 from unnest(
      ${anomalies.map(({ seriesId }) => seriesId)}::int4[], ${anomalies.map(({ observedAt }) => observedAt)}::int8[],
      ${numbers("value")}, ${numbers("expected")}, ${numbers("low")}, ${numbers("high")}, ${numbers("score")},
      ${anomalies.map(({ reason }) => reason)}::text[]
    ) as fresh (series_id, observed_at, value, expected, low, high, score, reason)
    where exists (select from anomaly_watch as watch where watch.series_id = fresh.series_id)
    on conflict (series_id, observed_at) do nothing
    returning series_id`.execute(tables);
  return [...new Set(rows.map((row) => row.seriesId))];
}

/** By the hours that are rolled up: a count of the readings themselves would keep everybody else waiting. */
async function selectNewestFrom(
  tables: Tables,
  seriesId: number,
  { from, readingsMax }: { readonly from: number; readonly readingsMax: number },
): Promise<number> {
  const { rows } = await sql<{ endsAt: number | null }>`
    select max(begins_at) + ${hourMs}::int8 as ends_at from (
      select begins_at, sum(count) over (order by begins_at desc) as total
      from rollup where series_id = ${seriesId} and span_ms = ${hourMs} and begins_at >= ${from}
    ) as hour where total > ${readingsMax}`.execute(tables);
  return rows[0]?.endsAt ?? from;
}

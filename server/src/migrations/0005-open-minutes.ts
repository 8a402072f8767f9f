// The minute a series is in rides with its latest value: one row to touch for each series of a batch in place of two.
import { type Kysely, sql } from "kysely";

/**
 * What `latest` holds of the newest minute of its series; null: it holds none. A minute moves to `rollup` when a later one
 * begins, in the same transaction. Where both hold a part of one minute (readings that came with their digits, or what was
 * stored before this version), the two are added.
 */
const columns = `
  alter table latest add column minute_at bigint, add column minute_count int, add column minute_min double precision,
    add column minute_max double precision, add column minute_sum double precision, add column minute_last double precision,
    add column minute_last_at bigint`;

/** Every minute, open or not. */
const minutes = `
  create view rollup_minute (series_id, begins_at, count, min, max, sum, last, last_at) as
  select series_id, begins_at, count, min, max, sum, last, last_at from rollup where span_ms = 60000
  union all
  select series_id, minute_at, minute_count, minute_min, minute_max, minute_sum, minute_last, minute_last_at
  from latest where minute_at is not null`;

const addToMinute = `
  on conflict (series_id, span_ms, begins_at) do update set
    count = rollup.count + excluded.count, min = least(rollup.min, excluded.min),
    max = greatest(rollup.max, excluded.max),
    sum = case when abs(rollup.sum) < 1e290 and abs(excluded.sum) < 1e290 then rollup.sum + excluded.sum else 'NaN' end,
    last = case when excluded.last_at >= rollup.last_at then excluded.last else rollup.last end,
    last_at = greatest(rollup.last_at, excluded.last_at)`;

const sumOfBoth = `case when abs(latest.minute_sum) < 1e290 and abs(total) < 1e290 then latest.minute_sum + total
      else 'NaN' end`;

/** The newest minute of each series of the batch as a row; its last reading is the newest of the series. */
const fresh = `unnest(newest, counts[1:newest_count], lows[1:newest_count], highs[1:newest_count],
    sums[1:newest_count]) as minute (place, amount, low, high, total)`;

const begins = "observed[place] / 60000 * 60000";
const isOpen = `minute_at = ${begins}`;
const isNewer = "(observed_at, sequence) < (observed[place], sequences[place])";

/**
 * For the series whose row is not yet moved to the newest reading of the batch: they are new, or another minute begins, or
 * something came late. Rows that were moved hold exactly that reading, which is new, so they held it not before.
 */
const moveOthers = `
create function move_latest(series int4[], observed int8[], sequences int2[], received int8[], numbers float8[],
  newest int4[], counts int4[], lows float8[], highs float8[], sums float8[])
returns void language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
  newest_count constant int := cardinality(newest);
begin
  insert into latest (series_id, observed_at, sequence, received_at, number,
    minute_at, minute_count, minute_min, minute_max, minute_sum, minute_last, minute_last_at)
  select series[place], observed[place], sequences[place], received[place], numbers[place],
    ${begins}, amount, low, high, total, numbers[place], observed[place]
  from ${fresh}
  where not exists (select from latest where series_id = series[place])
  on conflict (series_id) do nothing;
  -- Now each has its row. The older of two minutes goes to the rollups; the lock is for other processes.
  with held as materialized (
    select latest.*, place, amount, low, high, total, ${begins} as begins_at
    from ${fresh} join latest on latest.series_id = series[place]
    where (latest.observed_at, latest.sequence) <> (observed[place], sequences[place])
    order by latest.series_id for update of latest)
  insert into rollup (series_id, span_ms, begins_at, count, min, max, sum, last, last_at)
  select series_id, 60000, minute_at, minute_count, minute_min, minute_max, minute_sum, minute_last, minute_last_at
  from held where minute_at < begins_at
  union all
  select series_id, 60000, begins_at, amount, low, high, total, numbers[place], observed[place]
  from held where minute_at > begins_at
  ${addToMinute};
  update latest set
    observed_at = case when ${isNewer} then observed[place] else observed_at end,
    sequence = case when ${isNewer} then sequences[place] else sequence end,
    received_at = case when ${isNewer} then received[place] else received_at end,
    number = case when ${isNewer} then numbers[place] else number end,
    text = case when ${isNewer} then null else text end,
    minute_at = ${begins},
    minute_count = case when ${isOpen} then minute_count + amount else amount end,
    minute_min = case when ${isOpen} then least(minute_min, low) else low end,
    minute_max = case when ${isOpen} then greatest(minute_max, high) else high end,
    minute_sum = case when ${isOpen} then ${sumOfBoth} else total end,
    minute_last = case when ${isOpen} and minute_last_at > observed[place] then minute_last else numbers[place] end,
    minute_last_at = case when ${isOpen} then greatest(minute_last_at, observed[place]) else observed[place] end
  from ${fresh}
  where series_id = series[place] and (observed_at, sequence) <> (observed[place], sequences[place])
    and (minute_at is null or minute_at <= ${begins});
end $$`;

/**
 * Stores a batch of numbers with all that goes with them, in one round trip and with plans that are kept: the readings,
 * what is latest with the minute of it, the other minutes of rollups, and the count of what came in. Answers false, and
 * nothing is stored, when one of the moments is there already; the savepoint for that is the inner block's own. `newest`
 * and `lasts` are places (from 1) among the readings: the newest of each series, and the last of each minute, whose count,
 * lowest, highest and sum follow; lasts begins with newest. Without counted_at the readings are all that is stored.
 *
 * The planner is told to look rows up one by one in the order of the batch, which is that of the series, so that two writers
 * rarely wait for each other crosswise: only if of two series one goes on and the other does not, the one way here and the
 * other way there. The store ends one of the two, and the intake tries it again.
 */
const storeNumbers = `
create or replace function store_numbers(series int4[], observed int8[], sequences int2[], received int8[],
  numbers float8[], newest int4[], lasts int4[], counts int4[], lows float8[], highs float8[], sums float8[],
  counted_at int8)
returns boolean language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
  newest_count constant int := cardinality(newest);
  moved_count int;
begin
  begin
    insert into reading (series_id, observed_at, sequence, received_at, number)
    select * from unnest(series, observed, sequences, received, numbers);
  exception when unique_violation then
    return false;
  end;
  if counted_at is null then
    return true;
  end if;
  -- Nearly always every series goes on in the minute it was in.
  update latest set observed_at = observed[place], sequence = sequences[place], received_at = received[place],
    number = numbers[place], text = null,
    minute_count = minute_count + amount, minute_min = least(minute_min, low), minute_max = greatest(minute_max, high),
    minute_sum = ${sumOfBoth}, minute_last = numbers[place], minute_last_at = observed[place]
  from ${fresh}
  where series_id = series[place] and ${isOpen} and ${isNewer};
  get diagnostics moved_count = row_count;
  if moved_count < newest_count then
    perform move_latest(series, observed, sequences, received, numbers, newest, counts, lows, highs, sums);
  end if;
  if cardinality(lasts) > newest_count then
    insert into rollup (series_id, span_ms, begins_at, count, min, max, sum, last, last_at)
    select series[place], 60000, ${begins}, amount, low, high, total, numbers[place], observed[place]
    from unnest(lasts[newest_count + 1:], counts[newest_count + 1:], lows[newest_count + 1:], highs[newest_count + 1:],
      sums[newest_count + 1:]) as minute (place, amount, low, high, total)
    ${addToMinute};
  end if;
  insert into intake_count (minute_at, writer, readings) values (counted_at, pg_backend_pid(), cardinality(series))
  on conflict (minute_at, writer) do update set readings = intake_count.readings + excluded.readings;
  return true;
end $$`;

export const openMinutes = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of [columns, minutes, moveOthers, storeNumbers]) {
      await sql.raw(statement).execute(database);
    }
  },
};

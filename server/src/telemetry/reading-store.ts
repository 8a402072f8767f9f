import type { JsonValue, ReadingValue } from "@waremind/contract";
import { CompiledQuery, type Kysely, sql } from "kysely";
import { float8Array, int2Array, int4Array, int8Array } from "../platform/wire-arrays.ts";
import type { StoredReading } from "./reading.ts";
import {
  knownSum,
  lateHoursOf,
  type Minute,
  minuteMs,
  minutesOf,
  noteLateHours,
  upsertMinutes,
} from "./rollup.ts";
import type { TelemetryTables } from "./tables.ts";

type Tables = Kysely<TelemetryTables>;

interface NumericReading extends StoredReading {
  readonly value: Extract<ReadingValue, { type: "number" }>;
}

/**
 * Stores readings that are plain numbers alone with what is latest, the minutes of rollups and the count of what came in,
 * in one round trip; false, and nothing stored, when the store holds one of their moments already. Undefined: there are
 * other values among them, so use `insertReadings` and `updateLatest`.
 */
export async function storeNumbers(
  tables: Tables,
  readings: readonly StoredReading[],
  options: { readonly now: number; readonly isBare: boolean },
): Promise<boolean | undefined> {
  if (!readings.every(isPlainNumber)) return;
  const { newest, minutes } = newestFirst(options.isBare ? [] : minutesOf(readings));
  const parameters = [
    ...arraysOf(readings),
    int4Array(newest, ({ lastPlace }) => lastPlace + 1),
    int4Array(minutes, ({ lastPlace }) => lastPlace + 1),
    int4Array(minutes, ({ count }) => count),
    float8Array(minutes, ({ min }) => min),
    float8Array(minutes, ({ max }) => max),
    float8Array(minutes, knownSum),
    options.isBare ? null : minuteOfArrival(readings),
  ];
  const { rows } = await tables.executeQuery<{ isStored: boolean }>(
    CompiledQuery.raw(storeNumbersText, parameters),
  );
  const isStored = rows[0]?.isStored === true;
  const late = isStored ? lateHoursOf(minutes, options.now) : [];
  if (late.length > 0) await noteLateHours(late).execute(tables);
  return isStored;
}

const storeNumbersText =
  "select store_numbers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as is_stored";

/**
 * Of minutes in the order of series and time: the last of each series, which holds its newest reading, and all of them with
 * these first.
 */
function newestFirst(minutes: readonly Minute[]): {
  readonly newest: readonly Minute[];
  readonly minutes: readonly Minute[];
} {
  const isNewest = (minute: Minute, at: number) => minutes[at + 1]?.seriesId !== minute.seriesId;
  if (minutes.every(isNewest)) return { newest: minutes, minutes };
  const newest = minutes.filter(isNewest);
  return { newest, minutes: [...newest, ...minutes.filter((minute, at) => !isNewest(minute, at))] };
}

/** Plain INSERTs, at most one per kind of value: a primary key that is there already is told as 23505. */
export async function insertReadings(tables: Tables, readings: readonly StoredReading[]): Promise<void> {
  const { numbers, others } = byKind(readings);
  if (numbers.length > 0) {
    await sql`
      insert into reading (series_id, observed_at, sequence, received_at, number)
      select * from unnest(${identityOf(numbers)}, ${numbersOf(numbers)})`.execute(tables);
  }
  if (others.length > 0) {
    await sql`
      insert into reading (series_id, observed_at, sequence, received_at, number, text, boolean, json)
      select series_id, observed_at, sequence, received_at, number, text, boolean, json::jsonb
      from unnest(${identityOf(others)}, ${otherValuesOf(others)})
        as fresh (series_id, observed_at, sequence, received_at, number, text, boolean, json)`.execute(
      tables,
    );
  }
}

/**
 * Moves `latest` forward, never back, adds to the minutes of rollups, and counts what came in: one statement for all of it
 * where the batch is numbers alone. `readings` are all new.
 */
export async function updateLatest(
  tables: Tables,
  readings: readonly StoredReading[],
  now: number,
): Promise<void> {
  const { numbers, others } = byKind(newestPerSeries(readings));
  const beside = besideLatest(readings, now);
  const isNewer = sql`(latest.observed_at, latest.sequence) < (excluded.observed_at, excluded.sequence)`;
  if (numbers.length > 0) {
    await sql`${beside}
      insert into latest (series_id, observed_at, sequence, received_at, number)
      select * from unnest(${identityOf(numbers)}, ${numbersOf(numbers)})
      on conflict (series_id) do update set observed_at = excluded.observed_at, sequence = excluded.sequence,
        received_at = excluded.received_at, number = excluded.number, text = null
      where ${isNewer}`.execute(tables);
  }
  if (others.length > 0) {
    await sql`${numbers.length > 0 ? sql`` : beside}
      insert into latest (series_id, observed_at, sequence, received_at, number, text, boolean, json)
      select series_id, observed_at, sequence, received_at, number, text, boolean, json::jsonb
      from unnest(${identityOf(others)}, ${otherValuesOf(others)})
        as fresh (series_id, observed_at, sequence, received_at, number, text, boolean, json)
      on conflict (series_id) do update set observed_at = excluded.observed_at, sequence = excluded.sequence,
        received_at = excluded.received_at, number = excluded.number, text = excluded.text, boolean = excluded.boolean,
        json = excluded.json
      where ${isNewer}`.execute(tables);
  }
}

/** `with …`: what is written in the same round trip as `latest`. */
function besideLatest(readings: readonly StoredReading[], now: number) {
  const minuteAt = minuteOfArrival(readings);
  const minutes = minutesOf(readings);
  const late = lateHoursOf(minutes, now);
  return sql`
    with counted as (
      insert into intake_count (minute_at, writer, readings) values (${minuteAt}, pg_backend_pid(), ${readings.length})
      on conflict (minute_at, writer) do update set readings = intake_count.readings + excluded.readings)
    ${minutes.length === 0 ? sql`` : sql`, rolled as (${upsertMinutes(minutes)})`}
    ${late.length === 0 ? sql`` : sql`, noted as (${noteLateHours(late)})`}`;
}

function minuteOfArrival(readings: readonly StoredReading[]): number {
  return Math.floor((readings.at(-1)?.receivedAt ?? 0) / minuteMs) * minuteMs;
}

/** What the store holds at the moments (series and millisecond) of these readings. */
export async function selectSameMoments(
  tables: Tables,
  readings: readonly StoredReading[],
): Promise<StoredReading[]> {
  const moments = readings.filter((reading) => reading.sequence === 0);
  const { rows } = await sql<ReadingRow>`
    select ${columns}
    from unnest(${int4Array(moments, (reading) => reading.seriesId)}::int4[],
      ${int8Array(moments, (reading) => reading.observedAt)}::int8[]) as moment (series_id, observed_at)
    join reading using (series_id, observed_at)
    order by series_id, observed_at, sequence`.execute(tables);
  return rows.map(toStoredReading);
}

export async function selectLatest(
  tables: Tables,
  seriesIds: readonly number[],
): Promise<ReadonlyMap<number, StoredReading>> {
  const { rows } = await sql<ReadingRow>`
    select ${columns} from latest
    where series_id = any(${int4Array(seriesIds, (id) => id)}::int4[])`.execute(tables);
  return new Map(rows.map((row) => [row.seriesId, toStoredReading(row)]));
}

export async function selectNumericRange(
  tables: Tables,
  seriesId: number,
  options: { readonly from: number; readonly to: number; readonly limit: number },
): Promise<StoredReading[]> {
  const { rows } = await sql<ReadingRow>`
    select ${columns} from reading
    where series_id = ${seriesId} and observed_at between ${options.from} and ${options.to} and number is not null
    order by observed_at, sequence limit ${options.limit}`.execute(tables);
  return rows.map(toStoredReading);
}

/** Readings of any type in the order of time and arrival, after a place in it. */
export async function selectReadings(
  tables: Tables,
  seriesId: number,
  options: {
    readonly after: { readonly observedAt: number; readonly sequence: number };
    readonly to: number;
    readonly limit: number;
  },
): Promise<StoredReading[]> {
  const { after, to, limit } = options;
  const { rows } = await sql<ReadingRow>`
    select ${columns} from reading
    where series_id = ${seriesId} and (observed_at, sequence) > (${after.observedAt}, ${after.sequence})
      and observed_at <= ${to}
    order by observed_at, sequence limit ${limit}`.execute(tables);
  return rows.map(toStoredReading);
}

export async function selectReceivedSince(tables: Tables, at: number): Promise<number> {
  const row = await tables
    .selectFrom("intakeCount")
    .select((builder) => builder.fn.sum<string | null>("readings").as("total"))
    .where("minuteAt", ">=", Math.floor(at / minuteMs) * minuteMs)
    .executeTakeFirst();
  return Number(row?.total ?? 0);
}

interface ReadingRow {
  readonly seriesId: number;
  readonly observedAt: number;
  readonly sequence: number;
  readonly receivedAt: number;
  readonly number: number | null;
  readonly text: string | null;
  readonly boolean: boolean | null;
  readonly json: JsonValue;
}

const columns = sql.raw("series_id, observed_at, sequence, received_at, number, text, boolean, json");

function toStoredReading(row: ReadingRow): StoredReading {
  const { seriesId, observedAt, sequence, receivedAt } = row;
  return { seriesId, observedAt, sequence, receivedAt, value: valueIn(row) };
}

function valueIn(row: ReadingRow): ReadingValue {
  if (row.number !== null) {
    const { number, text: literal } = row;
    return literal === null ? { type: "number", number } : { type: "number", number, literal };
  }
  if (row.text !== null) return { type: "text", text: row.text };
  if (row.boolean !== null) return { type: "boolean", boolean: row.boolean };
  return { type: "json", json: row.json };
}

/** A number and nothing else; one with its digits goes the longer way, with the other kinds. */
function isPlainNumber(reading: StoredReading): reading is NumericReading {
  return reading.value.type === "number" && reading.value.literal === undefined;
}

function byKind(readings: readonly StoredReading[]): {
  numbers: readonly NumericReading[];
  others: readonly StoredReading[];
} {
  // Nearly every batch is numbers alone.
  if (readings.every(isPlainNumber)) return { numbers: readings, others: [] };
  return {
    numbers: readings.filter(isPlainNumber),
    others: readings.filter((reading) => !isPlainNumber(reading)),
  };
}

/** Sorted by series, so that two writers never wait for each other crosswise. */
function newestPerSeries(readings: readonly StoredReading[]): StoredReading[] {
  const newest = new Map<number, StoredReading>();
  for (const reading of readings) {
    const other = newest.get(reading.seriesId);
    if (other === undefined || isLater(reading, other)) newest.set(reading.seriesId, reading);
  }
  return [...newest.values()].sort((left, right) => left.seriesId - right.seriesId);
}

function isLater(reading: StoredReading, other: StoredReading): boolean {
  if (reading.observedAt !== other.observedAt) return reading.observedAt > other.observedAt;
  return reading.sequence > other.sequence;
}

function arraysOf(readings: readonly NumericReading[]): Buffer[] {
  return [...identityArrays(readings), float8Array(readings, (reading) => reading.value.number)];
}

function identityArrays(readings: readonly StoredReading[]): [Buffer, Buffer, Buffer, Buffer] {
  return [
    int4Array(readings, (reading) => reading.seriesId),
    int8Array(readings, (reading) => reading.observedAt),
    int2Array(readings, (reading) => reading.sequence),
    int8Array(readings, (reading) => reading.receivedAt),
  ];
}

function identityOf(readings: readonly StoredReading[]) {
  const [series, observed, sequences, received] = identityArrays(readings);
  return sql`${series}::int4[], ${observed}::int8[], ${sequences}::int2[], ${received}::int8[]`;
}

function numbersOf(readings: readonly NumericReading[]) {
  return sql`${float8Array(readings, (reading) => reading.value.number)}::float8[]`;
}

function otherValuesOf(readings: readonly StoredReading[]) {
  const number = readings.map(({ value }) => (value.type === "number" ? value.number : null));
  const text = readings.map(({ value }) => textIn(value));
  const boolean = readings.map(({ value }) => (value.type === "boolean" ? value.boolean : null));
  const json = readings.map(({ value }) => (value.type === "json" ? JSON.stringify(value.json) : null));
  return sql`${number}::float8[], ${text}::text[], ${boolean}::boolean[], ${json}::text[]`;
}

function textIn(value: ReadingValue): string | null {
  if (value.type === "text") return value.text;
  return value.type === "number" ? (value.literal ?? null) : null;
}

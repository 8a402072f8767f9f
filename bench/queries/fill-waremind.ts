// Puts the workload into a store of the product as the product itself would hold it: readings, what is latest with its open
// minute, minutes, hours and days. Written in bulk; the bench then compares a series that went through the product's own intake.
import type { Database } from "../../server/src/platform/database.ts";
import {
  countOf,
  dayMs,
  everyMsOf,
  hourMs,
  minuteMs,
  seriesCount,
  startOf,
  valueInSql,
  type Workload,
} from "./workload.ts";

const hourReadyMs = 2 * hourMs;
const seriesPerTransaction = 10;

export async function fillWaremind(
  database: Database,
  workload: Workload,
  say: (line: string) => void,
): Promise<void> {
  const run = runnerOf(database);
  const readyUntil = Math.floor((Date.now() - hourReadyMs) / hourMs) * hourMs;
  await run(`insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at)
    values ('bench', 'Bench', 'Bench', '[]', 60, 0)`);
  await run(`insert into device (name, profile_id, created_at)
    select 'bench-' || n, 'bench', 0 from generate_series(1, ${seriesCount + 1}) as n`);
  await run(`insert into series (device_id, key, value_type, unit, created_at)
    select id, 'temperature', 'number', 'Cel', 0 from device order by id`);
  const [ids] = await run("select min(id) as low, max(id) as high, count(*)::int as count from series");
  if (ids?.["low"] !== 1 || ids["count"] !== seriesCount + 1)
    throw new Error("The series of an empty store begin at 1.");
  await run(`update rollup_progress set until_at = ${readyUntil} / span_ms * span_ms`);
  for (let first = 1; first <= seriesCount; first += seriesPerTransaction) {
    const statements: string[] = [];
    for (
      let seriesId = first;
      seriesId < Math.min(first + seriesPerTransaction, seriesCount + 1);
      seriesId += 1
    ) {
      statements.push(...statementsOf(workload, seriesId, readyUntil));
    }
    await run(`begin; ${statements.join("; ")}; commit`);
    if ((first - 1) % 250 === 0) say(`  ${first - 1} of ${seriesCount} series`);
  }
  await run("vacuum analyze reading");
  await run("vacuum analyze rollup");
  await run("vacuum analyze latest");
  await run("checkpoint");
}

/** Plain statements, several at once, past the query builder. */
export function runnerOf(database: Database): (text: string) => Promise<Record<string, unknown>[]> {
  return async (text) => {
    const client = await database.pool.connect();
    try {
      // Without parameters, so that the simple protocol takes several statements.
      const answer = await (
        client.query as unknown as (text: string) => Promise<{ rows?: Record<string, unknown>[] }>
      )(text);
      return answer.rows ?? [];
    } finally {
      client.release();
    }
  };
}

function statementsOf(workload: Workload, seriesId: number, readyUntil: number): string[] {
  const count = countOf(workload, seriesId);
  const [startAt, everyMs] = [startOf(workload, seriesId), everyMsOf(workload, seriesId)];
  const value = valueInSql(seriesId);
  const at = `(${startAt}::int8 + i * ${everyMs})`;
  const made = `(select i, ${at} as at, ${value} as number from generate_series(0, ${count - 1}::int8) as i) as made`;
  const lastAt = startAt + (count - 1) * everyMs;
  const openMinute = lastAt - (lastAt % minuteMs);
  const dayUntil = readyUntil - (readyUntil % dayMs);
  const spans = [
    { spanMs: minuteMs, until: openMinute },
    { spanMs: hourMs, until: readyUntil },
    { spanMs: dayMs, until: dayUntil },
  ];
  // The last value of a stretch is that of its highest place in the series.
  return [
    `insert into reading (series_id, observed_at, sequence, received_at, number)
     select ${seriesId}, at, 0, at, number from ${made}`,
    ...spans.map(
      ({ spanMs, until }) => `
      insert into rollup (series_id, span_ms, begins_at, count, min, max, sum, last, last_at)
      select ${seriesId}, ${spanMs}, begins_at, count, min, max, sum, ${value}, ${at} from (
        select at / ${spanMs} * ${spanMs} as begins_at, count(*) as count, min(number) as min, max(number) as max,
          sum(number) as sum, max(i) as i from ${made} where at < ${until} group by 1 order by 1) as span`,
    ),
    `insert into latest (series_id, observed_at, sequence, received_at, number,
       minute_at, minute_count, minute_min, minute_max, minute_sum, minute_last, minute_last_at)
     select ${seriesId}, ${lastAt}, 0, ${lastAt}, last, ${openMinute}, count, min, max, sum, last, ${lastAt}
     from (select count(*) as count, min(number) as min, max(number) as max, sum(number) as sum,
       (select number from ${made} where i = ${count - 1}) as last from ${made} where at >= ${openMinute}) as open`,
  ];
}

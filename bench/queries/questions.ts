// The questions, in the words of each server, and what their answers have in common: the same numbers under the same names.
import type { Curve } from "@waremind/contract";
import { dayMs, hourMs, minuteMs, seriesCount, startOf, type Workload } from "./workload.ts";

/** By series and moment (0 where a question has none): count, lowest, highest and mean or last; or the value alone. */
export type Numbers = ReadonlyMap<string, readonly number[]>;

export interface Wording {
  readonly path: string;
  read(text: string): Numbers;
}

export interface Question {
  readonly name: string;
  readonly line: "latest" | "single series" | "wide";
  readonly waremind: Wording;
  readonly influx: Wording;
  readonly victoria: Wording;
  /** How many numbers the answer must hold; each wording is checked against the same formula's count. */
  readonly size: string;
}

const chartPoints = 1_000;
const ids = Array.from({ length: seriesCount }, (_, index) => index + 1).join();

/** @param ask answers the product's text: the chart's buckets are as wide as the product makes them. */
export async function questionsOf(
  workload: Workload,
  ask: (path: string) => Promise<string>,
): Promise<readonly Question[]> {
  const lastHour = Math.ceil(workload.endsAt / hourMs) * hourMs;
  const minutes = { from: workload.endsAt - dayMs, until: workload.endsAt, stepMs: minuteMs };
  const hours = { from: lastHour - dayMs, until: lastHour, stepMs: hourMs };
  const chartPath = `/api/series/1/curve?from=${startOf(workload, 1)}&to=${workload.endsAt - 1}&points=${chartPoints}`;
  const chart = chartSpan(workload, JSON.parse(await ask(chartPath)) as Curve);
  const dense = { where: "s='1'", selector: `t{s="1"}` };
  return [
    latestQuestion(workload),
    {
      ...{ name: "24 h by minute, one series", line: "single series", size: "1,440 buckets" },
      waremind: { path: aggregatesPath("1", minutes, "minute"), read: readAggregates },
      influx: influxBuckets(dense.where, minutes, "mean"),
      victoria: victoriaBuckets(dense.selector, minutes, "avg"),
    },
    {
      ...{ name: "24 h by hour, 1,000 series", line: "wide", size: "24,000 buckets, fewer where silent" },
      waremind: { path: aggregatesPath(ids, hours, "hour"), read: readAggregates },
      influx: influxBuckets(null, hours, "mean"),
      victoria: victoriaBuckets("t", hours, "avg"),
    },
    {
      ...{ name: "chart of all of the dense series", line: "single series", size: `${chartPoints} points` },
      waremind: { path: chartPath, read: readCurve },
      influx: influxBuckets(dense.where, chart, "last"),
      victoria: victoriaBuckets(dense.selector, chart, "last"),
    },
  ];
}

interface Span {
  readonly from: number;
  readonly until: number;
  readonly stepMs: number;
}

function chartSpan(workload: Workload, { buckets, bucketMs }: Curve): Span {
  const [first] = buckets ?? [];
  if (first === undefined || bucketMs === undefined) throw new Error("The chart answered no buckets.");
  const count = Math.ceil((workload.endsAt - first[0]) / bucketMs);
  return { from: first[0], until: first[0] + count * bucketMs, stepMs: bucketMs };
}

function latestQuestion(workload: Workload): Question {
  const from = workload.endsAt - hourMs;
  return {
    ...{ name: "latest of 1,000 series", line: "latest", size: "1,000 values" },
    waremind: { path: `/api/series/latest?ids=${ids}`, read: readLatest },
    // Told how far back to look: without it the answer takes longer.
    influx: influx(`SELECT last(v) FROM t WHERE time >= ${from}ms GROUP BY s`, true),
    victoria: {
      path: `/api/v1/query?nocache=1&time=${workload.endsAt / 1_000}&query=${encodeURIComponent("last_over_time(t[1h])")}`,
      read: readVictoria,
    },
  };
}

const aggregatesPath = (series: string, { from, until }: Span, span: string) =>
  `/api/series/aggregates?ids=${series}&from=${from}&to=${until - 1}&span=${span}`;

function readLatest(text: string): Numbers {
  const { items } = JSON.parse(text) as { items: { seriesId: number; value: number }[] };
  return new Map(items.map(({ seriesId, value }) => [`${seriesId}/0`, [value]]));
}

function readAggregates(text: string): Numbers {
  const { series } = JSON.parse(text) as {
    series: { seriesId: number; buckets: [number, number, number, number, number][] }[];
  };
  return new Map(
    series.flatMap(({ seriesId, buckets }) =>
      buckets.map(([at, ...numbers]): [string, number[]] => [`${seriesId}/${at}`, numbers]),
    ),
  );
}

function readCurve(text: string): Numbers {
  const { buckets } = JSON.parse(text) as Curve;
  return new Map((buckets ?? []).map(([at, min, max, last, count]) => [`1/${at}`, [count, min, max, last]]));
}

function influx(query: string, isLatest: boolean): Wording {
  return {
    path: `/query?db=bench&epoch=ms&q=${encodeURIComponent(query)}`,
    read: (text) => {
      const { results } = JSON.parse(text) as {
        results: { series?: { tags?: { s: string }; values: number[][] }[]; error?: string }[];
      };
      const found = new Map<string, number[]>();
      for (const { tags, values } of results[0]?.series ?? []) {
        for (const [at, ...numbers] of values) found.set(`${tags?.s ?? "1"}/${isLatest ? 0 : at}`, numbers);
      }
      return found;
    },
  };
}

function influxBuckets(where: string | null, span: Span, fourth: "mean" | "last"): Wording {
  const time = `time >= ${span.from}ms AND time < ${span.until}ms`;
  const group = `time(${span.stepMs}ms, ${span.from % span.stepMs}ms)`;
  return influx(
    `SELECT count(v), min(v), max(v), ${fourth}(v) FROM t WHERE ${where === null ? "" : `${where} AND `}${time} GROUP BY ${group}${where === null ? ", s" : ""} fill(none)`,
    false,
  );
}

/** Its windows reach back from a moment and hold that moment: asked for a millisecond before each next bucket begins. */
function victoriaBuckets(selector: string, span: Span, fourth: "avg" | "last"): Wording {
  const names = ["count", "min", "max", fourth].map((name) => `"${name}_over_time"`).join();
  const query = `aggr_over_time((${names}), ${selector}[${span.stepMs}ms])`;
  const [start, end] = [span.from + span.stepMs - 1, span.until - 1];
  return {
    path: `/api/v1/query_range?nocache=1&start=${start / 1_000}&end=${end / 1_000}&step=${span.stepMs}ms&query=${encodeURIComponent(query)}`,
    read: (text) => {
      const found = new Map<string, number[]>();
      const { data } = JSON.parse(text) as VictoriaAnswer;
      const order = ["count_over_time", "min_over_time", "max_over_time", `${fourth}_over_time`];
      for (const { metric, values } of data.result) {
        const place = order.indexOf(metric["rollup"] ?? "");
        for (const [at, value] of values ?? []) {
          const key = `${metric["s"]}/${Math.round(at * 1_000) - span.stepMs + 1}`;
          const numbers = found.get(key) ?? [];
          numbers[place] = Number(value);
          found.set(key, numbers);
        }
      }
      return found;
    },
  };
}

interface VictoriaAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

function readVictoria(text: string): Numbers {
  const { data } = JSON.parse(text) as VictoriaAnswer;
  return new Map(data.result.map(({ metric, value }) => [`${metric["s"]}/0`, [Number(value?.[1])]]));
}

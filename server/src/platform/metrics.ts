// Figures for Prometheus. What happens often is counted in plain numbers; prom-client hears of them when somebody asks.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Time series of one metric: what comes beyond is counted together as `other`. */
const labelSetsMax = 200;
const other = "other";

export interface CountedMetric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export interface Metrics {
  /** What stands in the registry now, in Prometheus' text format. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** Adds processor time, memory, event loop lag and garbage collection of this process. */
  watchProcess(): void;
  /** A counter in plain numbers: `add(values, by)` costs a look-up. The values are those of `labels`, in order. */
  counter(metric: CountedMetric): { add(values: readonly string[], by?: number): void };
  /** `read` is asked at each scrape; where it rejects, the metric is left out of that one. */
  gauge(metric: CountedMetric, read: () => GaugeValues | Promise<GaugeValues>): void;
  /** Buckets are upper bounds, in the unit of the name. */
  histogram(metric: CountedMetric & { readonly buckets: readonly number[] }): {
    observe(values: readonly string[], value: number): void;
    /** Answers what to call at the end. */
    startTimer(): (values: readonly string[]) => void;
  };
}

export type GaugeValues = readonly { readonly values: readonly string[]; readonly value: number }[];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    watchProcess: () => collectDefaultMetrics({ register: registry }),
    counter: ({ name, help, labels }) => {
      const counts = createCounts(labels);
      new Counter({
        ...{ name, help, registers, labelNames: [...labels] },
        collect() {
          this.reset();
          for (const { values, count } of counts.all()) this.inc(labelsOf(labels, values), count);
        },
      });
      return { add: counts.add };
    },
    gauge: ({ name, help, labels }, read) => {
      new Gauge({
        ...{ name, help, registers, labelNames: [...labels] },
        async collect() {
          this.reset();
          const all = await Promise.resolve()
            .then(read)
            .catch(() => null);
          for (const { values, value } of all ?? []) this.set(labelsOf(labels, values), value);
          // A gauge without labels says 0 after a reset, and 0 would be a lie.
          if (all === null && labels.length === 0) this.set(Number.NaN);
        },
      });
    },
    histogram: ({ name, help, labels, buckets }) => {
      const histogram = new Histogram({
        ...{ name, help, registers, labelNames: [...labels], buckets: [...buckets] },
      });
      const known = createBound();
      const labelled = (values: readonly string[]) => labelsOf(labels, known(values));
      return {
        observe: (values, value) => histogram.observe(labelled(values), value),
        startTimer: () => {
          const end = histogram.startTimer();
          return (values) => void end(labelled(values));
        },
      };
    },
  };
}

const labelsOf = (labels: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ""]));

function createCounts(labels: readonly string[]) {
  const counts = new Map<string, { readonly values: readonly string[]; count: number }>();
  // One that never happened is 0, where it is known beforehand what may.
  if (labels.length === 0) counts.set("", { values: [], count: 0 });
  return {
    all: () => counts.values(),
    add: (values: readonly string[], by = 1): void => {
      const key = values.length === 1 ? (values[0] ?? "") : values.join("\0");
      const known = counts.get(key);
      if (known !== undefined) {
        known.count += by;
        return;
      }
      const kept = counts.size < labelSetsMax ? values : values.map(() => other);
      const keptKey = kept.length === 1 ? (kept[0] ?? "") : kept.join("\0");
      const there = counts.get(keptKey);
      if (there === undefined) counts.set(keptKey, { values: kept, count: by });
      else there.count += by;
    },
  };
}

/** The same bound for what prom-client keeps itself. */
function createBound(): (values: readonly string[]) => readonly string[] {
  const known = new Set<string>();
  return (values) => {
    const key = values.join("\0");
    if (known.has(key)) return values;
    if (known.size >= labelSetsMax) return values.map(() => other);
    known.add(key);
    return values;
  };
}

// Series made here, for the search of settings: steady ones in which nothing is to be announced, and faults planted in some.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const startAt = Date.UTC(2026, 0, 5);
/** Alarms count from here on, and faults are planted at this share of a series. */
export const learntMs = 6 * dayMs;
const plantedShare = 0.68;

export interface MadeSeries {
  readonly name: string;
  readonly observedAt: Float64Array;
  readonly values: Float64Array;
}

export interface PlantedSeries extends MadeSeries {
  /** The fault must be announced from `first` to before `last` (rows). */
  readonly first: number;
  readonly last: number;
}

/** The same numbers on every run, between 0 and 1. */
export function chance(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Making {
  readonly days?: number;
  readonly everyMs?: number;
  /** Share of readings that arrive. */
  readonly kept?: number;
  /** Value at a time; `noise` is close to normal with a deviation of 0.7, `random` uniform between 0 and 1. */
  valueAt(observedAt: number, noise: () => number, random: () => number): number;
}

function made(name: string, seed: number, making: Making): MadeSeries {
  const { days = 21, everyMs = 5 * minuteMs, kept = 1 } = making;
  const random = chance(seed);
  const noise = () => random() + random() + random() + random() + random() + random() - 3;
  const times: number[] = [];
  const values: number[] = [];
  for (let observedAt = startAt; observedAt < startAt + days * dayMs; observedAt += everyMs) {
    const value = making.valueAt(observedAt, noise, random);
    if (random() >= kept) continue;
    times.push(observedAt);
    values.push(value);
  }
  return { name, observedAt: Float64Array.from(times), values: Float64Array.from(values) };
}

const daily = (observedAt: number) => Math.sin((2 * Math.PI * observedAt) / dayMs);

/** Noise that remembers its last value to this share. */
function remembering(share: number, size: number) {
  let state = 0;
  return (noise: number) => {
    state = share * state + size * noise;
    return state;
  };
}

function office(observedAt: number): number {
  const now = new Date(observedAt);
  const isRest = [0, 6].includes(now.getUTCDay());
  return now.getUTCHours() >= 8 && now.getUTCHours() < 18 && !isRest ? 100 : 5;
}

export function steadySeries(): readonly MadeSeries[] {
  const [swinging, wandering] = [remembering(0.8, 0.1), remembering(0.9, 1)];
  return [
    ...[1, 2, 3].map((seed) =>
      made("daily", seed, { valueAt: (at, noise) => 4 + 1.5 * daily(at) + 0.15 * noise() }),
    ),
    made("noise", 4, { valueAt: (_at, noise) => 50 + 3 * noise() }),
    made("daily, noise that lasts", 5, { valueAt: (at, noise) => 20 + 2 * daily(at) + swinging(noise()) }),
    made("noise that lasts", 6, { valueAt: (_at, noise) => 100 + wandering(noise()) }),
    made("weekly", 7, { days: 56, everyMs: hourMs, valueAt: (at, noise) => office(at) + 2 * noise() }),
    made("uneven", 8, {
      days: 20,
      everyMs: minuteMs,
      kept: 0.15,
      valueAt: (at, noise) => 4 + 1.5 * daily(at) + 0.1 * noise(),
    }),
    made("rounded", 9, {
      everyMs: 10 * minuteMs,
      valueAt: (at, noise) => Math.round(40 + 15 * daily(at) + 1.5 * noise()) / 10,
    }),
    made("skewed", 10, { valueAt: (at, noise) => Math.exp(2 + daily(at) + 0.4 * noise()) }),
  ];
}

/** Single readings far above the others that come some times a day: after a while they are usual. */
export function spikySeries(): readonly MadeSeries[] {
  return [
    made("spikes on noise", 11, {
      valueAt: (_at, noise, random) => 20 + noise() + (random() < 0.012 ? 60 + 8 * noise() : 0),
    }),
    made("spikes on a day", 12, {
      valueAt: (at, noise, random) =>
        20 + 5 * daily(at) + 0.5 * noise() + (random() < 0.006 ? 30 + 10 * random() : 0),
    }),
    made("spikes, skewed", 13, {
      days: 30,
      everyMs: 10 * minuteMs,
      valueAt: (_at, noise, random) => Math.exp(3 + 0.5 * noise() + (random() < 0.01 ? 2 + random() : 0)),
    }),
  ];
}

/** `size` is the noise of the series it is planted in; `within` the readings in which it must be announced. */
interface Fault {
  readonly name: string;
  readonly within: number;
  readonly rows: number;
  valueAt(
    value: number,
    given: { readonly size: number; readonly atFirst: number; random(): number },
  ): number;
}

const faults: readonly Fault[] = [
  { name: "spike", within: 1, rows: 1, valueAt: (value, { size }) => value + 14 * size },
  { name: "dip", within: 1, rows: 1, valueAt: (value, { size }) => value - 14 * size },
  { name: "shift up", within: 24, rows: Infinity, valueAt: (value, { size }) => value + 7 * size },
  { name: "shift down", within: 24, rows: Infinity, valueAt: (value, { size }) => value - 7 * size },
  { name: "stuck", within: 144, rows: 288, valueAt: (_value, { atFirst }) => atFirst },
  {
    name: "noise",
    within: 72,
    rows: 288,
    valueAt: (value, { size, random }) => value + 24 * size * (random() - 0.5),
  },
];

export function plantedSeries(): readonly PlantedSeries[] {
  const hosts = steadySeries();
  const sizes: Readonly<Record<number, number>> = { 0: 0.106, 3: 2.1, 4: 0.12 };
  const random = chance(99);
  return Object.entries(sizes).flatMap(([host, size]) => {
    const series = hosts[Number(host)];
    if (series === undefined) return [];
    return faults.map((fault) => {
      const first = Math.floor(series.values.length * plantedShare) + 37;
      const atFirst = series.values[first] ?? 0;
      const values = series.values.map((value, row) =>
        row >= first && row < first + fault.rows ? fault.valueAt(value, { size, atFirst, random }) : value,
      );
      return { ...series, name: `${fault.name}, ${series.name}`, values, first, last: first + fault.within };
    });
  });
}

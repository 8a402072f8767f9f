// How far a device's clock is off, seen from when its readings arrive.

/** Constant size: the least delay of each of the last so many hours. */
export interface SkewState {
  readonly hours: readonly { readonly hourAt: number; readonly leastMs: number; readonly count: number }[];
}

export interface Skew {
  /** The device's clock minus ours, milliseconds: positive where it is ahead. */
  readonly skewMs: number;
  /** Gained by the device's clock in a day; null before it was seen for some hours. */
  readonly driftMsPerDay: number | null;
  /** Readings the estimate rests on. */
  readonly count: number;
}

export const startSkew: SkewState = { hours: [] };

const hourMs = 3_600_000;
const hoursKeptMax = 24;
const hoursPerDrift = 6;
const countMin = 5;
/** What a message takes to get here at best; a clock that seems this little behind is right. */
const travelMsMax = 2_000;

/**
 * Takes in one live reading: when the device says it was taken, and when it came. Readings wait in outboxes, so delays are
 * skewed to the late side, and only the least of many says something of the clock (Marzullo & Owicki 1983: the bound that every
 * message gives). In order of arrival.
 */
export function advanceSkew(
  state: SkewState,
  reading: { observedAt: number; receivedAt: number },
): SkewState {
  const hourAt = reading.receivedAt - (reading.receivedAt % hourMs);
  const delayMs = reading.receivedAt - reading.observedAt;
  const last = state.hours.at(-1);
  if (last === undefined || last.hourAt < hourAt) {
    const hours = [...state.hours, { hourAt, leastMs: delayMs, count: 1 }];
    return { hours: hours.slice(-hoursKeptMax) };
  }
  const present = { ...last, leastMs: Math.min(last.leastMs, delayMs), count: last.count + 1 };
  return { hours: [...state.hours.slice(0, -1), present] };
}

/** Null before a handful of readings came. */
export function skewOf({ hours }: SkewState): Skew | null {
  const count = hours.reduce((sum, hour) => sum + hour.count, 0);
  if (count < countMin) return null;
  const driftMsPerDay = driftOf(hours);
  const newestAt = hours.at(-1)?.hourAt ?? 0;
  // Each hour's bound, moved to the present by the drift: the least is the tightest.
  const bounds = hours.map(
    ({ hourAt, leastMs }) => leastMs - ((driftMsPerDay ?? 0) * (newestAt - hourAt)) / (24 * hourMs),
  );
  const least = bounds.reduce((a, b) => Math.min(a, b));
  const skewMs = least > 0 && least <= travelMsMax ? 0 : -least;
  return { skewMs, driftMsPerDay, count };
}

/** Theil and Sen: the median slope between hours, which a single hour of outbox does not move. */
function driftOf(hours: SkewState["hours"]): number | null {
  if (hours.length < hoursPerDrift) return null;
  const slopes: number[] = [];
  for (const [index, later] of hours.entries())
    for (const earlier of hours.slice(0, index))
      slopes.push(((earlier.leastMs - later.leastMs) / (later.hourAt - earlier.hourAt)) * 24 * hourMs);
  slopes.sort((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? null;
}

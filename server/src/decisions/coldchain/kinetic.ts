// Mean kinetic temperature, USP <1160> and <1079.2>: the one constant temperature that would age the goods as much.

/** Heat of activation over the gas constant, kelvin: 83.144 kJ/mol ÷ 8.3144·10⁻³ kJ/(mol·K). */
const activationKelvin = 83.144 / 8.3144e-3;
const zeroCelsiusInKelvin = 273.15;

/** `exp(−ΔH/(R·T))`: the pace of ageing at a temperature, without unit. */
export function ageingPace(celsius: number): number {
  return Math.exp(-activationKelvin / (celsius + zeroCelsiusInKelvin));
}

/** The temperature (°C) whose pace is the mean pace: `T = (ΔH/R) / −ln(mean)`. */
export function celsiusOfPace(meanPace: number): number {
  return activationKelvin / -Math.log(meanPace) - zeroCelsiusInKelvin;
}

/** Mean kinetic temperature (°C) of readings that each stand for the same time; null of none. */
export function meanKineticCelsius(celsius: readonly number[]): number | null {
  if (celsius.length === 0) return null;
  return celsiusOfPace(celsius.reduce((sum, value) => sum + ageingPace(value), 0) / celsius.length);
}

export interface KineticWindow {
  readonly from: number;
  readonly to: number;
  readonly celsius: number;
  /** How much of the window readings stand for; the rest are gaps. */
  readonly measuredMs: number;
}

/** A window of which less than this share is measured says nothing of the whole. */
const measuredShareMin = 0.5;
const intervalsPerGap = 3;

/** The stretch of time for which one reading stands. */
interface Standing {
  readonly from: number;
  readonly to: number;
  readonly pace: number;
}

/**
 * The hottest window of a long series by mean kinetic temperature: 30 days for controlled room temperature, 24 h for
 * controlled cold. A year's mean hides what its worst month did. Each reading weighs by the time it stands for: half the
 * way to either neighbour, and half an expected interval at the ends and at the edges of a gap (over three expected
 * intervals), which itself counts for nothing.
 *
 * Readings in time order. Null when they reach over less than one window, or no window is measured for half of it. The
 * mean is a ratio of functions that are linear between the edges of stretches, so it is highest where a window begins or
 * ends at one; all of those are looked at, in n log n steps.
 */
export function worstKineticWindow(
  readings: readonly { readonly observedAt: number; readonly celsius: number }[],
  {
    windowMs,
    expectedIntervalSeconds,
  }: { readonly windowMs: number; readonly expectedIntervalSeconds: number },
): KineticWindow | null {
  const standings = standingsOf(readings, expectedIntervalSeconds * 1000);
  const beginsAt = standings[0]?.from ?? 0;
  const endsAt = standings.at(-1)?.to ?? 0;
  const until = createSums(standings);
  let worst: (KineticWindow & { readonly mean: number }) | null = null;
  for (const from of standings.flatMap((standing) => [standing.from, standing.to - windowMs])) {
    const to = from + windowMs;
    if (from < beginsAt || to > endsAt) continue;
    const [left, right] = [until(from), until(to)];
    const measuredMs = right.measuredMs - left.measuredMs;
    if (measuredMs < windowMs * measuredShareMin) continue;
    const mean = (right.aged - left.aged) / measuredMs;
    if (worst === null || mean > worst.mean)
      worst = { from, to, celsius: celsiusOfPace(mean), measuredMs, mean };
  }
  if (worst === null) return null;
  const { mean: _mean, ...window } = worst;
  return window;
}

function standingsOf(
  readings: readonly { readonly observedAt: number; readonly celsius: number }[],
  intervalMs: number,
): readonly Standing[] {
  const halfWay = (fromAt: number | undefined, toAt: number | undefined): number => {
    const apartMs = fromAt === undefined || toAt === undefined ? intervalMs : toAt - fromAt;
    return (apartMs > intervalMs * intervalsPerGap ? intervalMs : apartMs) / 2;
  };
  return readings.map(({ observedAt, celsius }, index) => ({
    from: observedAt - halfWay(readings[index - 1]?.observedAt, observedAt),
    to: observedAt + halfWay(observedAt, readings[index + 1]?.observedAt),
    pace: ageingPace(celsius),
  }));
}

/** Answers what was measured, and how far the goods aged, up to an instant. */
function createSums(standings: readonly Standing[]): (at: number) => { measuredMs: number; aged: number } {
  const before = [{ measuredMs: 0, aged: 0 }];
  for (const { from, to, pace } of standings) {
    const { measuredMs, aged } = before.at(-1) ?? { measuredMs: 0, aged: 0 };
    before.push({ measuredMs: measuredMs + to - from, aged: aged + (to - from) * pace });
  }
  return (at) => {
    let [low, high] = [0, standings.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((standings[middle]?.to ?? at) <= at) low = middle + 1;
      else high = middle;
    }
    const { measuredMs, aged } = before[low] ?? { measuredMs: 0, aged: 0 };
    const partial = standings[low];
    const partMs = partial === undefined ? 0 : Math.max(0, at - partial.from);
    return { measuredMs: measuredMs + partMs, aged: aged + partMs * (partial?.pace ?? 0) };
  };
}

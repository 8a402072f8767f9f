// Remaining shelf life after a temperature history (specs/cold-chain.md): life(T) = life(T_ref) · Q10^((T_ref − T)/10).
import type { TemperatureReading } from "./condition-state.ts";

/** How long the goods last, and how much faster they age per 10 °C. Per product, from its maker or a trial. */
export interface ShelfLifeModel {
  readonly lifeDays: number;
  readonly referenceCelsius: number;
  readonly q10: number;
  /** How far off Q10 may be, as a share (0.2: ±20 %); it makes the range of the answer. */
  readonly q10Uncertainty: number;
}

export interface RemainingShelfLife {
  /** Days left if kept at the reference temperature from now on; never negative. */
  readonly remainingDays: number;
  readonly remainingDaysMin: number;
  readonly remainingDaysMax: number;
  readonly usedShare: number;
  /** What the answer rests on. */
  readonly readingCount: number;
  readonly measuredMinutes: number;
  readonly gapMinutes: number;
}

const msPerDay = 86_400_000;
const msPerMinute = 60_000;
const intervalsPerGap = 3;

/**
 * Sums the share of life that each stretch used, `dt / life(T)`, with T the mean of the two readings around it. A gap
 * (over three expected intervals, and from the last reading to `now` when that is longer) is taken at the mean of its
 * edges; the range takes it at the coldest and the warmest temperature seen, and Q10 at either end of its
 * uncertainty. Readings in time order, °C. Null without readings.
 */
export function remainingShelfLife(
  readings: readonly TemperatureReading[],
  model: ShelfLifeModel,
  options: { readonly now: number; readonly expectedIntervalSeconds: number },
): RemainingShelfLife | null {
  const stretches = stretchesOf(readings, options);
  if (stretches.length === 0) return null;
  const celsius = readings.map((reading) => reading.celsius);
  const coldest = celsius.reduce((a, b) => Math.min(a, b));
  const warmest = celsius.reduce((a, b) => Math.max(a, b));
  const used = usedShare(stretches, model, undefined, model.q10);
  const q10s = [model.q10 * (1 - model.q10Uncertainty), model.q10 * (1 + model.q10Uncertainty)];
  const cases = q10s.flatMap((q10) =>
    [coldest, warmest].map((gapCelsius) => usedShare(stretches, model, gapCelsius, q10)),
  );
  const daysLeft = (share: number): number => Math.max(0, (1 - share) * model.lifeDays);
  const gaps = stretches.filter((stretch) => stretch.isGap);
  const measured = stretches.filter((stretch) => !stretch.isGap);
  return {
    remainingDays: daysLeft(used),
    remainingDaysMin: daysLeft(Math.max(used, ...cases)),
    remainingDaysMax: daysLeft(Math.min(used, ...cases)),
    usedShare: used,
    readingCount: readings.length,
    measuredMinutes: sumMs(measured) / msPerMinute,
    gapMinutes: sumMs(gaps) / msPerMinute,
  };
}

interface Stretch {
  readonly ms: number;
  readonly celsius: number;
  readonly isGap: boolean;
}

function stretchesOf(
  readings: readonly TemperatureReading[],
  { now, expectedIntervalSeconds }: { readonly now: number; readonly expectedIntervalSeconds: number },
): readonly Stretch[] {
  const gapMs = expectedIntervalSeconds * 1000 * intervalsPerGap;
  return readings.map((reading, index) => {
    const next = readings[index + 1] ?? {
      observedAt: Math.max(now, reading.observedAt),
      celsius: reading.celsius,
    };
    const ms = next.observedAt - reading.observedAt;
    return { ms, celsius: (reading.celsius + next.celsius) / 2, isGap: ms > gapMs };
  });
}

const sumMs = (stretches: readonly Stretch[]): number => stretches.reduce((sum, { ms }) => sum + ms, 0);

function usedShare(
  stretches: readonly Stretch[],
  model: ShelfLifeModel,
  gapCelsius: number | undefined,
  q10: number,
): number {
  return stretches.reduce((sum, { ms, celsius, isGap }) => {
    const at = isGap ? (gapCelsius ?? celsius) : celsius;
    return sum + ms / (model.lifeDays * msPerDay * q10 ** ((model.referenceCelsius - at) / 10));
  }, 0);
}

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
}

/**
 * The hottest window of a long series by mean kinetic temperature: 30 days for controlled room temperature, 24 h for
 * controlled cold. A year's mean hides what its worst month did. Readings in time order, equally spaced; null when the
 * series is shorter than one window. Linear in the number of readings.
 */
export function worstKineticWindow(
  readings: readonly { readonly observedAt: number; readonly celsius: number }[],
  windowMs: number,
): KineticWindow | null {
  const first = readings[0];
  const last = readings.at(-1);
  if (first === undefined || last === undefined || last.observedAt - first.observedAt < windowMs) return null;
  const paces = readings.map((reading) => ageingPace(reading.celsius));
  let worst: { from: number; to: number; mean: number } | null = null;
  let sum = 0;
  let start = 0;
  for (const [index, reading] of readings.entries()) {
    sum += paces[index] ?? 0;
    while (start < index && (readings[start]?.observedAt ?? 0) <= reading.observedAt - windowMs) {
      sum -= paces[start] ?? 0;
      start += 1;
    }
    const from = readings[start]?.observedAt ?? reading.observedAt;
    const isFull = reading.observedAt - first.observedAt >= windowMs;
    const mean = sum / (index - start + 1);
    if (isFull && (worst === null || mean > worst.mean)) worst = { from, to: reading.observedAt, mean };
  }
  return worst === null ? null : { from: worst.from, to: worst.to, celsius: celsiusOfPace(worst.mean) };
}

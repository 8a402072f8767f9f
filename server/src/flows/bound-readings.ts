// Which readings of a batch belong to which target, and in which unit the engines want them.
import type { Binding, BindingKind, Devices } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import type { Series, StoredReading, Telemetry } from "../telemetry/index.ts";

export interface BoundReadings {
  readonly binding: Binding;
  readonly series: Series;
  /** Numeric, since the binding began, in the order they came. */
  readonly readings: readonly { readonly observedAt: number; readonly number: number }[];
}

/**
 * The new readings of a batch by the target they are bound to, in a fixed order of targets (transactions that touch
 * the same ones never wait for each other crosswise). A target with two live bindings follows the newest.
 */
export async function boundReadings(
  deps: { readonly devices: Devices; readonly telemetry: Telemetry },
  connection: Connection,
  input: { readonly kind: BindingKind; readonly readings: readonly StoredReading[] },
): Promise<readonly BoundReadings[]> {
  const bindings = newestPerTarget(await deps.devices.liveBindings(connection), input.kind);
  if (bindings.length === 0) return [];
  const byDevice = Map.groupBy(bindings, (binding) => binding.deviceId);
  const found: BoundReadings[] = [];
  for (const [seriesId, readings] of Map.groupBy(input.readings, (reading) => reading.seriesId)) {
    const series = await deps.telemetry.seriesById(seriesId, connection);
    if (series === null) continue;
    for (const binding of byDevice.get(series.deviceId) ?? []) {
      if (binding.seriesKey !== series.key) continue;
      const own = numbersOf(readings).filter(({ observedAt }) => observedAt >= binding.boundAt);
      if (own.length > 0) found.push({ binding, series, readings: own });
    }
  }
  return found.toSorted((a, b) => (a.binding.targetId < b.binding.targetId ? -1 : 1));
}

function newestPerTarget(bindings: readonly Binding[], kind: BindingKind): readonly Binding[] {
  const newest = new Map<string, Binding>();
  for (const binding of bindings) {
    const other = newest.get(binding.targetId);
    if (binding.kind === kind && (other === undefined || binding.boundAt >= other.boundAt))
      newest.set(binding.targetId, binding);
  }
  return [...newest.values()];
}

export function numbersOf(
  readings: readonly StoredReading[],
): readonly { readonly observedAt: number; readonly number: number }[] {
  return readings.flatMap(({ observedAt, value }) =>
    value.type === "number" ? [{ observedAt, number: value.number }] : [],
  );
}

/** A temperature in °C; a series without a unit is taken as °C. */
export function celsiusOf(value: number, unit: string | null): number {
  if (unit === "K") return value - 273.15;
  return unit === "[degF]" ? ((value - 32) * 5) / 9 : value;
}

/** A weight in grams; a series without a unit is taken as grams. */
export function gramsOf(value: number, unit: string | null): number {
  return unit === "kg" ? value * 1000 : value;
}

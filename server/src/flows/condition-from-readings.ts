// A shipment's condition from its raw readings: for a late reading, a binding of the past, or a change of engine.
import type { Band } from "@waremind/contract";
import { advanceCondition, type ConditionState, startCondition } from "../decisions/coldchain/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import type { Shipment } from "../shipments/index.ts";
import type { Series, StoredReading, Telemetry } from "../telemetry/index.ts";
import { celsiusOf, numbersOf } from "./bound-readings.ts";

const readingsPerPage = 10_000;
/** 200,000 readings: four months at one a minute. Beyond that the oldest count and the log of the rest is refused. */
const pagesMax = 20;

interface Sources {
  readonly devices: Devices;
  readonly telemetry: Telemetry;
}

export interface RebuiltCondition {
  readonly state: ConditionState;
  readonly seriesId: number;
  readonly deviceId: number;
}

/**
 * Folds all readings of the shipment's loggers, one logger after the other (a newer binding takes over from an older
 * one), up to delivery. Null when nothing was ever bound to it.
 */
export async function conditionFromReadings(
  sources: Sources,
  connection: Connection,
  { shipment, band }: { readonly shipment: Shipment; readonly band: Band },
): Promise<RebuiltCondition | null> {
  let state = startCondition();
  let newest: Series | null = null;
  for (const span of await spansOf(sources, connection, shipment)) {
    newest = span.series;
    await eachReading(sources.telemetry, connection, span, ({ observedAt, number }) => {
      state = advanceCondition(state, { observedAt, celsius: celsiusOf(number, span.series.unit) }, band);
    });
  }
  return newest === null ? null : { state, seriesId: newest.id, deviceId: newest.deviceId };
}

interface Span {
  readonly series: Series;
  readonly from: number;
  readonly to: number;
}

async function spansOf(
  { devices, telemetry }: Sources,
  connection: Connection,
  shipment: Shipment,
): Promise<readonly Span[]> {
  const bindings = (await devices.bindingsOf(shipment.id, connection))
    .filter((binding) => binding.kind === "logger-shipment")
    .toSorted((a, b) => a.boundAt - b.boundAt);
  const spans: Span[] = [];
  for (const [index, binding] of bindings.entries()) {
    const series = await telemetry.findSeries(binding.deviceId, binding.seriesKey, connection);
    if (series === null) continue;
    const ends = [binding.unboundAt, shipment.deliveredAt, endBefore(bindings[index + 1]?.boundAt)];
    const to = Math.min(...ends.map((end) => end ?? Number.MAX_SAFE_INTEGER));
    spans.push({ series, from: binding.boundAt, to });
  }
  return spans;
}

const endBefore = (at: number | undefined): number | null => (at === undefined ? null : at - 1);

async function eachReading(
  telemetry: Telemetry,
  connection: Connection,
  { series, from, to }: Span,
  visit: (reading: { readonly observedAt: number; readonly number: number }) => void,
): Promise<void> {
  let start = from;
  for (let page = 0; page < pagesMax && start <= to; page += 1) {
    const readings = await telemetry.range(connection, series.id, {
      from: start,
      to,
      limit: readingsPerPage,
    });
    const isLastPage = readings.length < readingsPerPage;
    for (const reading of numbersOf(isLastPage ? readings : withoutLastInstant(readings))) visit(reading);
    if (isLastPage) return;
    start = readings.at(-1)?.observedAt ?? to + 1;
  }
}

/** A full page may cut an instant with several values in two; the next page begins with all of it. */
function withoutLastInstant(readings: readonly StoredReading[]): readonly StoredReading[] {
  const lastAt = readings.at(-1)?.observedAt;
  return readings.filter((reading) => reading.observedAt !== lastAt);
}

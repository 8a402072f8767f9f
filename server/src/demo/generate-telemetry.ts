import type { Band } from "@waremind/contract";
import { type DemoData, zoneOf } from "./demo-data.ts";
import type { PlannedShipment } from "./generate-shipments.ts";
import { cellIdOf } from "./generate-stock.ts";
import type { Random } from "./seeded-random.ts";
import { dayMs, minuteMs } from "./shop-calendar.ts";
import type { BindingRow, HistoryRow } from "./shop-rows.ts";

/** Within three expected intervals of every band, so that a history shows no gaps. */
const parcelStepMs = 2.5 * minuteMs;
const fixedStepMs = 5 * minuteMs;
const fixedHistoryMs = dayMs;
const driveStepMs = 2 * minuteMs;
const driveHistoryMs = dayMs / 2;
const positionKeys = new Set(["latitude", "longitude"]);
/** How far back delivered parcels have a history, and how many of them. */
const parcelHistoryMs = 5 * dayMs;
const parcelHistoriesMax = 30;
const readingsPerParcelMax = 400;
/** A logger is switched on while the parcel is packed and read once more on its return. */
const beforeShippedMs = 10 * minuteMs;
/** Among the delivered parcels with a history, these grew too warm. */
const warmedPositions = new Set([6, 13]);

interface Generator {
  readonly data: DemoData;
  readonly shipments: readonly PlannedShipment[];
  readonly random: Random;
  readonly now: number;
}

/** Where the devices are bound, and what they measured before the shop was opened. */
export function generateTelemetry(generator: Generator): {
  readonly bindings: readonly BindingRow[];
  readonly histories: readonly HistoryRow[];
} {
  const journeys = journeysOf(generator);
  return {
    bindings: [...journeys.map(bindingOf), ...scaleBindings(generator)],
    histories: [
      ...journeys.map((journey, index) => parcelHistory(generator, journey, index)),
      ...fixedHistories(generator),
      ...driveHistories(generator),
    ],
  };
}

/** A logger's time with one parcel. */
interface Journey {
  readonly deviceName: string;
  readonly planned: PlannedShipment;
  readonly band: Band;
  readonly from: number;
  readonly to: number;
  readonly isLive: boolean;
}

/** The parcels under way get a logger each; then each logger goes back in time, one parcel after the other. */
function journeysOf({ data, shipments, now }: Generator): readonly Journey[] {
  const chilled = shipments
    .flatMap((planned) => {
      const { band, parcel } = planned;
      if (band === null || zoneOf(band) !== "chilled" || parcel.shippedAt > now) return [];
      const isLive = planned.shipment.state === "shipping";
      const from = parcel.shippedAt - beforeShippedMs;
      return [{ planned, band, from, to: isLive ? now : parcel.arrivesAt, isLive }];
    })
    .filter(({ to }) => to > now - parcelHistoryMs)
    .toSorted((left, right) => right.to - left.to);
  const busyFrom = new Map(
    data.devices.devices.filter(({ role }) => role === "parcel-logger").map(({ name }) => [name, now]),
  );
  const journeys: Journey[] = [];
  for (const journey of chilled) {
    const logger = [...busyFrom].find(([, from]) => (journey.isLive ? from === now : journey.to < from));
    if (logger === undefined || journeys.length >= parcelHistoriesMax) continue;
    busyFrom.set(logger[0], journey.from);
    journeys.push({ deviceName: logger[0], ...journey });
  }
  return journeys;
}

function bindingOf({ deviceName, planned, from, to, isLive }: Journey): BindingRow {
  return {
    kind: "logger-shipment",
    deviceName,
    seriesKey: "temperature",
    targetId: planned.shipment.id,
    boundAt: from,
    unboundAt: isLive ? null : to,
  };
}

function scaleBindings({ data, now }: Generator): readonly BindingRow[] {
  return data.devices.devices.flatMap((device) =>
    device.role === "shelf-scale"
      ? device.cells.map(
          (code, index): BindingRow => ({
            kind: "cell-stock",
            deviceName: device.name,
            seriesKey: plateKeyOf(index),
            targetId: cellIdOf(code),
            boundAt: now,
            unboundAt: null,
          }),
        )
      : [],
  );
}

/** The series of a scale's plate, counted from 0. */
export const plateKeyOf = (index: number): string => `weight-${index + 1}`;

/** Where in its band a live parcel of the fleet stands, °C: well inside, as the fleet goes on from there. */
export const restingCelsius = (band: Band): number =>
  band.minCelsius + (band.maxCelsius - band.minCelsius) * 0.4;

function parcelHistory({ random }: Generator, journey: Journey, index: number): HistoryRow {
  const { band, from, to, isLive } = journey;
  const isWarmed = !isLive && warmedPositions.has(index);
  const swing = (band.maxCelsius - band.minCelsius) * 0.08;
  const phase = random.between(0, 2 * Math.PI);
  const bumpAt = from + (to - from) * 0.45;
  const bumpMs = random.int(30, 50) * minuteMs;
  const count = Math.min(readingsPerParcelMax, Math.floor((to - from) / parcelStepMs));
  const readings = Array.from({ length: count }, (_, step) => {
    const at = Math.round(to - (count - 1 - step) * parcelStepMs - (isLive ? minuteMs : 0));
    const wave = swing * Math.sin(phase + ((at - from) / (190 * minuteMs)) * 2 * Math.PI);
    const distance = Math.abs(at - bumpAt) / bumpMs;
    const bump =
      isWarmed && distance < 1 ? (band.maxCelsius - restingCelsius(band) + 2.2) * (1 - distance ** 2) : 0;
    const celsius = restingCelsius(band) + wave + bump + random.between(-0.06, 0.06);
    return [at, Number(celsius.toFixed(2))] as const;
  });
  return {
    deviceName: journey.deviceName,
    key: "temperature",
    unit: "Cel",
    shipmentId: journey.planned.shipment.id,
    readings,
  };
}

/** Rooms and vans: a day of temperatures around the value that their live behaviour begins with. */
function fixedHistories({ data, random, now }: Generator): readonly HistoryRow[] {
  return data.devices.devices.flatMap((device) => {
    const series =
      device.role === "fixed" ? device.series.find(({ key }) => key === "temperature") : undefined;
    if (series?.kind !== "number") return [];
    const base = series.phases[0]?.from ?? 0;
    const count = Math.floor(fixedHistoryMs / fixedStepMs);
    const readings = Array.from({ length: count }, (_, step) => {
      const at = now - (count - step) * fixedStepMs + fixedStepMs - minuteMs;
      const celsius =
        base + 0.3 + 0.3 * Math.sin((at / (23 * minuteMs)) * 2 * Math.PI) + random.between(-0.08, 0.08);
      return [at, Number(celsius.toFixed(2))] as const;
    });
    return [{ deviceName: device.name, key: "temperature", unit: "Cel", shipmentId: null, readings }];
  });
}

/** Half a day of rounds that a van drove, up to where its live behaviour begins. */
function driveHistories({ data, now }: Generator): readonly HistoryRow[] {
  return data.devices.devices.flatMap((device) =>
    (device.role === "fixed" ? device.series : []).flatMap((series): HistoryRow[] => {
      if (series.kind !== "number" || !positionKeys.has(series.key)) return [];
      const roundMs = series.phases.reduce((sum, { minutes }) => sum + minutes * minuteMs, 0);
      const readings = Array.from({ length: Math.floor(driveHistoryMs / driveStepMs) }, (_, step) => {
        const beforeMs = driveHistoryMs - step * driveStepMs;
        const elapsedMs = (roundMs - (beforeMs % roundMs)) % roundMs;
        return [now - beforeMs, Number(valueAlong(series.phases, elapsedMs).toFixed(5))] as const;
      });
      return [{ deviceName: device.name, key: series.key, unit: "deg", shipmentId: null, readings }];
    }),
  );
}

function valueAlong(
  phases: readonly { readonly from: number; readonly to: number; readonly minutes: number }[],
  elapsedMs: number,
): number {
  let beganMs = 0;
  for (const { from, to, minutes } of phases) {
    const share = (elapsedMs - beganMs) / (minutes * minuteMs);
    if (share <= 1) return from + (to - from) * share;
    beganMs += minutes * minuteMs;
  }
  return phases.at(-1)?.to ?? 0;
}

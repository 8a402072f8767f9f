// The twelve devices that always run: what each of them does, told from where it is bound now.
import type { Band, DeviceScenarioInput, SeriesBehaviour } from "@waremind/contract";
import type { Binding, Device } from "../devices/index.ts";
import type { CellCount, ShelfCell } from "../inventory/index.ts";
import { demoData } from "./demo-data.ts";
import { restingCelsius } from "./generate-telemetry.ts";

const fleetSeed = 12;
/** A shelf sells something about this often, minutes, and is filled again below this share of its capacity. */
const saleEveryMinutes = 240;
const refillShare = 0.35;
const scaleNoiseShare = 0.004;

export interface FleetSituation {
  readonly devices: readonly Device[];
  readonly bindings: readonly Binding[];
  readonly cells: readonly ShelfCell[];
  readonly counts: ReadonlyMap<string, CellCount>;
  /** The band of the shipment each logger travels with, by device id. */
  readonly bands: ReadonlyMap<number, Band>;
}

/** The scenario file of the fleet. Loggers and scales that are bound to nothing rest in the drawer. */
export function fleetScenario(situation: FleetSituation): DeviceScenarioInput {
  const known = new Map(situation.devices.map((device) => [device.name, device]));
  return {
    version: 1,
    name: "fleet",
    seed: fleetSeed,
    devices: demoData().devices.devices.flatMap((described) => {
      const device = known.get(described.name);
      if (device === undefined) return [];
      const series =
        described.role === "fixed" ? described.series : boundSeries(situation, device, described.role);
      return series.length === 0
        ? []
        : [{ name: described.name, intervalSeconds: described.intervalSeconds, series }];
    }),
  };
}

function boundSeries(
  situation: FleetSituation,
  device: Device,
  role: "parcel-logger" | "shelf-scale",
): SeriesBehaviour[] {
  if (role === "parcel-logger") return loggerSeries(situation.bands.get(device.id));
  return situation.bindings
    .filter(({ deviceId, kind }) => deviceId === device.id && kind === "cell-stock")
    .flatMap(({ seriesKey, targetId }) => {
      const cell = situation.cells.find(({ id }) => id === targetId);
      return cell === undefined ? [] : [plateSeries(cell, seriesKey, situation.counts.get(cell.id)?.units)];
    });
}

/** Around the middle of the band, as the history before it. */
function loggerSeries(band: Band | undefined): SeriesBehaviour[] {
  if (band === undefined) return [];
  const middle = restingCelsius(band);
  const swing = (band.maxCelsius - band.minCelsius) * 0.06;
  return [
    {
      kind: "number",
      key: "temperature",
      decimals: 2,
      afterwards: "repeat",
      phases: [
        { from: middle - swing, to: middle + swing, minutes: 55, noise: 0.03 },
        { from: middle + swing, to: middle - swing, minutes: 70, noise: 0.03 },
      ],
    },
    {
      kind: "number",
      key: "battery",
      decimals: 0,
      afterwards: "hold",
      phases: [{ from: 97, to: 60, minutes: 60 * 24 * 30, noise: 0 }],
    },
  ];
}

function plateSeries(cell: ShelfCell, key: string, countedUnits: number | undefined): SeriesBehaviour {
  return {
    kind: "weight",
    key,
    decimals: 0,
    tareGrams: cell.tareGrams,
    unitGrams: cell.unitGrams,
    startUnits: countedUnits ?? cell.bookedUnits,
    noiseGrams: cell.unitGrams * scaleNoiseShare,
    steps: [],
    sales: {
      everyMinutes: saleEveryMinutes,
      unitsMax: 2,
      refillBelowUnits: Math.ceil(cell.capacityUnits * refillShare),
      refillToUnits: cell.capacityUnits,
    },
  };
}

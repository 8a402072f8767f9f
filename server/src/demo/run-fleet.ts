// Runs the fleet's process and starts it again when it breaks off.
import type { Band } from "@waremind/contract";
import type { Device } from "../devices/index.ts";
import { demoData } from "./demo-data.ts";
import type { DemoDependencies } from "./demo-dependencies.ts";
import { type EdgeProcess, startEdgeProcess } from "./edge-process.ts";
import { type FleetSituation, fleetScenario } from "./fleet.ts";
import { renewFleetParcels } from "./fleet-parcels.ts";
import { storyDevicePrefix } from "./play-story.ts";
import type { TokenStore } from "./token-store.ts";

/** After so many breaks in one run of the server the fleet stays down, and the log says so. */
const restartsMax = 10;
const restartDelayMsMin = 1000;
const restartDelayMsMax = 60_000;

export interface Fleet {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createFleet(
  deps: DemoDependencies & { readonly tokens: TokenStore; readonly directory: string },
): Fleet {
  let process: EdgeProcess | null = null;
  let isStopping = false;
  let restarts = 0;
  let timer: NodeJS.Timeout | undefined;

  const run = async (): Promise<void> => {
    const situation = await situationOf(deps);
    const scenario = fleetScenario(situation);
    const names = new Set(scenario.devices.map(({ name }) => name));
    const tokens = await deps.tokens.tokensFor(situation.devices.filter(({ name }) => names.has(name)));
    if (isStopping) return;
    process = await startEdgeProcess({ ...deps, scenario, tokens, address: deps.mqtt });
    void process.exited.then(({ complaint }) => {
      process = null;
      if (!isStopping) againAfter(complaint);
    });
  };

  const againAfter = (complaint: string): void => {
    restarts += 1;
    deps.log.error({ complaint, restarts }, "the virtual devices broke off");
    if (restarts > restartsMax) return;
    const delayMs = Math.min(restartDelayMsMax, restartDelayMsMin * 2 ** (restarts - 1));
    timer = setTimeout(() => {
      run().catch((error: unknown) => againAfter(String(error)));
    }, delayMs);
  };

  return {
    start: async () => {
      await settleStories(deps);
      const known = await deps.devices.listDevices();
      await renewFleetParcels(deps, loggersOf(known));
      await run();
    },
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      await process?.stop();
    },
  };
}

/** Bindings of stories that were cut off with the server: their devices are no more. */
async function settleStories({ database, devices }: DemoDependencies): Promise<void> {
  const ids = new Set(
    (await devices.listDevices())
      .filter(({ name }) => name.startsWith(storyDevicePrefix))
      .map(({ id }) => id),
  );
  const left = (await devices.liveBindings()).filter(({ deviceId }) => ids.has(deviceId));
  await database.transaction(async (connection) => {
    for (const binding of left) await devices.unbind(connection, binding.id);
  });
}

function loggersOf(known: readonly Device[]): readonly Device[] {
  const names = demoData().devices.devices.flatMap(({ role, name }) =>
    role === "parcel-logger" ? [name] : [],
  );
  return known.filter(({ name }) => names.includes(name));
}

async function situationOf(deps: DemoDependencies): Promise<FleetSituation> {
  const bindings = await deps.devices.liveBindings();
  const bands = new Map<number, Band>();
  for (const { deviceId, kind, targetId } of bindings) {
    if (kind !== "logger-shipment") continue;
    const shipment = await deps.shipments.findShipment(targetId);
    const band = shipment?.bandId == null ? null : await deps.catalog.findBand(shipment.bandId);
    if (band !== null) bands.set(deviceId, band);
  }
  return {
    devices: await deps.devices.listDevices(),
    bindings,
    cells: await deps.inventory.listCells(),
    counts: await deps.inventory.cellCounts(deps.database),
    bands,
  };
}

// Who runs an import: the server that holds the store, through its control route, or this very process.
import { mkdir } from "node:fs/promises";
import {
  type ImportedDevice,
  type ImportView,
  importedDeviceSchema,
  importViewSchema,
} from "@waremind/contract";
import { z } from "zod";
import { buildDomains } from "../app/domains.ts";
import type { Config } from "../config.ts";
import { createThingsboardImports, type ThingsboardRequest } from "../connect/thingsboard/index.ts";
import { migrations } from "../migrations/index.ts";
import { createBus } from "../platform/bus.ts";
import { systemClock } from "../platform/clock.ts";
import { loadKeys } from "../platform/keys.ts";
import { silentLog } from "../platform/log.ts";
import { openDatabase } from "../platform/open-database.ts";
import { CommandError, callServer } from "./control.ts";
import { findRunning } from "./running.ts";

export interface ImportSide {
  start(request: ThingsboardRequest): Promise<ImportView>;
  find(id: string): Promise<ImportView>;
  devices(id: string): Promise<readonly ImportedDevice[]>;
  stop(id: string): Promise<void>;
  close(): Promise<void>;
}

/** The embedded store belongs to one process, so a running server does the work. */
export async function openImportSide(config: Config): Promise<ImportSide> {
  const running = await findRunning(config.dataDirectory);
  return running === null ? openHere(config) : openThere(config.dataDirectory);
}

function openThere(dataDirectory: string): ImportSide {
  const call = (method: "GET" | "POST", path: string, body?: object) =>
    callServer(dataDirectory, method, `/api/imports/${path}`, body);
  const at = (id: string) => encodeURIComponent(id);
  return {
    start: async (request) => importViewSchema.parse(await call("POST", "thingsboard", request)),
    find: async (id) => importViewSchema.parse(await call("GET", at(id))),
    devices: async (id) =>
      z.object({ items: z.array(importedDeviceSchema) }).parse(await call("GET", `${at(id)}/devices`)).items,
    stop: async (id) => {
      await call("POST", `${at(id)}/stop`);
    },
    close: () => Promise.resolve(),
  };
}

const commandLine = { kind: "person", userId: "control", name: "Command line", roles: ["owner"] } as const;

async function openHere(config: Config): Promise<ImportSide> {
  await mkdir(config.dataDirectory, { recursive: true });
  const keys = await loadKeys(config.dataDirectory);
  const { databaseUrl, dataDirectory } = config;
  const database = await openDatabase({ databaseUrl, dataDirectory, log: silentLog });
  try {
    await database.migrate(migrations);
  } catch (error) {
    await database.close();
    throw error;
  }
  const ground = { database, clock: systemClock, log: silentLog, keys, config, bus: createBus() };
  const imports = createThingsboardImports({ ...ground, ...buildDomains(ground) });
  return {
    start: (request) => imports.start(request, { ...commandLine, roles: [...commandLine.roles] }),
    find: async (id) => {
      const view = await imports.find(id);
      if (view === null) throw new CommandError(`There is no import ${id}.`);
      return view;
    },
    devices: (id) => imports.devices(id),
    stop: (id) => imports.stop(id),
    close: async () => {
      await imports.stopAll();
      await database.close();
    },
  };
}

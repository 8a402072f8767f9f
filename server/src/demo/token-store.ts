// The access tokens of the demo's own virtual devices: the store keeps only their hashes, so they are kept here.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DeviceTokens, deviceTokensSchema } from "@waremind/contract";
import type { Device, Devices } from "../devices/index.ts";
import type { Connection, Database } from "../platform/database.ts";
import { writeSecret } from "./users.ts";

export interface TokenStore {
  /** A token for each device, the same at every start; made and issued where there is none. */
  tokensFor(devices: readonly Device[]): Promise<DeviceTokens>;
}

const fileName = "device-tokens.json";

/** Keeps tokens in `device-tokens.json` (mode 0600) under the folder. */
export function createTokenStore(deps: {
  readonly database: Database;
  readonly devices: Devices;
  readonly directory: string;
}): TokenStore {
  const file = join(deps.directory, fileName);
  // One at a time: two scenarios may start together.
  let queue: Promise<unknown> = Promise.resolve();
  const take = async (wanted: readonly Device[]): Promise<DeviceTokens> => {
    const kept = await readTokens(file);
    const valid: DeviceTokens = {};
    const missing: Device[] = [];
    for (const device of wanted) {
      const token = kept[device.name];
      const owner = token === undefined ? null : await deps.devices.authenticate(token);
      if (token !== undefined && owner?.device.id === device.id) valid[device.name] = token;
      else missing.push(device);
    }
    if (missing.length === 0) return valid;
    const issued = await deps.database.transaction((connection) =>
      issueAll(deps.devices, connection, missing),
    );
    await writeSecret(file, { ...kept, ...issued });
    return { ...valid, ...issued };
  };
  return {
    tokensFor: (wanted) => {
      const taken = queue.then(() => take(wanted));
      queue = taken.catch(() => undefined);
      return taken;
    },
  };
}

async function issueAll(
  devices: Devices,
  connection: Connection,
  missing: readonly Device[],
): Promise<DeviceTokens> {
  const issued: DeviceTokens = {};
  for (const device of missing) {
    const { token } = await devices.issueAccessToken(connection, device.id);
    issued[device.name] = token;
  }
  return issued;
}

/** A file that is not there, or not usable, costs new tokens and nothing else. */
async function readTokens(file: string): Promise<DeviceTokens> {
  const text = await readFile(file, "utf8").catch(() => "{}");
  try {
    return deviceTokensSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

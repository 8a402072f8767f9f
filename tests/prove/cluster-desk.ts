// What the cluster suite asks of the api process, as a person's browser does, and two devices that do not come back.
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import type { Database } from "../../server/src/platform/database.ts";
import type { ClusterProcess } from "./cluster-process.ts";
import { command, readHoldings } from "./cluster-shop.ts";

/** What should take a moment, or after a death some twenty seconds. */
const waitMsMax = 120_000;
export const guests = [
  { name: "cluster-guest-revoked", token: "cluster-guest-1" },
  { name: "cluster-guest-orphan", token: "cluster-guest-2" },
] as const;

export interface Desk {
  /** Each of these devices gets a command and answers it. */
  command(names: readonly string[]): Promise<readonly string[]>;
  /** A live screen hears of readings that a worker stored. */
  live(): Promise<readonly string[]>;
  /** A device that a person disables here is closed where it is connected. */
  disable(on: ClusterProcess): Promise<readonly string[]>;
}

export async function signIn(api: ClusterProcess): Promise<Desk> {
  const signedIn = await fetch(`${api.url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: api.url },
    body: JSON.stringify(api.administrator),
  });
  if (!signedIn.ok) throw new Error(`Nobody could sign in: ${signedIn.status} ${await signedIn.text()}`);
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${api.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: api.url, cookie },
      body: JSON.stringify(body),
    });
  return {
    command: async (names) => {
      const failures: string[] = [];
      for (const name of names) {
        const request = { method: command, params: {}, waitMs: 30_000, lifetimeMs: 60_000 };
        const idempotencyKey = `command-of-${name}`;
        const answer = await post(`/api/devices/${name}/commands`, { ...request, idempotencyKey });
        const text = await answer.text();
        if (!text.includes('"state":"successful"'))
          failures.push(`a command to ${name} ended with ${answer.status} ${text.slice(0, 300)}`);
      }
      return failures;
    },
    live: async () => {
      const signal = AbortSignal.timeout(waitMsMax);
      const stream = await fetch(`${api.url}/api/live`, { headers: { cookie }, signal });
      const decoder = new TextDecoder();
      try {
        for await (const chunk of stream.body ?? [])
          if (decoder.decode(chunk as Uint8Array, { stream: true }).includes("readings-stored")) return [];
      } catch {
        // Told below.
      }
      return ["a live screen heard of no reading"];
    },
    disable: async (on) => {
      const { closed } = await connectGuest(on, guests[0].token);
      await post(`/api/devices/${guests[0].name}`, { state: "disabled" });
      const isClosed = await Promise.race([closed.then(() => true), pause(waitMsMax, false)]);
      if (!isClosed) return ["a device that was disabled stays connected to another process"];
      return (await isRefused(on, guests[0].token)) ? [] : ["a device that was disabled may come back"];
    },
  };
}

/** A device whose process dies, and which does not come back, is shown as disconnected. */
export async function orphan(database: Database, on: ClusterProcess): Promise<readonly string[]> {
  await connectGuest(on, guests[1].token);
  await stateBecomes(database, true);
  await on.kill();
  const startedAt = performance.now();
  if (await stateBecomes(database, false)) return [];
  return [
    `a device whose process died counts as connected after ${Math.round(performance.now() - startedAt)} ms`,
  ];
}

async function stateBecomes(database: Database, isConnected: boolean): Promise<boolean> {
  const startedAt = performance.now();
  for (;;) {
    const holdings = await readHoldings(database);
    if (holdings.some((one) => one.name === guests[1].name && one.isConnected === isConnected)) return true;
    if (performance.now() - startedAt > waitMsMax) return false;
    await pause(200);
  }
}

/** Resolves once it is connected. */
async function connectGuest(
  on: ClusterProcess,
  username: string,
): Promise<{ readonly closed: Promise<unknown> }> {
  const client = mqtt.connect({ host: "127.0.0.1", port: on.mqttPort, username, reconnectPeriod: 0 });
  client.on("error", () => undefined);
  const closed = new Promise((resolve) => {
    client.once("close", () => resolve(client.end(true)));
  });
  await new Promise((resolve) => client.once("connect", resolve));
  return { closed };
}

async function isRefused(on: ClusterProcess, username: string): Promise<boolean> {
  const client = mqtt.connect({ host: "127.0.0.1", port: on.mqttPort, username, reconnectPeriod: 0 });
  try {
    return await new Promise<boolean>((resolve) => {
      client.once("connect", () => resolve(false));
      client.once("error", () => resolve(true));
      client.once("close", () => resolve(true));
    });
  } finally {
    client.end(true);
  }
}

// The REST API over a store of its own, asked as a person of some role: the cookie is the role's name.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDomains, buildFlows } from "../../server/src/app/domains.ts";
import { readConfig } from "../../server/src/config.ts";
import { createThingsboardImports } from "../../server/src/connect/thingsboard/index.ts";
import type { NewProfile } from "../../server/src/devices/index.ts";
import { defaultClauses } from "../../server/src/guard/index.ts";
import type { HttpDependencies } from "../../server/src/http/dependencies.ts";
import { createProofRunner } from "../../server/src/http/proof-runner.ts";
import type { OpenAPIHono } from "../../server/src/http/route.ts";
import { createHttp } from "../../server/src/http/server.ts";
import { isRole, type Role, roles } from "../../server/src/people/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { manualClock } from "../../server/src/platform/clock.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { createDeviceApi } from "../../server/src/transports/http/index.ts";
import { checkProtoSchemas } from "../../server/src/transports/protobuf/index.ts";
import { openTestDatabase } from "./database.ts";

export type ManagedShop = Awaited<ReturnType<typeof openManagedShop>>;
export const managedStartAt = 1_800_000_000_000;

export interface Answered {
  readonly status: number;
  // A test looks into any answer without a type for each.
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it is said by the test.
  readonly body: any;
  readonly text: string;
  readonly headers: Headers;
}

const coldProfile: NewProfile = {
  ...{ id: "cold", nameEn: "Cold box", nameZh: "冷箱", expectedIntervalSeconds: 60 },
  keys: [{ key: "temperature", type: "number", unit: "Cel", min: -50, max: 50, decimals: 1 }],
  commands: [
    {
      ...{ method: "open", name: { en: "Open", zh: "打开" }, isPhysical: true, isOneWay: false },
      parameters: [{ name: "door", type: "number", unit: null, min: 1, max: 4, isRequired: true }],
    },
  ],
};

export async function openManagedShop() {
  const database = await openTestDatabase();
  const clock = manualClock(managedStartAt);
  const secret = (letter: string) => letter.repeat(43);
  const keys = {
    ...{ approvals: secret("a"), sessions: secret("s"), identity: secret("i"), control: secret("c") },
    credentials: secret("d"),
  };
  const ground = { database, clock, log: silentLog, keys, config: readConfig({}), bus: createBus() };
  const domains = buildDomains(ground);
  const settings = {
    ...{ name: { en: "Shop", zh: "店" }, phone: "", currency: "CNY", timeZone: "UTC", isDemo: false },
  };
  const flows = buildFlows(ground, domains, settings);
  await database.transaction(async (connection) => {
    for (const clause of defaultClauses({ currency: "CNY", validFrom: clock.now() }))
      await domains.guard.putClause(connection, clause);
    await domains.devices.createProfile(connection, coldProfile);
  });
  const thingsboardImports = createThingsboardImports({
    ...{ ...ground, ...domains },
    wait: () => Promise.resolve(),
  });
  const deviceApi = createDeviceApi({ ...ground, desk: flows.deviceDesk, sink: flows.sink });
  const app: OpenAPIHono = createHttp({
    ...{ ...ground, ...domains, ...flows, thingsboardImports, checkTransport: checkProtoSchemas },
    people: rolesAsPeople,
    proofs: createProofRunner({ projectDirectory: tmpdir(), ...ground }),
    ...{ demo: null, controlToken: keys.control, deviceApi: deviceApi.routes },
    consoleDirectory: join(tmpdir(), "waremind-no-console"),
    shop: { ...settings, engine: "", version: "" },
  });

  async function ask(role: Role, method: string, path: string, body?: unknown): Promise<Answered> {
    const isText = typeof body === "string";
    const response = await app.request(path, {
      method,
      headers: { cookie: role },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return {
      ...{ status: response.status, text, headers: response.headers },
      body: isJson ? JSON.parse(text) : null,
    };
  }

  return {
    ...{ ...ground, ...domains, ...flows, app, ask, thingsboardImports },
    /** A device with a readable access token. */
    addDevice: async (name: string, options: Record<string, unknown> = {}): Promise<string> => {
      const made = await ask("owner", "POST", "/api/devices", { name, profileId: "cold", ...options });
      if (made.status !== 200) throw new Error(made.text);
      return made.body.token as string;
    },
    /** What a device sends by HTTP; resolves when it is on disk. */
    send: (token: string, payload: unknown) =>
      app.request(`/api/v1/${token}/telemetry`, { method: "POST", body: JSON.stringify(payload) }),
    close: async () => {
      await thingsboardImports.stopAll();
      await flows.sink.stop();
      await flows.deviceHub.settled();
      await database.close();
    },
  };
}

const rolesAsPeople = {
  listUsers: () =>
    Promise.resolve(
      roles.map((role) => ({ id: `user-${role}`, name: `The ${role}`, email: "", roles: [role] })),
    ),
  userOf: (headers: Headers) => {
    const role = headers.get("cookie");
    return Promise.resolve(
      role === null || !isRole(role)
        ? null
        : { id: `user-${role}`, name: `The ${role}`, email: `${role}@shop.example`, roles: [role] },
    );
  },
} as unknown as HttpDependencies["people"];

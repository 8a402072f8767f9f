import type { Actor, LiveEvent } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { shopStartAt } from "../../../tests/support/small-shop.ts";
import {
  attributeLimits,
  createDeviceAttributes,
  createDeviceCommands,
  createDeviceCredentials,
  createDeviceProvisioning,
  createDevices,
  createGatewayChildren,
  createIdentityCache,
  createLimitLedger,
  type DeviceCommand,
  type DeviceIdentity,
} from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createCommandDesk } from "./command-desk.ts";
import { createDeviceDesk, type DeviceDeskDependencies } from "./create-device-desk.ts";
import { createDeviceHub } from "./create-device-hub.ts";
import { createDeviceLimiter, sessionLimits } from "./create-device-limiter.ts";
import type { DeviceDesk } from "./device-desk.ts";

const owner: Actor = { kind: "person", userId: "u", name: "Lin", roles: ["owner"] };
const clock = manualClock(shopStartAt);

let database: Database;
let parts: ReturnType<typeof buildParts>;
let desk: DeviceDesk;
let events: LiveEvent[] = [];
let count = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  parts = buildParts();
  desk = createDeviceDesk(parts);
  parts.bus.subscribe((event) => events.push(event));
  await database.transaction(async (connection) => {
    const kind = { nameEn: "", nameZh: "", keys: [], expectedIntervalSeconds: 60 };
    await parts.devices.createProfile(connection, { ...kind, id: "plain" });
    await parts.devices.createProfile(connection, {
      ...{ ...kind, id: "limited" },
      limits: { messages: "20:1,600:60", telemetryPoints: "100:1", devicesPerGatewayMax: 2 },
    });
  });
});
afterAll(() => database.close());
beforeEach(() => {
  events = [];
});

function buildParts() {
  const bus = createBus();
  const identities = createIdentityCache({ clock });
  const ground = { database, clock, bus, log: silentLog, identities, secret: "a-secret-of-the-test" };
  const devices = createDevices(ground);
  const deviceCommands = createDeviceCommands(ground);
  const limitLedger = createLimitLedger(ground);
  const unused = () => Promise.reject(new Error("not asked for here"));
  return {
    ...ground,
    ...{ devices, deviceCommands, limitLedger },
    deviceCredentials: createDeviceCredentials(ground),
    deviceAttributes: createDeviceAttributes(ground),
    deviceProvisioning: createDeviceProvisioning(ground),
    gatewayChildren: createGatewayChildren(ground),
    commandDesk: createCommandDesk({
      ...{ ...ground, deviceCommands },
      actions: { propose: unused },
      guard: { findReceipt: unused, appendAudit: unused },
    }),
    hub: createDeviceHub({ ...ground, devices, deviceCommands }),
    limiter: createDeviceLimiter({ ledger: limitLedger, clock, serverRate: "", ...sessionLimits }),
  } satisfies DeviceDeskDependencies & Record<string, unknown>;
}

async function newDevice(
  options: { readonly profileId?: string; readonly isGateway?: boolean } = {},
): Promise<{ identity: DeviceIdentity; token: string }> {
  count += 1;
  const { profileId = "plain", isGateway = false } = options;
  const token = await database.transaction(async (connection) => {
    const device = { name: `device-${count}`, label: "", profileId, isGateway };
    const { id } = await parts.devices.createDevice(connection, device);
    return (await parts.devices.issueAccessToken(connection, id)).token;
  });
  const identity = await desk.authenticate({ kind: "access-token", token });
  if (identity === null) throw new Error("The device was not known.");
  return { identity, token };
}

test("a device is known by what it shows, and by nothing else", async () => {
  const { identity, token } = await newDevice();
  expect(await desk.authenticate({ kind: "access-token", token: `${token}x` })).toBeNull();
  const shown = { kind: "connect", clientId: "", userName: token, password: null } as const;
  expect(await desk.authenticate(shown)).toEqual(identity);
});

describe("attributes", () => {
  test("reported are client attributes; an absent key is absent, and both lists absent is all of both", async () => {
    const { identity } = await newDevice();
    const { id } = identity.device;
    await desk.reportAttributes(identity, { serial: "00012345600012", ok: true }, "mqtt");
    await database.transaction((connection) =>
      parts.deviceAttributes.write(connection, {
        ...{ deviceId: id, scope: "shared", values: { relay: false, setPoint: 4 }, by: "Lin" },
      }),
    );
    expect(await desk.readAttributes(identity, { client: "all", shared: "all" })).toEqual({
      client: { serial: "00012345600012", ok: true },
      shared: { relay: false, setPoint: 4 },
    });
    expect(await desk.readAttributes(identity, { client: ["none", "ok"], shared: "none" })).toEqual({
      ...{ client: { ok: true }, shared: {} },
    });
    expect(await parts.deviceAttributes.list(id)).toContainEqual(
      expect.objectContaining({ scope: "client", key: "serial", updatedBy: "mqtt", version: 1 }),
    );
  });

  test("tell observers once they changed, not when they are equal", async () => {
    const { identity } = await newDevice();
    await desk.reportAttributes(identity, { ok: true }, "http");
    await desk.reportAttributes(identity, { ok: true }, "http");
    expect(events).toEqual([{ kind: "device-attributes-changed", deviceName: identity.device.name }]);
  });

  test("beyond the limit are refused whole, and the ledger knows which limit", async () => {
    const { identity } = await newDevice();
    const { keysPerScopeMax } = attributeLimits;
    const values = Object.fromEntries(
      Array.from({ length: keysPerScopeMax + 1 }, (_, key) => [`k${key}`, 1]),
    );
    await expect(desk.reportAttributes(identity, values, "mqtt")).rejects.toMatchObject({
      code: "limit-reached",
    });
    await parts.limitLedger.flush();
    expect(await parts.limitLedger.list(identity.device.id, 10)).toMatchObject([
      { limitName: "attribute-keys", allowed: `${keysPerScopeMax}`, worst: keysPerScopeMax + 1 },
    ]);
    expect((await desk.readAttributes(identity, { client: "all", shared: "all" })).client).toEqual({});
  });
});

describe("a call", () => {
  const call = (identity: DeviceIdentity, method: string) => desk.call(identity, { method, params: {} });

  test("for the session's limits is answered in ThingsBoard's form", async () => {
    const { identity } = await newDevice({ profileId: "limited" });
    const { identity: gateway } = await newDevice({ profileId: "limited", isGateway: true });
    const rateLimits = { messages: "20:1,600:60", telemetryMessages: "", telemetryDataPoints: "100:1" };
    const told = { maxPayloadSize: 65_536, maxInflightMessages: 100, rateLimits };
    expect(await call(identity, "getSessionLimits")).toEqual(told);
    expect(await call(gateway, "getSessionLimits")).toEqual({ ...told, gatewayRateLimits: rateLimits });
    expect(desk.sessionLimits(gateway)).toEqual({ ...told, gatewayRateLimits: rateLimits });
  });

  test("for the time is answered in milliseconds", async () => {
    const { identity } = await newDevice();
    expect(await call(identity, "getServerTime")).toBe(shopStartAt);
    expect(await call(identity, "getCurrentTime")).toBe(shopStartAt);
  });

  test("for its binding is answered with what it is bound to and nobody else's", async () => {
    const [{ identity }, { identity: other }] = [await newDevice(), await newDevice()];
    await database.transaction(async (connection) => {
      const bind = { kind: "cell-stock", seriesKey: "weight" } as const;
      await parts.devices.bind(connection, { ...bind, deviceId: identity.device.id, targetId: "cell-1" });
      await parts.devices.bind(connection, { ...bind, deviceId: other.device.id, targetId: "cell-2" });
    });
    expect(await call(identity, "getBinding")).toEqual([
      { kind: "cell-stock", key: "weight", targetId: "cell-1", boundAt: shopStartAt },
    ]);
  });

  test("for anything else is answered with an error", async () => {
    const { identity } = await newDevice();
    expect(await call(identity, "reboot")).toEqual({
      error: "There is no method reboot. Known: getSessionLimits, getServerTime, getCurrentTime, getBinding.",
    });
    expect(JSON.stringify(await call(identity, "x".repeat(10_000))).length).toBeLessThan(300);
  });
});

test("an answer ends the device's own command, once", async () => {
  const [{ identity }, { identity: other }] = [await newDevice(), await newDevice()];
  const command: DeviceCommand = await database.transaction((connection) =>
    parts.deviceCommands.create(connection, {
      ...{ deviceId: identity.device.id, method: "open", params: null, isOneWay: false, isPersistent: true },
      ...{ idempotencyKey: "the-only-key", requestedBy: owner, receiptId: null },
      expiresAt: shopStartAt + 60_000,
    }),
  );
  expect(await desk.answerCommand(identity, command.number, "early")).toBe(false);
  await parts.deviceCommands.move(database, command.number, { from: ["queued"], to: "sent" });
  expect(await desk.answerCommand(other, command.number, "stolen")).toBe(false);
  expect(await desk.answerCommand(identity, command.number, { error: "jammed" })).toBe(true);
  expect(await desk.answerCommand(identity, command.number, "again")).toBe(false);
  expect(await parts.deviceCommands.find(command.id)).toMatchObject({
    ...{ state: "successful", answer: { error: "jammed" } },
  });
});

describe("a gateway's child", () => {
  const open = (gateway: DeviceIdentity, name: string, profileName: string | null = null) =>
    desk.openChild(gateway, { name, profileName });

  test("is made once however many messages name it at once, and known without asking again", async () => {
    const { identity: gateway } = await newDevice({ isGateway: true });
    const opened = await Promise.all(Array.from({ length: 20 }, () => open(gateway, "child-a", "limited")));
    expect(new Set(opened.map(({ device }) => device.id)).size).toBe(1);
    expect(opened[0]).toMatchObject({ device: { name: "child-a", profileId: "limited" } });
    expect((await parts.gatewayChildren.childrenOf(gateway.device.id)).length).toBe(1);
    expect(await open(gateway, "child-a")).toEqual(opened[0]);
  });

  test("beyond the gateway's quota is refused, and the gateway's ledger knows", async () => {
    const { identity: gateway } = await newDevice({ profileId: "limited", isGateway: true });
    await open(gateway, "child-b");
    await open(gateway, "child-c");
    await expect(open(gateway, "child-d")).rejects.toMatchObject({ code: "limit-reached" });
    await parts.limitLedger.flush();
    expect(await parts.limitLedger.list(gateway.device.id, 10)).toMatchObject([
      { limitName: "devices-per-gateway", allowed: "2", worst: 3 },
    ]);
  });

  test("that was disabled is refused from then on, and taken again when it is enabled", async () => {
    const { identity: gateway } = await newDevice({ isGateway: true });
    const change = (state: "active" | "disabled") =>
      database.transaction((connection) => parts.devices.updateDevice(connection, "child-e", { state }));
    await open(gateway, "child-e");
    const disabled = await change("disabled");
    parts.devices.forget(disabled.id);
    await expect(open(gateway, "child-e")).rejects.toMatchObject({ code: "not-allowed" });
    await change("active");
    parts.devices.forget(disabled.id);
    expect(await open(gateway, "child-e")).toMatchObject({ device: { id: disabled.id } });
  });

  test("with credentials of its own is spoken for by nobody", async () => {
    const { identity: gateway } = await newDevice({ isGateway: true });
    const { identity: other } = await newDevice();
    await expect(open(gateway, other.device.name)).rejects.toMatchObject({ code: "not-allowed" });
  });
});

test("a release is what the desk of releases assigns; without one nothing is assigned", async () => {
  const { identity } = await newDevice();
  const ask = { kind: "firmware", title: null, version: null, chunkBytes: 0, chunk: 0 } as const;
  expect(await desk.readRelease(identity, ask)).toEqual({ kind: "none-assigned" });
  const asked: unknown[] = [];
  const releases = {
    readAssigned: async (who: DeviceIdentity, what: typeof ask) => {
      asked.push([who.device.id, what]);
      return { kind: "no-such-chunk" } as const;
    },
  };
  const withReleases = createDeviceDesk({ ...parts, releases: releases as never });
  expect(await withReleases.readRelease(identity, ask)).toEqual({ kind: "no-such-chunk" });
  expect(asked).toEqual([[identity.device.id, ask]]);
});

test("a claim is opened by the device and closed by who knows its secret", async () => {
  const { identity } = await newDevice();
  await desk.openClaim(identity, { secret: "a-long-secret", durationMs: 60_000 });
  const claim = (secret: string) =>
    database.transaction((connection) =>
      parts.deviceProvisioning.claim(connection, {
        ...{ deviceName: identity.device.name, secret, by: "Lin" },
      }),
    );
  await expect(claim("wrong")).rejects.toMatchObject({ code: "not-found" });
  expect(await claim("a-long-secret")).toMatchObject({ id: identity.device.id });
});

test("provisioning with a key that no profile has finds nothing", async () => {
  const request = { deviceName: "new-1", key: "none", secret: "none", credential: null, isGateway: false };
  expect(await desk.provision(request)).toEqual({ status: "NOT_FOUND" });
});

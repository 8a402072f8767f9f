import type { Actor, ImportView } from "@waremind/contract";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { certificates } from "../../../../tests/support/certificates.ts";
import { openTestDatabase } from "../../../../tests/support/database.ts";
import { plantBurst, plantDevices, plantProfiles } from "../../../../tests/support/thingsboard-plant.ts";
import {
  type StubDevice,
  startThingsboardStub,
  stubAccount,
  stubApiKey,
  type ThingsboardStub,
} from "../../../../tests/support/thingsboard-stub.ts";
import { importReport } from "../../cli/import-report.ts";
import {
  createDeviceAttributes,
  createDeviceCredentials,
  createDevices,
  createIdentityCache,
} from "../../devices/index.ts";
import { createGuard } from "../../guard/index.ts";
import { manualClock } from "../../platform/clock.ts";
import { type Database, tablesOf } from "../../platform/database.ts";
import { silentLog } from "../../platform/log.ts";
import { createTelemetry, textOfValue } from "../../telemetry/index.ts";
import { hashOfPoint, hexOf, sumOf } from "./checksum.ts";
import { createThingsboardImports, type ThingsboardRequest } from "./index.ts";

const by: Actor = { kind: "person", userId: "u", name: "Owner", roles: ["owner"] };
const certificateBody = certificates.device.replaceAll(/-----[A-Z ]+-----|\s/gu, "");
const pointsInAll = 50_000;
/** One value of each device's burst comes twice. */
const distinctPoints = pointsInAll - 25;

let database: Database;
let stub: ThingsboardStub;
beforeEach(async () => {
  database = await openTestDatabase();
  stub = await startThingsboardStub({ profiles: plantProfiles, devices: plantDevices(certificateBody) });
});
afterEach(async () => {
  await stub.stop();
  await database.close();
});

/** The import as a freshly started program has it. */
function openShop() {
  const clock = manualClock(1_800_000_000_000);
  const identities = createIdentityCache({ clock });
  const domains = {
    ...{ database, clock, log: silentLog },
    devices: createDevices({ database, clock, identities }),
    deviceCredentials: createDeviceCredentials({ database, clock, identities, secret: "s".repeat(43) }),
    deviceAttributes: createDeviceAttributes({ database, clock }),
    telemetry: createTelemetry({ database, clock }),
    guard: createGuard({ database, clock, signingSecret: "g".repeat(43) }),
  };
  return { ...domains, imports: createThingsboardImports({ ...domains, wait: () => Promise.resolve() }) };
}
type TestShop = ReturnType<typeof openShop>;

const request = (change: Partial<ThingsboardRequest> = {}): ThingsboardRequest => ({
  url: stub.url,
  login: { kind: "password", ...stubAccount },
  ...{ since: null, devicePattern: null, isDryRun: false },
  ...change,
});

async function runToEnd(shop: TestShop, change: Partial<ThingsboardRequest> = {}): Promise<ImportView> {
  const { id } = await shop.imports.start(request(change), by);
  await shop.imports.ended(id);
  return found(await shop.imports.find(id));
}

function found<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error("It is not there.");
  return value;
}

/** What the store holds of a device, and what it should hold: time and value in words, in order, each once. */
async function heldOf(shop: TestShop, name: string): Promise<Record<string, string[]>> {
  const device = found(await shop.devices.findDevice(name));
  const held: Record<string, string[]> = {};
  for (const series of await shop.telemetry.seriesOfDevices([device.id])) {
    const words: string[] = [];
    for await (const { observedAt, value } of shop.telemetry.readings(series.id, { from: 0, to: 2e12 }))
      words.push(`${observedAt} ${value.type} ${sorted(textOfValue(value))}`);
    held[series.key] = words;
  }
  return held;
}

function expectedOf({ history }: StubDevice): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(history).map(([key, points]) => [
      key,
      [
        ...new Set(
          points.map(({ ts, json }) => {
            const value = JSON.parse(json) as unknown;
            const type =
              typeof value === "string" ? "text" : typeof value === "object" ? "json" : typeof value;
            return `${ts} ${type} ${sorted(typeof value === "string" ? value : json)}`;
          }),
        ),
      ],
    ]),
  );
}

/** The store does not keep the order of an object's members. */
const sorted = (text: string): string =>
  text.startsWith("{") ? JSON.stringify(Object.entries(JSON.parse(text) as object).sort()) : text;

async function expectAllThere(shop: TestShop): Promise<void> {
  for (const device of stub.devices)
    expect([device.name, await heldOf(shop, device.name)]).toEqual([device.name, expectedOf(device)]);
}

async function countOf(table: string): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::int as count from ${sql.table(table)}`.execute(tablesOf<unknown>(database));
  return rows[0]?.count ?? 0;
}

describe("a whole plant", () => {
  test("comes over through refusals, broken answers and tokens that run out, and nothing is lost or doubled", async () => {
    stub.faults = {
      ...stub.faults,
      tooManyEvery: 17,
      brokenEvery: 23,
      cutOffEvery: 31,
      requestsPerToken: 40,
    };
    const shop = openShop();
    const view = await runToEnd(shop);
    expect(view).toMatchObject({ state: "finished", failure: null, isResumed: false });
    expect(view.counts).toMatchObject({
      ...{ profilesCreated: 3, devicesFound: 25, devicesMatched: 25, devicesCreated: 25, devicesDone: 25 },
      ...{ devicesRefused: 0, credentialsTaken: 24, attributesTaken: 25 * 4 },
      ...{ pointsRead: distinctPoints, pointsStored: distinctPoints, pointsPresent: 0, pointsQuarantined: 0 },
    });
    expect(view.sourceChecksum).toBe(view.storeChecksum);
    expect([view.sourceChecksum, view.heldChecksum]).toEqual([
      expect.not.stringMatching(/^0+$/u),
      "0".repeat(16),
    ]);
    expect(importReport(view, []).at(-1)).toContain("Everything that was read stands in the store");
    await expectAllThere(shop);
    const devices = await shop.imports.devices(view.id);
    expect(devices).toHaveLength(25);
    expect(devices.every((device) => device.isDone && device.sourceChecksum === device.storeChecksum)).toBe(
      true,
    );
    expect(devices.every((device) => device.pointsRead === 1_999)).toBe(true);
  });

  test("devices keep what they connect with, and are known as what they are", async () => {
    const shop = openShop();
    await runToEnd(shop, { since: 1_799_000_000_000 });
    const nameOf = async (presented: Parameters<typeof shop.deviceCredentials.authenticate>[0]) =>
      (await shop.deviceCredentials.authenticate(presented))?.device.name;
    expect(await nameOf({ kind: "access-token", token: "token-of-device-7" })).toBe("logger-7");
    expect(
      await nameOf({ kind: "connect", clientId: "logger-3", userName: "three", password: "pass-of-three" }),
    ).toBe("logger-3");
    const der = Buffer.from(certificateBody, "base64");
    expect(await nameOf({ kind: "certificate", der, commonName: null })).toBe("logger-4");
    const rows = new Map((await shop.devices.deviceRows({ limitsSinceAt: 0 })).map((row) => [row.name, row]));
    expect(rows.get("gateway-0")).toMatchObject({ isGateway: true, profileId: "default", gatewayName: null });
    expect(rows.get("logger-1")).toMatchObject({
      ...{ isGateway: false, profileId: "Cold-logger", gatewayName: "gateway-0", label: "Place 1" },
      // History says nothing of whether it is there now.
      lastHeardAt: null,
    });
    const profiles = await shop.devices.listProfiles();
    expect(profiles.find(({ id }) => id === "Cold-logger")?.transport.telemetryTopic).toBe(
      "plant/+/telemetry",
    );
    expect(profiles.map(({ nameEn }) => nameEn)).toContain("温度");
  });

  test("attributes stand in their scopes, but for what ThingsBoard notes of a connection", async () => {
    const shop = openShop();
    await runToEnd(shop, { since: 1_799_000_000_000, devicePattern: "logger-6" });
    const device = found(await shop.devices.findDevice("logger-6"));
    const list = await shop.deviceAttributes.list(device.id);
    expect(list.map(({ scope, key, value }) => [scope, key, value]).toSorted()).toEqual([
      ["client", "firmware", "1.6"],
      ["server", "place", { hall: 6 }],
      ["shared", "serial", "00012345600012"],
      ["shared", "targetTemperature", 3],
    ]);
  });

  test("what cannot be taken over is told with its reason", async () => {
    const view = await runToEnd(openShop(), { since: 1_799_000_000_000, devicePattern: "*5" });
    const told = view.problems.map(({ en }) => en);
    expect(view.problemCount).toBe(2);
    expect(told).toContainEqual(expect.stringContaining("1 alarm rules of the profile Cold logger"));
    expect(told).toContainEqual(expect.stringMatching(/^logger-5: its credentials.*LWM2M_CREDENTIALS/u));
  });

  test("no secret of the source stands in the audit log or in the import", async () => {
    const shop = openShop();
    await runToEnd(shop, { since: 1_799_000_000_000, devicePattern: "logger-?" });
    const { entries } = await shop.guard.audit({ limit: 10 });
    expect(entries.map(({ kind }) => kind)).toEqual(["import-finished", "import-started"]);
    const { rows } = await sql`select * from import_run`.execute(tablesOf<unknown>(database));
    const written = JSON.stringify([entries, rows]);
    for (const secret of [stubAccount.password, "token-of-device-7", "pass-of-three", certificateBody])
      expect(written).not.toContain(secret);
  });
});

describe("an import that was interrupted", () => {
  test("goes on where it stopped, and comes to the same", async () => {
    const shop = openShop();
    let release = (): void => undefined;
    const { id } = await shop.imports.start(request(), by);
    while (found(await shop.imports.find(id)).counts.pointsStored < 8_000) await aTurn();
    stub.hold = new Promise((resolve) => {
      release = resolve;
    });
    const stopping = shop.imports.stop(id);
    release();
    stub.hold = null;
    await stopping;
    const stopped = found(await shop.imports.find(id));
    expect(stopped.state).toBe("failed");
    expect(stopped.failure?.en).toContain("stopped");
    expect(stopped.counts.pointsStored).toBeLessThan(distinctPoints);
    expect(await countOf("reading")).toBe(stopped.counts.pointsStored);

    const again = openShop();
    const view = await runToEnd(again);
    expect(view).toMatchObject({ id, state: "finished", isResumed: true });
    expect(view.counts).toMatchObject({
      ...{ devicesCreated: 25, pointsRead: distinctPoints, pointsStored: distinctPoints },
      pointsPresent: 0,
    });
    expect(view.sourceChecksum).toBe(view.storeChecksum);
    await expectAllThere(again);
  });

  test("by the death of its program is gone on with by the next, and the dead one, should it live, changes nothing", async () => {
    const dying = openShop();
    let release = (): void => undefined;
    const { id } = await dying.imports.start(request(), by);
    while (found(await dying.imports.find(id)).counts.pointsStored < 5_000) await aTurn();
    stub.hold = new Promise((resolve) => {
      release = resolve;
    });
    // A program that was killed says nothing: its run still stands as running.
    const next = openShop();
    expect(await next.imports.find(id)).toMatchObject({ state: "failed" });
    const started = await next.imports.start(request(), by);
    expect(started).toMatchObject({ id, isResumed: true });
    stub.hold = null;
    release();
    await next.imports.ended(id);
    await dying.imports.ended(id);
    // Both wrote; each page once. One of them found that it was not alone.
    const last = openShop();
    const view = await runToEnd(last);
    expect(view.state).toBe("finished");
    await expectAllThere(last);
    expect(await countOf("reading")).toBe(distinctPoints);
  });

  test("by a ThingsBoard that stays away says so, and goes on when it is back", async () => {
    const shop = openShop();
    stub.faults = { ...stub.faults, brokenEvery: 1 };
    await expect(shop.imports.start(request(), by)).rejects.toMatchObject({ code: "source-unavailable" });
    stub.faults = { ...stub.faults, brokenEvery: 0 };
    const { id } = await shop.imports.start(request({ devicePattern: "logger-2?" }), by);
    while (found(await shop.imports.find(id)).counts.pointsStored < 1_000) await aTurn();
    stub.faults = { ...stub.faults, brokenEvery: 1 };
    await shop.imports.ended(id);
    const failed = found(await shop.imports.find(id));
    expect(failed.state).toBe("failed");
    expect(failed.failure?.en).toMatch(/does not answer \(HTTP 500\)/u);
    stub.faults = { ...stub.faults, brokenEvery: 0 };
    const view = await runToEnd(shop, { devicePattern: "logger-2?" });
    expect(view).toMatchObject({ id, state: "finished", isResumed: true });
    expect(view.counts.pointsStored).toBe(5 * 1_999);
  });

  test("and one that finished, asked for again, finds everything there", async () => {
    const shop = openShop();
    const first = await runToEnd(shop, { devicePattern: "logger-1" });
    const second = await runToEnd(shop, { devicePattern: "logger-1" });
    expect(second.id).not.toBe(first.id);
    expect(second.isResumed).toBe(false);
    expect(second.counts).toMatchObject({
      ...{
        devicesCreated: 0,
        devicesPresent: 1,
        credentialsTaken: 0,
        profilesCreated: 0,
        profilesPresent: 3,
      },
      ...{ pointsRead: 1_999, pointsStored: 0, pointsPresent: 1_999 },
    });
    expect(second.storeChecksum).toBe(first.storeChecksum);
    expect(second.problems.map(({ en }) => en).filter((text) => text.startsWith("logger"))).toEqual([]);
  });
});

describe("choosing", () => {
  test("a dry run counts and writes nothing", async () => {
    const shop = openShop();
    const view = await runToEnd(shop, { isDryRun: true, devicePattern: "gate*" });
    expect(view).toMatchObject({ state: "finished", isDryRun: true });
    expect(view.counts).toMatchObject({ devicesFound: 25, devicesMatched: 1, devicesCreated: 1 });
    for (const table of ["device", "profile", "import_run", "reading", "audit_entry"])
      expect([table, await countOf(table)]).toEqual([table, 0]);
  });

  test("only history from a time on, and only devices by their names", async () => {
    const shop = openShop();
    const since = 1_780_000_000_000 + 190_000;
    const view = await runToEnd(shop, { devicePattern: "LOGGER-1", since });
    expect(view.counts).toMatchObject({ devicesFound: 25, devicesMatched: 1 });
    const held = await heldOf(shop, "logger-1");
    expect(Object.keys(held).toSorted()).toEqual(["serial", "temperature"]);
    expect(held["serial"]).toHaveLength(8);
    expect(held["temperature"]).toHaveLength(1_700 - plantBurst - 190);
  });

  test("readings that the store itself refuses are held back alone, and the rest of their page is stored", async () => {
    const [device] = stub.devices;
    const at = 1_780_000_000_000;
    const poisonedAt = new Set([at + 7, at + 8, at + 450]);
    stub.devices.splice(0, stub.devices.length, {
      ...found(device),
      history: {
        temperature: Array.from({ length: 600 }, (_, index) => ({ ts: at + index, json: `${index}.5` })),
      },
    });
    const shop = openShop();
    const telemetry: typeof shop.telemetry = {
      ...shop.telemetry,
      storeReadings: async (connection, readings) => {
        const stored = await shop.telemetry.storeReadings(connection, readings);
        // As the store does it: the statement fails, and with it everything since the last savepoint.
        if (readings.some(({ observedAt }) => poisonedAt.has(observedAt)))
          await sql`select 1 / 0`.execute(tablesOf<unknown>(connection));
        return stored;
      },
    };
    const imports = createThingsboardImports({ ...shop, telemetry, wait: () => Promise.resolve() });
    const view = await runToEnd({ ...shop, imports });
    expect(view).toMatchObject({ state: "finished", failure: null });
    expect(view.counts).toMatchObject({ pointsRead: 600, pointsStored: 597, pointsQuarantined: 3 });
    expect((await heldOf(shop, found(device).name))["temperature"]).toHaveLength(597);
    const held = await shop.telemetry.quarantined({ limit: 10 });
    expect(
      held.rows.map(({ reason, transport, payload }) => [reason, transport, payload]).toSorted(),
    ).toEqual(
      [7, 8, 450]
        .map((index) => [
          ...["store-refused", "import", `{"ts":${at + index},"values":{"temperature":${index}.5}}`],
        ])
        .toSorted(),
    );
    const sum = (indexes: readonly number[]) =>
      hexOf(
        sumOf(
          indexes.map((index) =>
            hashOfPoint(found(device).name, "temperature", at + index, {
              type: "number",
              number: index + 0.5,
            }),
          ),
        ),
      );
    expect(view.heldChecksum).toBe(sum([7, 8, 450]));
    expect(view.sourceChecksum).toBe(sum(Array.from({ length: 600 }, (_, index) => index)));
  });

  test("points that fit no series are held back as a device would have sent them, and counted", async () => {
    const [device] = stub.devices;
    stub.devices.splice(0, stub.devices.length, {
      ...found(device),
      history: {
        weight: [
          { ts: 1_780_000_000_000, json: "12.5" },
          { ts: 1_780_000_000_001, json: '"00012"' },
          { ts: 1, json: "3" },
        ].toSorted((left, right) => left.ts - right.ts),
      },
    });
    const shop = openShop();
    const view = await runToEnd(shop);
    expect(view.counts).toMatchObject({ pointsRead: 3, pointsStored: 1, pointsQuarantined: 2 });
    // All that the source answered is in its sum, also what the store did not take.
    const hash = (at: number, value: Parameters<typeof hashOfPoint>[3]) =>
      hashOfPoint(found(device).name, "weight", at, value);
    const held = [
      hash(1_780_000_000_001, { type: "text", text: "00012" }),
      hash(1, { type: "number", number: 3 }),
    ];
    const taken = hash(1_780_000_000_000, { type: "number", number: 12.5 });
    expect(view).toMatchObject({
      sourceChecksum: hexOf(sumOf([taken, ...held])),
      ...{ storeChecksum: hexOf(taken), heldChecksum: hexOf(sumOf(held)) },
    });
    const report = importReport(view, await shop.imports.devices(view.id));
    expect(report.at(-1)).toMatch(
      /Of 3 points read, 1 were stored, .* 2 are NOT in the store: .*quarantine/u,
    );
    expect(report.join("\n")).not.toContain("Everything that was read");
    const { rows } = await shop.telemetry.quarantined({ limit: 10 });
    expect(rows.map(({ transport, reason, payload }) => [transport, reason, payload]).toSorted()).toEqual([
      ["import", "clock-implausible", '{"ts":1,"values":{"weight":3}}'],
      ["import", "type-mismatch", '{"ts":1780000000001,"values":{"weight":"00012"}}'],
    ]);
  });

  test("a number in quotes that its profile takes as a number is accounted for as what it became", async () => {
    const [device] = stub.devices;
    stub.devices.splice(0, stub.devices.length, {
      ...found(device),
      history: { weight: [1, 2].map((ts) => ({ ts: 1_780_000_000_000 + ts, json: `"4.${ts}0"` })) },
    });
    const shop = openShop();
    await database.transaction((connection) =>
      shop.devices.createProfile(connection, {
        ...{ id: "quoted", nameEn: "Quoted", nameZh: "引号", expectedIntervalSeconds: 60 },
        keys: [
          {
            ...{ key: "weight", type: "number", unit: null, min: null, max: null, decimals: null },
            acceptsText: true,
          },
        ],
      }),
    );
    await database.transaction((connection) =>
      shop.devices.createDevice(connection, {
        ...{ name: found(device).name, label: "", profileId: "quoted" },
      }),
    );
    const view = await runToEnd(shop);
    expect(view.counts).toMatchObject({ pointsRead: 2, pointsStored: 2, pointsQuarantined: 0 });
    expect(view).toMatchObject({ storeChecksum: view.sourceChecksum, heldChecksum: "0".repeat(16) });
  });
});

describe("what goes wrong is said", () => {
  const startWith = (change: Partial<ThingsboardRequest>) => openShop().imports.start(request(change), by);

  test("a wrong password, a wrong key", async () => {
    await expect(
      startWith({ login: { kind: "password", user: stubAccount.user, password: "guess" } }),
    ).rejects.toMatchObject({
      code: "credentials-wrong",
      message: expect.stringContaining(stubAccount.user),
    });
    await expect(startWith({ login: { kind: "api-key", key: "wrong" } })).rejects.toMatchObject({
      ...{ code: "credentials-wrong", message: expect.stringContaining("does not accept the API key") },
    });
  });

  test("a key that is right needs no password", async () => {
    const shop = openShop();
    const view = await runToEnd(shop, { login: { kind: "api-key", key: stubApiKey }, isDryRun: true });
    expect(view.state).toBe("finished");
    expect(stub.requests.every(({ path }) => !path.startsWith("/api/auth"))).toBe(true);
  });

  test("an account that may not read devices", async () => {
    stub.faults = { ...stub.faults, isForbidden: true };
    await expect(startWith({})).rejects.toMatchObject({
      ...{ code: "not-allowed", message: expect.stringContaining("tenant administrator") },
    });
    expect(await countOf("import_run")).toBe(0);
  });

  test("an address that is none, holds a password, or where something else answers", async () => {
    await expect(startWith({ url: "things.example.com" })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(startWith({ url: "http://me:secret@127.0.0.1:1" })).rejects.toMatchObject({
      message: expect.not.stringContaining("secret"),
    });
    await expect(startWith({ url: `${stub.url}/elsewhere` })).rejects.toMatchObject({
      message: expect.stringContaining("is not a ThingsBoard"),
    });
  });

  test("a second import while one runs", async () => {
    const shop = openShop();
    const { id } = await shop.imports.start(request(), by);
    await expect(shop.imports.start(request(), by)).rejects.toMatchObject({ code: "conflict" });
    await shop.imports.stop(id);
  });
});

const aTurn = () => new Promise((resolve) => setImmediate(resolve));

import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveEvent } from "@waremind/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { openDeviceDesk } from "../../../tests/support/device-desk.ts";
import { createCatalog } from "../catalog/index.ts";
import { createCustomers } from "../customers/index.ts";
import { splitByLegs } from "../decisions/coldchain/index.ts";
import { createDevices } from "../devices/index.ts";
import { createShelfFollower } from "../flows/count-shelves.ts";
import { createShipmentFollower } from "../flows/follow-shipments.ts";
import { createIntake } from "../flows/take-in-readings.ts";
import { createGuard } from "../guard/index.ts";
import { createInventory } from "../inventory/index.ts";
import { createOrders } from "../orders/index.ts";
import { createBus } from "../platform/bus.ts";
import { systemClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createShipments } from "../shipments/index.ts";
import { createTelemetry } from "../telemetry/index.ts";
import { createMqttServer } from "../transports/mqtt/index.ts";
import { createDemo, type Demo } from "./demo.ts";
import { seedDemoShop } from "./seed-demo-shop.ts";

const bus = createBus();
const closers: (() => Promise<unknown>)[] = [];
let database: Database;
let folder: string;
let shop: Awaited<ReturnType<typeof openShop>>;
let demo: Demo;

async function openShop() {
  const ground = { database, clock: systemClock, log: silentLog, bus };
  const domains = {
    catalog: createCatalog(ground),
    inventory: createInventory(ground),
    customers: createCustomers(ground),
    orders: createOrders(ground),
    shipments: createShipments(ground),
    devices: createDevices(ground),
    telemetry: createTelemetry(ground),
  };
  const guard = createGuard({ ...ground, signingSecret: "a secret of at least thirty-two characters" });
  await seedDemoShop({ ...ground, ...domains, guard, seed: 1 });
  const parts = { ...ground, ...domains };
  const followers = [createShipmentFollower(parts), createShelfFollower(parts)];
  const sink = createIntake({ ...parts, followers });
  const server = createMqttServer({ ...parts, desk: openDeviceDesk(parts), sink });
  closers.push(
    () => sink.stop(),
    () => server.stop(),
  );
  const { port } = await server.start({ port: 0, host: "127.0.0.1" });
  return { ...parts, server, port };
}

/** Resolves with the first event that fits; the events themselves are the product's own. */
function nextEvent<Kind extends LiveEvent["kind"]>(
  kind: Kind,
  fits: (event: Extract<LiveEvent, { kind: Kind }>) => boolean = () => true,
): Promise<Extract<LiveEvent, { kind: Kind }>> {
  return new Promise((resolve) => {
    const unsubscribe = bus.subscribe((event) => {
      if (event.kind !== kind || !fits(event as Extract<LiveEvent, { kind: Kind }>)) return;
      unsubscribe();
      resolve(event as Extract<LiveEvent, { kind: Kind }>);
    });
  });
}

const scenario = (id: string) => demo.scenarios().find((one) => one.id === id);

/** The shipment of a running story, once it has a reading of the last quarter of a minute. */
async function toldShipment(id: string) {
  const number = scenario(id)?.subjectLabel ?? "";
  const shipment = await shop.shipments.findShipmentByNumber(number);
  if (shipment === null) throw new Error(`No shipment ${number}.`);
  for (;;) {
    const row = (await shop.shipments.conditionOf(database, [shipment.id])).get(shipment.id);
    if (row !== undefined && (row.condition.lastAt ?? 0) > Date.now() - 15_000) return { shipment, ...row };
    await nextEvent("shipment-condition-changed", (event) => event.shipmentId === shipment.id);
  }
}

beforeAll(async () => {
  database = await openTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "demo-"));
  closers.push(
    () => rm(folder, { recursive: true }),
    () => database.close(),
  );
  shop = await openShop();
  demo = createDemo({
    ...shop,
    mqtt: { host: "127.0.0.1", port: shop.port },
    dataDirectory: folder,
    stepMs: 0,
  });
  closers.push(() => demo.stopAll());
});
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

test("a salmon parcel warms up: the alarm comes before the limit and the excursion falls on our own leg", async () => {
  await demo.start("warming-parcel");
  const { shipment, condition } = await toldShipment("warming-parcel");
  expect(condition.verdict).toBe("spoiled");
  expect(condition.maxCelsius).toBeGreaterThan(9.5);
  expect(condition.excursionMinutes).toBeGreaterThan(35);
  expect(condition.excursionMinutes).toBeLessThan(45);
  expect(condition.gaps).toEqual([]);
  const legs = splitByLegs(condition, shipment.legs);
  expect(legs.ourMinutes).toBeCloseTo(condition.excursionMinutes, 5);

  const alarms = await shop.telemetry.alarms({ subjectKind: "shipment", subjectId: shipment.id, limit: 50 });
  const rates = alarms.filter(({ kind }) => kind === "rate-of-change");
  expect(rates).toHaveLength(1);
  const threshold = alarms.filter(({ kind }) => kind === "threshold");
  const crossedAt = Math.min(...threshold.map(({ beganAt }) => beganAt));
  // The story is told in steps of a minute: at least four of them lie between the warning and the limit.
  expect(crossedAt - (rates[0]?.beganAt ?? crossedAt)).toBeGreaterThan(4 * 60_000);

  const { askAs } = scenario("warming-parcel") ?? {};
  expect(askAs?.email).toBe("lin.mei@example.cn");
  const order = await shop.orders.findOrderByNumber(askAs?.orderNumber ?? "");
  expect(order?.totalMinor).toBeGreaterThan(20_000);
  expect(order?.payments.map(({ state }) => state)).toEqual(["captured"]);
});

test("a story runs once at a time, and again after it was stopped, with an order and a curve of its own", async () => {
  const first = scenario("warming-parcel");
  expect(first?.state).toBe("running");
  await expect(demo.start("warming-parcel")).rejects.toMatchObject({ code: "state-forbids" });
  await demo.stop("warming-parcel");
  expect(scenario("warming-parcel")?.state).toBe("stopped");
  await demo.start("warming-parcel");
  const { condition } = await toldShipment("warming-parcel");
  const second = scenario("warming-parcel");
  expect(second?.subjectLabel).not.toBe(first?.subjectLabel);
  expect(second?.askAs?.orderNumber).not.toBe(first?.askAs?.orderNumber);
  expect(condition.readingCount).toBeLessThan(170);
  await demo.stop("warming-parcel");
  const live = await shop.devices.liveBindings();
  const storyDevices = new Set(
    (await shop.devices.listDevices()).filter(({ name }) => name.startsWith("story-")).map(({ id }) => id),
  );
  expect(storyDevices.size).toBe(2);
  expect(live.filter(({ deviceId }) => storyDevices.has(deviceId))).toEqual([]);
});

test("the small parcel is below the limit for a refund without a person", async () => {
  await demo.start("warming-parcel-small");
  const { condition } = await toldShipment("warming-parcel-small");
  expect(condition.verdict).toBe("spoiled");
  const { askAs } = scenario("warming-parcel-small") ?? {};
  const order = await shop.orders.findOrderByNumber(askAs?.orderNumber ?? "");
  expect(order?.totalMinor).toBeLessThanOrEqual(20_000);
  await demo.stop("warming-parcel-small");
});

test("the good parcel stays in its band", async () => {
  await demo.start("good-parcel");
  const { shipment, condition } = await toldShipment("good-parcel");
  expect(condition.verdict).toBe("in-band");
  expect(condition.excursions).toEqual([]);
  const subject = { subjectKind: "shipment", subjectId: shipment.id };
  expect(await shop.telemetry.alarms({ ...subject, limit: 10 })).toEqual([]);
  await demo.stop("good-parcel");
});

test("the silent logger's last reading is a quarter of an hour old", async () => {
  await demo.start("silent-logger");
  const shipment = await shop.shipments.findShipmentByNumber(scenario("silent-logger")?.subjectLabel ?? "");
  for (;;) {
    const row = (await shop.shipments.conditionOf(database, [shipment?.id ?? ""])).get(shipment?.id ?? "");
    if (row?.condition.readingCount === 75) {
      expect(Date.now() - (row.condition.lastAt ?? 0)).toBeGreaterThan(14 * 60_000);
      break;
    }
    await nextEvent("shipment-condition-changed");
  }
  await demo.stop("silent-logger");
});

test("a shelf empties: the scale counts the cartons that are left", async () => {
  const cell = (await shop.inventory.listCells()).find(({ code }) => code === "SHA-B01");
  const fewer = nextEvent(
    "cell-counted",
    ({ cellId, units }) => cellId === cell?.id && units < (cell?.bookedUnits ?? 0),
  );
  await demo.start("emptying-shelf");
  expect(scenario("emptying-shelf")?.subjectLabel).toBe("SHA-B01");
  expect((await fewer).units).toBeGreaterThan(0);
  await demo.stop("emptying-shelf");
});

test("a process that breaks off is told in the scenario's state and leaves no binding", async () => {
  await demo.start("good-parcel");
  const devices = await shop.devices.listDevices();
  const stopped = nextEvent("scenario-changed", ({ state }) => state === "stopped");
  const pids = await edgeProcesses("good-parcel");
  expect(pids).toHaveLength(1);
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await stopped;
  expect(scenario("good-parcel")?.problem?.en).toMatch(/broke off.*SIGKILL/);
  const own = devices.filter(({ name }) => name.startsWith("story-good-parcel")).map(({ id }) => id);
  const live = await shop.devices.liveBindings();
  expect(live.filter(({ deviceId }) => own.includes(deviceId))).toEqual([]);
});

test("the fleet of twelve connects and speaks, and its secrets are its owner's alone", async () => {
  const speaking = new Set<string>();
  const all = new Promise<void>((resolve) => {
    const unsubscribe = bus.subscribe((event) => {
      if (event.kind !== "readings-stored") return;
      for (const { deviceName } of event.points)
        if (!deviceName.startsWith("story-")) speaking.add(deviceName);
      if (speaking.size < 12) return;
      unsubscribe();
      resolve();
    });
  });
  await demo.startFleet();
  await all;
  expect(shop.server.sessionCount).toBe(12);
  for (const name of await readdir(join(folder, "demo")))
    expect((await stat(join(folder, "demo", name))).mode & 0o777).toBe(0o600);
});

test("an unknown scenario is refused with those that there are", async () => {
  await expect(demo.start("earthquake")).rejects.toThrowError(/warming-parcel/);
});

test("after the end no process is left", async () => {
  await demo.start("emptying-shelf");
  await demo.stopAll();
  expect(await edgeProcesses("")).toEqual([]);
  await expect(demo.start("good-parcel")).rejects.toThrowError();
});

/** Edge programs of this test's folder, by their command lines. */
async function edgeProcesses(name: string): Promise<number[]> {
  const numbers = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const found: number[] = [];
  for (const number of numbers) {
    const line = await readFile(`/proc/${number}/cmdline`, "utf8").catch(() => "");
    if (line.includes(join(folder, "demo", name))) found.push(Number(number));
  }
  return found;
}

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ManagedShop, managedStartAt, openManagedShop } from "../../../../tests/support/managed-shop.ts";

let shop: ManagedShop;
let count = 0;
const minuteMs = 60_000;
const degreesPerKm = 1 / 111.19508;

const numberKey = (key: string) => ({
  ...{ key, type: "number" as const, unit: "deg", min: -180, max: 180, decimals: 6 },
});

beforeAll(async () => {
  shop = await openManagedShop();
  await shop.database.transaction((connection) =>
    shop.devices.createProfile(connection, {
      ...{ id: "van", nameEn: "Van", nameZh: "货车", expectedIntervalSeconds: 60 },
      keys: ["latitude", "longitude", "lat", "lon", "lng", "temperature"].map(numberKey),
    }),
  );
});
afterAll(() => shop.close());
beforeEach(() => shop.clock.set(managedStartAt));

async function addVan(): Promise<{ name: string; token: string }> {
  count += 1;
  const name = `van-${count}`;
  return { name, token: await shop.addDevice(name, { profileId: "van" }) };
}

type Point = readonly [minute: number, values: Readonly<Record<string, number>>];
async function tell(token: string, points: readonly Point[]): Promise<void> {
  const payload = points.map(([minute, values]) => ({ ts: managedStartAt + minute * minuteMs, values }));
  expect((await shop.send(token, payload)).status).toBe(200);
}

/** Due east along the equator, a kilometre a minute. */
const drive = (from: number, to: number): Point[] =>
  Array.from({ length: to - from + 1 }, (_, step) => [
    from + step,
    { latitude: 0.001, longitude: 10 + (from + step) * degreesPerKm },
  ]);

const hour = `from=${managedStartAt}&to=${managedStartAt + 60 * minuteMs}`;
const audited = async (kind: string) =>
  (await shop.guard.audit({ limit: 200 })).entries.filter((one) => one.kind === kind);

describe("positions", () => {
  test("a device is where both its numbers were last read at one instant, with its speed", async () => {
    const { name, token } = await addVan();
    await tell(token, [...drive(0, 2), [3, { longitude: 50 }], [4, { temperature: 4 }]]);
    const { body } = await shop.ask("owner", "GET", "/api/positions");
    const [found] = body.items.filter((one: { deviceName: string }) => one.deviceName === name);
    expect(found).toMatchObject({
      latitude: 0.001,
      observedAt: managedStartAt + 2 * minuteMs,
      routeId: null,
    });
    expect(found.speedKmh).toBeCloseTo(60, 1);
    expect(body.total).toBe(body.items.length);
  });

  test("a receiver that lost its fix is where it was last known to be", async () => {
    const { name, token } = await addVan();
    const lost: Point[] = Array.from({ length: 10 }, (_, step) => [5 + step, { latitude: 0, longitude: 0 }]);
    await tell(token, [[4, { latitude: 31.2, longitude: 121.5 }], ...lost]);
    const { body } = await shop.ask("owner", "GET", "/api/positions");
    const [found] = body.items.filter((one: { deviceName: string }) => one.deviceName === name);
    expect(found).toMatchObject({ latitude: 31.2, longitude: 121.5, speedKmh: null });
  });

  test("short names of the keys do as well, and a device without them is not among them", async () => {
    const [short, other, none] = [await addVan(), await addVan(), await addVan()];
    await tell(short.token, [[0, { lat: 1, lon: 2 }]]);
    await tell(other.token, [[0, { lat: 3, lng: 4 }]]);
    await tell(none.token, [[0, { temperature: 4, lat: 5 }]]);
    const { body } = await shop.ask("owner", "GET", "/api/positions");
    const at = new Map(
      body.items.map((one: { deviceName: string; longitude: number }) => [one.deviceName, one.longitude]),
    );
    expect([at.get(short.name), at.get(other.name), at.has(none.name)]).toEqual([2, 4, false]);
    const refused = await shop.ask("owner", "GET", `/api/devices/${none.name}/track`);
    expect([refused.status, refused.body.code]).toEqual([404, "not-found"]);
    expect(refused.body.message.zh).toContain("latitude");
  });
});

describe("a track", () => {
  test("tells distance, speed, stops and gaps, and the series it rests on", async () => {
    const { name, token } = await addVan();
    const standing: Point[] = Array.from({ length: 10 }, (_, step) => [
      11 + step,
      { latitude: 0.001, longitude: 10 + 10 * degreesPerKm },
    ]);
    const later = drive(50, 52);
    await tell(token, [...drive(0, 10), ...standing, ...later]);
    const { body } = await shop.ask("owner", "GET", `/api/devices/${name}/track?${hour}`);
    expect(body).toMatchObject({ positionCount: 24, implausibleCount: 0, stopCount: 1, gapCount: 1 });
    expect(body.metres).toBeCloseTo(12_000, -1);
    expect(body.stops[0]).toMatchObject({ minutes: 10, beganAt: managedStartAt + 10 * minuteMs });
    expect(body.gaps).toEqual([{ from: managedStartAt + 20 * minuteMs, to: managedStartAt + 50 * minuteMs }]);
    expect(body.points.at(-3)[3]).toBeNull();
    const series = await shop.telemetry.seriesOfDevices([(await shop.devices.findDevice(name))?.id ?? 0]);
    expect(series.find(({ key }) => key === "latitude")?.id).toBe(body.latitudeSeriesId);
  });

  test("is thinned for drawing, with its figures of all positions", async () => {
    const { name, token } = await addVan();
    await tell(token, drive(0, 60));
    const { body } = await shop.ask("owner", "GET", `/api/devices/${name}/track?${hour}&points=10`);
    expect(body.positionCount).toBe(61);
    expect(body.metres).toBeCloseTo(60_000, -1);
    expect(body.points.length).toBeLessThanOrEqual(11);
    expect(body.points.at(-1)[0]).toBe(managedStartAt + 60 * minuteMs);
    expect(body.points[1][3]).toBeCloseTo(60, 1);
  });

  test("a period that ends before it begins is refused; one without readings is empty", async () => {
    const { name, token } = await addVan();
    await tell(token, drive(0, 2));
    expect((await shop.ask("owner", "GET", `/api/devices/${name}/track?from=2&to=1`)).status).toBe(400);
    const { body } = await shop.ask("owner", "GET", `/api/devices/${name}/track?from=1&to=2`);
    expect(body).toMatchObject({ points: [], metres: 0, positionCount: 0, speedKmhMax: null });
    expect((await shop.ask("owner", "GET", "/api/devices/nobody/track")).status).toBe(404);
  });
});

const line = (km: number) => ({
  type: "LineString",
  coordinates: [
    [10, 0.001],
    [10 + km * degreesPerKm, 0.001, 12.5],
  ],
});
async function addRoute(km: number, usualSpeedKmh = 50): Promise<string> {
  const name = { en: `Line ${km}`, zh: `线路 ${km}` };
  const made = await shop.ask("operations", "POST", "/api/routes", { name, usualSpeedKmh, places: line(km) });
  expect(made.status).toBe(200);
  return made.body.id as string;
}

describe("routes", () => {
  test("are made of places or of a LineString, changed, and deleted, each in the audit log", async () => {
    const id = await addRoute(30);
    const { body } = await shop.ask("auditor", "GET", `/api/routes/${id}`);
    expect(body).toMatchObject({ placeCount: 2, usualSpeedKmh: 50, deviceNames: [] });
    expect(body.metres).toBeCloseTo(30_000, 0);
    const places = [...body.places, { latitude: 1, longitude: 10 }];
    const changed = await shop.ask("owner", "POST", `/api/routes/${id}`, { name: body.name, places });
    expect(changed.body).toMatchObject({ placeCount: 3, places });
    const listed = await shop.ask("owner", "GET", "/api/routes");
    expect(listed.body.items.find((one: { id: string }) => one.id === id)).not.toHaveProperty("places");
    expect((await shop.ask("owner", "DELETE", `/api/routes/${id}`)).status).toBe(200);
    expect((await shop.ask("owner", "GET", `/api/routes/${id}`)).status).toBe(404);
    for (const kind of ["route-created", "route-changed", "route-deleted"])
      expect((await audited(kind))[0]?.body).toMatchObject({ routeId: id });
  });

  test("of one place, of too many, of none on the globe and of no length are refused, in both languages", async () => {
    const name = { en: "Bad", zh: "坏" };
    const here = { latitude: 31, longitude: 121 };
    const tries = [
      [here],
      Array.from({ length: 5_001 }, (_, step) => ({ latitude: 0.001, longitude: step / 1000 })),
      [here, { latitude: 91, longitude: 0 }],
      [here, { latitude: 0, longitude: 0 }],
      [here, here],
      { type: "Polygon", coordinates: [] },
    ];
    for (const places of tries) {
      const refused = await shop.ask("owner", "POST", "/api/routes", { name, places });
      expect([refused.status, refused.body.code]).toEqual([400, "invalid-input"]);
      expect(refused.body.message.zh).not.toBe("");
    }
  });

  test("may be driven by one device each time, which holds them from being deleted", async () => {
    const { name } = await addVan();
    const [first, second] = [await addRoute(10), await addRoute(20)];
    await shop.ask("owner", "POST", `/api/devices/${name}/route`, { routeId: first });
    shop.clock.set(managedStartAt + minuteMs);
    const moved = await shop.ask("owner", "POST", `/api/devices/${name}/route`, { routeId: second });
    expect(moved.body).toEqual({ deviceName: name, routeId: second, beganAt: managedStartAt + minuteMs });
    expect((await shop.ask("owner", "DELETE", `/api/routes/${first}`)).status).toBe(200);
    const held = await shop.ask("owner", "DELETE", `/api/routes/${second}`);
    expect([held.status, held.body.code]).toEqual([409, "state-forbids"]);
    expect((await shop.ask("owner", "GET", `/api/routes/${second}`)).body.deviceNames).toEqual([name]);
    expect((await shop.ask("owner", "DELETE", `/api/devices/${name}/route`)).status).toBe(200);
    expect((await shop.ask("owner", "DELETE", `/api/devices/${name}/route`)).status).toBe(404);
    expect((await shop.ask("owner", "DELETE", `/api/routes/${second}`)).status).toBe(200);
    expect((await audited("route-assigned"))[0]?.body).toEqual({ deviceName: name, routeId: second });
    expect((await audited("route-unassigned"))[0]?.body).toEqual({ deviceName: name, routeId: second });
  });

  test("an auditor reads all of it and changes nothing", async () => {
    const { name } = await addVan();
    const routeId = await addRoute(10);
    for (const path of ["/api/positions", "/api/routes", `/api/routes/${routeId}`])
      expect((await shop.ask("auditor", "GET", path)).status).toBe(200);
    for (const [method, path] of [
      ["POST", "/api/routes"],
      ["POST", `/api/routes/${routeId}`],
      ["DELETE", `/api/routes/${routeId}`],
      ["POST", `/api/devices/${name}/route`],
      ["DELETE", `/api/devices/${name}/route`],
    ] as const)
      expect((await shop.ask("auditor", method, path, method === "POST" ? {} : undefined)).status).toBe(403);
  });
});

describe("an arrival", () => {
  test("before the first position rests on the usual speed, and says so", async () => {
    const { name } = await addVan();
    expect((await shop.ask("owner", "GET", `/api/devices/${name}/arrival`)).status).toBe(404);
    await shop.ask("owner", "POST", `/api/devices/${name}/route`, { routeId: await addRoute(100) });
    const { body } = await shop.ask("owner", "GET", `/api/devices/${name}/arrival`);
    expect(body).toMatchObject({ hasArrived: false, stretchCount: 0, metresAside: null });
    expect(body.basis).toMatchObject({ positionCount: 0, firstObservedAt: null });
    expect((body.arrivesAt - managedStartAt) / minuteMs).toBeCloseTo(120, 1);
    expect(body.latestAt).toBeGreaterThan(body.arrivesAt);
  });

  test("follows what was driven since it drives the route, and ends at the end", async () => {
    const { name, token } = await addVan();
    await shop.ask("owner", "POST", `/api/devices/${name}/route`, { routeId: await addRoute(100, 30) });
    const wide = await shop.ask("owner", "GET", `/api/devices/${name}/arrival`);
    await tell(token, drive(0, 60));
    shop.clock.set(managedStartAt + 60 * minuteMs);
    const { body } = await shop.ask("owner", "GET", `/api/devices/${name}/arrival`);
    expect(body).toMatchObject({ hasArrived: false, stretchCount: 30 });
    expect(body.metresLeft).toBeCloseTo(40_000, -1);
    expect(body.basis).toMatchObject({
      ...{ positionCount: 61, asideCount: 0 },
      ...{ firstObservedAt: managedStartAt, lastObservedAt: managedStartAt + 60 * minuteMs },
    });
    // A kilometre a minute so far and half of that expected at first: a little later than 40 minutes.
    const minutes = (body.arrivesAt - managedStartAt) / minuteMs;
    expect(minutes).toBeGreaterThan(100);
    expect(minutes).toBeLessThan(106);
    expect(body.latestAt - body.earliestAt).toBeLessThan(wide.body.latestAt - wide.body.earliestAt);
    await tell(token, drive(61, 100));
    shop.clock.set(managedStartAt + 100 * minuteMs);
    const there = await shop.ask("owner", "GET", `/api/devices/${name}/arrival`);
    expect(there.body).toMatchObject({ hasArrived: true, arrivesAt: null, speedKmh: null });
  });

  test("of a way that ends where it began is not there at once, though a receiver wanders", async () => {
    const { name, token } = await addVan();
    const here = { latitude: 0.001, longitude: 10 };
    const there = { latitude: 0.001, longitude: 10 + 50 * degreesPerKm };
    const made = await shop.ask("owner", "POST", "/api/routes", {
      ...{ name: { en: "Round", zh: "环线" }, places: [here, there, { ...here, latitude: 0.0011 }] },
    });
    await shop.ask("owner", "POST", `/api/devices/${name}/route`, { routeId: made.body.id });
    await tell(token, [
      [0, { latitude: 0.0012, longitude: 10 }],
      [1, { latitude: 0.0013, longitude: 10.001 }],
    ]);
    shop.clock.set(managedStartAt + minuteMs);
    const { body } = await shop.ask("owner", "GET", `/api/devices/${name}/arrival`);
    expect(body.hasArrived).toBe(false);
    expect(body.metresLeft).toBeGreaterThan(99_000);
  });

  test("does not count positions far beside the route", async () => {
    const { name, token } = await addVan();
    await shop.ask("owner", "POST", `/api/devices/${name}/route`, { routeId: await addRoute(100) });
    await tell(token, [
      ...drive(0, 5),
      [10, { latitude: 0.1, longitude: 10.05 }],
      [11, { latitude: 0.1, longitude: 10.06 }],
    ]);
    shop.clock.set(managedStartAt + 11 * minuteMs);
    const { body } = await shop.ask("owner", "GET", `/api/devices/${name}/arrival`);
    expect(body.basis).toMatchObject({ positionCount: 6, asideCount: 2 });
    expect(body.metresAside).toBeGreaterThan(10_000);
    expect(body.metresLeft).toBeCloseTo(95_000, -2);
  });
});

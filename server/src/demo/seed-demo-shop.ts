// Puts a generated shop into an empty store, through the doors of the domains.
import type { Catalog } from "../catalog/index.ts";
import type { Customers } from "../customers/index.ts";
import type { Devices } from "../devices/index.ts";
import { createShipmentFollower } from "../flows/follow-shipments.ts";
import { defaultClauses, type Guard } from "../guard/index.ts";
import type { Inventory } from "../inventory/index.ts";
import type { Orders } from "../orders/index.ts";
import { chunksOf } from "../platform/chunks.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import type { Shipments } from "../shipments/index.ts";
import type { Reading, Telemetry } from "../telemetry/index.ts";
import { demoData } from "./demo-data.ts";
import { type DemoMark, readDemoMark, writeDemoMark } from "./demo-mark.ts";
import { generateShop } from "./generate-shop.ts";
import { dayMs } from "./shop-calendar.ts";
import type { HistoryRow, ShopRows } from "./shop-rows.ts";
import { loadDemoLogins } from "./users.ts";

export interface SeedDependencies {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly inventory: Inventory;
  readonly customers: Customers;
  readonly orders: Orders;
  readonly shipments: Shipments;
  readonly devices: Devices;
  readonly telemetry: Telemetry;
  readonly guard: Guard;
  readonly clock: Clock;
}

/** Whoever can make accounts; `people` of the server does. */
export interface AccountMaker {
  createUser(user: {
    email: string;
    name: string;
    password: string;
    roles: readonly ("owner" | "support" | "warehouse")[];
  }): Promise<unknown>;
  listUsers(): Promise<readonly { readonly email: string }[]>;
}

/** Readings of one store call. */
const readingsPerCall = 5000;
/** The policy was in force before the first order. */
const policyLeadDays = 30;

/**
 * Fills an empty store with the demo shop: the same (seed, clock.now()) gives the same rows. All of it is one
 * transaction except the devices, which are found again; a second call, or one after a crash, finishes or does nothing.
 * With `people` it makes the demo's accounts, whose passwords are in `dataDirectory` (see `loadDemoLogins`).
 */
export async function seedDemoShop(
  options: SeedDependencies & {
    readonly seed: number;
    readonly people?: AccountMaker;
    readonly dataDirectory?: string;
    readonly onProgress?: (line: string) => void;
    /** Runs inside the transaction, last: what else must stand when the shop stands. */
    readonly finish?: (connection: Connection) => Promise<void>;
  },
): Promise<DemoMark> {
  const { database, clock, seed, onProgress = () => undefined } = options;
  const before = await readDemoMark(database);
  const seededAt = before?.seededAt ?? clock.now();
  if (options.people !== undefined && options.dataDirectory !== undefined)
    await seedPeople(options.people, options.dataDirectory);
  if (before === null) {
    const rows = generateShop(seed, seededAt);
    await seedDevices(options, rows);
    // Read before the transaction: inside it the embedded store's one connection is taken.
    const ids = await deviceIds(options.devices);
    const seriesIds = await seedSeries(options.telemetry, rows, ids);
    await database.transaction(async (connection) => {
      await seedTrade(options, connection, rows, onProgress);
      onProgress("Demo shop: what the devices measured");
      await seedTelemetry(options, connection, { rows, ids, seriesIds, seededAt });
      await seedPolicy(options, connection, seededAt);
      await writeDemoMark(connection, { seed, seededAt });
      await options.finish?.(connection);
    });
  }
  return before ?? { seed, seededAt };
}

/** Devices come first and by themselves: their series are made outside a transaction. */
async function seedDevices({ database, devices }: SeedDependencies, rows: ShopRows): Promise<void> {
  const profiles = new Set((await devices.listProfiles()).map(({ id }) => id));
  const known = new Set((await devices.listDevices()).map(({ name }) => name));
  await database.transaction(async (connection) => {
    for (const profile of rows.profiles)
      if (!profiles.has(profile.id)) await devices.createProfile(connection, profile);
    for (const device of rows.devices)
      if (!known.has(device.name)) await devices.createDevice(connection, device);
  });
}

/** The series of each history, by device and key. */
async function seedSeries(
  telemetry: Telemetry,
  rows: ShopRows,
  ids: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Map(rows.histories.map((history) => [seriesName(history), history]));
  const names = [...wanted.keys()];
  const series = await telemetry.ensureSeries(
    [...wanted.values()].map(({ deviceName, key, unit }) => ({
      deviceId: idOf(ids, deviceName),
      key,
      valueType: "number",
      unit,
    })),
  );
  return new Map(series.map(({ id }, index) => [names[index] ?? "", id]));
}

const seriesName = ({ deviceName, key }: Pick<HistoryRow, "deviceName" | "key">): string =>
  `${deviceName}/${key}`;

async function deviceIds(devices: Devices): Promise<ReadonlyMap<string, number>> {
  return new Map((await devices.listDevices()).map(({ name, id }) => [name, id]));
}

function idOf(ids: ReadonlyMap<string, number>, name: string): number {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`The demo shop has no ${name}.`);
  return id;
}

async function seedTrade(
  { catalog, inventory, customers, orders, shipments }: SeedDependencies,
  connection: Connection,
  rows: ShopRows,
  onProgress: (line: string) => void,
): Promise<void> {
  onProgress(`Demo shop: ${rows.variants.length} variants in ${rows.locations.length} warehouses`);
  for (const band of rows.bands) await catalog.createBand(connection, band);
  await catalog.createProducts(connection, rows.products);
  await catalog.createVariants(connection, rows.variants);
  for (const location of rows.locations) await inventory.createLocation(connection, location);
  await inventory.createLots(connection, rows.lots);
  await inventory.setStockLevels(connection, rows.stockLevels);
  await inventory.createShelfCells(connection, rows.cells);
  onProgress(`Demo shop: ${rows.customers.length} customers and ${rows.orders.length} orders`);
  await customers.createCustomers(connection, rows.customers);
  await orders.createOrders(connection, rows.orders);
  onProgress(`Demo shop: ${rows.shipments.length} shipments`);
  await shipments.createShipments(connection, rows.shipments);
}

interface Measured {
  readonly rows: ShopRows;
  /** By device name. */
  readonly ids: ReadonlyMap<string, number>;
  /** By `device/key`. */
  readonly seriesIds: ReadonlyMap<string, number>;
  readonly seededAt: number;
}

async function seedTelemetry(
  deps: SeedDependencies,
  connection: Connection,
  { rows, ids, seriesIds, seededAt }: Measured,
): Promise<void> {
  const { devices, telemetry } = deps;
  for (const { deviceName, unboundAt, ...binding } of rows.bindings) {
    const { id } = await devices.bind(connection, { ...binding, deviceId: idOf(ids, deviceName) });
    if (unboundAt !== null) await devices.unbind(connection, id, unboundAt);
  }
  const readings = rows.histories.flatMap((history) => readingsOf(history, seriesIds));
  for (const chunk of chunksOf(readings, readingsPerCall)) await telemetry.storeReadings(connection, chunk);
  await seedConditions(deps, connection, rows, seededAt);
}

function readingsOf(history: HistoryRow, seriesIds: ReadonlyMap<string, number>): readonly Reading[] {
  const seriesId = seriesIds.get(seriesName(history));
  if (seriesId === undefined) throw new Error(`No series for ${seriesName(history)}.`);
  // Heard when it was measured: these loggers were in coverage.
  return history.readings.map(([observedAt, number]) => ({
    seriesId,
    observedAt,
    receivedAt: observedAt,
    value: { type: "number", number },
  }));
}

/** The condition of each measured shipment, made as the intake makes it; past excursions leave their ended alarm. */
async function seedConditions(
  deps: SeedDependencies,
  connection: Connection,
  rows: ShopRows,
  seededAt: number,
): Promise<void> {
  const follower = createShipmentFollower(deps);
  const ids = rows.histories.flatMap(({ shipmentId }) => (shipmentId === null ? [] : [shipmentId]));
  for (const shipmentId of ids) await follower.refresh(connection, shipmentId);
  const labels = new Map(rows.shipments.map(({ shipment }) => [shipment.id, shipment.number]));
  for (const { shipmentId, seriesId, condition } of (
    await deps.shipments.conditionOf(connection, ids)
  ).values()) {
    for (const excursion of condition.excursions) {
      const endedAt = excursion.returnedAt ?? seededAt;
      const subject = { kind: "threshold", subjectKind: "shipment", subjectId: shipmentId } as const;
      const label = labels.get(shipmentId) ?? shipmentId;
      const minutes = Math.round(excursion.minutes);
      await deps.telemetry.raiseAlarm(connection, {
        ...subject,
        severity: "critical",
        subjectLabel: label,
        deviceId: null,
        seriesId,
        beganAt: excursion.countsFrom,
        value: excursion.peakCelsius,
        unit: "Cel",
        messageEn: `${label} was out of its band for ${minutes} min, up to ${excursion.peakCelsius} °C.`,
        messageZh: `${label} 超出温度范围 ${minutes} 分钟，最高 ${excursion.peakCelsius} °C。`,
      });
      await deps.telemetry.endAlarm(connection, { ...subject, endedAt });
    }
  }
}

async function seedPolicy(
  { guard }: SeedDependencies,
  connection: Connection,
  seededAt: number,
): Promise<void> {
  const { shop } = demoData();
  const validFrom = seededAt - (shop.historyDays + policyLeadDays) * dayMs;
  for (const clause of defaultClauses({ currency: shop.currency, validFrom }))
    await guard.putClause(connection, clause);
}

/** Accounts that are there already keep their password. */
async function seedPeople(people: AccountMaker, dataDirectory: string): Promise<void> {
  const known = new Set((await people.listUsers()).map(({ email }) => email));
  for (const login of await loadDemoLogins(dataDirectory))
    if (!known.has(login.email)) await people.createUser(login);
}

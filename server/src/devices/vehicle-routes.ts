// Routes that vehicles drive as rows, and which device drives which since when.
import type { BilingualText } from "@waremind/contract";
import { sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";

export const vehicleRoutesMax = 1_000;

interface StoredPlace {
  readonly latitude: number;
  readonly longitude: number;
}

export interface VehicleRoute {
  readonly id: string;
  readonly name: BilingualText;
  readonly metres: number;
  readonly placeCount: number;
  /** Expected of the way before anything was driven. */
  readonly usualSpeedKmh: number;
  readonly createdAt: number;
  /** Devices that drive it now, by name. */
  readonly deviceNames: readonly string[];
}

/** A route as it is written; its places were checked, and `metres` is their length. */
export interface NewVehicleRoute {
  readonly name: BilingualText;
  readonly places: readonly StoredPlace[];
  readonly metres: number;
  readonly usualSpeedKmh: number;
}

export interface RouteAssignment {
  readonly deviceId: number;
  readonly routeId: string;
  readonly beganAt: number;
}

export interface VehicleRoutes {
  /** By the English name, without their places. */
  list(): Promise<readonly VehicleRoute[]>;
  find(routeId: string): Promise<(VehicleRoute & { readonly places: readonly StoredPlace[] }) | null>;
  /** @throws DomainError `limit-reached` when there are `vehicleRoutesMax`. */
  create(connection: Connection, route: NewVehicleRoute): Promise<string>;
  /** @throws DomainError `not-found` */
  change(connection: Connection, routeId: string, route: NewVehicleRoute): Promise<void>;
  /** With the history of who drove it. @throws DomainError `not-found`, `state-forbids` while a device drives it. */
  remove(connection: Connection, routeId: string): Promise<void>;
  /** From now on; a route it drove before ends. @throws DomainError `not-found` for an unknown route. */
  assign(connection: Connection, deviceId: number, routeId: string): Promise<RouteAssignment>;
  /** Answers the id of the route that it drove. @throws DomainError `not-found` when it drives none. */
  unassign(connection: Connection, deviceId: number): Promise<string>;
  /** Of all devices that drive one now, or of one. */
  assignments(deviceId?: number): Promise<readonly RouteAssignment[]>;
}

interface RouteTables {
  route: {
    id: string;
    nameEn: string;
    nameZh: string;
    /** jsonb: write text, read `StoredPlace[]`. */
    places: unknown;
    metres: number;
    usualSpeedKmh: number;
    createdAt: number;
  };
  deviceRoute: { deviceId: number; routeId: string; beganAt: number; endedAt: number | null };
}

const tablesIn = (connection: Connection) => tablesOf<RouteTables>(connection);

export function createVehicleRoutes(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
}): VehicleRoutes {
  const { database, clock } = dependencies;
  return {
    list: () => selectRoutes(database, null),
    find: async (routeId) => {
      const [route] = await selectRoutes(database, routeId);
      if (route === undefined) return null;
      const row = await tablesIn(database)
        .selectFrom("route")
        .select("places")
        .where("id", "=", routeId)
        .executeTakeFirst();
      return row === undefined ? null : { ...route, places: row.places as readonly StoredPlace[] };
    },
    create: (connection, route) => insertRoute(connection, route, clock.now()),
    change: async (connection, routeId, route) => {
      const changed = await tablesIn(connection)
        .updateTable("route")
        .set(columnsOf(route))
        .where("id", "=", routeId)
        .returning("id")
        .executeTakeFirst();
      if (changed === undefined) throw noSuchRoute(routeId);
    },
    remove: deleteRoute,
    assign: (connection, deviceId, routeId) => insertAssignment(connection, deviceId, routeId, clock.now()),
    unassign: (connection, deviceId) => endAssignment(connection, deviceId, clock.now()),
    assignments: async (deviceId) => {
      const query = tablesIn(database)
        .selectFrom("deviceRoute")
        .select(["deviceId", "routeId", "beganAt"])
        .where("endedAt", "is", null);
      return (deviceId === undefined ? query : query.where("deviceId", "=", deviceId)).execute();
    },
  };
}

async function selectRoutes(connection: Connection, routeId: string | null): Promise<VehicleRoute[]> {
  const { rows } = await sql<Omit<VehicleRoute, "name"> & { nameEn: string; nameZh: string }>`
    select id, name_en, name_zh, metres, usual_speed_kmh, created_at, jsonb_array_length(places) as place_count,
      array(
        select device.name from device_route join device on device.id = device_route.device_id
        where device_route.route_id = route.id and device_route.ended_at is null order by device.name
      ) as device_names
    from route where ${routeId}::text is null or id = ${routeId}
    order by name_en, id limit ${vehicleRoutesMax}`.execute(tablesIn(connection));
  return rows.map(({ nameEn, nameZh, ...row }) => ({ ...row, name: { en: nameEn, zh: nameZh } }));
}

function columnsOf({ name, places, metres, usualSpeedKmh }: NewVehicleRoute) {
  const listed = places.map(({ latitude, longitude }) => ({ latitude, longitude }));
  return { nameEn: name.en, nameZh: name.zh, places: JSON.stringify(listed), metres, usualSpeedKmh };
}

async function insertRoute(connection: Connection, route: NewVehicleRoute, now: number): Promise<string> {
  const { count } = await tablesIn(connection)
    .selectFrom("route")
    .select((builder) => builder.fn.countAll<string>().as("count"))
    .executeTakeFirstOrThrow();
  if (Number(count) >= vehicleRoutesMax)
    throw new DomainError(
      "limit-reached",
      { en: `There are ${vehicleRoutesMax} routes already.`, zh: `路线已达 ${vehicleRoutesMax} 条上限。` },
      { vehicleRoutesMax },
    );
  const id = newId("rte", now);
  await tablesIn(connection)
    .insertInto("route")
    .values({ id, ...columnsOf(route), createdAt: now })
    .execute();
  return id;
}

async function deleteRoute(connection: Connection, routeId: string): Promise<void> {
  const tables = tablesIn(connection);
  // Locked first, so that nobody begins to drive it in between.
  const route = await tables
    .selectFrom("route")
    .select("id")
    .where("id", "=", routeId)
    .forUpdate()
    .executeTakeFirst();
  if (route === undefined) throw noSuchRoute(routeId);
  const driven = await tables
    .selectFrom("deviceRoute")
    .select("deviceId")
    .where("routeId", "=", routeId)
    .where("endedAt", "is", null)
    .execute();
  if (driven.length > 0)
    throw new DomainError(
      "state-forbids",
      {
        en: `${driven.length} device(s) drive this route. Take them off it first.`,
        zh: `有 ${driven.length} 台设备正在行驶此路线,请先解除分配。`,
      },
      { routeId, deviceCount: driven.length },
    );
  await tables.deleteFrom("route").where("id", "=", routeId).execute();
}

async function insertAssignment(
  connection: Connection,
  deviceId: number,
  routeId: string,
  now: number,
): Promise<RouteAssignment> {
  const tables = tablesIn(connection);
  const route = await tables
    .selectFrom("route")
    .select("id")
    .where("id", "=", routeId)
    .forUpdate()
    .executeTakeFirst();
  if (route === undefined) throw noSuchRoute(routeId);
  // Two at once for one device: the second waits here for the first, and then ends what that one began.
  await sql`select id from device where id = ${deviceId} for update`.execute(tables);
  await endLive(connection, deviceId, now);
  await tables.insertInto("deviceRoute").values({ deviceId, routeId, beganAt: now, endedAt: null }).execute();
  return { deviceId, routeId, beganAt: now };
}

async function endAssignment(connection: Connection, deviceId: number, now: number): Promise<string> {
  const ended = await endLive(connection, deviceId, now);
  if (ended !== undefined) return ended;
  throw new DomainError(
    "not-found",
    { en: "This device drives no route.", zh: "该设备没有分配路线。" },
    { deviceId },
  );
}

/** Never before it began, should the clock have been set back. */
async function endLive(connection: Connection, deviceId: number, now: number): Promise<string | undefined> {
  const ended = await tablesIn(connection)
    .updateTable("deviceRoute")
    .set({ endedAt: sql<number>`greatest(began_at, ${now}::int8)` })
    .where("deviceId", "=", deviceId)
    .where("endedAt", "is", null)
    .returning("routeId")
    .executeTakeFirst();
  return ended?.routeId;
}

function noSuchRoute(routeId: string): DomainError {
  return new DomainError(
    "not-found",
    { en: `There is no route ${routeId}.`, zh: `没有路线 ${routeId}。` },
    { routeId },
  );
}

// Routes that devices drive, and when each reaches the end of its own.
import { setImmediate } from "node:timers/promises";
import type { Actor, ArrivalView, RouteInput } from "@waremind/contract";
import {
  arrivalOf,
  distanceMetres,
  isPlace,
  type Place,
  type Position,
  type Progress,
  placeOnRoute,
  type Route,
  routeOf,
  trackOf,
  usualArrivalOptions,
  usualTrackOptions,
} from "../decisions/positions/index.ts";
import type { Device, RouteAssignment, VehicleRoute, VehicleRoutes } from "../devices/index.ts";
import type { Guard } from "../guard/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { assert, DomainError } from "../platform/errors.ts";
import type { SeriesPair } from "../telemetry/index.ts";
import type { Positions } from "./positions.ts";

/** A pace older than this says little of today, and a longer history would be much to read. */
const basisMsMax = 7 * 86_400_000;
const basisEveryMs = 15_000;
/** Each position is compared with each stretch of the route; beyond this, positions are thinned evenly. */
const comparisonsMax = 2_000_000;
const comparisonsPerTurn = 100_000;
const positionsMin = 100;
/** Further beside the route a position says nothing of how far along it is. */
const asideMetresMax = 1_000;
/** So near to the end it has arrived: receivers are not better, and yards are large. */
const arrivedMetres = 100;
/** A start is taken for one within this, also where the route ends at the same place. */
const startMetres = 500;
const routeMetresMax = 40_000_000;

export interface ArrivalDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly vehicleRoutes: VehicleRoutes;
  readonly positions: Positions;
  readonly guard: Pick<Guard, "appendAudit">;
}

/** Writes stand in the audit log within their own transaction. */
export interface VehicleArrivals {
  /** @throws DomainError `invalid-input` for places that are none, `limit-reached` */
  createRoute(input: RouteInput, by: Actor): Promise<string>;
  /** @throws DomainError `not-found`, `invalid-input` */
  changeRoute(routeId: string, input: RouteInput, by: Actor): Promise<void>;
  /** @throws DomainError `not-found`, `state-forbids` while a device drives it */
  removeRoute(routeId: string, by: Actor): Promise<void>;
  /** @throws DomainError `not-found` */
  assign(device: Device, routeId: string, by: Actor): Promise<RouteAssignment>;
  /** @throws DomainError `not-found` when it drives none */
  unassign(device: Device, by: Actor): Promise<void>;
  /**
   * From the device's positions since it drives its route, of the last seven days at most. @throws DomainError `not-found` when it
   * drives none, `limit-reached`
   */
  arrival(device: Device): Promise<ArrivalView>;
}

export function createVehicleArrivals(deps: ArrivalDependencies): VehicleArrivals {
  const { database, vehicleRoutes, guard } = deps;
  return {
    createRoute: (input, by) =>
      database.transaction(async (connection) => {
        const route = checkedRoute(input);
        const routeId = await vehicleRoutes.create(connection, route);
        await guard.appendAudit(connection, {
          ...{ kind: "route-created", actor: by },
          body: { routeId, name: input.name, metres: route.metres, placeCount: route.places.length },
        });
        return routeId;
      }),
    changeRoute: (routeId, input, by) =>
      database.transaction(async (connection) => {
        const route = checkedRoute(input);
        await vehicleRoutes.change(connection, routeId, route);
        await guard.appendAudit(connection, {
          ...{ kind: "route-changed", actor: by },
          body: { routeId, name: input.name, metres: route.metres, placeCount: route.places.length },
        });
      }),
    removeRoute: (routeId, by) =>
      database.transaction(async (connection) => {
        await vehicleRoutes.remove(connection, routeId);
        await guard.appendAudit(connection, { kind: "route-deleted", actor: by, body: { routeId } });
      }),
    assign: (device, routeId, by) =>
      database.transaction(async (connection) => {
        const assignment = await vehicleRoutes.assign(connection, device.id, routeId);
        await guard.appendAudit(connection, {
          ...{ kind: "route-assigned", actor: by },
          body: { deviceName: device.name, routeId },
        });
        return assignment;
      }),
    unassign: (device, by) =>
      database.transaction(async (connection) => {
        const routeId = await vehicleRoutes.unassign(connection, device.id);
        await guard.appendAudit(connection, {
          ...{ kind: "route-unassigned", actor: by },
          body: { deviceName: device.name, routeId },
        });
      }),
    arrival: (device) => arrival(deps, device),
  };
}

function checkedRoute(input: RouteInput) {
  const { name, usualSpeedKmh } = input;
  const places: readonly Place[] = Array.isArray(input.places)
    ? input.places
    : input.places.coordinates.map(([longitude, latitude]) => ({ latitude, longitude }));
  const nowhere = places.findIndex((place) => !isPlace(place));
  if (nowhere >= 0)
    throw new DomainError(
      "invalid-input",
      {
        en: `Place ${nowhere + 1} of the route is latitude 0, longitude 0: what a receiver without a fix says.`,
        zh: `路线的第 ${nowhere + 1} 个位置为纬度 0、经度 0,这是接收机未定位时的值。`,
      },
      { place: nowhere },
    );
  const { metres } = routeOf(places);
  if (metres <= arrivedMetres || metres > routeMetresMax)
    throw new DomainError(
      "invalid-input",
      {
        en: `A route is between ${arrivedMetres} m and ${routeMetresMax / 1000} km long; this one is ${Math.round(metres)} m.`,
        zh: `路线长度须在 ${arrivedMetres} 米至 ${routeMetresMax / 1000} 千米之间,此路线为 ${Math.round(metres)} 米。`,
      },
      { metres },
    );
  return { name, usualSpeedKmh, places, metres };
}

async function arrival(deps: ArrivalDependencies, device: Device): Promise<ArrivalView> {
  const [assignment] = await deps.vehicleRoutes.assignments(device.id);
  const route = assignment === undefined ? null : await deps.vehicleRoutes.find(assignment.routeId);
  if (assignment === undefined || route === null)
    throw new DomainError(
      "not-found",
      { en: `Device ${device.name} drives no route.`, zh: `设备 ${device.name} 没有分配路线。` },
      { deviceName: device.name },
    );
  const now = deps.clock.now();
  const from = Math.max(assignment.beganAt, now - basisMsMax);
  const found = await deps.positions.read(device.id, { from, to: now }, basisEveryMs);
  const along = await progressOf(routeOf(route.places), trackOf(found?.positions ?? []).points);
  return arrivalView({ device, route, assignment, along, now, pair: found?.pair ?? null });
}

interface Along {
  readonly progress: readonly Progress[];
  readonly asideCount: number;
  readonly metresAside: number | null;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

/** How far along the route each position is; the work is cut into turns, so that others are served in between. */
async function progressOf(route: Route, all: readonly Position[]): Promise<Along> {
  const stretches = route.places.length - 1;
  const kept = evenly(all, Math.max(positionsMin, Math.floor(comparisonsMax / stretches)));
  const positionsPerTurn = Math.max(1, Math.floor(comparisonsPerTurn / stretches));
  const progress: Progress[] = [];
  let asideCount = 0;
  let metresAside: number | null = null;
  for (const [index, position] of kept.entries()) {
    if (index % positionsPerTurn === positionsPerTurn - 1) await setImmediate();
    const before = progress.at(-1);
    const found = placeOnRoute(
      route,
      position,
      before?.metresAlong ?? 0,
      aheadMetres(route, position, before),
    );
    metresAside = found.metresAside;
    if (found.metresAside > asideMetresMax) asideCount += 1;
    else progress.push({ observedAt: position.observedAt, metresAlong: found.metresAlong });
  }
  return {
    ...{ progress, asideCount, metresAside },
    firstAt: kept[0]?.observedAt ?? null,
    lastAt: kept.at(-1)?.observedAt ?? null,
  };
}

/** As far as it can have come; where it is seen first it may be anywhere, unless that is where the route begins. */
function aheadMetres(route: Route, position: Position, before: Progress | undefined): number {
  if (before !== undefined) {
    const metresPerMs = usualTrackOptions.speedKmhMax / 3_600;
    return startMetres + (position.observedAt - before.observedAt) * metresPerMs;
  }
  const [start] = route.places;
  assert(start !== undefined, "a route has places");
  return distanceMetres(start, position) <= startMetres ? startMetres : Number.POSITIVE_INFINITY;
}

function evenly<Item>(items: readonly Item[], countMax: number): readonly Item[] {
  const step = Math.ceil(items.length / countMax);
  if (step <= 1) return items;
  return items.filter((_item, index) => index % step === 0 || index === items.length - 1);
}

function arrivalView(known: {
  readonly device: Device;
  readonly route: VehicleRoute;
  readonly assignment: RouteAssignment;
  readonly along: Along;
  readonly now: number;
  readonly pair: SeriesPair | null;
}): ArrivalView {
  const { device, route, along, now, pair } = known;
  const { metres, usualSpeedKmh } = route;
  const options = { ...usualArrivalOptions, usualSpeedKmh };
  const expected = arrivalOf(along.progress, { routeMetres: metres, now }, options);
  const metresLeft = expected?.metresLeft ?? 0;
  const hasArrived = expected === null || metresLeft <= arrivedMetres;
  return {
    deviceName: device.name,
    route: { id: route.id, name: route.name, metres, usualSpeedKmh },
    beganAt: known.assignment.beganAt,
    hasArrived,
    arrivesAt: hasArrived ? null : expected.arrivesAt,
    earliestAt: hasArrived ? null : expected.earliestAt,
    latestAt: hasArrived ? null : expected.latestAt,
    metresLeft,
    metresAside: along.metresAside,
    speedKmh: hasArrived ? null : expected.speedKmh,
    stretchCount: expected?.stretchCount ?? 0,
    basis: {
      firstObservedAt: along.firstAt,
      lastObservedAt: along.lastAt,
      positionCount: along.progress.length,
      asideCount: along.asideCount,
      latitudeSeriesId: pair?.firstSeriesId ?? null,
      longitudeSeriesId: pair?.secondSeriesId ?? null,
    },
  };
}

// A route as a line of places, and how far along it a vehicle is.
import { between, distanceMetres, offsetMetres, type Place } from "./geo.ts";

export interface Route {
  readonly places: readonly Place[];
  /** Metres from the start to each place. */
  readonly metresTo: readonly number[];
  readonly metres: number;
}

export interface PlaceOnRoute {
  readonly metresAlong: number;
  /** How far beside the line it is. */
  readonly metresAside: number;
  readonly place: Place;
}

/** @throws RangeError for fewer than two places. */
export function routeOf(places: readonly Place[]): Route {
  if (places.length < 2) throw new RangeError("A route has two places or more.");
  const metresTo = [0];
  for (const [index, place] of places.entries()) {
    const before = places[index - 1];
    if (before !== undefined) metresTo.push((metresTo.at(-1) ?? 0) + distanceMetres(before, place));
  }
  return { places, metresTo, metres: metresTo.at(-1) ?? 0 };
}

/** Going back along a route is a receiver's noise up to here; further back, another stretch must be clearly nearer. */
const backMetresMax = 500;

/**
 * The place of the route nearest to a position. Where a route passes the same place twice, `fromMetres` (how far along it was
 * last known to be) decides: what lies behind counts as if it were as far aside as it lies behind, and what lies further ahead
 * than `aheadMetres` (as far as it can have come since) likewise. Linear in the route's places.
 */
export function placeOnRoute(
  route: Route,
  position: Place,
  fromMetres = 0,
  aheadMetres = Number.POSITIVE_INFINITY,
): PlaceOnRoute {
  let nearest: (PlaceOnRoute & { readonly cost: number }) | null = null;
  for (const [index, begin] of route.places.entries()) {
    const end = route.places[index + 1];
    if (end === undefined) break;
    const share = shareOfNearest(begin, end, position);
    const place = between(begin, end, share);
    const lengthMetres = (route.metresTo[index + 1] ?? 0) - (route.metresTo[index] ?? 0);
    const metresAlong = (route.metresTo[index] ?? 0) + share * lengthMetres;
    const metresAside = distanceMetres(place, position);
    const behind = Math.max(0, fromMetres - backMetresMax - metresAlong);
    const beyond = Math.max(0, metresAlong - fromMetres - aheadMetres);
    const cost = metresAside + behind + beyond;
    if (nearest === null || cost < nearest.cost) nearest = { metresAlong, metresAside, place, cost };
  }
  if (nearest === null) throw new RangeError("A route has two places or more.");
  const { cost: _cost, ...found } = nearest;
  return found;
}

function shareOfNearest(begin: Place, end: Place, position: Place): number {
  const [endEast, endNorth] = offsetMetres(begin, end);
  const [east, north] = offsetMetres(begin, position);
  const squared = endEast ** 2 + endNorth ** 2;
  if (squared === 0) return 0;
  return Math.min(1, Math.max(0, (east * endEast + north * endNorth) / squared));
}

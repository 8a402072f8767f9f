// Whether a position lies within a fence, on a sphere for circles and on the map of degrees for polygons.
import type { Fence } from "@waremind/contract";

/** The earth's mean radius (IUGG). */
const earthRadiusMetres = 6_371_008.8;
const radians = Math.PI / 180;

/** A test of positions, degrees of WGS 84; the border of a circle is inside, that of a polygon on either side. */
export function fenceTest(fence: Fence): (longitude: number, latitude: number) => boolean {
  if (fence.shape === "circle") {
    const [longitude, latitude] = fence.centre;
    return (ownLongitude, ownLatitude) =>
      distanceMetres(longitude, latitude, ownLongitude, ownLatitude) <= fence.radiusMetres;
  }
  return polygonTest(fence.points);
}

/** Great-circle distance by the haversine formula. */
function distanceMetres(
  fromLongitude: number,
  fromLatitude: number,
  toLongitude: number,
  toLatitude: number,
): number {
  const half = (degrees: number) => Math.sin((degrees * radians) / 2) ** 2;
  const share =
    half(toLatitude - fromLatitude) +
    Math.cos(fromLatitude * radians) * Math.cos(toLatitude * radians) * half(toLongitude - fromLongitude);
  return 2 * earthRadiusMetres * Math.asin(Math.min(1, Math.sqrt(share)));
}

/**
 * Even-odd rule over edges that are straight in degrees. Longitudes are unrolled along the ring, so that a fence across
 * the antimeridian is one piece, and a position is tried on each turn that it spans. A ring around a pole is not closed so.
 */
function polygonTest(points: readonly (readonly [number, number])[]) {
  const xs: number[] = [];
  const ys: number[] = [];
  for (const [longitude, latitude] of points) {
    // The turn of the earth at which it is nearest to the corner before.
    const turns = Math.round(((xs.at(-1) ?? longitude) - longitude) / 360);
    xs.push(longitude + 360 * turns);
    ys.push(latitude);
  }
  const lowest = Math.min(...xs);
  const highest = Math.max(...xs);
  return (longitude: number, latitude: number): boolean => {
    for (let x = longitude + 360 * Math.ceil((lowest - longitude) / 360); x <= highest; x += 360)
      if (isWithin(xs, ys, x, latitude)) return true;
    return false;
  };
}

function isWithin(xs: readonly number[], ys: readonly number[], x: number, y: number): boolean {
  let isInside = false;
  for (let index = 0, before = xs.length - 1; index < xs.length; before = index, index += 1) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = [xs[index], ys[index], xs[before], ys[before]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isInside = !isInside;
  }
  return isInside;
}

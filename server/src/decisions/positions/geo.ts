// Places on the globe, taken as a sphere: good to 0.6 %, which is far below what a receiver on a truck is wrong by.

/** WGS 84 degrees, as receivers give them. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** IUGG mean radius of the earth, metres. */
const earthRadiusMetres = 6_371_008.8;
const radiansPerDegree = Math.PI / 180;
export const metresPerDegree = earthRadiusMetres * radiansPerDegree;

/** Whether both are numbers within the globe; (0, 0) is what a receiver without a fix says, and no place. */
export function isPlace({ latitude, longitude }: Place): boolean {
  const isWithin = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isWithin && !(latitude === 0 && longitude === 0);
}

/** Great-circle distance, metres, by the haversine formula (Sinnott 1984), which keeps its digits when places are near. */
export function distanceMetres(from: Place, to: Place): number {
  const halfLatitude = ((to.latitude - from.latitude) * radiansPerDegree) / 2;
  const halfLongitude = ((to.longitude - from.longitude) * radiansPerDegree) / 2;
  const shrink = Math.cos(from.latitude * radiansPerDegree) * Math.cos(to.latitude * radiansPerDegree);
  const haversine = Math.sin(halfLatitude) ** 2 + shrink * Math.sin(halfLongitude) ** 2;
  return 2 * earthRadiusMetres * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

/** Metres east and north of `origin` on the plane that touches it there; the short way over the 180th meridian. */
export function offsetMetres(origin: Place, place: Place): readonly [east: number, north: number] {
  const degreesEast = wrapDegrees(place.longitude - origin.longitude);
  const shrink = Math.cos(((origin.latitude + place.latitude) / 2) * radiansPerDegree);
  return [degreesEast * shrink * metresPerDegree, (place.latitude - origin.latitude) * metresPerDegree];
}

/** An angle as −180 to 180 degrees. */
export function wrapDegrees(degrees: number): number {
  return degrees - 360 * Math.round(degrees / 360);
}

/** The place that is a share (0 to 1) of the way, on a straight line of the plane: for stretches of a route. */
export function between(from: Place, to: Place, share: number): Place {
  return {
    latitude: from.latitude + (to.latitude - from.latitude) * share,
    longitude: wrapDegrees(from.longitude + wrapDegrees(to.longitude - from.longitude) * share),
  };
}

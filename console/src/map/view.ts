// What part of the world a map shows, in the projection of Mercator: pure arithmetic, the same as d3-geo's.

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** The place in the middle and pixels per radian there. */
export interface MapView extends Place {
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Pixel = readonly [x: number, y: number];

const radiansPerDegree = Math.PI / 180;
const earthRadiusMetres = 6_371_008.8;
/** Beyond, Mercator grows without end. */
const latitudeMax = 84;
/** A metre is a pixel. */
const scaleMax = earthRadiusMetres;
const scaleMin = 40;
/** A single place is shown with some ten kilometres around it. */
const fitScaleMax = 250_000;

const wrapDegrees = (degrees: number): number => degrees - 360 * Math.round(degrees / 360);
const within = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));
const northing = (latitude: number): number =>
  Math.log(Math.tan(Math.PI / 4 + (within(latitude, -latitudeMax, latitudeMax) * radiansPerDegree) / 2));
const latitudeAt = (north: number): number =>
  (2 * Math.atan(Math.exp(north)) - Math.PI / 2) / radiansPerDegree;

export function clampView({ latitude, longitude, scale }: MapView): MapView {
  return {
    latitude: within(latitude, -latitudeMax, latitudeMax),
    longitude: wrapDegrees(longitude),
    scale: within(scale, scaleMin, scaleMax),
  };
}

/** Pixels from the upper left corner; what lies across the 180th meridian is drawn on its near side. */
export function toPixel(view: MapView, { width, height }: Size, place: Place): Pixel {
  const east = wrapDegrees(place.longitude - view.longitude) * radiansPerDegree;
  const north = northing(place.latitude) - northing(view.latitude);
  return [width / 2 + east * view.scale, height / 2 - north * view.scale];
}

export function toPlace(view: MapView, { width, height }: Size, [x, y]: Pixel): Place {
  return {
    longitude: wrapDegrees(view.longitude + (x - width / 2) / view.scale / radiansPerDegree),
    latitude: latitudeAt(northing(view.latitude) - (y - height / 2) / view.scale),
  };
}

/** All places with a margin around them; the whole world when there is none. */
export function fitView(places: readonly Place[], size: Size, marginPixels = 48): MapView {
  const [first] = places;
  if (first === undefined)
    return clampView({ latitude: 20, longitude: 0, scale: size.width / (2 * Math.PI) });
  // Counted from the first place, so that a way across the 180th meridian is a short one.
  const easts = places.map(({ longitude }) => wrapDegrees(longitude - first.longitude));
  const norths = places.map(({ latitude }) => northing(latitude));
  const [west, east] = extent(easts);
  const [south, north] = extent(norths);
  const room = (pixels: number): number => Math.max(40, pixels - 2 * marginPixels);
  const scale = Math.min(
    fitScaleMax,
    room(size.width) / Math.max(1e-9, (east - west) * radiansPerDegree),
    room(size.height) / Math.max(1e-9, north - south),
  );
  return clampView({
    longitude: first.longitude + (west + east) / 2,
    latitude: latitudeAt((south + north) / 2),
    scale,
  });
}

function extent(values: readonly number[]): readonly [least: number, most: number] {
  return values.reduce<readonly [number, number]>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

/** The place under `pixel` stays under it. */
export function zoomAt(view: MapView, size: Size, pixel: Pixel, factor: number): MapView {
  const fixed = toPlace(view, size, pixel);
  const zoomed = clampView({ ...view, scale: view.scale * factor });
  const [x, y] = toPixel(zoomed, size, fixed);
  return pan(zoomed, [pixel[0] - x, pixel[1] - y]);
}

/** The map follows a hand that moves it by so many pixels. */
export function pan(view: MapView, [right, down]: Pixel): MapView {
  return clampView({
    ...view,
    longitude: view.longitude - right / view.scale / radiansPerDegree,
    latitude: latitudeAt(northing(view.latitude) + down / view.scale),
  });
}

/** A round length of at most `pixelsMax`, for a scale at the middle of the map. */
export function scaleBar(
  view: MapView,
  pixelsMax: number,
): { readonly metres: number; readonly pixels: number } {
  const metresPerPixel = (earthRadiusMetres * Math.cos(view.latitude * radiansPerDegree)) / view.scale;
  const most = pixelsMax * metresPerPixel;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = power * ([5, 2, 1].find((step) => step * power <= most) ?? 1);
  return { metres, pixels: metres / metresPerPixel };
}

/** Degrees between the lines of the grid, so that some four to eight stand on the map. */
export function gridStep(view: MapView, { width }: Size): number {
  const degrees = width / view.scale / radiansPerDegree;
  const steps = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
  return steps.find((step) => degrees / step >= 4) ?? 0.001;
}

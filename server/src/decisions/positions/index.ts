export {
  type Arrival,
  type ArrivalOptions,
  arrivalOf,
  type Progress,
  usualArrivalOptions,
} from "./arrival.ts";
export { between, distanceMetres, isPlace, offsetMetres, type Place, wrapDegrees } from "./geo.ts";
export { type PlaceOnRoute, placeOnRoute, type Route, routeOf } from "./route.ts";
export {
  type Position,
  type Stop,
  type Track,
  type TrackOptions,
  type TrackPoint,
  trackOf,
  usualTrackOptions,
} from "./track.ts";

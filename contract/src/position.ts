// Where devices are: positions, tracks, routes and arrivals.
import { z } from "zod";
import { bilingualTextSchema, deviceNameLengthMax, instantSchema } from "./text.ts";

/** WGS 84 degrees. */
export const placeSchema = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});

/**
 * The keys of a device whose readings of the same instant are its position, degrees each; the first pair that a device has
 * both of stands.
 */
export const positionKeyPairs = [
  ["latitude", "longitude"],
  ["lat", "lon"],
  ["lat", "lng"],
] as const;

export const routePlacesMax = 5_000;
/** Bytes of a request that brings a route. */
export const routeBytesMax = 1024 * 1024;

/** The last position of one device. */
export const devicePositionSchema = placeSchema.extend({
  deviceName: z.string(),
  label: z.string(),
  observedAt: instantSchema,
  /** From the position before to this one; null when there is none near enough in time. */
  speedKmh: z.number().nullable(),
  routeId: z.string().nullable(),
});
export type DevicePosition = z.infer<typeof devicePositionSchema>;

/** `total` counts all devices that have a position; `items` are the first of them by name. */
export const positionsSchema = z.object({ items: z.array(devicePositionSchema), total: z.int() });
export type Positions = z.infer<typeof positionsSchema>;

/** `[observedAt, latitude, longitude, km/h since the point before]`; the speed is null at the start and after a gap. */
export const trackPointSchema = z.tuple([instantSchema, z.number(), z.number(), z.number().nullable()]);
export type TrackPointView = z.infer<typeof trackPointSchema>;

export const trackStopSchema = placeSchema.extend({
  beganAt: instantSchema,
  /** Null: it still stands. */
  endedAt: instantSchema.nullable(),
  minutes: z.number(),
});
export type TrackStop = z.infer<typeof trackStopSchema>;

export const trackViewSchema = z.object({
  deviceName: z.string(),
  from: instantSchema,
  to: instantSchema,
  /** For drawing: thinned evenly. Every figure below is of all positions. */
  points: z.array(trackPointSchema),
  stops: z.array(trackStopSchema),
  gaps: z.array(z.object({ from: instantSchema, to: instantSchema })),
  stopCount: z.int(),
  gapCount: z.int(),
  metres: z.number(),
  movingMinutes: z.number(),
  stoppedMinutes: z.number(),
  speedKmhMax: z.number().nullable(),
  /** Positions in the period, and those of them left out: no fix, or not to be reached that fast. */
  positionCount: z.int(),
  implausibleCount: z.int(),
  /** The series it rests on. */
  latitudeSeriesId: z.int(),
  longitudeSeriesId: z.int(),
});
export type TrackView = z.infer<typeof trackViewSchema>;

export const routeSummarySchema = z.object({
  id: z.string(),
  name: bilingualTextSchema,
  metres: z.number(),
  placeCount: z.int(),
  usualSpeedKmh: z.number(),
  createdAt: instantSchema,
  /** Devices that drive it now. */
  deviceNames: z.array(z.string()),
});
export type RouteSummary = z.infer<typeof routeSummarySchema>;

export const routeViewSchema = routeSummarySchema.extend({ places: z.array(placeSchema) });
export type RouteView = z.infer<typeof routeViewSchema>;

/** A GeoJSON LineString (RFC 7946): longitude first; a height is read over. */
const lineStringSchema = z.object({
  type: z.literal("LineString"),
  coordinates: z
    .array(z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]).rest(z.number()))
    .min(2)
    .max(routePlacesMax),
});

const nameSchema = z.string().trim().min(1).max(200);

/** A route as it is sent: its places, or a LineString in their stead. */
export const routeInputSchema = z.object({
  name: z.object({ en: nameSchema, zh: nameSchema }),
  usualSpeedKmh: z.number().min(1).max(160).default(50),
  places: z.union([z.array(placeSchema).min(2).max(routePlacesMax), lineStringSchema]),
});
export type RouteInput = z.infer<typeof routeInputSchema>;

export const routeAssignmentSchema = z.object({
  deviceName: z.string().max(deviceNameLengthMax),
  routeId: z.string(),
  beganAt: instantSchema,
});

/** When a device reaches the end of the route that it drives. */
export const arrivalViewSchema = z.object({
  deviceName: z.string(),
  route: routeSummarySchema.pick({ id: true, name: true, metres: true, usualSpeedKmh: true }),
  beganAt: instantSchema,
  hasArrived: z.boolean(),
  /** Null once it has arrived; four of five arrivals lie between earliest and latest. */
  arrivesAt: instantSchema.nullable(),
  earliestAt: instantSchema.nullable(),
  latestAt: instantSchema.nullable(),
  metresLeft: z.number(),
  /** Of its last position from the route; null before the first. */
  metresAside: z.number().nullable(),
  /** The pace it is reckoned with, standing included; null once it has arrived. */
  speedKmh: z.number().nullable(),
  /** Stretches of its own way that the pace rests on. */
  stretchCount: z.int(),
  /** The readings it rests on: positions since the device drives the route, and those too far beside it to count. */
  basis: z.object({
    firstObservedAt: instantSchema.nullable(),
    lastObservedAt: instantSchema.nullable(),
    positionCount: z.int(),
    asideCount: z.int(),
    latitudeSeriesId: z.int().nullable(),
    longitudeSeriesId: z.int().nullable(),
  }),
});
export type ArrivalView = z.infer<typeof arrivalViewSchema>;

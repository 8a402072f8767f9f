// Where devices are and what they drove: two numeric series of a device, joined by the instant of their readings.
import {
  type DevicePosition,
  type Positions as PositionsView,
  positionKeyPairs,
  type TrackPointView,
  type TrackView,
} from "@waremind/contract";
import {
  distanceMetres,
  isPlace,
  type Position,
  type TrackPoint,
  trackOf,
  usualTrackOptions,
} from "../decisions/positions/index.ts";
import type { Device, Devices, VehicleRoutes } from "../devices/index.ts";
import { DomainError } from "../platform/errors.ts";
import type { PairedReadings, SeriesPair, StoredReading, Telemetry } from "../telemetry/index.ts";

/** Devices in one answer of `present`. */
const presentMax = 2_000;
/** Among so many newest readings the last position and the one before are looked for … */
const lookBack = 4;
/** … and so far back for at most so many devices that had no fix then, or told only half. */
const lookFurtherBack = 200;
const furtherMax = 200;
export const trackPositionsMax = 50_000;
/** Readings of both series, of which some may have no counterpart. */
const trackReadingsMax = 400_000;
/** Points that an answer has for drawing, and stops and gaps that it names. */
export const trackPointsMax = 2_000;
const namedMax = 500;
const msPerMinute = 60_000;
const kmhPerMetreMs = 3_600;

export interface PositionDependencies {
  readonly devices: Pick<Devices, "listDevices">;
  readonly vehicleRoutes: Pick<VehicleRoutes, "assignments">;
  readonly telemetry: Pick<Telemetry, "readings">;
  readonly pairedReadings: PairedReadings;
}

export interface Period {
  readonly from: number;
  readonly to: number;
}

export interface Positions {
  /** The last position of every device that has one. */
  present(): Promise<PositionsView>;
  /**
   * What a device drove from `from` to `to` (inclusive). Drawn with at most `points` (≤ 2,000) points; the figures are of all
   * positions. @throws DomainError `not-found` for a device without the keys of a position, `limit-reached` beyond 50,000.
   */
  track(device: Device, period: Period, points?: number): Promise<TrackView>;
  /** In time order; of positions within `everyMs` of each other only the first. Null: the device has no such keys. */
  read(
    deviceId: number,
    period: Period,
    everyMs?: number,
  ): Promise<{ readonly pair: SeriesPair; readonly positions: readonly Position[] } | null>;
}

export function createPositions(deps: PositionDependencies): Positions {
  const read: Positions["read"] = async (deviceId, period, everyMs = 0) => {
    const [pair] = await deps.pairedReadings.pairs(positionKeyPairs, deviceId);
    if (pair === undefined) return null;
    return { pair, positions: await readPositions(deps.telemetry, pair, { ...period, everyMs }) };
  };
  return {
    present: () => present(deps),
    read,
    track: async (device, period, points = trackPointsMax) => {
      const found = await read(device.id, period);
      if (found === null) throw hasNoPosition(device);
      return { deviceName: device.name, ...period, ...describeTrack(found, points) };
    },
  };
}

function hasNoPosition(device: Device): DomainError {
  return new DomainError(
    "not-found",
    {
      en: `Device ${device.name} sends no position. A position is the keys latitude and longitude (or lat and lon, lat and lng), numbers of the same instant.`,
      zh: `设备 ${device.name} 不发送位置。位置由同一时刻的两个数值键组成:latitude 与 longitude(或 lat 与 lon、lat 与 lng)。`,
    },
    { deviceName: device.name },
  );
}

async function present(deps: PositionDependencies): Promise<PositionsView> {
  const pairs = await deps.pairedReadings.pairs(positionKeyPairs);
  const devices = new Map((await deps.devices.listDevices()).map((device) => [device.id, device]));
  const byName = pairs
    .filter(({ deviceId }) => devices.has(deviceId))
    .sort((left, right) => compareNames(devices.get(left.deviceId), devices.get(right.deviceId)));
  const asked = byName.slice(0, presentMax);
  const found = await newestPlaces(deps.pairedReadings, asked, lookBack);
  const missing = asked.filter(({ deviceId }) => !found.has(deviceId)).slice(0, furtherMax);
  for (const [deviceId, positions] of await newestPlaces(deps.pairedReadings, missing, lookFurtherBack))
    found.set(deviceId, positions);
  const routes = new Map(
    (await deps.vehicleRoutes.assignments()).map(({ deviceId, routeId }) => [deviceId, routeId]),
  );
  const items = asked.flatMap(({ deviceId }): DevicePosition[] => {
    const [last, before] = found.get(deviceId) ?? [];
    const device = devices.get(deviceId);
    if (last === undefined || device === undefined) return [];
    const { latitude, longitude, observedAt } = last;
    return [
      {
        ...{ deviceName: device.name, label: device.label, latitude, longitude, observedAt },
        speedKmh: before === undefined ? null : speedBetween(before, last),
        routeId: routes.get(deviceId) ?? null,
      },
    ];
  });
  const unasked = byName.length - asked.length;
  return { items, total: items.length + unasked };
}

const compareNames = (left: Device | undefined, right: Device | undefined): number =>
  (left?.name ?? "") < (right?.name ?? "") ? -1 : 1;

async function newestPlaces(
  pairedReadings: PairedReadings,
  pairs: readonly SeriesPair[],
  depth: number,
): Promise<Map<number, readonly Position[]>> {
  const rows = await pairedReadings.newest(pairs, { lookBack: depth, instantsPerPair: depth });
  const places = rows.map(({ deviceId, observedAt, first, second }) => ({
    deviceId,
    ...{ observedAt, latitude: first, longitude: second },
  }));
  return Map.groupBy(places.filter(isPlace), ({ deviceId }) => deviceId);
}

function speedBetween(before: Position, last: Position): number | null {
  const apartMs = last.observedAt - before.observedAt;
  if (apartMs <= 0 || apartMs > usualTrackOptions.gapMinutes * msPerMinute) return null;
  const speedKmh = (distanceMetres(before, last) / apartMs) * kmhPerMetreMs;
  return speedKmh > usualTrackOptions.speedKmhMax ? null : speedKmh;
}

/** Both series in pages, side by side: what has no counterpart of its instant is no position. */
async function readPositions(
  telemetry: Pick<Telemetry, "readings">,
  { firstSeriesId, secondSeriesId }: SeriesPair,
  { from, to, everyMs }: Period & { readonly everyMs: number },
): Promise<readonly Position[]> {
  let readCount = 0;
  const counted = async function* (seriesId: number): AsyncGenerator<StoredReading> {
    for await (const reading of telemetry.readings(seriesId, { from, to })) {
      readCount += 1;
      if (readCount > trackReadingsMax) throw tooMany();
      yield reading;
    }
  };
  const latitudes = lastOfInstants(counted(firstSeriesId));
  const longitudes = lastOfInstants(counted(secondSeriesId));
  const positions: Position[] = [];
  let [latitude, longitude] = [await latitudes.next(), await longitudes.next()];
  while (latitude.done !== true && longitude.done !== true) {
    const [at, otherAt] = [latitude.value.observedAt, longitude.value.observedAt];
    if (at === otherAt && at - (positions.at(-1)?.observedAt ?? Number.NEGATIVE_INFINITY) >= everyMs) {
      if (positions.length === trackPositionsMax) throw tooMany();
      positions.push({ observedAt: at, latitude: latitude.value.number, longitude: longitude.value.number });
    }
    if (at <= otherAt) latitude = await latitudes.next();
    if (otherAt <= at) longitude = await longitudes.next();
  }
  return positions;
}

async function* lastOfInstants(
  readings: AsyncIterable<StoredReading>,
): AsyncGenerator<{ readonly observedAt: number; readonly number: number }, undefined> {
  let last: { readonly observedAt: number; readonly number: number } | undefined;
  for await (const { observedAt, value } of readings) {
    if (value.type !== "number") continue;
    if (last !== undefined && last.observedAt !== observedAt) yield last;
    last = { observedAt, number: value.number };
  }
  if (last !== undefined) yield last;
  return undefined;
}

function tooMany(): DomainError {
  return new DomainError(
    "limit-reached",
    {
      en: `There are more than ${trackPositionsMax} positions in this period. Ask for a shorter one.`,
      zh: `该时段的位置超过 ${trackPositionsMax} 个,请缩短时段。`,
    },
    { trackPositionsMax, trackReadingsMax },
  );
}

function describeTrack(
  { pair, positions }: { readonly pair: SeriesPair; readonly positions: readonly Position[] },
  points: number,
): Omit<TrackView, "deviceName" | "from" | "to"> {
  const track = trackOf(positions);
  const { metres, movingMinutes, stoppedMinutes, speedKmhMax, implausibleCount } = track;
  return {
    points: thinned(track.points, Math.min(points, trackPointsMax)),
    // The newest, should there be more.
    stops: track.stops.slice(-namedMax).map((stop) => ({ ...stop })),
    gaps: track.gaps.slice(-namedMax).map((gap) => ({ ...gap })),
    ...{ stopCount: track.stops.length, gapCount: track.gaps.length },
    ...{ metres, movingMinutes, stoppedMinutes, speedKmhMax, implausibleCount },
    positionCount: positions.length,
    ...{ latitudeSeriesId: pair.firstSeriesId, longitudeSeriesId: pair.secondSeriesId },
  };
}

/**
 * Every so manieth point, the first, the last, and both sides of gaps as long as these are not too many themselves. Each has
 * the mean speed since the point before it in the answer; null where a gap lies between.
 */
export function thinned(points: readonly TrackPoint[], pointsMax: number): TrackPointView[] {
  const step = Math.max(1, Math.ceil(points.length / Math.max(2, pointsMax)));
  const isBesideGap = (index: number): boolean =>
    points[index]?.speedKmh === null || points[index + 1]?.speedKmh === null;
  const besideGaps = points.reduce((count, _point, index) => count + (isBesideGap(index) ? 1 : 0), 0);
  const keepsGaps = besideGaps <= pointsMax;
  const kept: TrackPointView[] = [];
  let before: TrackPoint | undefined;
  let hasGap = true;
  for (const [index, point] of points.entries()) {
    if (point.speedKmh === null) hasGap = true;
    const isKept = index % step === 0 || index === points.length - 1 || (keepsGaps && isBesideGap(index));
    if (!isKept) continue;
    const { observedAt, latitude, longitude } = point;
    kept.push([observedAt, latitude, longitude, hasGap ? null : meanSpeed(before, point)]);
    before = point;
    hasGap = false;
  }
  return kept;
}

function meanSpeed(before: TrackPoint | undefined, point: TrackPoint): number | null {
  if (before === undefined || point.observedAt === before.observedAt) return null;
  return ((point.metres - before.metres) / (point.observedAt - before.observedAt)) * kmhPerMetreMs;
}

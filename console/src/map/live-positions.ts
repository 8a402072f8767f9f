// Readings that come in, put on the map before anything is read again.
import type { DevicePosition, LiveEvent, TrackPointView, TrackView } from "@waremind/contract";
import { positionKeyPairs } from "@waremind/contract";

type Point = Extract<LiveEvent, { kind: "readings-stored" }>["points"][number];

export interface HeardPosition {
  readonly deviceName: string;
  readonly observedAt: number;
  readonly latitude: number;
  readonly longitude: number;
}

const earthRadiusMetres = 6_371_008.8;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;
/** As the server takes it: further apart in time nothing is known of the way between, and faster is a mistake. */
const gapMs = 15 * 60_000;
const speedKmhMax = 160;

/** Both numbers of one device at one instant, in the order of time. A receiver without a fix says (0, 0). */
export function positionsIn(points: readonly Point[]): readonly HeardPosition[] {
  const moments = Map.groupBy(points, (point) => `${point.observedAt}/${point.deviceName}`);
  return [...moments.values()]
    .flatMap((moment): HeardPosition[] => {
      const numberOf = (key: string) => moment.find((point) => point.key === key)?.number;
      for (const [latitudeKey, longitudeKey] of positionKeyPairs) {
        const [latitude, longitude] = [numberOf(latitudeKey), numberOf(longitudeKey)];
        const [first] = moment;
        if (first === undefined || latitude === undefined || longitude === undefined) continue;
        if (latitude === 0 && longitude === 0) continue;
        return [{ deviceName: first.deviceName, observedAt: first.observedAt, latitude, longitude }];
      }
      return [];
    })
    .sort((left, right) => left.observedAt - right.observedAt);
}

type Moment = Omit<HeardPosition, "deviceName">;

/** Great-circle distance over time, km/h; null where the way between is not known. */
export function speedBetween(before: Moment, after: Moment): number | null {
  const apartMs = after.observedAt - before.observedAt;
  if (apartMs <= 0 || apartMs > gapMs) return null;
  const halfLatitude = radians(after.latitude - before.latitude) / 2;
  const halfLongitude = radians(after.longitude - before.longitude) / 2;
  const shrink = Math.cos(radians(before.latitude)) * Math.cos(radians(after.latitude));
  const haversine = Math.sin(halfLatitude) ** 2 + shrink * Math.sin(halfLongitude) ** 2;
  const metres = 2 * earthRadiusMetres * Math.asin(Math.min(1, Math.sqrt(haversine)));
  const speedKmh = (metres / apartMs) * 3_600;
  return speedKmh > speedKmhMax ? null : speedKmh;
}

/** The list with what was heard; what is older than the last position of its device changes nothing. */
export function withHeard(
  items: readonly DevicePosition[],
  heard: readonly HeardPosition[],
): readonly DevicePosition[] {
  const latest = new Map(heard.map((position) => [position.deviceName, position]));
  return items.map((item) => {
    const position = latest.get(item.deviceName);
    if (position === undefined || position.observedAt <= item.observedAt) return item;
    return { ...item, ...position, speedKmh: speedBetween(item, position) };
  });
}

/** A track whose line goes on; its figures are the server's and follow when it is read again. */
export function withTail(track: TrackView, heard: readonly HeardPosition[]): TrackView {
  const points: TrackPointView[] = [...track.points];
  for (const position of heard) {
    if (position.deviceName !== track.deviceName) continue;
    const last = points.at(-1);
    if (last !== undefined && last[0] >= position.observedAt) continue;
    const before = last && { observedAt: last[0], latitude: last[1], longitude: last[2] };
    const speedKmh = before === undefined ? null : speedBetween(before, position);
    points.push([position.observedAt, position.latitude, position.longitude, speedKmh]);
  }
  return points.length === track.points.length ? track : { ...track, points };
}

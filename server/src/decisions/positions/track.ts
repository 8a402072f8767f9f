// A track as it is told: what a vehicle drove, how fast, and where it stood.
import { distanceMetres, isPlace, type Place } from "./geo.ts";

export interface Position extends Place {
  readonly observedAt: number;
}

export interface TrackOptions {
  /** Faster than this between two positions is a receiver's mistake, km/h. */
  readonly speedKmhMax: number;
  /** A stop: within so many metres of where it began … */
  readonly stopRadiusMetres: number;
  /** … for at least so long. */
  readonly stopMinutesMin: number;
  /** Between positions further apart nothing is known: no line is drawn, and neither driving nor standing counts. */
  readonly gapMinutes: number;
}

export const usualTrackOptions: TrackOptions = {
  speedKmhMax: 160,
  stopRadiusMetres: 80,
  stopMinutesMin: 3,
  gapMinutes: 15,
};

export interface TrackPoint extends Position {
  /** Since the point before; null at the start and after a gap. */
  readonly speedKmh: number | null;
  /** Metres driven up to here, gaps left out. */
  readonly metres: number;
}

/** Where it stood; `endedAt` null: it still does. */
export interface Stop extends Place {
  readonly beganAt: number;
  readonly endedAt: number | null;
  readonly minutes: number;
}

export interface Track {
  readonly points: readonly TrackPoint[];
  readonly stops: readonly Stop[];
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  readonly metres: number;
  readonly movingMinutes: number;
  readonly stoppedMinutes: number;
  readonly speedKmhMax: number | null;
  /** Positions left out: not on the globe, no fix, or not to be reached that fast. */
  readonly implausibleCount: number;
}

const msPerMinute = 60_000;
const kmhPerMetreMs = 3_600;
/** So many in a row beyond the speed limit: then it was the one before that was wrong (a ferry, a long cold start). */
const outliersInRowMax = 3;

/**
 * Makes a track of positions in time order; of two of the same instant the later stands. Constant work per position.
 *
 * A stop begins with the first of consecutive positions that stay within `stopRadiusMetres` of their centre, and ends with
 * the last of them (Hariharan & Toyama 2004, with the running centre in place of the diameter). Driving is what lies outside stops.
 */
export function trackOf(positions: readonly Position[], options: TrackOptions = usualTrackOptions): Track {
  const plausible = plausibleOf(positions, options);
  const gapMs = options.gapMinutes * msPerMinute;
  const points: TrackPoint[] = [];
  const gaps: { from: number; to: number }[] = [];
  let metres = 0;
  for (const position of plausible) {
    const before = points.at(-1);
    const apartMs = before === undefined ? 0 : position.observedAt - before.observedAt;
    const isGap = before !== undefined && apartMs > gapMs;
    if (isGap) gaps.push({ from: before.observedAt, to: position.observedAt });
    const driven = before === undefined || isGap ? 0 : distanceMetres(before, position);
    metres += driven;
    const speedKmh = before === undefined || isGap ? null : (driven / apartMs) * kmhPerMetreMs;
    points.push({ ...position, speedKmh, metres });
  }
  const stops = stopsOf(points, options);
  const stoppedMinutes = stops.reduce((sum, { minutes }) => sum + minutes, 0);
  const knownMs =
    (points.at(-1)?.observedAt ?? 0) -
    (points[0]?.observedAt ?? 0) -
    gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const speeds = points.flatMap(({ speedKmh }) => (speedKmh === null ? [] : [speedKmh]));
  return {
    points,
    stops,
    gaps,
    metres,
    movingMinutes: Math.max(0, knownMs / msPerMinute - stoppedMinutes),
    stoppedMinutes,
    speedKmhMax: speeds.length === 0 ? null : speeds.reduce((a, b) => Math.max(a, b)),
    implausibleCount: positions.length - plausible.length,
  };
}

function plausibleOf(positions: readonly Position[], { speedKmhMax }: TrackOptions): readonly Position[] {
  const kept: Position[] = [];
  let outliers: Position[] = [];
  for (const position of positions) {
    if (!isPlace(position)) continue;
    const before = kept.at(-1);
    if (before !== undefined && before.observedAt === position.observedAt) kept.pop();
    const reference = kept.at(-1);
    if (reference === undefined || isReachable(reference, position, speedKmhMax)) {
      kept.push(position);
      outliers = [];
      continue;
    }
    outliers.push(position);
    if (outliers.length < outliersInRowMax || !agree(outliers, speedKmhMax)) {
      outliers = outliers.slice(-(outliersInRowMax - 1));
      continue;
    }
    // Several in a row agree with each other and not with what was kept: from here on they are the track.
    kept.push(...outliers);
    outliers = [];
  }
  return kept;
}

function isReachable(from: Position, to: Position, speedKmhMax: number): boolean {
  const metresMax = ((to.observedAt - from.observedAt) * speedKmhMax) / kmhPerMetreMs;
  return distanceMetres(from, to) <= metresMax;
}

function agree(positions: readonly Position[], speedKmhMax: number): boolean {
  return positions.every((position, index) => {
    const before = positions[index - 1];
    return before === undefined || isReachable(before, position, speedKmhMax);
  });
}

/** Positions that stay together, with their running centre. */
interface Cluster {
  latitude: number;
  longitude: number;
  count: number;
  readonly beganAt: number;
  lastAt: number;
}

function stopsOf(points: readonly TrackPoint[], options: TrackOptions): readonly Stop[] {
  const { stopRadiusMetres, stopMinutesMin } = options;
  const stops: Stop[] = [];
  let cluster: Cluster | undefined;
  const close = (isOpen: boolean): void => {
    if (cluster === undefined) return;
    const minutes = (cluster.lastAt - cluster.beganAt) / msPerMinute;
    if (minutes < stopMinutesMin) return;
    const { latitude, longitude, beganAt, lastAt } = cluster;
    stops.push({ latitude, longitude, beganAt, endedAt: isOpen ? null : lastAt, minutes });
  };
  for (const point of points) {
    const isStart = point.speedKmh === null;
    if (cluster !== undefined && !isStart && distanceMetres(cluster, point) <= stopRadiusMetres) {
      cluster.count += 1;
      cluster.latitude += (point.latitude - cluster.latitude) / cluster.count;
      cluster.longitude += (point.longitude - cluster.longitude) / cluster.count;
      cluster.lastAt = point.observedAt;
      continue;
    }
    close(false);
    const { latitude, longitude, observedAt } = point;
    cluster = { latitude, longitude, count: 1, beganAt: observedAt, lastAt: observedAt };
  }
  close(true);
  return stops;
}

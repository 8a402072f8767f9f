// A track as lines of one look each: how fast, or a gap in which nothing is known.
import type { TrackPointView } from "@waremind/contract";
import type { Place } from "./view.ts";

/** Slow below 20 km/h, usual below 60, fast from there on. */
export const speedClasses = ["slow", "usual", "fast"] as const;
export type SpeedClass = (typeof speedClasses)[number];
export const speedSteps = { usual: 20, fast: 60 } as const;

export interface TrackLine {
  readonly look: SpeedClass | "gap";
  readonly places: readonly Place[];
}

export function speedClassOf(speedKmh: number): SpeedClass {
  if (speedKmh < speedSteps.usual) return "slow";
  return speedKmh < speedSteps.fast ? "usual" : "fast";
}

/** Neighbouring stretches of one look are one line; each line begins where the one before ends. */
export function trackLines(points: readonly TrackPointView[]): readonly TrackLine[] {
  const lines: { look: TrackLine["look"]; places: Place[] }[] = [];
  let before: Place | undefined;
  for (const [, latitude, longitude, speedKmh] of points) {
    const place = { latitude, longitude };
    if (before !== undefined) {
      const look = speedKmh === null ? "gap" : speedClassOf(speedKmh);
      const last = lines.at(-1);
      if (last?.look === look) last.places.push(place);
      else lines.push({ look, places: [before, place] });
    }
    before = place;
  }
  return lines;
}

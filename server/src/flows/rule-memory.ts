// Which devices have rules that are judged in this process, and what is known of them.
import type { DeviceIdentity, Profile } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import type { Series } from "../telemetry/index.ts";
import type { DeviceRule } from "./device-rules.ts";
import { isHeardBy, type SeriesOfDevice, type WatchedDevice, type WatchedRule } from "./rule-watch.ts";

/** Some five kilobytes each at most; beyond this the memory starts afresh, and is filled again from the store. */
const devicesWatchedMax = 50_000;

export interface Watched extends WatchedDevice {
  readonly series: Map<number, SeriesOfDevice>;
  profile: Profile;
  /** The rules that hold; undefined until the bindings were asked. */
  wanted: readonly DeviceRule[] | undefined;
  /** Whether that was since its profile was last read. */
  isLookedUp: boolean;
  /** Undefined until the store was asked how far they are judged. */
  rules: readonly WatchedRule[] | undefined;
  /** Whether any of its rules listens to a series. */
  readonly isHeard: Map<number, boolean>;
}

export interface RuleMemory {
  isInterestedIn(seriesId: number): boolean;
  learn(identity: DeviceIdentity, series: readonly Series[]): void;
  ofSeries(seriesId: number): Watched | undefined;
  /** A transaction judges these devices now. */
  enter(connection: Connection, touched: ReadonlySet<Watched>): void;
  settled(connection: Connection, isCommitted: boolean): void;
}

export function createRuleMemory(): RuleMemory {
  const byDevice = new Map<number, Watched>();
  const bySeries = new Map<number, Watched>();
  const underWay = new Map<Connection, ReadonlySet<Watched>>();
  /** Judged by two transactions at once. */
  const contended = new Set<Watched>();

  const isUnderWay = (of: Watched) => [...underWay.values()].some((others) => others.has(of));

  return {
    ofSeries: (seriesId) => bySeries.get(seriesId),
    isInterestedIn: (seriesId) => {
      const of = bySeries.get(seriesId);
      if (of === undefined) return false;
      return of.rules === undefined || !of.isLookedUp || isHeardOf(of, of.rules, seriesId);
    },
    learn: (identity, series) => {
      const { device, profile } = identity;
      if (byDevice.size > devicesWatchedMax) {
        byDevice.clear();
        bySeries.clear();
      }
      const of = byDevice.get(device.id) ?? newlyWatched(identity);
      byDevice.set(device.id, of);
      for (const { id, key, unit } of series) {
        if (!of.series.has(id)) of.series.set(id, { id, key, unit });
        bySeries.set(id, of);
      }
      if (of.profile === profile) return;
      // Profiles are read anew every few seconds, and with them the rules of bindings are looked at again.
      of.profile = profile;
      of.isLookedUp = false;
    },
    enter: (connection, touched) => {
      for (const of of touched) {
        if (isUnderWay(of)) contended.add(of);
        if (contended.has(of)) of.rules = undefined;
      }
      underWay.set(connection, touched);
    },
    settled: (connection, isCommitted) => {
      const touched = underWay.get(connection);
      underWay.delete(connection);
      for (const of of touched ?? []) {
        // What was judged did not happen, or not alone.
        if (!isCommitted || contended.has(of)) of.rules = undefined;
        if (contended.has(of) && !isUnderWay(of)) contended.delete(of);
      }
    },
  };
}

const newlyWatched = ({ device, profile }: DeviceIdentity): Watched => ({
  ...{ deviceId: device.id, deviceName: device.name, profile, series: new Map() },
  ...{ wanted: undefined, isLookedUp: false, rules: undefined, isHeard: new Map() },
});

function isHeardOf(of: Watched, rules: readonly WatchedRule[], seriesId: number): boolean {
  const known = of.isHeard.get(seriesId);
  if (known !== undefined) return known;
  const key = of.series.get(seriesId)?.key ?? "";
  const isHeard = rules.some(({ rule }) => isHeardBy(rule, key));
  of.isHeard.set(seriesId, isHeard);
  return isHeard;
}

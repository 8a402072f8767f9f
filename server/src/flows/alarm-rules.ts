// Alarm rules of profiles, judged as readings come in: beyond a limit for a while raises, back inside ends.
import { isThresholdRule, type LiveEvent, type ThresholdRule } from "@waremind/contract";
import type { DeviceIdentity, Profile } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import { type Series, type StoredReading, type Telemetry, textOfValue } from "../telemetry/index.ts";
import { alarmRuleText } from "./alarm-rule-texts.ts";
import type { IntakeFollower } from "./intake-sink.ts";

/** Some 300 bytes each; beyond this the memory starts afresh, and is filled again from the store. */
const watchedMax = 200_000;
/** Of what came before a restart so many readings are looked at for the beginning of a breach. */
const earlierReadingsMax = 50_000;

interface RuleState {
  readonly rule: ThresholdRule;
  /** When the value went beyond the limit, and has been since; null while it is inside. */
  breachFrom: number | null;
  isOpen: boolean;
}

interface Watched {
  readonly deviceId: number;
  readonly deviceName: string;
  readonly key: string;
  readonly unit: string | null;
  readonly rules: readonly ThresholdRule[];
  /** Absent until the store was asked what is open and how far time has come. */
  state: { judgedAt: number; readonly rules: readonly RuleState[] } | undefined;
}

export interface AlarmRuleFollower extends IntakeFollower {
  isInterestedIn(seriesId: number): boolean;
  learn(identity: DeviceIdentity, series: readonly Series[]): void;
  settled(connection: Connection, isCommitted: boolean): void;
}

/**
 * Judges in the order of arrival: a reading older than the last one judged is stored but rewrites no history, and neither
 * raises nor ends an alarm. Silence raises nothing here, however long a value stood beyond its limit before; that a device
 * is silent is told by an alarm of its own.
 *
 * What it knows is in memory. After a restart, or when a transaction failed, it is read from the store with the next
 * reading of a series, so an alarm is neither raised twice nor forgotten; one whose rule is gone from the profile ends.
 */
export function createAlarmRules(deps: { readonly telemetry: Telemetry }): AlarmRuleFollower {
  const { telemetry } = deps;
  const watched = new Map<number, Watched>();
  const underWay = new Map<Connection, readonly StoredReading[]>();

  /** Asks the store, once per batch, about the series of which nothing is in memory. */
  async function remember(connection: Connection, readings: readonly StoredReading[]): Promise<void> {
    const unknown = Map.groupBy(
      readings.filter(({ seriesId }) => watched.get(seriesId)?.state === undefined),
      (reading) => reading.seriesId,
    );
    if (unknown.size === 0) return;
    const open = await telemetry.openRules(connection, [...unknown.keys()]);
    for (const [seriesId, own] of unknown) {
      const of = watched.get(seriesId);
      const { newestAt, ruleIds } = open.get(seriesId) ?? { newestAt: 0, ruleIds: [] };
      if (of !== undefined) await recall(telemetry, connection, { of, own, newestAt, ruleIds });
    }
  }

  async function follow(connection: Connection, readings: readonly StoredReading[]): Promise<LiveEvent[]> {
    underWay.set(connection, readings);
    await remember(connection, readings);
    const events: LiveEvent[] = [];
    for (const reading of readings) {
      const of = watched.get(reading.seriesId);
      if (of?.state === undefined || reading.observedAt < of.state.judgedAt) continue;
      of.state.judgedAt = reading.observedAt;
      for (const state of of.state.rules) {
        if (isQuiet(state, reading)) continue;
        events.push(...(await judge(telemetry, connection, { of, state, reading })));
      }
    }
    return events;
  }

  return {
    isInterestedIn: (seriesId) => {
      const of = watched.get(seriesId);
      return of !== undefined && (of.rules.length > 0 || of.state === undefined);
    },
    learn: (identity, series) => {
      if (watched.size + series.length > watchedMax) watched.clear();
      const rulesByKey = rulesOf(identity.profile);
      for (const { id, key, valueType, unit } of series) {
        if (valueType !== "number") continue;
        const rules = rulesByKey.get(key) ?? noRules;
        const present = watched.get(id);
        if (present !== undefined && isSame(present.rules, rules)) continue;
        const { id: deviceId, name: deviceName } = identity.device;
        watched.set(id, { deviceId, deviceName, key, unit, rules, state: undefined });
      }
    },
    follow,
    settled: (connection, isCommitted) => {
      const readings = underWay.get(connection) ?? [];
      underWay.delete(connection);
      if (isCommitted) return;
      // What was judged did not happen.
      for (const { seriesId } of readings) {
        const of = watched.get(seriesId);
        if (of !== undefined) of.state = undefined;
      }
    },
  };
}

/** Makes a series' state from what the store holds: its open alarms, its newest reading, and the beginning of a breach. */
async function recall(
  telemetry: Telemetry,
  connection: Connection,
  found: {
    readonly of: Watched;
    readonly own: readonly StoredReading[];
    readonly newestAt: number;
    readonly ruleIds: readonly string[];
  },
): Promise<void> {
  const { of, own, newestAt, ruleIds } = found;
  const [first] = own;
  if (first === undefined) return;
  // Newer than all that comes now: what comes now is late, and the newest is the last that was judged.
  const isLate = own.every((reading) => reading.observedAt < newestAt);
  const newest = { from: newestAt, to: newestAt, limit: 1 };
  const [judged] = isLate ? await telemetry.range(connection, first.seriesId, newest) : [first];
  const rules: RuleState[] = [];
  for (const rule of of.rules) {
    const breachFrom = judged === undefined ? null : await beginningOf(telemetry, connection, rule, judged);
    rules.push({ rule, isOpen: ruleIds.includes(rule.id), breachFrom });
  }
  of.state = { judgedAt: isLate ? newestAt : Number.NEGATIVE_INFINITY, rules };
  for (const ruleId of ruleIds) {
    if (of.rules.some((rule) => rule.id === ruleId)) continue;
    await telemetry.endAlarm(connection, { ...subjectOf(of), ruleId, endedAt: first.observedAt });
  }
}

/** Since when readings were beyond the limit without a break, up to this one; null when this one is inside. */
async function beginningOf(
  telemetry: Telemetry,
  connection: Connection,
  rule: ThresholdRule,
  reading: StoredReading,
): Promise<number | null> {
  if (!isBeyond(rule, reading)) return null;
  if (rule.forSeconds === 0) return reading.observedAt;
  const before = await telemetry.range(connection, reading.seriesId, {
    from: reading.observedAt - rule.forSeconds * 1_000,
    to: reading.observedAt - 1,
    limit: earlierReadingsMax,
  });
  const lastInside = before.findLastIndex((other) => !isBeyond(rule, other));
  return before[lastInside + 1]?.observedAt ?? reading.observedAt;
}

async function judge(
  telemetry: Telemetry,
  connection: Connection,
  judged: Judged,
): Promise<readonly LiveEvent[]> {
  const { of, state, reading } = judged;
  if (!isBeyond(state.rule, reading)) {
    state.breachFrom = null;
    if (!state.isOpen) return nothing;
    state.isOpen = false;
    const ended = { ...subjectOf(of), ruleId: state.rule.id, endedAt: reading.observedAt };
    return changed(of, await telemetry.endAlarm(connection, ended));
  }
  state.breachFrom ??= reading.observedAt;
  if (state.isOpen || reading.observedAt - state.breachFrom < state.rule.forSeconds * 1_000) return nothing;
  state.isOpen = true;
  return raise(telemetry, connection, judged);
}

async function raise(
  telemetry: Telemetry,
  connection: Connection,
  { of, state, reading }: Judged,
): Promise<readonly LiveEvent[]> {
  const { rule, breachFrom } = state;
  const message = alarmRuleText({ ...of, rule, value: textOfValue(reading.value) });
  const alarmId = await telemetry.raiseAlarm(connection, {
    ...subjectOf(of),
    ruleId: rule.id,
    severity: rule.severity,
    subjectLabel: of.deviceName,
    deviceId: of.deviceId,
    seriesId: reading.seriesId,
    beganAt: breachFrom ?? reading.observedAt,
    value: reading.value.type === "number" ? reading.value.number : null,
    unit: of.unit,
    messageEn: message.en,
    messageZh: message.zh,
  });
  return changed(of, alarmId);
}

interface Judged {
  readonly of: Watched;
  readonly state: RuleState;
  readonly reading: StoredReading;
}

const nothing: readonly LiveEvent[] = [];
const noRules: readonly ThresholdRule[] = [];

function isBeyond({ above, below }: ThresholdRule, { value }: StoredReading): boolean {
  if (value.type !== "number") return false;
  return (above !== null && value.number > above) || (below !== null && value.number < below);
}

/** Inside as before: nothing to write down and nobody to tell. */
function isQuiet(state: RuleState, reading: StoredReading): boolean {
  return state.breachFrom === null && !state.isOpen && !isBeyond(state.rule, reading);
}

function subjectOf(of: Watched) {
  return { kind: "rule", subjectKind: "device", subjectId: String(of.deviceId) } as const;
}

function changed(of: Watched, alarmId: string | null): readonly LiveEvent[] {
  if (alarmId === null) return nothing;
  const { subjectKind, subjectId } = subjectOf(of);
  return [{ kind: "alarm-changed", alarmId, subjectKind, subjectId }];
}

const byProfile = new WeakMap<Profile, ReadonlyMap<string, readonly ThresholdRule[]>>();

function rulesOf(profile: Profile): ReadonlyMap<string, readonly ThresholdRule[]> {
  const known = byProfile.get(profile);
  if (known !== undefined) return known;
  const rules = Map.groupBy(profile.alarmRules.filter(isThresholdRule), (rule) => rule.key);
  byProfile.set(profile, rules);
  return rules;
}

/** Profiles are read anew every few seconds; only other rules make what is known worthless. */
function isSame(left: readonly ThresholdRule[], right: readonly ThresholdRule[]): boolean {
  return left === right || (left.length === right.length && JSON.stringify(left) === JSON.stringify(right));
}

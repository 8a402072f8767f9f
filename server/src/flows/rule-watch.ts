// What is known of the rules of one device while its readings come in: the state of each, and from where it can begin again.
import type { LiveEvent } from "@waremind/contract";
import {
  advanceRule,
  checkpointBefore,
  copyState,
  isLate,
  type Moment,
  momentsOf,
  never,
  openSpan,
  passQuietly,
  type RuleEvent,
  type RuleSpan,
  type RuleState,
  refold,
  type Stretch,
  type Transition,
  withCheckpoint,
} from "../decisions/rules/index.ts";
import type { Connection } from "../platform/database.ts";
import type { RuleAlarm, RuleHistory, RuleReading, RuleStateRow } from "../telemetry/index.ts";
import type { DeviceRule } from "./device-rules.ts";
import { bringAlarms, type RuleSubject } from "./rule-alarms.ts";

export interface SeriesOfDevice {
  readonly id: number;
  readonly key: string;
  readonly unit: string | null;
}

export interface WatchedRule {
  rule: DeviceRule;
  readonly judgedFrom: number | null;
  readonly knownFrom: number | null;
  state: RuleState;
  checkpoints: readonly RuleState[];
  /** As it stands in the store; null: the store has none. */
  stored: RuleState | null;
  /** Moments judged since then, and since the last checkpoint. */
  sinceStored: number;
  sinceCheckpoint: number;
  /** Something came late that is left to a job. */
  isStale: boolean;
}

/** A device whose rules are judged. */
export interface WatchedDevice {
  readonly deviceId: number;
  readonly deviceName: string;
  readonly series: ReadonlyMap<number, SeriesOfDevice>;
}

/** A restart folds at most so many moments of a rule again, and in the middle half of them. */
export const storedEveryMoments = 2_000;
/** A checkpoint costs some hundred bytes and saves as many readings of the next that is late. */
const checkpointEveryMoments = 16;

export const isHeardBy = ({ compiled }: DeviceRule, key: string): boolean =>
  compiled.keys === null || compiled.keys.includes(key);

export const seriesOfRule = (device: WatchedDevice, rule: DeviceRule): readonly SeriesOfDevice[] =>
  [...device.series.values()].filter(({ key }) => isHeardBy(rule, key));

export function subjectOf(device: WatchedDevice, rule: DeviceRule): RuleSubject {
  const { deviceId, deviceName } = device;
  const { keys } = rule.compiled;
  const own = keys?.length === 1 ? seriesOfRule(device, rule)[0] : undefined;
  return { deviceId, deviceName, ruleId: rule.ruleId, compiled: rule.compiled, series: own ?? null };
}

export function eventsOf(device: WatchedDevice, readings: readonly RuleReading[]): RuleEvent[] {
  const events: RuleEvent[] = [];
  for (const { seriesId, at, value } of readings) {
    const series = device.series.get(seriesId);
    if (series !== undefined) events.push({ at, key: series.key, value });
  }
  return events;
}

/** Where the fold of a rule begins: after it, readings count. */
export const beginningOf = ({ judgedFrom }: Pick<WatchedRule, "judgedFrom">): number =>
  judgedFrom === null ? never : judgedFrom - 1;

/** What ended before the rule was there is none of its alarms. */
export function spansSince(spans: readonly RuleSpan[], knownFrom: number | null): readonly RuleSpan[] {
  if (knownFrom === null) return spans;
  return spans.filter(({ endedAt }) => endedAt === null || endedAt > knownFrom);
}

/** When the first of these moments that is late for the rule was; null: none is. */
export function lateFrom(watched: WatchedRule, moments: readonly Moment[]): number | null {
  const { rule, state } = watched;
  const isSplit = halfTest(rule);
  for (const moment of moments) {
    if (isSplit?.(moment) === true) return moment.at;
    if (moment.at <= state.foldedTo && isJudgedLate(watched, moment)) return moment.at;
    if (moment.at > state.foldedTo && isSplit === null) return null;
  }
  return null;
}

function isJudgedLate({ rule, state, judgedFrom }: WatchedRule, moment: Moment): boolean {
  if (judgedFrom !== null && moment.at < judgedFrom) return false;
  // Another word of the instant at which a silence ended changes nothing of it.
  if (rule.compiled.silenceMs !== null && moment.at === state.heardAt) return false;
  return isLate(rule.compiled, state, moment);
}

/** Half a position: the other half may have come before, and stands in the store alone. Null: the rule needs no two keys at once. */
function halfTest({ compiled: { rule } }: DeviceRule): ((moment: Moment) => boolean) | null {
  if (rule.kind !== "geofence") return null;
  const { latitudeKey, longitudeKey } = rule;
  return ({ values }) =>
    values.some(({ key }) => key === latitudeKey) !== values.some(({ key }) => key === longitudeKey);
}

/** Takes moments that are not late (others are passed over); answers what of its alarms changed, null for nothing. */
export function goForward(
  watched: WatchedRule,
  stretch: Stretch,
): { readonly spans: readonly RuleSpan[]; readonly from: number } | null {
  const { rule, state, judgedFrom } = watched;
  const { moments } = stretch;
  const from = state.foldedTo;
  const isAllJudged = judgedFrom === null || (moments[0]?.at ?? never) >= judgedFrom;
  if (isAllJudged && passQuietly(rule.compiled, state, stretch)) {
    count(watched, moments.length);
    return null;
  }
  let spans: RuleSpan[] | null = null;
  for (const moment of moments) {
    if (moment.at <= state.foldedTo || (judgedFrom !== null && moment.at < judgedFrom)) continue;
    const transitions = advanceRule(rule.compiled, state, moment);
    count(watched, 1);
    if (transitions.length > 0) spans = [...(spans ?? []), ...endedSpans(transitions)];
  }
  if (spans === null) return null;
  const open = openSpan(state);
  return { spans: open === null ? spans : [...spans, open], from };
}

function endedSpans(transitions: readonly Transition[]): RuleSpan[] {
  return transitions.flatMap((one) => {
    if (one.kind !== "ended") return [];
    const { beganAt, raisedAt, at, value, peak } = one;
    return [{ beganAt, raisedAt, endedAt: at, value, peak }];
  });
}

function count(watched: WatchedRule, moments: number): void {
  watched.sinceStored += moments;
  watched.sinceCheckpoint += moments;
  if (watched.sinceCheckpoint < checkpointEveryMoments) return;
  watched.sinceCheckpoint = 0;
  watched.checkpoints = withCheckpoint(watched.checkpoints, watched.state);
}

/** The latest state that holds nothing of `at` or later; null: begin at the beginning. */
export function stateBefore({ checkpoints, stored }: WatchedRule, at: number): RuleState | null {
  const kept = checkpointBefore(checkpoints, at);
  const isStoredBefore = stored !== null && stored.foldedTo < at;
  if (!isStoredBefore) return kept;
  return kept === null || kept.foldedTo < stored.foldedTo ? stored : kept;
}

/**
 * Folds a rule again from `checkpoint` over all readings after it and brings its alarms to what that says. A checkpoint is
 * kept at `pauseAt`, where the next late reading is likely to be.
 */
export async function goBack(
  { history, connection }: { readonly history: RuleHistory; readonly connection: Connection },
  watched: WatchedRule,
  found: {
    readonly subject: RuleSubject;
    readonly checkpoint: RuleState | null;
    readonly events: readonly RuleEvent[];
    readonly pauseAt: number;
    readonly alarms?: readonly RuleAlarm[];
  },
): Promise<readonly LiveEvent[]> {
  const { subject, checkpoint, events, pauseAt, alarms } = found;
  const { compiled } = watched.rule;
  const first = refold(
    compiled,
    checkpoint,
    events.filter(({ at }) => at <= pauseAt),
  );
  const rest = refold(
    compiled,
    first.state,
    events.filter(({ at }) => at > pauseAt),
  );
  const spans = [...first.spans.filter(({ endedAt }) => endedAt !== null), ...rest.spans];
  const from = checkpoint?.foldedTo ?? never;
  watched.checkpoints = withCheckpoint(
    withCheckpoint(
      watched.checkpoints.filter(({ foldedTo }) => foldedTo <= from),
      first.state,
    ),
    rest.state,
  );
  watched.state = rest.state;
  return bringSpans({ history, connection }, watched, { subject, spans, from, ...(alarms && { alarms }) });
}

/** Brings the alarms that are open or ended after `from` to what the spans say. `alarms`: the rule's, when they are read already. */
export async function bringSpans(
  { history, connection }: { readonly history: RuleHistory; readonly connection: Connection },
  {
    knownFrom,
    judgedFrom,
    isStale = false,
  }: Pick<WatchedRule, "knownFrom" | "judgedFrom"> & {
    readonly isStale?: boolean;
  },
  {
    subject,
    spans,
    from,
    alarms,
  }: {
    readonly subject: RuleSubject;
    readonly spans: readonly RuleSpan[];
    readonly from: number;
    readonly alarms?: readonly RuleAlarm[];
  },
): Promise<readonly LiveEvent[]> {
  const endedAfter = Math.max(from, knownFrom ?? never);
  const { deviceId, ruleId } = subject;
  const rows =
    alarms?.filter(({ endedAt }) => endedAt === null || endedAt > endedAfter) ??
    (await history.alarmsOf(connection, [deviceId], { endedAfter, ruleId }));
  const found = { spans: spansSince(spans, knownFrom), rows, judgedFrom, isPartial: isStale };
  return bringAlarms(history, connection, subject, found);
}

/** The row to be stored, once enough was judged since or what is stored does not hold any more; null: it may stay. */
export function dueRow(
  { deviceId }: WatchedDevice,
  watched: WatchedRule,
  everyMoments = storedEveryMoments,
): Omit<RuleStateRow, "revision"> | null {
  const { rule, judgedFrom, knownFrom, state, isStale } = watched;
  // What a job is about to find out is for the job to write.
  if (isStale || watched.sinceStored < everyMoments) return null;
  watched.stored = copyState(state);
  watched.sinceStored = 0;
  const { ruleId, fingerprint } = rule;
  return { deviceId, ruleId, fingerprint, judgedFrom, knownFrom, state: watched.stored, staleFrom: null };
}

export const momentsOfReadings = (device: WatchedDevice, readings: readonly RuleReading[]): Moment[] =>
  momentsOf(eventsOf(device, readings));

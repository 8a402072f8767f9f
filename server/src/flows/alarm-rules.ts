// Alarm rules of profiles and bindings, judged in the time of the readings as these come in. See decisions/rules.
import type { LiveEvent } from "@waremind/contract";
import { type Moment, stretchOf } from "../decisions/rules/index.ts";
import type { Binding, DeviceIdentity, Devices } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import type { RuleReading, RuleStateRow, Series, StoredReading, Telemetry } from "../telemetry/index.ts";
import { type DeviceRule, rulesOf } from "./device-rules.ts";
import type { IntakeFollower } from "./intake-sink.ts";
import { createRuleMemory, type Watched } from "./rule-memory.ts";
import { recallRules, tailReadingsMax } from "./rule-recall.ts";
import {
  beginningOf,
  bringSpans,
  dueRow,
  eventsOf,
  goBack,
  goForward,
  lateFrom,
  momentsOfReadings,
  seriesOfRule,
  stateBefore,
  subjectOf,
  type WatchedRule,
} from "./rule-watch.ts";

export interface AlarmRuleFollower extends IntakeFollower {
  isInterestedIn(seriesId: number): boolean;
  learn(identity: DeviceIdentity, series: readonly Series[]): void;
  settled(connection: Connection, isCommitted: boolean): void;
}

export interface AlarmRuleDependencies {
  readonly telemetry: Pick<Telemetry, "ruleHistory" | "endAlarm">;
  /** Absent: there are no rules of bindings. */
  readonly devices?: Pick<Devices, "liveBindings">;
  /** How far a rule is judged is written down after so many moments; for tests. */
  readonly storedEveryMoments?: number;
  /** Judges later what would be too much within the transaction; absent: everything is judged at once. */
  readonly reevaluate?: (
    connection: Connection,
    rule: { readonly deviceId: number; readonly ruleId: string },
  ) => Promise<void>;
}

/** What one transaction judges with. */
interface Turn {
  readonly deps: AlarmRuleDependencies;
  readonly connection: Connection;
  readonly events: LiveEvent[];
}

/**
 * Any order in which readings arrive gives the same alarms: one that comes late takes the rule back to a checkpoint before
 * it, and what was raised is corrected, added or withdrawn in the same transaction. How far a rule is judged is in memory;
 * after a restart or a failed transaction it is made from the store with the next reading of its device.
 *
 * A device's readings come through one lane at a time. Where another transaction judges the same device meanwhile, both
 * forget what they know afterwards, and the next one makes it, and the alarms, from the store.
 */
export function createAlarmRules(deps: AlarmRuleDependencies): AlarmRuleFollower {
  const memory = createRuleMemory();
  const bindingsOf = createBindingRules();

  async function follow(connection: Connection, readings: readonly StoredReading[]): Promise<LiveEvent[]> {
    const turn: Turn = { deps, connection, events: [] };
    const own = Map.groupBy(readings, ({ seriesId }) => memory.ofSeries(seriesId));
    const touched = new Set([...own.keys()].filter((of) => of !== undefined));
    memory.enter(connection, touched);
    lookUpRules(touched, bindingsOf(await deps.devices?.liveBindings(connection)));
    await noticeJobs(turn, touched);
    const unknown = new Set([...touched].filter(({ rules }) => rules === undefined));
    if (unknown.size > 0) await recall(turn, unknown, readings);
    for (const [of, ofDevice] of own)
      if (of !== undefined && !unknown.has(of)) await judge(turn, of, ofDevice);
    await storeDue(turn, touched);
    return turn.events;
  }

  const { isInterestedIn, learn, settled } = memory;
  return { isInterestedIn, learn, settled, follow };
}

/** Now and then how far a rule is judged is written down. */
async function storeDue({ deps, connection }: Turn, touched: ReadonlySet<Watched>): Promise<void> {
  const rows: Omit<RuleStateRow, "revision">[] = [];
  for (const of of touched) {
    for (const watched of of.rules ?? []) {
      const row = dueRow(of, watched, deps.storedEveryMoments);
      if (row !== null) rows.push(row);
    }
  }
  if (rows.length > 0) await deps.telemetry.ruleHistory.saveStates(connection, rows);
}

/** Rules of a device by its bindings; worked out once for each time the bindings are read. */
function createBindingRules() {
  let of: readonly Binding[] | undefined;
  let made: ReadonlyMap<number, readonly Binding[]> = new Map();
  return (bindings: readonly Binding[] = noBindings) => {
    if (of === bindings) return made;
    of = bindings;
    const withRules = bindings.filter(({ alarmRules }) => alarmRules.length > 0);
    made = Map.groupBy(withRules, ({ deviceId }) => deviceId);
    return made;
  };
}

const noBindings: readonly Binding[] = [];

function lookUpRules(all: Iterable<Watched>, bindings: ReadonlyMap<number, readonly Binding[]>): void {
  for (const of of all) {
    const wanted = rulesOf(of.profile, bindings.get(of.deviceId) ?? noBindings);
    of.isLookedUp = true;
    if (of.wanted !== undefined && isSame(of.wanted, wanted)) continue;
    of.wanted = wanted;
    of.rules = of.rules === undefined ? undefined : keptRules(of.rules, wanted);
    of.isHeard.clear();
  }
}

function isSame(left: readonly DeviceRule[], right: readonly DeviceRule[]): boolean {
  if (left === right) return true;
  return left.length === right.length && left.every((one, index) => one.text === right[index]?.text);
}

/** What is known of rules stays while they judge the same; undefined when one of them does not. */
function keptRules(
  known: readonly WatchedRule[],
  wanted: readonly DeviceRule[],
): readonly WatchedRule[] | undefined {
  if (known.length !== wanted.length) return undefined;
  const kept: WatchedRule[] = [];
  for (const rule of wanted) {
    const same = known.find(
      (one) => one.rule.ruleId === rule.ruleId && one.rule.fingerprint === rule.fingerprint,
    );
    if (same === undefined) return undefined;
    kept.push({ ...same, rule });
  }
  return kept;
}

/** A rule that waits for its job goes on as well as it can; once the job is done, what that found counts. */
async function noticeJobs({ deps, connection }: Turn, all: Iterable<Watched>): Promise<void> {
  const waiting = [...all].filter((of) => of.rules?.some(({ isStale }) => isStale) === true);
  if (waiting.length === 0) return;
  const ids = waiting.map(({ deviceId }) => deviceId);
  const states = await deps.telemetry.ruleHistory.states(connection, ids, { isLocked: true });
  const still = new Set(
    states.flatMap(({ deviceId, ruleId, staleFrom }) => (staleFrom === null ? [] : `${deviceId}/${ruleId}`)),
  );
  for (const of of waiting) {
    const isDone = of.rules?.some(
      ({ isStale, rule }) => isStale && !still.has(`${of.deviceId}/${rule.ruleId}`),
    );
    if (isDone === true) of.rules = undefined;
  }
}

async function recall(
  turn: Turn,
  unknown: ReadonlySet<Watched>,
  readings: readonly StoredReading[],
): Promise<void> {
  const { deps, connection } = turn;
  const { rules, events } = await recallRules(
    { telemetry: deps.telemetry, connection, readings, leave: (stale) => leave(turn, stale) },
    [...unknown].map((device) => ({ device, rules: device.wanted ?? [] })),
  );
  for (const of of unknown) {
    of.rules = rules.get(of.deviceId) ?? [];
    of.isHeard.clear();
  }
  turn.events.push(...events);
}

async function leave(
  { deps, connection }: Turn,
  stale: { readonly deviceId: number; readonly ruleId: string; readonly at: number },
): Promise<void> {
  await deps.telemetry.ruleHistory.markStale(connection, stale);
  await deps.reevaluate?.(connection, { deviceId: stale.deviceId, ruleId: stale.ruleId });
}

async function judge(turn: Turn, of: Watched, readings: readonly StoredReading[]): Promise<void> {
  if (of.rules === undefined || of.rules.length === 0) return;
  const moments = momentsOfReadings(of, ruleReadings(readings));
  const stretch = stretchOf(moments);
  for (const watched of of.rules) {
    const late = lateFrom(watched, moments);
    if (late !== null && (await startAgain(turn, of, { watched, late, moments }))) continue;
    const changed = goForward(watched, stretch);
    if (changed === null) continue;
    const found = { subject: subjectOf(of, watched.rule), ...changed };
    turn.events.push(...(await bringSpans(toolsOf(turn), watched, found)));
  }
}

const toolsOf = ({ deps, connection }: Turn) => ({ history: deps.telemetry.ruleHistory, connection });

/** Without a job there is no limit: for tests and tools alone. */
const allReadings = 2_000_000;

/** False when that would be too much for a transaction: it is left to a job, and only what is not late is judged. */
async function startAgain(
  turn: Turn,
  of: Watched,
  found: { readonly watched: WatchedRule; readonly late: number; readonly moments: readonly Moment[] },
): Promise<boolean> {
  const { watched, late, moments } = found;
  const { rule } = watched;
  const checkpoint = stateBefore(watched, late);
  const limit = turn.deps.reevaluate === undefined ? allReadings : tailReadingsMax;
  const tail = watched.isStale
    ? null
    : await tailOf(turn, of, { watched, limit, after: checkpoint?.foldedTo });
  if (tail === null) {
    watched.isStale = true;
    await leave(turn, { deviceId: of.deviceId, ruleId: rule.ruleId, at: late });
    return false;
  }
  const pauseAt = moments.findLast(({ at }) => at <= watched.state.foldedTo)?.at ?? late;
  const again = { subject: subjectOf(of, rule), checkpoint, events: eventsOf(of, tail), pauseAt };
  turn.events.push(...(await goBack(toolsOf(turn), watched, again)));
  // A state in the store that lacks the reading must not outlive this transaction.
  if (watched.stored !== null && watched.stored.foldedTo >= late)
    watched.sinceStored = Number.POSITIVE_INFINITY;
  return true;
}

/** All readings of a rule after an instant; null when there are too many. */
async function tailOf(
  { deps, connection }: Turn,
  of: Watched,
  range: { readonly watched: WatchedRule; readonly after: number | undefined; readonly limit: number },
): Promise<readonly RuleReading[] | null> {
  const { watched, limit } = range;
  const after = range.after ?? beginningOf(watched);
  const series = seriesOfRule(of, watched.rule).map(({ id }) => ({ seriesId: id, after }));
  const tail = await deps.telemetry.ruleHistory.readingsAfter(connection, series, limit);
  return tail.length < limit ? tail : null;
}

/** JSON is judged by no rule. */
function ruleReadings(readings: readonly StoredReading[]): RuleReading[] {
  const judged: RuleReading[] = [];
  for (const { seriesId, observedAt: at, value } of readings) {
    if (value.type === "number") judged.push({ seriesId, at, value: value.number });
    else if (value.type === "text") judged.push({ seriesId, at, value: value.text });
    else if (value.type === "boolean") judged.push({ seriesId, at, value: value.boolean });
  }
  return judged;
}

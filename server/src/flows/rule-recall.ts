// Makes what is known of devices' rules from the store: after a restart, a failed transaction, or a change of the rules.
import type { LiveEvent } from "@waremind/contract";
import { copyState, never, type RuleState, refold, startRule } from "../decisions/rules/index.ts";
import type { Connection } from "../platform/database.ts";
import type {
  RuleAlarm,
  RuleHistory,
  RuleReading,
  RuleStateRow,
  StoredReading,
  Telemetry,
} from "../telemetry/index.ts";
import { type DeviceRule, lookbackMs } from "./device-rules.ts";
import {
  beginningOf,
  eventsOf,
  goBack,
  seriesOfRule,
  subjectOf,
  type WatchedDevice,
  type WatchedRule,
} from "./rule-watch.ts";

/** Of one series so many readings are folded again within a transaction; what is more is left to a job. */
export const tailReadingsMax = 5_000;

export interface DeviceToRecall {
  readonly device: WatchedDevice;
  readonly rules: readonly DeviceRule[];
}

export interface RecallTools {
  readonly telemetry: Pick<Telemetry, "ruleHistory" | "endAlarm">;
  readonly connection: Connection;
  /** What this transaction stored of these devices. */
  readonly readings: readonly StoredReading[];
  /** What came late beyond the limit is left to somebody. */
  readonly leave: (stale: {
    readonly deviceId: number;
    readonly ruleId: string;
    readonly at: number;
  }) => Promise<void>;
}

export interface Recalled {
  readonly rules: ReadonlyMap<number, readonly WatchedRule[]>;
  readonly events: readonly LiveEvent[];
}

/**
 * Everything stored of a rule's series is judged, the readings of this transaction too, and its alarms are brought to what
 * that says: what another process or a failure left is mended here. In a handful of statements for all devices.
 */
export async function recallRules(tools: RecallTools, wanted: readonly DeviceToRecall[]): Promise<Recalled> {
  const { connection, telemetry } = tools;
  const history = telemetry.ruleHistory;
  const deviceIds = wanted.map(({ device }) => device.deviceId);
  const rows = Map.groupBy(await history.states(connection, deviceIds), (row) => row.deviceId);
  const events = await endGone(tools, wanted, rows);
  const before = await newestBefore(tools, wanted, rows);
  const made = wanted.map(({ device, rules }) => ({
    device,
    rules: rules.map((rule) => watchedOf(device, rule, { row: rows.get(device.deviceId), before })),
  }));
  for (const { device, rules } of made)
    for (const watched of rules) passOver(watched, device, tools.readings);
  await history.saveStates(
    connection,
    made.flatMap(({ device, rules }) =>
      rules.flatMap((rule) => newRow(device, rule, rows.get(device.deviceId))),
    ),
  );
  const readings = await tailsOf(history, connection, made);
  const alarms = await alarmsOf(history, connection, made);
  for (const { device, rules } of made) {
    for (const watched of rules)
      events.push(...(await foldTail(tools, { device, watched, readings, alarms })));
  }
  return { rules: new Map(made.map(({ device, rules }) => [device.deviceId, rules])), events };
}

/** Rules that are gone end their alarms with the first reading that comes without them. */
async function endGone(
  { connection, telemetry, readings }: RecallTools,
  wanted: readonly DeviceToRecall[],
  rows: ReadonlyMap<number, readonly RuleStateRow[]>,
): Promise<LiveEvent[]> {
  const history = telemetry.ruleHistory;
  const events: LiveEvent[] = [];
  const deviceIds = wanted.map(({ device }) => device.deviceId);
  const open = Map.groupBy(
    await history.alarmsOf(connection, deviceIds, { endedAfter: Number.MAX_SAFE_INTEGER }),
    (alarm) => alarm.deviceId,
  );
  for (const { device, rules } of wanted) {
    const { deviceId } = device;
    const present = new Set(rules.map(({ ruleId }) => ruleId));
    const isGone = ({ ruleId }: { readonly ruleId: string }) => !present.has(ruleId);
    const gone = (rows.get(deviceId) ?? []).filter(isGone).map(({ ruleId }) => ruleId);
    await history.forgetStates(connection, deviceId, gone);
    const endedAt = readings.find(({ seriesId }) => device.series.has(seriesId))?.observedAt;
    for (const { ruleId, beganAt } of (open.get(deviceId) ?? []).filter(isGone)) {
      const subject = { kind: "rule", subjectKind: "device", subjectId: String(deviceId) } as const;
      const ended = { ...subject, ruleId, endedAt: Math.max(beganAt, endedAt ?? beganAt) };
      const alarmId = await telemetry.endAlarm(connection, ended);
      if (alarmId !== null)
        events.push({ kind: "alarm-changed", alarmId, subjectKind: "device", subjectId: String(deviceId) });
    }
  }
  return events;
}

const rowOf = (rule: DeviceRule, rows: readonly RuleStateRow[] | undefined): RuleStateRow | undefined =>
  rows?.find(({ ruleId, fingerprint }) => ruleId === rule.ruleId && fingerprint === rule.fingerprint);

/** When each series of rules that are new to their device was last heard before this transaction. */
async function newestBefore(
  { connection, telemetry, readings }: RecallTools,
  wanted: readonly DeviceToRecall[],
  rows: ReadonlyMap<number, readonly RuleStateRow[]>,
): Promise<ReadonlyMap<number, number>> {
  const ids = new Set(
    wanted.flatMap(({ device, rules }) =>
      rules
        .filter((rule) => rowOf(rule, rows.get(device.deviceId)) === undefined)
        .flatMap((rule) => seriesOfRule(device, rule).map(({ id }) => id)),
    ),
  );
  if (ids.size === 0) return new Map();
  const own = new Set<string>();
  const counts = new Map<number, number>();
  for (const { seriesId, observedAt, sequence } of readings) {
    if (!ids.has(seriesId)) continue;
    own.add(`${seriesId}/${observedAt}/${sequence}`);
    counts.set(seriesId, (counts.get(seriesId) ?? 0) + 1);
  }
  const limit = 1 + Math.max(0, ...counts.values());
  const found = await telemetry.ruleHistory.newestOf(connection, [...ids], limit);
  const newest = new Map<number, number>();
  for (const { seriesId, at, sequence } of found) {
    if (own.has(`${seriesId}/${at}/${sequence}`)) continue;
    newest.set(seriesId, Math.max(at, newest.get(seriesId) ?? at));
  }
  return newest;
}

function watchedOf(
  device: WatchedDevice,
  rule: DeviceRule,
  {
    row: rows,
    before,
  }: { readonly row: readonly RuleStateRow[] | undefined; readonly before: ReadonlyMap<number, number> },
): WatchedRule {
  const row = rowOf(rule, rows);
  const stored = row === undefined ? null : stateOf(row.state);
  const { judgedFrom, knownFrom } = row ?? beginningOfNew(device, rule, before);
  return {
    ...{ rule, judgedFrom, knownFrom, stored },
    state: stored === null ? startRule() : copyState(stored),
    checkpoints: stored === null ? [] : [copyState(stored)],
    ...{ sinceStored: 0, sinceCheckpoint: 0 },
    isStale: row !== undefined && row.staleFrom !== null,
  };
}

/** A state that was stored before a reading of this transaction came, and is later than it, lacks it. */
function passOver(watched: WatchedRule, device: WatchedDevice, readings: readonly StoredReading[]): void {
  const late = lateAt(watched, device, readings);
  if (late === null) return;
  watched.stored = null;
  watched.state = startRule();
  watched.checkpoints = [];
  watched.sinceStored = Number.POSITIVE_INFINITY;
}

/** When the earliest reading of these that a state lacks was; null: it lacks none. */
function lateAt(
  { rule, judgedFrom, stored }: Pick<WatchedRule, "rule" | "judgedFrom" | "stored">,
  device: WatchedDevice,
  readings: readonly StoredReading[],
): number | null {
  if (stored === null) return null;
  const own = new Set(seriesOfRule(device, rule).map(({ id }) => id));
  let late: number | null = null;
  for (const { seriesId, observedAt } of readings) {
    if (observedAt > stored.foldedTo || !own.has(seriesId)) continue;
    if (judgedFrom === null || observedAt >= judgedFrom) late = Math.min(late ?? observedAt, observedAt);
  }
  return late;
}

/** What `alarm_rule_state` holds was written by `dueRow`. */
const stateOf = (stored: unknown): RuleState | null => (stored === null ? null : (stored as RuleState));

/** A rule that is new to a device that spoke before looks back as far as its condition reaches, and raises nothing of then. */
function beginningOfNew(
  device: WatchedDevice,
  rule: DeviceRule,
  before: ReadonlyMap<number, number>,
): Pick<WatchedRule, "judgedFrom" | "knownFrom"> {
  const newest = seriesOfRule(device, rule).flatMap(({ id }) => before.get(id) ?? []);
  const knownFrom = newest.length === 0 ? null : Math.max(...newest);
  const from = knownFrom === null ? null : knownFrom - lookbackMs(rule.compiled) + 1;
  const { since } = rule;
  return { knownFrom, judgedFrom: since === null ? from : Math.max(since, from ?? since) };
}

function newRow(
  { deviceId }: WatchedDevice,
  { rule, judgedFrom, knownFrom }: WatchedRule,
  rows: readonly RuleStateRow[] | undefined,
): Omit<RuleStateRow, "revision">[] {
  if (rowOf(rule, rows) !== undefined) return [];
  const { ruleId, fingerprint } = rule;
  return [{ deviceId, ruleId, fingerprint, judgedFrom, knownFrom, state: null, staleFrom: null }];
}

/** The instant after which readings are still to be folded. */
export const foldedTo = (watched: Pick<WatchedRule, "stored" | "judgedFrom">): number =>
  watched.stored?.foldedTo ?? beginningOf(watched);

async function tailsOf(
  history: RuleHistory,
  connection: Connection,
  made: readonly { readonly device: WatchedDevice; readonly rules: readonly WatchedRule[] }[],
): Promise<ReadonlyMap<number, readonly RuleReading[]>> {
  const afters = new Map<number, number>();
  for (const { device, rules } of made) {
    for (const watched of rules) {
      for (const { id } of seriesOfRule(device, watched.rule))
        afters.set(id, Math.min(afters.get(id) ?? Number.POSITIVE_INFINITY, foldedTo(watched)));
    }
  }
  const series = [...afters].map(([seriesId, after]) => ({ seriesId, after }));
  const readings = await history.readingsAfter(connection, series, tailReadingsMax);
  return Map.groupBy(readings, (reading) => reading.seriesId);
}

/** By device and rule: all that folding may have to correct. */
async function alarmsOf(
  history: RuleHistory,
  connection: Connection,
  made: readonly { readonly device: WatchedDevice; readonly rules: readonly WatchedRule[] }[],
): Promise<ReadonlyMap<string, readonly RuleAlarm[]>> {
  const earliest = made.flatMap(({ rules }) =>
    rules.map(({ stored, knownFrom }) => Math.max(stored?.foldedTo ?? never, knownFrom ?? never)),
  );
  const deviceIds = made.map(({ device }) => device.deviceId);
  const endedAfter = earliest.reduce((least, at) => Math.min(least, at), Number.MAX_SAFE_INTEGER);
  const alarms = await history.alarmsOf(connection, deviceIds, { endedAfter });
  return Map.groupBy(alarms, ({ deviceId, ruleId }) => `${deviceId}/${ruleId}`);
}

async function foldTail(
  { telemetry, connection, leave, readings: own }: RecallTools,
  found: {
    readonly device: WatchedDevice;
    readonly watched: WatchedRule;
    readonly readings: ReadonlyMap<number, readonly RuleReading[]>;
    readonly alarms: ReadonlyMap<string, readonly RuleAlarm[]>;
  },
): Promise<readonly LiveEvent[]> {
  const { device, watched, readings } = found;
  const subject = subjectOf(device, watched.rule);
  const tails = seriesOfRule(device, watched.rule).map(({ id }) => readings.get(id) ?? []);
  const cut = Math.min(
    ...tails.flatMap((tail) => (tail.length < tailReadingsMax ? [] : [tail.at(-1)?.at ?? never])),
  );
  const from = foldedTo(watched);
  const events = eventsOf(device, tails.flat()).filter(({ at }) => at > from && at < cut);
  if (cut === Number.POSITIVE_INFINITY) {
    const pauseAt = events.at(-1)?.at ?? never;
    const tools = { history: telemetry.ruleHistory, connection };
    const alarms = found.alarms.get(`${device.deviceId}/${watched.rule.ruleId}`) ?? [];
    return goBack(tools, watched, { subject, checkpoint: watched.stored, events, pauseAt, alarms });
  }
  // The job brings the alarms; until then the rule goes on as well as it can.
  watched.isStale = true;
  watched.state = refold(watched.rule.compiled, watched.stored, events).state;
  const at = Math.min(cut, ...ownInstants(device, watched, own));
  await leave({ deviceId: device.deviceId, ruleId: watched.rule.ruleId, at });
  return [];
}

/** A state that is stored counts for the job only if it is before all of these. */
function ownInstants(
  device: WatchedDevice,
  { rule }: WatchedRule,
  readings: readonly StoredReading[],
): readonly number[] {
  const own = new Set(seriesOfRule(device, rule).map(({ id }) => id));
  return readings.filter(({ seriesId }) => own.has(seriesId)).map(({ observedAt }) => observedAt);
}

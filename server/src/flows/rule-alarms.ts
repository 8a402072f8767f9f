// Brings the alarms of one rule and device to what its fold says: begun, ended, corrected, added, withdrawn.
import type { Alarm, LiveEvent } from "@waremind/contract";
import type { CompiledRule, RuleSpan } from "../decisions/rules/index.ts";
import type { Connection } from "../platform/database.ts";
import type { RuleAlarm, RuleAlarmFields, RuleHistory } from "../telemetry/index.ts";
import { alarmRuleText } from "./alarm-rule-texts.ts";

/** Whose alarms they are, and what their sentences name. */
export interface RuleSubject {
  readonly deviceId: number;
  readonly deviceName: string;
  readonly ruleId: string;
  readonly compiled: CompiledRule;
  /** Of the one series it judges; null where it judges several or none. */
  readonly series: { readonly id: number; readonly unit: string | null } | null;
}

export interface Fold {
  /** The alarm that was open at `from` with what became of it, and every one since. */
  readonly spans: readonly RuleSpan[];
  /** Alarms that are open or ended after `from`. */
  readonly rows: readonly RuleAlarm[];
  /** What was before is not judged by this rule, so that an alarm of before keeps its beginning; null: all is. */
  readonly judgedFrom: number | null;
  /** Not all is known of the rule just now: an alarm that is not among the spans stays as it is. */
  readonly isPartial?: boolean;
  /** Why a silence that is still open is one. */
  readonly cause?: Alarm["cause"];
}

/** An alarm keeps its row, and what people did with it, when it began at the same instant or overlaps with what it was. */
export async function bringAlarms(
  history: RuleHistory,
  connection: Connection,
  subject: RuleSubject,
  { spans, rows, judgedFrom, isPartial, cause }: Fold,
): Promise<readonly LiveEvent[]> {
  if (spans.length === 0 && rows.length === 0) return nothing;
  const { pairs, added, left } = match(rows, spans);
  const gone = isPartial === true ? [] : left;
  const changed = pairs
    .map(([row, span]) => ({ row, span: withKnownBeginning(row, span, judgedFrom) }))
    .filter(({ row, span }) => isOther(row, span));
  const events: LiveEvent[] = [];
  if (gone.length > 0 || changed.length > 0) await history.lockDevice(connection, subject.deviceId);
  for (const { id } of gone) {
    await history.withdrawAlarm(connection, id);
    events.push(changedEvent(subject, id));
  }
  // One alarm is open at a time: what ends comes before what opens.
  for (const { row, span } of changed.toSorted((a, b) => openness(a.span) - openness(b.span))) {
    await history.correctAlarm(connection, row.id, fieldsOf(subject, span));
    events.push(changedEvent(subject, row.id));
  }
  for (const span of added.toSorted((a, b) => openness(a) - openness(b))) {
    const id = await addAlarm(history, connection, subject, { span, cause: cause ?? null });
    if (id !== null) events.push(changedEvent(subject, id));
  }
  return events;
}

async function addAlarm(
  history: RuleHistory,
  connection: Connection,
  subject: RuleSubject,
  { span, cause }: { readonly span: RuleSpan; readonly cause: Alarm["cause"] },
): Promise<string | null> {
  const { deviceId, deviceName, ruleId, compiled, series } = subject;
  // A silence that ended while its gateway's alarm spoke for it raises none of its own.
  const isOver = span.endedAt !== null;
  if (
    isOver &&
    compiled.silenceMs !== null &&
    (await history.isSpokenFor(connection, deviceId, span.beganAt))
  )
    return null;
  return history.addAlarm(connection, {
    ...fieldsOf(subject, span),
    ...{ deviceId, subjectLabel: deviceName, ruleId, ruleKind: compiled.rule.kind },
    ...{ severity: compiled.rule.severity, seriesId: series?.id ?? null, unit: unitOf(subject) },
    cause: isOver ? null : cause,
  });
}

const nothing: readonly LiveEvent[] = [];
const openness = ({ endedAt }: RuleSpan): number => (endedAt === null ? 1 : 0);

function fieldsOf(subject: RuleSubject, span: RuleSpan): RuleAlarmFields {
  const { beganAt, raisedAt, endedAt, value, peak } = span;
  const message = alarmRuleText({
    deviceName: subject.deviceName,
    unit: subject.series?.unit ?? null,
    rule: subject.compiled.rule,
    span,
  });
  return { beganAt, raisedAt, endedAt, value, peak, messageEn: message.en, messageZh: message.zh };
}

/** The value of a rate is a change in an hour. */
function unitOf({ series, compiled }: RuleSubject): string | null {
  const unit = series?.unit ?? null;
  return unit === null || compiled.rule.kind !== "rate-of-change" ? unit : `${unit}/h`;
}

function changedEvent({ deviceId }: RuleSubject, alarmId: string): LiveEvent {
  return { kind: "alarm-changed", alarmId, subjectKind: "device", subjectId: String(deviceId) };
}

/** Its furthest value is written with its end: it changes with every reading. */
function isOther(row: RuleAlarm, span: RuleSpan): boolean {
  if (row.beganAt !== span.beganAt || row.endedAt !== span.endedAt || row.value !== span.value) return true;
  if (row.raisedAt !== span.raisedAt) return true;
  return span.endedAt !== null && row.peak !== span.peak;
}

function withKnownBeginning(row: RuleAlarm, span: RuleSpan, judgedFrom: number | null): RuleSpan {
  if (judgedFrom === null || row.beganAt >= judgedFrom) return span;
  return { ...span, beganAt: row.beganAt, raisedAt: row.raisedAt ?? span.raisedAt, value: row.value };
}

interface Matching {
  readonly pairs: readonly (readonly [RuleAlarm, RuleSpan])[];
  readonly added: readonly RuleSpan[];
  readonly left: readonly RuleAlarm[];
}

function match(rows: readonly RuleAlarm[], spans: readonly RuleSpan[]): Matching {
  const pairs: (readonly [RuleAlarm, RuleSpan])[] = [];
  let free = [...spans];
  let left = [...rows];
  for (const fits of [isSameBeginning, isOverlapping]) {
    const unmatched: RuleAlarm[] = [];
    for (const row of left) {
      const span = free.find((one) => fits(row, one));
      if (span === undefined) unmatched.push(row);
      else {
        pairs.push([row, span]);
        free = free.filter((one) => one !== span);
      }
    }
    left = unmatched;
  }
  return { pairs, added: free, left };
}

const isSameBeginning = (row: RuleAlarm, span: RuleSpan): boolean => row.beganAt === span.beganAt;

const isOverlapping = (row: RuleAlarm, span: RuleSpan): boolean =>
  row.beganAt <= (span.endedAt ?? Number.POSITIVE_INFINITY) &&
  span.beganAt <= (row.endedAt ?? Number.POSITIVE_INFINITY);

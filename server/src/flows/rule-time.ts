// What time alone changes of alarm rules: silences begin, counts run out. From the store alone, so any process may look.
import type { Alarm, LiveEvent } from "@waremind/contract";
import { nextTimeAt, type RuleSpan, type RuleState, refold } from "../decisions/rules/index.ts";
import type { Connection } from "../platform/database.ts";
import type { RuleHistory } from "../telemetry/index.ts";
import type { DeviceRule } from "./device-rules.ts";
import { bringAlarms } from "./rule-alarms.ts";
import { tailReadingsMax } from "./rule-recall.ts";
import {
  beginningOf,
  eventsOf,
  seriesOfRule,
  spansSince,
  subjectOf,
  type WatchedDevice,
} from "./rule-watch.ts";

export interface Examined {
  readonly events: readonly LiveEvent[];
  /** The silence or count that goes on; null: none does. */
  readonly open: RuleSpan | null;
  /** When to look again unless a reading comes; null: not before. */
  readonly nextAt: number | null;
}

const nothing: Examined = { events: [], open: null, nextAt: null };

/**
 * Brings the alarms of a rule to what its readings and the present say, unless it was never heard or waits for its job.
 * `allows` may keep back the alarm of a silence that still goes on, and one that ended.
 */
export async function examineRule(
  { history, connection }: { readonly history: RuleHistory; readonly connection: Connection },
  { device, rule }: { readonly device: WatchedDevice; readonly rule: DeviceRule },
  {
    until,
    cause,
    allows = () => true,
  }: {
    readonly until: number;
    readonly cause?: Alarm["cause"];
    readonly allows?: (span: RuleSpan) => boolean;
  },
): Promise<Examined> {
  const rows = await history.states(connection, [device.deviceId]);
  const row = rows.find(
    ({ ruleId, fingerprint }) => ruleId === rule.ruleId && fingerprint === rule.fingerprint,
  );
  if (row === undefined || row.staleFrom !== null) return nothing;
  // It was written by `dueRow`.
  const stored = row.state === null ? null : (row.state as RuleState);
  const from = stored?.foldedTo ?? beginningOf(row);
  const series = seriesOfRule(device, rule).map(({ id }) => ({ seriesId: id, after: from }));
  const readings = await history.readingsAfter(connection, series, tailReadingsMax);
  if (readings.length >= tailReadingsMax) return nothing;
  const bounds = { since: null, until };
  const { state, spans } = refold(rule.compiled, stored, eventsOf(device, readings), bounds);
  const endedAfter = Math.max(from, row.knownFrom ?? from);
  const alarms = await history.alarmsOf(connection, [device.deviceId], { endedAfter, ruleId: rule.ruleId });
  const events = await bringAlarms(history, connection, subjectOf(device, rule), {
    spans: spansSince(spans, row.knownFrom).filter(allows),
    rows: alarms,
    judgedFrom: row.judgedFrom,
    ...(cause === undefined ? {} : { cause }),
  });
  const open = spans.find(({ endedAt }) => endedAt === null) ?? null;
  return { events, open, nextAt: nextTimeAt(rule.compiled, state) };
}

import type { Alarm, AnomalySensitivity, RuleKind, ValueType } from "@waremind/contract";
import type { ColumnType, Generated } from "kysely";

/** The value of a reading, in the column of its series' type; `text` beside a number holds the digits as they were sent. */
interface ValueColumns {
  number: number | null;
  text: string | null;
  boolean: boolean | null;
  json: unknown;
}

interface ReadingColumns extends ValueColumns {
  seriesId: number;
  observedAt: number;
  sequence: number;
  receivedAt: number;
}

/** The tables this domain owns; of `device` it reads only the name. */
export interface TelemetryTables {
  device: { id: number; name: string };
  series: {
    id: Generated<number>;
    deviceId: number;
    key: string;
    valueType: ValueType;
    unit: string | null;
    createdAt: number;
  };
  reading: ReadingColumns;
  latest: ReadingColumns;
  /** Hours and days before `untilAt` are made. */
  rollupProgress: { spanMs: number; untilAt: number };
  /** Series of deleted devices whose readings are still to be removed. */
  seriesRemoval: { seriesId: number; notedAt: number };
  intakeCount: { minuteAt: number; writer: number; readings: number };
  quarantine: {
    id: Generated<number>;
    deviceId: number | null;
    receivedAt: number;
    transport: string;
    reason: string;
    detail: string;
    payload: string;
    state: Generated<"held" | "released" | "discarded">;
    decidedAt: Generated<number | null>;
    decidedBy: Generated<string | null>;
  };
  alarm: {
    id: string;
    kind: Alarm["kind"];
    severity: Alarm["severity"];
    subjectKind: string;
    subjectId: string;
    ruleId: Generated<string>;
    subjectLabel: string;
    deviceId: number | null;
    seriesId: number | null;
    beganAt: number;
    learnedAt: number;
    endedAt: number | null;
    acknowledgedAt: number | null;
    acknowledgedBy: string | null;
    value: number | null;
    unit: string | null;
    messageEn: string;
    messageZh: string;
    ruleKind: RuleKind | null;
    raisedAt: number | null;
    peak: number | null;
    endLearnedAt: number | null;
    withdrawnAt: number | null;
    cause: Alarm["cause"];
    suppressedCount: Generated<number>;
    assignedTo: string | null;
    assignedAt: number | null;
    assignedName: ColumnType<string | null, string | null | undefined>;
    acknowledgedNote: ColumnType<string | null, string | null | undefined>;
  };
  /** Devices for which one alarm speaks. */
  alarmSuppressed: {
    alarmId: string;
    deviceId: number;
    silentFrom: number;
    releasedAt: number | null;
  };
  /** Series that an operator has watched for what is unusual. */
  anomalyWatch: {
    seriesId: number;
    sensitivity: AnomalySensitivity;
    state: string | null;
    judgedAt: number | null;
    switchedOnAt: number;
    switchedOnBy: string;
  };
  anomaly: {
    id: Generated<number>;
    seriesId: number;
    observedAt: number;
    value: number;
    expected: number;
    low: number;
    high: number;
    score: number;
    reason: string;
    learnedAt: number;
  };
  alarmRuleState: {
    deviceId: number;
    ruleId: string;
    fingerprint: string;
    judgedFrom: number | null;
    knownFrom: number | null;
    /** jsonb: write text, read what was written. */
    state: unknown;
    staleFrom: number | null;
    revision: Generated<number>;
  };
}

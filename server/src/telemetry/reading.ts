import type { Aggregate, Alarm, CurveBucket, CurvePoint, ReadingValue, ValueType } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";
import type { AnomalyRecords } from "./anomaly-store.ts";
import type { RuleHistory } from "./rule-history.ts";
import type { SilenceRecords } from "./silence-store.ts";

export interface Series {
  readonly id: number;
  readonly deviceId: number;
  readonly key: string;
  readonly valueType: ValueType;
  readonly unit: string | null;
}

/** One cleaned reading on its way to the store. */
export interface Reading {
  readonly seriesId: number;
  readonly observedAt: number;
  readonly receivedAt: number;
  readonly value: ReadingValue;
}

/** A reading as it stands in the store. `sequence` tells different values of one millisecond apart. */
export interface StoredReading extends Reading {
  readonly sequence: number;
}

export interface QuarantinedMessage {
  readonly deviceId: number | null;
  readonly receivedAt: number;
  readonly transport: string;
  /** Kebab-case: payload-malformed, type-mismatch, out-of-range, clock-implausible, too-many-points … */
  readonly reason: string;
  readonly detail: string;
  readonly payload: string;
}

/** A quarantined message as it is shown and decided about. */
export interface QuarantinedRow extends QuarantinedMessage {
  readonly id: number;
  readonly deviceName: string | null;
  readonly state: "held" | "released" | "discarded";
  readonly decidedAt: number | null;
  readonly decidedBy: string | null;
}

/** What raises an alarm; the store keeps at most one open alarm per kind, subject and rule. */
export interface AlarmRaise {
  readonly kind: Alarm["kind"];
  readonly severity: Alarm["severity"];
  readonly subjectKind: string;
  readonly subjectId: string;
  /** Which of several rules about one subject; absent where a kind has one. */
  readonly ruleId?: string;
  readonly subjectLabel: string;
  readonly deviceId: number | null;
  readonly seriesId: number | null;
  readonly beganAt: number;
  readonly value: number | null;
  readonly unit: string | null;
  readonly messageEn: string;
  readonly messageZh: string;
  readonly ruleKind?: Alarm["ruleKind"];
  /** When the condition had held for long enough. */
  readonly raisedAt?: number | null;
  readonly peak?: number | null;
  readonly cause?: Alarm["cause"];
}

export interface Telemetry {
  /** What alarm rules need of the past. */
  readonly ruleHistory: RuleHistory;
  readonly silences: SilenceRecords;
  /** Which series are watched for what is unusual, and what was noted. */
  readonly anomalies: AnomalyRecords;
  /** Finds or makes the series of these keys; answers in the order asked. Cached; safe when two processes race. */
  ensureSeries(
    keys: readonly { deviceId: number; key: string; valueType: ValueType; unit: string | null }[],
  ): Promise<readonly Series[]>;
  /** Cached; inside a transaction pass its connection, so that a miss is read through it. */
  findSeries(deviceId: number, key: string, connection?: Connection): Promise<Series | null>;
  seriesOfDevices(deviceIds: readonly number[]): Promise<readonly Series[]>;
  /** Cached; inside a transaction pass its connection, so that a miss is read through it. */
  seriesById(seriesId: number, connection?: Connection): Promise<Series | null>;
  /**
   * Stores a batch inside the intake transaction and answers only what was new, in arrival order. The same series,
   * time and equal value is one reading (a redelivery changes nothing); a different value is kept beside the first.
   */
  storeReadings(connection: Connection, readings: readonly Reading[]): Promise<readonly StoredReading[]>;
  /**
   * Makes hours and days of rollups from the minutes; for a recurring job, every few minutes. Two at once do no harm.
   * Answers how many hours of the clock were made, and how many single hours were made again for what came late.
   */
  rollUp(): Promise<{ readonly hours: number; readonly late: number }>;
  quarantine(connection: Connection, messages: readonly QuarantinedMessage[]): Promise<void>;
  latest(seriesIds: readonly number[]): Promise<ReadonlyMap<number, StoredReading>>;
  /** Numeric readings in time order, `from` and `to` inclusive, at most `limit` (≤ 50,000). */
  range(
    connection: Connection,
    seriesId: number,
    options: { from: number; to: number; limit: number },
  ): Promise<readonly StoredReading[]>;
  /**
   * Readings of any type as they stand in the store, in the order of time and arrival, `from` and `to` inclusive; read in
   * pages. Inside a transaction pass its connection.
   */
  readings(
    seriesId: number,
    options: { from: number; to: number; connection?: Connection },
  ): AsyncIterable<StoredReading>;
  /**
   * Before the device is deleted in the same transaction: notes its series for removal and ends its open alarms; answers how
   * many series there are. `removeForgotten` then deletes what they left.
   */
  forgetDevice(connection: Connection, deviceId: number): Promise<number>;
  /**
   * Deletes readings, rollups and what is latest of forgotten series, at most a million rows a run; for a background job.
   * Answers how many rows went, and whether none is left for now.
   */
  removeForgotten(): Promise<{ readonly rows: number; readonly isDone: boolean }>;
  /** When what is noted still can be taken off the list, epoch milliseconds; null when nothing is noted. */
  nextRemovalAt(): Promise<number | null>;
  /**
   * A curve of at most `points`, with the number of raw readings behind it. Up to ten thousand readings its points are
   * readings (largest-triangle-three-buckets); beyond, each stretch is drawn as its lowest, highest and last value, and only
   * the last stands at its own time. Where readings were left out, `buckets` says of each `bucketMs` what all of them have been.
   */
  curve(
    seriesId: number,
    options: { from: number; to: number; points: number },
  ): Promise<{
    points: readonly CurvePoint[];
    rawCount: number;
    bucketMs?: number;
    buckets?: readonly CurveBucket[];
  }>;
  /**
   * Count, lowest, highest and mean of each minute, hour or day (`spanMs`, UTC) in which a numeric series has readings,
   * `from` and `to` inclusive; late readings and the hours that are still open counted as well. A series without any,
   * or unknown, has no buckets.
   *
   * @throws DomainError `invalid-input` for more than a thousand series, for more than 200,000 buckets of all together
   * (a day counts as 24), or for another length.
   */
  aggregates(
    seriesIds: readonly number[],
    range: { from: number; to: number; spanMs: number },
  ): Promise<ReadonlyMap<number, readonly Aggregate[]>>;
  countReceivedSince(at: number): Promise<number>;
  /** What a device's quarantine holds, newest first. */
  quarantinedOf(
    deviceId: number,
    limit: number,
  ): Promise<readonly { id: number; receivedAt: number; reason: string; detail: string; payload: string }[]>;
  quarantinedCounts(): Promise<ReadonlyMap<number, number>>;
  /** A page of the quarantine, newest first, `limit` at most 500; `total` of all pages is counted to ten thousand. */
  quarantined(options: {
    deviceId?: number;
    state?: QuarantinedRow["state"];
    beforeId?: number;
    limit: number;
  }): Promise<{ readonly rows: readonly QuarantinedRow[]; readonly total: number }>;
  findQuarantined(id: number, connection?: Connection): Promise<QuarantinedRow | null>;
  /** Takes a held message out of the quarantine for good; false when it is not held any more. */
  decide(
    connection: Connection,
    decision: { id: number; state: "released" | "discarded"; by: string },
  ): Promise<boolean>;
  /** Keeps a held message with what is wrong with it now; false when it is not held any more. */
  holdAgain(connection: Connection, held: { id: number; reason: string; detail: string }): Promise<boolean>;
  /** Answers the alarm's id when a new one was raised, null when one of its kind is open already. */
  raiseAlarm(connection: Connection, alarm: AlarmRaise): Promise<string | null>;
  /** Ends the open alarm of this kind, subject and rule; answers its id, or null when none was open. */
  endAlarm(
    connection: Connection,
    alarm: {
      kind: Alarm["kind"];
      subjectKind: string;
      subjectId: string;
      ruleId?: string;
      endedAt: number;
    },
  ): Promise<string | null>;
  /** Of each series: the time of its newest reading, and which rules have an open alarm of kind `rule`. */
  openRules(
    connection: Connection,
    seriesIds: readonly number[],
  ): Promise<ReadonlyMap<number, { readonly newestAt: number; readonly ruleIds: readonly string[] }>>;
  /** The subjects with an open alarm of this kind and rule, at most a thousand. */
  alarmedSubjects(
    connection: Connection,
    alarm: { kind: Alarm["kind"]; subjectKind: string; ruleId: string },
  ): Promise<readonly string[]>;
  /** Told of each new alarm within the transaction that raises it; one follower, given when the product is joined. */
  onAlarmRaised(follower: (connection: Connection, alarmId: string) => Promise<void>): void;
  findAlarm(
    connection: Connection,
    alarmId: string,
  ): Promise<{ readonly alarm: Alarm; readonly profileId: string | null } | null>;
  /** The first acknowledgement stands, with its note. @throws DomainError `not-found` */
  acknowledgeAlarm(
    alarmId: string,
    by: string,
    more?: { readonly connection?: Connection; readonly note?: string },
  ): Promise<void>;
  /** To a person of the shop; null: to nobody. @throws DomainError `not-found` */
  assignAlarm(
    connection: Connection,
    alarmId: string,
    to: { readonly id: string; readonly name: string } | null,
  ): Promise<void>;
  alarms(options: {
    onlyOpen?: boolean;
    subjectKind?: string;
    subjectId?: string;
    severity?: Alarm["severity"];
    ruleId?: string;
    /** Part of what it says, of whom it is about, or of its device's name. */
    text?: string;
    /** The last one of the page before. */
    before?: string;
    limit: number;
  }): Promise<readonly Alarm[]>;
  /** The devices for which an alarm speaks, the longest silent first; at most a thousand. */
  suppressedBy(
    alarmId: string,
  ): Promise<readonly { deviceName: string; silentFrom: number; releasedAt: number | null }[]>;
}

import type { Kysely } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import {
  endOpenAlarm,
  insertAlarm,
  markAcknowledged,
  markAssigned,
  selectAlarm,
  selectAlarmedSubjects,
  selectAlarms,
  selectOpenRules,
  selectSuppressed,
} from "./alarm-store.ts";
import { createAnomalyRecords } from "./anomaly-store.ts";
import { nextRemovalAt, noteForRemoval, removeForgotten } from "./forget-device.ts";
import {
  countQuarantined,
  insertQuarantined,
  selectHeldOf,
  selectQuarantined,
  selectQuarantinedById,
  updateDecided,
  updateHeld,
} from "./quarantine-store.ts";
import { readAggregates } from "./read-aggregates.ts";
import { readCurve } from "./read-curve.ts";
import type { AlarmRaise, StoredReading, Telemetry } from "./reading.ts";
import { selectLatest, selectNumericRange, selectReadings, selectReceivedSince } from "./reading-store.ts";
import { rollUp } from "./rollup-job.ts";
import { createRuleHistory } from "./rule-history.ts";
import { createSeriesCache } from "./series-cache.ts";
import { createSilenceRecords } from "./silence-store.ts";
import { storeReadings } from "./store-readings.ts";
import type { TelemetryTables } from "./tables.ts";

const rangeRowsMax = 50_000;
/** One query answers within some 20 ms: on the embedded store everybody else waits meanwhile. */
const readingsPerPage = 5_000;

const tablesIn = (connection: Connection) => tablesOf<TelemetryTables>(connection);

/** Series, readings, what is latest, what was refused, and alarms. */
export function createTelemetry(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
  /** Stores readings and nothing beside them: neither what is latest nor rollups. For the bench alone. */
  readonly isBare?: boolean;
}): Telemetry {
  const { database, clock } = dependencies;
  const tables = tablesIn(database);
  const { dropDevice, ...series } = createSeriesCache(dependencies);
  const raised = createRaisedFollower();
  const history = createRuleHistory({ clock });
  return {
    ...series,
    silences: createSilenceRecords({ clock }),
    ruleHistory: { ...history, addAlarm: raised.heard(history.addAlarm) },
    anomalies: createAnomalyRecords({ clock }),
    storeReadings: (connection, readings) =>
      storeReadings(connection, readings, { now: clock.now(), isBare: dependencies.isBare === true }),
    rollUp: () => rollUp(database, clock),
    quarantine: (connection, messages) => insertQuarantined(tablesIn(connection), messages),
    latest: async (seriesIds) => (seriesIds.length === 0 ? new Map() : selectLatest(tables, seriesIds)),
    range: (connection, seriesId, options) =>
      selectNumericRange(tablesIn(connection), seriesId, {
        ...options,
        limit: Math.min(options.limit, rangeRowsMax),
      }),
    forgetDevice: async (connection, deviceId) => {
      const count = await noteForRemoval(tablesIn(connection), deviceId, clock.now());
      dropDevice(deviceId);
      return count;
    },
    removeForgotten: () => removeForgotten(database, clock),
    nextRemovalAt: () => nextRemovalAt(database),
    readings: (seriesId, { connection, ...range }) =>
      eachReading(tablesIn(connection ?? database), seriesId, range),
    curve: (seriesId, options) => readCurve(database, seriesId, options),
    aggregates: (seriesIds, range) => readAggregates(database, seriesIds, range),
    countReceivedSince: (at) => selectReceivedSince(tables, at),
    quarantined: (options) => selectQuarantined(tables, options),
    findQuarantined: (id, connection) => selectQuarantinedById(tablesIn(connection ?? database), id),
    decide: (connection, decision) => updateDecided(tablesIn(connection), { ...decision, at: clock.now() }),
    holdAgain: (connection, held) => updateHeld(tablesIn(connection), held),
    quarantinedOf: (deviceId, limit) => selectHeldOf(tables, deviceId, limit),
    quarantinedCounts: () => countQuarantined(tables),
    onAlarmRaised: raised.onRaised,
    raiseAlarm: raised.heard((connection, alarm: AlarmRaise) =>
      insertAlarm(tablesIn(connection), alarm, clock.now()),
    ),
    endAlarm: (connection, alarm) => endOpenAlarm(tablesIn(connection), alarm, clock.now()),
    openRules: (connection, seriesIds) => selectOpenRules(tablesIn(connection), seriesIds),
    alarmedSubjects: (connection, alarm) => selectAlarmedSubjects(tablesIn(connection), alarm),
    findAlarm: (connection, alarmId) => selectAlarm(tablesIn(connection), alarmId),
    acknowledgeAlarm: (alarmId, by, { connection, note } = {}) =>
      markAcknowledged(tablesIn(connection ?? database), {
        ...{ alarmId, by, at: clock.now() },
        note: note ?? null,
      }),
    assignAlarm: (connection, alarmId, to) =>
      markAssigned(tablesIn(connection), alarmId, to === null ? null : { ...to, at: clock.now() }),
    alarms: (options) => selectAlarms(tables, options),
    suppressedBy: (alarmId) => selectSuppressed(tables, alarmId),
  };
}

/** Whoever must hear of each new alarm within its transaction. */
function createRaisedFollower() {
  let follow: Parameters<Telemetry["onAlarmRaised"]>[0] = () => Promise.resolve();
  return {
    onRaised: (follower: typeof follow): void => {
      follow = follower;
    },
    /** `raise` answers the id of the new alarm. One that is over already is history, and no news. */
    heard:
      <Raised extends object>(raise: (connection: Connection, alarm: Raised) => Promise<string | null>) =>
      async (connection: Connection, alarm: Raised): Promise<string | null> => {
        const id = await raise(connection, alarm);
        const isOver = "endedAt" in alarm && alarm.endedAt !== null;
        if (id !== null && !isOver) await follow(connection, id);
        return id;
      },
  };
}

async function* eachReading(
  tables: Kysely<TelemetryTables>,
  seriesId: number,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncIterable<StoredReading> {
  let after = { observedAt: from, sequence: -1 };
  for (;;) {
    const page = await selectReadings(tables, seriesId, { after, to, limit: readingsPerPage });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < readingsPerPage) return;
    after = last;
  }
}

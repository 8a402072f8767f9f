// Where what follows from a device's readings could not be worked out, the intake stores them alone and raises an alarm. It
// ends here, once readings of the same series have passed all followers again.
import type { LiveEvent } from "@waremind/contract";
import type { Clock } from "../platform/clock.ts";
import type { Connection } from "../platform/database.ts";
import type { StoredReading, Telemetry } from "../telemetry/index.ts";
import type { IntakeFollower } from "./intake-sink.ts";

/** How long an open alarm may go unnoticed here; asked within a transaction of the intake, so not at every one. */
const refreshMs = 10_000;
/** A series that failed and then said nothing for so long does not hold the alarm of its device open any more. */
const suspectMs = 60 * 60_000;
/** Beyond it the oldest is forgotten; its alarm then ends with the device's next readings. */
const suspectsMax = 10_000;
/** As the intake raises it. */
const alarmKind = { kind: "rule", subjectKind: "device", ruleId: "follower-failed" } as const;

/**
 * Stands before all other followers, so that it has seen the readings of a transaction that one of them makes fail; what it
 * ends itself is undone with it.
 */
export function createFollowerAlarmEnd(deps: {
  readonly telemetry: Pick<Telemetry, "alarmedSubjects" | "endAlarm" | "seriesById">;
  readonly clock: Clock;
}): IntakeFollower {
  const { telemetry, clock } = deps;
  /** When each series was last part of a transaction that failed. */
  const suspects = new Map<number, number>();
  const underWay = new WeakMap<Connection, readonly StoredReading[]>();
  let alarmed: ReadonlySet<string> = new Set();
  let refreshedAt = Number.NEGATIVE_INFINITY;

  function suspect(seriesIds: ReadonlySet<number>): void {
    for (const seriesId of seriesIds) {
      suspects.delete(seriesId);
      suspects.set(seriesId, clock.now());
    }
    for (const seriesId of suspects.keys()) {
      if (suspects.size <= suspectsMax) break;
      suspects.delete(seriesId);
    }
  }

  /** Devices whose series still fail, as far as this batch does not show the contrary. */
  async function failingDevices(connection: Connection, seriesIds: ReadonlySet<number>) {
    const failing = new Set<number>();
    for (const [seriesId, at] of suspects) {
      if (at <= clock.now() - suspectMs) suspects.delete(seriesId);
      else if (!seriesIds.has(seriesId)) {
        const series = await telemetry.seriesById(seriesId, connection);
        if (series !== null) failing.add(series.deviceId);
      }
    }
    return failing;
  }

  async function endOf(connection: Connection, seriesIds: ReadonlySet<number>): Promise<LiveEvent[]> {
    const failing = await failingDevices(connection, seriesIds);
    const deviceIds = new Set<number>();
    for (const seriesId of seriesIds) {
      const series = await telemetry.seriesById(seriesId, connection);
      if (series !== null) deviceIds.add(series.deviceId);
    }
    const events: LiveEvent[] = [];
    for (const deviceId of deviceIds) {
      const subjectId = String(deviceId);
      if (failing.has(deviceId) || !alarmed.has(subjectId)) continue;
      const alarmId = await telemetry.endAlarm(connection, { ...alarmKind, subjectId, endedAt: clock.now() });
      const { subjectKind } = alarmKind;
      if (alarmId !== null) events.push({ kind: "alarm-changed", alarmId, subjectKind, subjectId });
    }
    return events;
  }

  return {
    follow: async (connection, readings) => {
      underWay.set(connection, readings);
      if (clock.now() >= refreshedAt + refreshMs) {
        alarmed = new Set(await telemetry.alarmedSubjects(connection, alarmKind));
        refreshedAt = clock.now();
      }
      return alarmed.size === 0 ? [] : endOf(connection, seriesOf(readings));
    },
    settled: (connection, isCommitted) => {
      const readings = underWay.get(connection);
      if (readings === undefined) return;
      underWay.delete(connection);
      if (!isCommitted) suspect(seriesOf(readings));
      else if (suspects.size > 0) for (const { seriesId } of readings) suspects.delete(seriesId);
    },
  };
}

const seriesOf = (readings: readonly StoredReading[]): ReadonlySet<number> =>
  new Set(readings.map((reading) => reading.seriesId));

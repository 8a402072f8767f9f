// What devices report about their releases (`fw_state`, `current_fw_version`, …), inside the intake transaction.
import type { LiveEvent } from "@waremind/contract";
import type { DevicePart, DeviceRollouts, ReleaseKind } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import type { Series, StoredReading, Telemetry } from "../telemetry/index.ts";
import type { IntakeFollower } from "./intake-sink.ts";
import { type ReleaseReport, stateAfter } from "./rollout-plan.ts";

const seriesKnownMax = 500_000;
const keyPattern = /^(?:current_)?(fw|sw)_(state|error|title|version)$/;
const kinds: Readonly<Record<string, ReleaseKind>> = { fw: "firmware", sw: "software" };

/** Only text series with these keys matter; which ones they are is learned once each and kept in memory. */
export function createReleaseFollower(deps: {
  readonly telemetry: Pick<Telemetry, "seriesById">;
  readonly deviceRollouts: Pick<DeviceRollouts, "ofDevice" | "moveDevices">;
}): IntakeFollower {
  const known = new Map<number, boolean>();

  async function learn(connection: Connection, seriesId: number): Promise<Series | null> {
    const series = await deps.telemetry.seriesById(seriesId, connection);
    const isReport = series !== null && keyPattern.test(series.key);
    remember(seriesId, isReport);
    return isReport ? series : null;
  }

  function remember(seriesId: number, isReport: boolean): void {
    if (known.size >= seriesKnownMax) known.clear();
    known.set(seriesId, isReport);
  }

  return {
    isInterestedIn: (seriesId) => known.get(seriesId) ?? true,
    follow: async (connection, readings) => {
      const reports = new Map<string, { deviceId: number; kind: ReleaseKind; report: ReleaseReport }>();
      for (const reading of readings) {
        const series = reading.value.type === "text" ? await learn(connection, reading.seriesId) : null;
        if (series !== null) note(reports, series, reading);
        else if (reading.value.type !== "text") remember(reading.seriesId, false);
      }
      const events: LiveEvent[] = [];
      // In one order for all, so that two batches never wait for each other crosswise.
      const ordered = [...reports.values()].toSorted((left, right) => left.deviceId - right.deviceId);
      for (const one of ordered) events.push(...(await take(deps.deviceRollouts, connection, one)));
      return events;
    },
  };
}

const silentReport: ReleaseReport = { state: null, error: null, currentTitle: null, currentVersion: null };

/** The last word of a batch on each point counts. */
function note(
  reports: Map<string, { deviceId: number; kind: ReleaseKind; report: ReleaseReport }>,
  series: Series,
  { value }: StoredReading,
): void {
  const [, prefix = "", field = ""] = keyPattern.exec(series.key) ?? [];
  const kind = kinds[prefix];
  if (kind === undefined || value.type !== "text") return;
  const isCurrent = series.key.startsWith("current_");
  const name = isCurrent ? `current${field.charAt(0).toUpperCase()}${field.slice(1)}` : field;
  const id = `${series.deviceId}/${kind}`;
  const report = reports.get(id)?.report ?? silentReport;
  reports.set(id, { deviceId: series.deviceId, kind, report: { ...report, [name]: value.text } });
}

type Part = Pick<DeviceRollouts, "ofDevice" | "moveDevices">;

/** A report is about the newest rollout that reached the device, and may be about one in which it still waits. */
async function take(
  rollouts: Part,
  connection: Connection,
  { deviceId, kind, report }: { deviceId: number; kind: ReleaseKind; report: ReleaseReport },
): Promise<readonly LiveEvent[]> {
  const parts = await rollouts.ofDevice(connection, deviceId, kind);
  const reached = parts.find(({ state }) => state !== "waiting");
  const waits = parts[0]?.state === "waiting" ? parts[0] : undefined;
  const events: LiveEvent[] = [];
  for (const part of [waits, reached])
    if (part !== undefined) events.push(...(await takeFor(rollouts, connection, part, report)));
  return events;
}

/** FAILED and what it runs now may come in one message: first it failed, then it is back. */
const movesPerReportMax = 2;
/** The rollout may move the device in the moment between reading and writing. */
const attemptsMax = 3;

async function takeFor(
  rollouts: Part,
  connection: Connection,
  part: DevicePart,
  report: ReleaseReport,
): Promise<readonly LiveEvent[]> {
  const { rolloutId, deviceId, kind } = part;
  const events: LiveEvent[] = [];
  let state = part.state;
  let attempts = 0;
  while (events.length < movesPerReportMax && attempts < attemptsMax) {
    const next = stateAfter({ ...part, state }, report);
    if (next === null || next === state) break;
    const error = next === "failed" ? { error: report.error ?? "the device gave no reason" } : {};
    const change = { from: [state], state: next, ...error };
    const moved = await rollouts.moveDevices(connection, rolloutId, [deviceId], change);
    if (moved.length > 0) {
      events.push({ kind: "rollout-changed", rolloutId, state: next });
      state = next;
      continue;
    }
    attempts += 1;
    const now = (await rollouts.ofDevice(connection, deviceId, kind)).find(
      (one) => one.rolloutId === rolloutId,
    );
    if (now === undefined) break;
    state = now.state;
  }
  return events;
}

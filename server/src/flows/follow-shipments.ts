// New temperatures of a logger bound to a shipment: condition and alarms, inside the intake transaction.
import type { Band, Condition, LiveEvent } from "@waremind/contract";
import type { Catalog } from "../catalog/index.ts";
import { advanceCondition, conditionOf, isLate } from "../decisions/coldchain/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import type { ShipmentDetail, Shipments } from "../shipments/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { type BoundReadings, boundReadings, celsiusOf } from "./bound-readings.ts";
import { conditionFromReadings } from "./condition-from-readings.ts";
import type { IntakeFollower } from "./intake-sink.ts";
import { keptForAWhile } from "./kept-for-a-while.ts";
import { alarmText } from "./shipment-alarm-texts.ts";
import {
  type AlarmStep,
  alarmSteps,
  endAll,
  isSilent,
  isUnderway,
  startWatch,
  type WatchState,
  watchStateOf,
} from "./shipment-watch.ts";
import { lockTarget } from "./target-lock.ts";

export interface ShipmentFollowerDependencies {
  readonly database: Database;
  readonly devices: Devices;
  readonly telemetry: Telemetry;
  readonly shipments: Shipments;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

export interface ShipmentFollower extends IntakeFollower {
  /** Makes a shipment's condition again from its readings: after a binding that began in the past, or a new band. */
  refresh(connection: Connection, shipmentId: string): Promise<readonly LiveEvent[]>;
}

/** A shipment's delivery, or a band's change, is noticed no later. */
const keptMs = 5_000;
const entriesMax = 10_000;
/** In a long backlog only this many last readings are looked at one by one for alarms; the others are only counted. */
const alarmReadingsMax = 200;

interface Watched {
  readonly shipment: ShipmentDetail;
  readonly band: Band;
}

/** A reading that came for a shipment: what the state was, and what it is to become. */
interface Update extends Watched {
  readonly watch: WatchState;
  readonly seriesId: number;
  readonly deviceId: number;
}

export function createShipmentFollower(deps: ShipmentFollowerDependencies): ShipmentFollower {
  const { shipments, catalog, clock } = deps;
  const watched = keptForAWhile<Watched | null>({ clock, keptMs, entriesMax });
  const find = async (connection: Connection, id: string): Promise<Watched | null> => {
    const shipment = await shipments.findShipment(id, connection);
    const band = shipment?.bandId == null ? null : await catalog.findBand(shipment.bandId, connection);
    return shipment === null || band === null ? null : { shipment, band };
  };
  return {
    follow: async (connection, readings) => {
      const bound = await boundReadings(deps, connection, { kind: "logger-shipment", readings });
      const events: LiveEvent[] = [];
      for (const one of bound) {
        const id = one.binding.targetId;
        const found = await watched.get(id, () => find(connection, id));
        const own = found === null ? null : beforeDelivery(found.shipment, one);
        if (found !== null && own !== null) events.push(...(await followOne(deps, connection, found, own)));
      }
      return events;
    },
    refresh: async (connection, shipmentId) => {
      const found = await find(connection, shipmentId);
      if (found === null) return [];
      await lockTarget(deps.database, connection, shipmentId);
      const row = (await shipments.conditionOf(connection, [shipmentId])).get(shipmentId);
      const rebuilt = await conditionFromReadings(deps, connection, found);
      if (rebuilt === null) return [];
      const before = watchStateOf(row?.state) ?? startWatch;
      return save(
        deps,
        connection,
        { ...found, ...rebuilt, watch: { ...before, condition: rebuilt.state } },
        [],
      );
    },
  };
}

/** What a logger measures after delivery says nothing of the shipment; a backlog from before it does. */
function beforeDelivery({ deliveredAt, state }: ShipmentDetail, bound: BoundReadings): BoundReadings | null {
  if (state === "cancelled") return null;
  const readings = bound.readings.filter(
    ({ observedAt }) => deliveredAt === null || observedAt <= deliveredAt,
  );
  return readings.length === 0 ? null : { ...bound, readings };
}

async function followOne(
  deps: ShipmentFollowerDependencies,
  connection: Connection,
  found: Watched,
  { binding, series, readings }: BoundReadings,
): Promise<readonly LiveEvent[]> {
  const { shipment, band } = found;
  await lockTarget(deps.database, connection, shipment.id);
  const row = (await deps.shipments.conditionOf(connection, [shipment.id])).get(shipment.id);
  const known = row === undefined ? null : watchStateOf(row.state);
  const update = { ...found, seriesId: series.id, deviceId: binding.deviceId };
  const isInOrder = known !== null && !isAnyLate(known, readings);
  const rebuilt = isInOrder ? null : await conditionFromReadings(deps, connection, found);
  // The very first readings are judged one by one as well; only what others came before is judged by its end.
  const isFirst = known === null && rebuilt?.state.readingCount === readings.length && isSorted(readings);
  if (rebuilt !== null && !isFirst) {
    const watch = { ...(known ?? startWatch), condition: rebuilt.state };
    return save(deps, connection, { ...update, watch }, []);
  }
  const judged = judgeEach(known ?? startWatch, { readings, unit: series.unit, band });
  return save(deps, connection, { ...update, watch: judged.watch }, judged.steps);
}

function judgeEach(
  before: WatchState,
  input: { readonly readings: BoundReadings["readings"]; readonly unit: string | null; readonly band: Band },
): { readonly watch: WatchState; readonly steps: readonly AlarmStep[] } {
  const { readings, unit, band } = input;
  let watch = before;
  const steps: AlarmStep[] = [];
  for (const [index, { observedAt, number }] of readings.entries()) {
    const reading = { observedAt, celsius: celsiusOf(number, unit) };
    watch = { ...watch, condition: advanceCondition(watch.condition, reading, band) };
    const isLast = index === readings.length - 1;
    if (isLast || index < readings.length - alarmReadingsMax) continue;
    const next = alarmSteps(watch, band);
    steps.push(...next.steps);
    watch = { ...watch, alarms: next.alarms };
  }
  return { watch, steps };
}

/** Late against what was folded, or within the batch itself. */
function isAnyLate(watch: WatchState, readings: BoundReadings["readings"]): boolean {
  return readings.some(({ observedAt }) => isLate(watch.condition, observedAt)) || !isSorted(readings);
}

function isSorted(readings: BoundReadings["readings"]): boolean {
  return readings.every(
    ({ observedAt }, index) => observedAt >= (readings[index - 1]?.observedAt ?? observedAt),
  );
}

/** Raises and ends alarms, writes the condition, and says what changed. */
async function save(
  deps: ShipmentFollowerDependencies,
  connection: Connection,
  update: Update,
  earlierSteps: readonly AlarmStep[],
): Promise<readonly LiveEvent[]> {
  const { shipment, band, watch, seriesId } = update;
  const now = deps.clock.now();
  const condition = conditionOf(watch.condition, band, now);
  const last = isUnderway(shipment.state)
    ? withVoice(alarmSteps(watch, band), condition, now)
    : endAll(watch.alarms, condition.lastAt ?? now);
  const steps = [...earlierSteps, ...last.steps];
  const events: LiveEvent[] = [];
  for (const step of steps) {
    const alarmId = await takeStep(deps, connection, update, step);
    if (alarmId !== null)
      events.push({ kind: "alarm-changed", alarmId, subjectKind: "shipment", subjectId: shipment.id });
  }
  await deps.shipments.saveCondition(connection, {
    shipmentId: shipment.id,
    seriesId,
    state: { ...watch, alarms: last.alarms } satisfies WatchState,
    condition,
    observedAt: condition.lastAt,
    updatedAt: now,
  });
  events.push({ kind: "shipment-condition-changed", shipmentId: shipment.id, verdict: condition.verdict });
  return events;
}

/** Ends the alarm of silence when the readings reach the present again; a backlog of yesterday does not. */
function withVoice(
  { steps, alarms }: ReturnType<typeof alarmSteps>,
  condition: Condition,
  now: number,
): ReturnType<typeof alarmSteps> {
  if (!alarms.absence || isSilent(condition)) return { steps, alarms };
  const heard: AlarmStep = { do: "end", kind: "absence", at: condition.lastAt ?? now };
  return { steps: [...steps, heard], alarms: { ...alarms, absence: false } };
}

function takeStep(
  deps: ShipmentFollowerDependencies,
  connection: Connection,
  { shipment, band, deviceId, seriesId }: Update,
  step: AlarmStep,
): Promise<string | null> {
  const subject = { kind: step.kind, subjectKind: "shipment", subjectId: shipment.id };
  if (step.do === "end") return deps.telemetry.endAlarm(connection, { ...subject, endedAt: step.at });
  const message = alarmText(step, shipment.number, band);
  return deps.telemetry.raiseAlarm(connection, {
    ...subject,
    severity: step.severity,
    subjectLabel: shipment.number,
    deviceId,
    seriesId,
    beganAt: step.at,
    value: step.condition.lastCelsius,
    unit: "Cel",
    messageEn: message.en,
    messageZh: message.zh,
  });
}

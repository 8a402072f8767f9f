// New weights of a scale bound to a shelf cell: units, and an alarm when the cell runs low, inside the intake transaction.
import type { LiveEvent } from "@waremind/contract";
import {
  advanceCellCount,
  type CellCountState,
  checkpointsBefore,
  startCellCount,
  withCheckpoint,
} from "../decisions/shelf/index.ts";
import type { Devices } from "../devices/index.ts";
import type { CellCount, Inventory, ShelfCell } from "../inventory/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { type BoundReadings, boundReadings, gramsOf, numbersOf } from "./bound-readings.ts";
import type { IntakeFollower } from "./intake-sink.ts";
import { keptForAWhile } from "./kept-for-a-while.ts";
import { lockTarget } from "./target-lock.ts";

export interface ShelfFollowerDependencies {
  readonly database: Database;
  readonly devices: Devices;
  readonly telemetry: Telemetry;
  readonly inventory: Inventory;
  readonly clock: Clock;
}

/** A change of a cell (its variant, tare or capacity) is noticed no later. */
const keptMs = 5_000;
const entriesMax = 10_000;
/**
 * A cell that was never counted has no row for its state: it is made again from all weights since it was bound. Beyond so many
 * without a count, from those of the last two minutes.
 */
const firstCountReadingsMax = 2_000;
const firstCountMs = 120_000;
/** A weight that comes later than so many others changes nothing any more: of a shelf the present matters. */
const lateReadingsMax = 20_000;
/** A cell is low at this share of its capacity, and always at the last unit. */
const lowShare = 0.2;
const lowUnitsMin = 1;
/** Low no more only this many units above that (or full): one unit put back and taken again rings nothing new. */
const clearUnits = 2;

/** What is in `cell_count.state`. */
interface ShelfState {
  readonly version: 1;
  readonly count: CellCountState;
  readonly isLow: boolean;
  /** Absent: written by an earlier version. */
  readonly checkpoints?: readonly CellCountState[];
}

export function createShelfFollower(deps: ShelfFollowerDependencies): IntakeFollower {
  const { database, inventory, clock } = deps;
  const cells = keptForAWhile<ShelfCell | null>({ clock, keptMs, entriesMax });
  return {
    follow: async (connection, readings) => {
      const bound = await boundReadings(deps, connection, { kind: "cell-stock", readings });
      const events: LiveEvent[] = [];
      for (const one of bound) {
        const id = one.binding.targetId;
        const cell = await cells.get(id, () => inventory.findCell(connection, id));
        if (cell === null || cell.unitGrams <= 0) continue;
        await lockTarget(database, connection, id);
        const before = (await inventory.cellCounts(connection, [id])).get(id);
        events.push(...(await countOne(deps, connection, { cell, before, bound: one })));
      }
      return events;
    },
  };
}

interface Counting {
  readonly cell: ShelfCell;
  readonly before: CellCount | undefined;
  readonly bound: BoundReadings;
}

async function countOne(
  deps: ShelfFollowerDependencies,
  connection: Connection,
  { cell, before, bound }: Counting,
): Promise<readonly LiveEvent[]> {
  const known = shelfStateOf(before?.state);
  const { series } = bound;
  const start = await startOf(deps, connection, { known, bound });
  let { count, checkpoints } = start;
  for (const { observedAt, number } of start.readings) {
    count = advanceCellCount(count, { observedAt, grams: gramsOf(number, series.unit) }, cell).state;
    checkpoints = withCheckpoint(checkpoints, count);
  }
  const { settled } = count;
  const wasLow = known?.isLow ?? false;
  if (settled === null)
    return before === undefined ? [] : uncount(deps, connection, { cell, before, wasLow });
  const isLow = isLowOn(settled.units, cell, wasLow);
  const alarm = await changeAlarm(deps, connection, { bound, cell, settled, wasLow, isLow });
  await deps.inventory.saveCellCount(connection, {
    cellId: cell.id,
    units: settled.units,
    weightGrams: settled.grams,
    seriesId: series.id,
    observedAt: settled.observedAt,
    state: { version: 1, count, isLow, checkpoints } satisfies ShelfState,
  });
  const isNewCount = before?.observedAt !== settled.observedAt || before.units !== settled.units;
  const counted: LiveEvent = { kind: "cell-counted", cellId: cell.id, units: settled.units };
  return isNewCount ? [...alarm, counted] : alarm;
}

/** What came late shows that the weight never settled: there is no number. */
async function uncount(
  { inventory, telemetry }: ShelfFollowerDependencies,
  connection: Connection,
  {
    cell,
    before,
    wasLow,
  }: { readonly cell: ShelfCell; readonly before: CellCount; readonly wasLow: boolean },
): Promise<readonly LiveEvent[]> {
  await inventory.removeCellCount(connection, cell.id);
  if (!wasLow) return [];
  const subject = { kind: "stock-low", subjectKind: "shelf-cell", subjectId: cell.id } as const;
  const alarmId = await telemetry.endAlarm(connection, { ...subject, endedAt: before.observedAt });
  if (alarmId === null) return [];
  return [{ kind: "alarm-changed", alarmId, subjectKind: subject.subjectKind, subjectId: cell.id }];
}

interface Start {
  readonly count: CellCountState;
  readonly checkpoints: readonly CellCountState[];
  /** In the order of time. */
  readonly readings: BoundReadings["readings"];
}

/** From where the new weights are folded: where it stopped, or before the oldest of them if that one comes late. */
async function startOf(
  deps: ShelfFollowerDependencies,
  connection: Connection,
  { known, bound }: { readonly known: ShelfState | null; readonly bound: BoundReadings },
): Promise<Start> {
  const fresh = bound.readings.toSorted((a, b) => a.observedAt - b.observedAt);
  const oldestAt = fresh[0]?.observedAt ?? 0;
  const goOn = {
    count: known?.count ?? startCellCount(),
    checkpoints: known?.checkpoints ?? [],
    readings: fresh,
  };
  const lastAt = known?.count.lastAt ?? null;
  if (lastAt !== null && oldestAt >= lastAt) return goOn;
  const checkpoints = checkpointsBefore(goOn.checkpoints, oldestAt);
  const count = checkpoints.at(-1) ?? startCellCount();
  const from = Math.max(bound.binding.boundAt, (count.lastAt ?? -1) + 1);
  const limit = known === null ? firstCountReadingsMax : lateReadingsMax;
  const to = Number.MAX_SAFE_INTEGER;
  const readings = await weights(deps, connection, bound, { from, to, limit: limit + 1 });
  if (readings.length <= limit) return { count, checkpoints, readings };
  if (known !== null) return goOn;
  const recent = { from: Math.max(from, oldestAt - firstCountMs), to, limit };
  return { ...goOn, readings: await weights(deps, connection, bound, recent) };
}

/** They are in the store already. */
async function weights(
  { telemetry }: ShelfFollowerDependencies,
  connection: Connection,
  { series }: BoundReadings,
  range: { readonly from: number; readonly to: number; readonly limit: number },
): Promise<BoundReadings["readings"]> {
  return numbersOf(await telemetry.range(connection, series.id, range));
}

function shelfStateOf(state: unknown): ShelfState | null {
  const isOurs =
    typeof state === "object" &&
    state !== null &&
    "version" in state &&
    state.version === 1 &&
    "count" in state;
  return isOurs ? (state as ShelfState) : null;
}

function isLowOn(units: number, cell: ShelfCell, wasLow: boolean): boolean {
  const lowUnits = Math.max(lowUnitsMin, Math.floor(cell.capacityUnits * lowShare));
  const isCleared = units >= Math.min(lowUnits + clearUnits, cell.capacityUnits);
  return cell.variantId !== null && (units <= lowUnits || (wasLow && !isCleared));
}

interface AlarmChange {
  readonly bound: BoundReadings;
  readonly cell: ShelfCell;
  readonly settled: NonNullable<CellCountState["settled"]>;
  readonly wasLow: boolean;
  readonly isLow: boolean;
}

async function changeAlarm(
  { telemetry }: ShelfFollowerDependencies,
  connection: Connection,
  { bound, cell, settled, wasLow, isLow }: AlarmChange,
): Promise<readonly LiveEvent[]> {
  if (wasLow === isLow) return [];
  const subject = { kind: "stock-low", subjectKind: "shelf-cell", subjectId: cell.id } as const;
  const alarmId = isLow
    ? await telemetry.raiseAlarm(connection, {
        ...subject,
        severity: "warning",
        subjectLabel: cell.code,
        deviceId: bound.binding.deviceId,
        seriesId: bound.series.id,
        beganAt: settled.observedAt,
        value: settled.units,
        unit: "1",
        messageEn: `Shelf cell ${cell.code} is running low: ${settled.units} of ${cell.capacityUnits} left.`,
        messageZh: `货格 ${cell.code} 库存不足：剩余 ${settled.units} 件，容量 ${cell.capacityUnits} 件。`,
      })
    : await telemetry.endAlarm(connection, { ...subject, endedAt: settled.observedAt });
  return alarmId === null
    ? []
    : [{ kind: "alarm-changed", alarmId, subjectKind: subject.subjectKind, subjectId: cell.id }];
}

// New weights of a scale bound to a shelf cell: units, and an alarm when the cell runs low, inside the intake transaction.
import type { LiveEvent } from "@waremind/contract";
import { advanceCellCount, type CellCountState, startCellCount } from "../decisions/shelf/index.ts";
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
/** A cell that was never counted has no row for its state: it is made again from the weights of this long. */
const firstCountMs = 120_000;
const firstCountReadingsMax = 500;
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
  const readings = known === null ? await recentWeights(deps, connection, bound) : bound.readings;
  let count = known?.count ?? startCellCount();
  for (const { observedAt, number } of readings)
    count = advanceCellCount(count, { observedAt, grams: gramsOf(number, series.unit) }, cell).state;
  const { settled } = count;
  // Nothing has settled yet: there is no number to write down.
  if (settled === null) return [];
  const isLow = isLowOn(settled.units, cell, known?.isLow ?? false);
  const alarm = await changeAlarm(deps, connection, {
    bound,
    cell,
    settled,
    wasLow: known?.isLow ?? false,
    isLow,
  });
  await deps.inventory.saveCellCount(connection, {
    cellId: cell.id,
    units: settled.units,
    weightGrams: settled.grams,
    seriesId: series.id,
    observedAt: settled.observedAt,
    state: { version: 1, count, isLow } satisfies ShelfState,
  });
  const isNewCount = before?.observedAt !== settled.observedAt || before.units !== settled.units;
  const counted: LiveEvent = { kind: "cell-counted", cellId: cell.id, units: settled.units };
  return isNewCount ? [...alarm, counted] : alarm;
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

/** The weights up to the newest of the batch, which is in the store already. */
async function recentWeights(
  deps: ShelfFollowerDependencies,
  connection: Connection,
  { binding, series, readings }: BoundReadings,
): Promise<BoundReadings["readings"]> {
  const to = readings.reduce((newest, { observedAt }) => Math.max(newest, observedAt), 0);
  const earliest = readings.reduce((oldest, { observedAt }) => Math.min(oldest, observedAt), to);
  const from = Math.max(binding.boundAt, earliest - firstCountMs);
  const limit = firstCountReadingsMax;
  return numbersOf(await deps.telemetry.range(connection, series.id, { from, to, limit }));
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

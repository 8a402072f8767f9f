import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { sumStock } from "./expiry.ts";
import { calendarDate, createInventory, daysAfter, expiringDays } from "./index.ts";
import type { Inventory, Lot, ShelfCell } from "./stock.ts";

/** 06:00 UTC on 2 March 2026: the 2nd in Shanghai, still the 1st in Honolulu. */
const startAt = Date.UTC(2026, 2, 2, 6);
const clock = manualClock(startAt);
let database: Database;
let inventory: Inventory;
let count = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  inventory = createInventory({ database, clock });
  await sql
    .raw("insert into product values ('p', 'Salmon', '三文鱼', '', '', 'fish', null, '{}', 0)")
    .execute(tablesOf(database));
  await database.transaction(async (connection) => {
    await inventory.createLocation(connection, shanghai);
    await inventory.createLocation(connection, honolulu);
  });
});
afterAll(() => database.close());
beforeEach(() => clock.set(startAt));

const shanghai = { id: "loc_sh", name: { en: "Shanghai", zh: "上海仓" }, timeZone: "Asia/Shanghai" };
const honolulu = { id: "loc_hi", name: { en: "Honolulu", zh: "檀香山仓" }, timeZone: "Pacific/Honolulu" };

async function aVariant(): Promise<string> {
  count += 1;
  const id = `var_${count}`;
  await sql`insert into variant values (${id}, 'p', ${id}, null, '', '', 1, 'CNY', 1, 'active')`.execute(
    tablesOf(database),
  );
  return id;
}

async function aLot(
  variantId: string,
  expiresOn: string | null,
  units: number,
  place = shanghai,
): Promise<Lot> {
  count += 1;
  const lot = { id: `lot_${count}`, variantId, number: `L-${count}`, expiresOn, receivedAt: startAt };
  const level = { lotId: lot.id, locationId: place.id, onHandUnits: units, reservedUnits: 1 };
  await database.transaction(async (connection) => {
    await inventory.createLots(connection, [lot]);
    await inventory.setStockLevels(connection, [level]);
  });
  return lot;
}

async function aCell(variantId: string | null, more: Partial<ShelfCell> = {}): Promise<ShelfCell> {
  count += 1;
  const cell = {
    id: `cell_${String(count).padStart(4, "0")}`,
    locationId: shanghai.id,
    code: `A-${count}`,
    row: 1,
    column: count,
    variantId,
    capacityUnits: 24,
    tareGrams: 120.5,
    unitGrams: 205.25,
    bookedUnits: 10,
    ...more,
  };
  await database.transaction((connection) => inventory.createShelfCells(connection, [cell]));
  return cell;
}
const aCount = (cellId: string, units: number, observedAt = startAt) => {
  return { cellId, units, weightGrams: units * 205.25, seriesId: 3, observedAt, state: { window: [1, 2] } };
};
const save = (counted: ReturnType<typeof aCount>) =>
  database.transaction((connection) => inventory.saveCellCount(connection, counted));
const stockOf = async (variantId: string) => (await inventory.stockOf([variantId])).get(variantId);

test("places, lots and cells are read back as they were written", async () => {
  const variantId = await aVariant();
  const lot = await aLot(variantId, "2026-03-05", 4);
  const cell = await aCell(variantId);
  expect(await inventory.listLocations()).toEqual([honolulu, shanghai]);
  expect(await inventory.findLots([lot.id, "none"])).toEqual([lot]);
  expect(await inventory.listCells()).toContainEqual(cell);
  expect(await inventory.listCells(honolulu.id)).toEqual([]);
  expect(await inventory.findCell(database, cell.id)).toEqual(cell);
  expect(await inventory.findCell(database, "none")).toBeNull();
});

describe("stock of a variant", () => {
  test("without any stock it is zero, and every variant asked for is answered", async () => {
    const variantId = await aVariant();
    const stock = await inventory.stockOf([variantId, "none"]);
    expect([...stock.keys()]).toEqual([variantId, "none"]);
    expect(stock.get(variantId)).toEqual({
      variantId,
      onHandUnits: 0,
      reservedUnits: 0,
      expiringUnits: 0,
      expiredUnits: 0,
      nextExpiryOn: null,
      sensedUnits: null,
      sensedAt: null,
    });
    expect(await inventory.stockOf([])).toEqual(new Map());
  });

  test("lots add up; expiring are those within seven days, today included, expired ones apart", async () => {
    const variantId = await aVariant();
    const lots: [string | null, number][] = [
      ["2026-03-01", 1],
      ["2026-03-02", 10],
      ["2026-03-09", 100],
      ["2026-03-10", 1000],
      [null, 10_000],
    ];
    for (const [expiresOn, units] of lots) await aLot(variantId, expiresOn, units);
    expect(await stockOf(variantId)).toMatchObject({
      onHandUnits: 11_111,
      reservedUnits: 5,
      expiredUnits: 1,
      expiringUnits: 110,
      nextExpiryOn: "2026-03-02",
    });
  });

  test("today is the location's own date, not the server's", async () => {
    const variantId = await aVariant();
    await aLot(variantId, "2026-03-01", 3, honolulu);
    expect(await stockOf(variantId)).toMatchObject({ expiredUnits: 0, nextExpiryOn: "2026-03-01" });
    clock.set(Date.UTC(2026, 2, 2, 10));
    expect(await stockOf(variantId)).toMatchObject({ expiredUnits: 3, nextExpiryOn: null });
  });

  test("a lot that is used up no longer expires next", async () => {
    const variantId = await aVariant();
    const first = await aLot(variantId, "2026-03-03", 2);
    await aLot(variantId, "2026-03-08", 2);
    const level = { lotId: first.id, locationId: shanghai.id, onHandUnits: 0, reservedUnits: 0 };
    await database.transaction((connection) => inventory.setStockLevels(connection, [level]));
    expect(await stockOf(variantId)).toMatchObject({ onHandUnits: 2, nextExpiryOn: "2026-03-08" });
  });

  test("scales add up and are as old as the oldest of them", async () => {
    const variantId = await aVariant();
    const [first, second] = [await aCell(variantId), await aCell(variantId)];
    await aCell(variantId);
    await save(aCount(first.id, 5, startAt + 5000));
    await save(aCount(second.id, 7, startAt + 1000));
    await save(aCount((await aCell(null)).id, 99));
    expect(await stockOf(variantId)).toMatchObject({
      sensedUnits: 12,
      sensedAt: startAt + 1000,
      onHandUnits: 0,
    });
  });

  test("it is read through the caller's transaction when one is passed", async () => {
    const variantId = await aVariant();
    const lot = await aLot(variantId, null, 2);
    await database.transaction(async (connection) => {
      const level = { lotId: lot.id, locationId: shanghai.id, onHandUnits: 9, reservedUnits: 0 };
      await inventory.setStockLevels(connection, [level]);
      expect((await inventory.stockOf([variantId], connection)).get(variantId)?.onHandUnits).toBe(9);
    });
  });
});

test("the last of two levels for one lot and place stands", async () => {
  const lot = await aLot(await aVariant(), null, 1);
  const level = (onHandUnits: number) => ({
    lotId: lot.id,
    locationId: shanghai.id,
    onHandUnits,
    reservedUnits: 0,
  });
  await database.transaction((connection) => inventory.setStockLevels(connection, [level(3), level(4)]));
  expect((await stockOf(lot.variantId))?.onHandUnits).toBe(4);
});

test("a count replaces the one before and keeps the engine's state", async () => {
  const cell = await aCell(null);
  await save(aCount(cell.id, 5));
  const later = aCount(cell.id, 4, startAt + 60_000);
  await save(later);
  expect(await inventory.cellCounts(database, [cell.id, "none"])).toEqual(new Map([[cell.id, later]]));
  expect((await inventory.cellCounts(database)).get(cell.id)).toEqual(later);
});

test("thousands of lots and levels are written at once", async () => {
  const variantId = await aVariant();
  const lots = Array.from({ length: 2000 }, (_, index): Lot => {
    return { id: `bulk_${index}`, variantId, number: `B-${index}`, expiresOn: null, receivedAt: 0 };
  });
  const levels = lots.map(({ id }) => ({
    lotId: id,
    locationId: shanghai.id,
    onHandUnits: 2,
    reservedUnits: 0,
  }));
  await database.transaction(async (connection) => {
    await inventory.createLots(connection, lots);
    await inventory.setStockLevels(connection, levels);
  });
  expect((await stockOf(variantId))?.onHandUnits).toBe(4000);
});

describe("the calendar", () => {
  test.each([
    ["Asia/Shanghai", Date.UTC(2026, 11, 31, 16), "2027-01-01"],
    ["Pacific/Honolulu", Date.UTC(2026, 2, 2, 6), "2026-03-01"],
    ["UTC", Date.UTC(2024, 1, 29), "2024-02-29"],
  ])("in %s", (timeZone, at, date) => {
    expect(calendarDate(at, timeZone)).toBe(date);
  });
  test("days are added over months, leap days and clock changes", () => {
    expect(daysAfter("2024-02-28", 2)).toBe("2024-03-01");
    expect(daysAfter("2026-12-31", 1)).toBe("2027-01-01");
    expect(daysAfter("2026-03-28", 7)).toBe("2026-04-04");
  });
  test("every unit on hand is good, expiring or expired, never two of them", () => {
    const property = fc.property(
      fc.array(fc.tuple(fc.integer({ min: -30, max: 30 }), fc.nat(50))),
      (lots) => {
        const shares = lots.map(([days, onHandUnits]) => {
          return { timeZone: "UTC", expiresOn: daysAfter("2026-03-02", days), onHandUnits, reservedUnits: 0 };
        });
        const sums = sumStock(shares, startAt);
        const good = lots.filter(([days]) => days > expiringDays).reduce((sum, [, units]) => sum + units, 0);
        expect(sums.onHandUnits).toBe(sums.expiredUnits + sums.expiringUnits + good);
        expect(sums.nextExpiryOn === null || sums.nextExpiryOn >= "2026-03-02").toBe(true);
      },
    );
    fc.assert(property);
  });
});

import type { LiveEvent } from "@waremind/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  bindDevice,
  minute,
  openSmallShop,
  type SmallShop,
  shopStartAt,
  storeNumbers,
} from "../../../tests/support/small-shop.ts";
import { createShelfFollower } from "./count-shelves.ts";
import type { IntakeFollower } from "./intake-sink.ts";

let shop: SmallShop;
let follower: IntakeFollower;
beforeAll(async () => {
  shop = await openSmallShop();
  follower = createShelfFollower(shop);
  await shop.database.transaction((connection) =>
    shop.inventory.createLocation(connection, {
      id: "loc-1",
      name: { en: "Cold room", zh: "冷库" },
      timeZone: "Asia/Shanghai",
    }),
  );
});
afterAll(() => shop.database.close());

let cellCount = 0;
/** A cell for ten units of 500 g, tare 350 g. */
async function aCell(unit = "g") {
  cellCount += 1;
  const id = `cell-${cellCount}`;
  await shop.database.transaction((connection) =>
    shop.inventory.createShelfCells(connection, [
      {
        id,
        locationId: "loc-1",
        code: `A-${cellCount}`,
        row: 1,
        column: cellCount,
        variantId: "var-1",
        capacityUnits: 10,
        tareGrams: 350,
        unitGrams: 500,
        bookedUnits: 8,
      },
    ]),
  );
  const bound = {
    name: `scale-${cellCount}`,
    kind: "cell-stock",
    targetId: id,
    key: "weight",
    unit,
  } as const;
  const { seriesId } = await bindDevice(shop, bound);
  return { id, seriesId };
}

/** Weights in units of goods, two seconds apart, from a minute after the start. */
async function weigh(
  cell: { readonly seriesId: number },
  from: number,
  units: readonly number[],
  gramsPer = 1,
): Promise<readonly LiveEvent[]> {
  const points = units.map((count, index) => [from + index / 30, (350 + count * 500) * gramsPer] as const);
  shop.clock.set(shopStartAt + Math.ceil((points.at(-1)?.[0] ?? 0) * minute));
  const events: LiveEvent[] = [];
  for (const point of points)
    events.push(
      ...(await shop.database.transaction(async (connection) =>
        follower.follow(connection, await storeNumbers(shop, connection, cell.seriesId, [point])),
      )),
    );
  return events;
}

const countOf = async (id: string) => (await shop.inventory.cellCounts(shop.database, [id])).get(id);
const alarmsOf = (id: string) =>
  shop.telemetry.alarms({ subjectKind: "shelf-cell", subjectId: id, limit: 10 });

describe("a shelf cell on a scale", () => {
  test("has no count until the weight has settled, then says what and when", async () => {
    const cell = await aCell();
    expect(await weigh(cell, 1, [8, 8])).toEqual([]);
    expect(await countOf(cell.id)).toBeUndefined();
    expect(await weigh(cell, 1 + 2 / 30, [8])).toEqual([{ kind: "cell-counted", cellId: cell.id, units: 8 }]);
    expect(await countOf(cell.id)).toMatchObject({
      units: 8,
      weightGrams: 4000,
      observedAt: shopStartAt + 64_000,
    });
  });

  test("keeps its count while a hand leans on it, and counts what was taken", async () => {
    const cell = await aCell();
    await weigh(cell, 1, [8, 8, 8, 8]);
    expect(await weigh(cell, 2, [9.3, 11.7, 8.9, 12.1])).toEqual([]);
    expect((await countOf(cell.id))?.units).toBe(8);
    await weigh(cell, 3, [6, 6, 6]);
    expect((await countOf(cell.id))?.units).toBe(6);
  });

  test("rings once when it runs low, and stops when it is filled again", async () => {
    const cell = await aCell();
    await weigh(cell, 1, [4, 4, 4, 3, 3, 3]);
    expect(await alarmsOf(cell.id)).toEqual([]);
    const events = await weigh(cell, 2, [2, 2, 2, 1, 1, 1, 0, 0, 0]);
    expect(events.filter(({ kind }) => kind === "alarm-changed")).toHaveLength(1);
    expect(await alarmsOf(cell.id)).toMatchObject([
      {
        kind: "stock-low",
        severity: "warning",
        value: 2,
        endedAt: null,
        subjectLabel: expect.stringMatching(/^A-/),
      },
    ]);
    // One put back and taken again is no news.
    await weigh(cell, 3, [3, 3, 3, 2, 2, 2, 3, 3, 3]);
    expect((await alarmsOf(cell.id)).map(({ endedAt }) => endedAt)).toEqual([null]);
    await weigh(cell, 4, [9, 9, 9]);
    expect((await alarmsOf(cell.id))[0]?.endedAt).not.toBeNull();
  });

  test("counts the same on a scale that speaks in kilograms", async () => {
    const cell = await aCell("kg");
    await weigh(cell, 1, [7, 7, 7], 0.001);
    expect(await countOf(cell.id)).toMatchObject({ units: 7, weightGrams: 3500 });
  });

  test("a weight that comes late counts at its own time", async () => {
    const cell = await aCell();
    // Taken at 2 s, put back by 4 s; the message in between comes last, twice.
    await weigh(cell, 1, [8]);
    await weigh(cell, 1 + 4 / 60, [8]);
    expect((await countOf(cell.id))?.units).toBe(8);
    await weigh(cell, 1 + 2 / 60, [6, 6]);
    expect(await countOf(cell.id)).toBeUndefined();
    await weigh(cell, 1 + 6 / 60, [8, 8]);
    expect(await countOf(cell.id)).toMatchObject({ units: 8, observedAt: shopStartAt + minute + 8_000 });
  });

  test("hours of weights that arrive backwards give the count, and the drift, of their order", async () => {
    const [one, other] = [await aCell(), await aCell()];
    const course = Array.from({ length: 90 }, (_, index) => 8 - Math.floor(index / 20) + (index % 7) / 100);
    for (const [index, units] of course.entries()) await weigh(one, 1 + index * 2, [units]);
    for (const [index, units] of [...course.entries()].reverse()) await weigh(other, 1 + index * 2, [units]);
    const [inOrder, backwards] = [await countOf(one.id), await countOf(other.id)];
    const countIn = (state: unknown) => (state as { count: unknown }).count;
    expect(inOrder?.units).toBe(4);
    expect(countIn(backwards?.state)).toEqual(countIn(inOrder?.state));
  });
});

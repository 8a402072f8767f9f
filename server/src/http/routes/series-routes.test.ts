import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, managedStartAt, openManagedShop } from "../../../../tests/support/managed-shop.ts";

const hourMs = 3_600_000;

let shop: ManagedShop;
let seriesId = 0;
beforeAll(async () => {
  shop = await openManagedShop();
  const token = await shop.addDevice("box-1");
  await shop.send(token, [
    { ts: managedStartAt - 3, values: { temperature: 4, note: "🧊" } },
    { ts: managedStartAt - 2, values: { temperature: 5 } },
  ]);
  const { series } = (await shop.ask("owner", "GET", "/api/devices/box-1")).body;
  seriesId = series.find((one: { key: string }) => one.key === "temperature").seriesId;
});
afterAll(() => shop.close());

const ask = (path: string) => shop.ask("support", "GET", path);

test("hours of several series come in one answer, in the order asked", async () => {
  const { status, body } = await ask(`/api/series/aggregates?ids=999999,${seriesId}&span=hour`);
  const beginsAt = managedStartAt - 3 - ((managedStartAt - 3) % hourMs);
  expect([status, body]).toEqual([
    200,
    {
      bucketMs: hourMs,
      series: [
        { seriesId: 999_999, buckets: [] },
        { seriesId, buckets: [[beginsAt, 2, 4, 5, 4.5]] },
      ],
    },
  ]);
});

test("latest values of several series come with their types", async () => {
  const { series } = (await ask("/api/devices/box-1")).body;
  const ids = series.map((one: { seriesId: number }) => one.seriesId);
  const { body } = await ask(`/api/series/latest?ids=${ids.join()},999999`);
  expect(body.items).toHaveLength(2);
  expect(body.items).toEqual(
    expect.arrayContaining([
      { seriesId, observedAt: managedStartAt - 2, type: "number", value: 5 },
      expect.objectContaining({ observedAt: managedStartAt - 3, type: "text", value: "🧊" }),
    ]),
  );
});

test("what one answer does not hold is refused in both languages", async () => {
  const many = Array.from({ length: 1_001 }, (_, index) => index + 1).join();
  const refused = [
    `/api/series/latest?ids=${many}`,
    "/api/series/latest?ids=",
    "/api/series/latest?ids=1,x",
    "/api/series/latest?ids=0",
    "/api/series/latest?ids=9999999999",
    "/api/series/aggregates?ids=1",
    "/api/series/aggregates?ids=1&span=week",
    `/api/series/aggregates?ids=1&span=minute&from=0&to=${managedStartAt}`,
  ];
  for (const path of refused) {
    const { status, body } = await ask(path);
    expect([path.slice(0, 60), status, body.code]).toEqual([path.slice(0, 60), 400, "invalid-input"]);
    expect(body.message.zh).toMatch(/\p{Script=Han}/u);
  }
});

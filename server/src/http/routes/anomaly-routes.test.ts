import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, managedStartAt, openManagedShop } from "../../../../tests/support/managed-shop.ts";

let shop: ManagedShop;
let token: string;
let at: string;
beforeAll(async () => {
  shop = await openManagedShop();
  token = await shop.addDevice("box");
  const readings = Array.from({ length: 400 }, (_, index) => ({
    ts: managedStartAt - (400 - index) * 600_000,
    values: { temperature: 4 + ((index * 7) % 10) / 10 },
  }));
  for (let first = 0; first < readings.length; first += 100)
    await shop.send(token, readings.slice(first, first + 100));
  const device = await shop.devices.findDevice("box");
  const [series] = await shop.telemetry.seriesOfDevices([device?.id ?? 0]);
  at = `/api/series/${series?.id}`;
});
afterAll(() => shop.close());

test("who may change devices has a series watched, and everybody sees what stood out", async () => {
  expect((await shop.ask("support", "PUT", `${at}/anomaly-watch`, {})).status).toBe(403);
  expect((await shop.ask("support", "GET", `${at}/anomalies`)).body).toMatchObject({
    state: "off",
    items: [],
  });
  expect((await shop.ask("operations", "PUT", `${at}/anomaly-watch`, {})).body).toEqual({ ok: true });
  expect(await shop.jobs.runDue()).toBe(1);
  expect((await shop.ask("support", "GET", `${at}/anomalies`)).body).toMatchObject({
    ...{ state: "watching", sensitivity: "normal", learnedCount: 400, items: [], isCut: false },
  });
  await shop.send(token, { ts: managedStartAt, values: { temperature: 30 } });
  const { body } = await shop.ask("support", "GET", `${at}/anomalies`);
  expect(body.items).toMatchObject([{ observedAt: managedStartAt, value: 30 }]);
  expect(body.items[0].sentence.en).not.toBe("");
  const before = await shop.ask("support", "GET", `${at}/anomalies?to=${managedStartAt - 1}`);
  expect(before.body.items).toEqual([]);
  expect((await shop.ask("owner", "GET", "/api/alarms?open=true")).body.items).toEqual([]);
});

test("it is switched off again; what makes no sense is refused in both languages", async () => {
  expect((await shop.ask("operations", "DELETE", `${at}/anomaly-watch`)).body).toEqual({ ok: true });
  expect((await shop.ask("support", "GET", `${at}/anomalies`)).body).toMatchObject({
    ...{ state: "off", sensitivity: null, band: null },
  });
  const odd = await shop.ask("owner", "PUT", `${at}/anomaly-watch`, { sensitivity: "very" });
  expect([odd.status, odd.body.code]).toEqual([400, "invalid-input"]);
  for (const [method, path] of [
    ["PUT", "/api/series/999999/anomaly-watch"],
    ["DELETE", "/api/series/999999/anomaly-watch"],
    ["GET", "/api/series/999999/anomalies"],
  ] as const) {
    const answer = await shop.ask("owner", method, path, method === "PUT" ? {} : undefined);
    expect([method, answer.status, answer.body.message.zh]).toEqual([
      method,
      404,
      expect.stringContaining("999999"),
    ]);
  }
});

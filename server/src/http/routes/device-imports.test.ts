import { deviceImportBytesMax } from "@waremind/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, openManagedShop } from "../../../../tests/support/managed-shop.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

const send = (body: Uint8Array<ArrayBuffer> | string) =>
  shop.app.request("/api/device-imports", {
    ...{ method: "POST", body, headers: { cookie: "owner", "content-type": "text/csv" } },
  });

test.each([
  // 冷库 as Excel in Chinese saves it.
  [
    "GB 18030",
    [...Buffer.from("name,label,profile\nen-1,"), 0xc0, 0xe4, 0xbf, 0xe2, ...Buffer.from(",cold\n")],
  ],
  ["UTF-16, little endian", [...Buffer.from("\ufeffname,label,profile\nen-2,冷库,cold\n", "utf16le")]],
  ["UTF-16, big endian", [...Buffer.from("\ufeffname,label,profile\nen-3,冷库,cold\n", "utf16le").swap16()]],
  ["UTF-8", [...Buffer.from("name,label,profile\nen-4,冷库,cold\n")]],
])("a file in %s arrives undamaged over REST", async (encoding, bytes) => {
  const answer = await send(new Uint8Array(bytes));
  const { rows } = (await answer.json()) as { rows: { name: string; outcome: string }[] };
  expect([encoding, rows[0]?.outcome]).toEqual([encoding, "created"]);
  expect((await shop.devices.findDevice(rows[0]?.name ?? ""))?.label).toBe("冷库");
});

test("bytes that are no text are refused, never guessed", async () => {
  const answer = await send(new Uint8Array([0x6e, 0xff, 0xff, 0xff]));
  const problem = (await answer.json()) as { message: { en: string } };
  expect([answer.status, problem.message.en]).toEqual([400, expect.stringContaining("GB 18030")]);
});

test("one limit holds for the route and for what reads the table, as text too", async () => {
  expect((await send("x".repeat(deviceImportBytesMax + 1))).status).toBe(413);
  const csv = "水".repeat(deviceImportBytesMax / 3 + 1);
  for (const table of [csv, Buffer.from(csv)])
    await expect(shop.deviceImport.run({ csv: table, dryRun: true })).rejects.toMatchObject({
      ...{ code: "payload-too-large", details: { allowed: deviceImportBytesMax } },
    });
});

import type { EvidenceRecord } from "@waremind/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import type { Database } from "../platform/database.ts";
import { checkText, createEvidenceRecords, type EvidenceRecords } from "./index.ts";

let database: Database;
let records: EvidenceRecords;
beforeAll(async () => {
  database = await openTestDatabase();
  records = createEvidenceRecords({ database });
});
afterAll(() => database.close());

function aRecord(id: string): EvidenceRecord {
  const text = "峰值为 7.8 °C。It is “safe”.";
  const fact: EvidenceRecord["facts"][number] = {
    id: "fact_1",
    subject: { kind: "shipment", id: "shp_1", label: "SH-1", partOf: { kind: "order", id: "ord_1" } },
    property: "temperature-max",
    value: { type: "number", number: 7.8, unit: "Cel" },
    observedAt: 1_772_500_000_000,
    freshForSeconds: null,
    source: {
      kind: "series",
      seriesId: 7,
      deviceName: "logger-7",
      key: "temperature",
      from: 1,
      to: 2,
      pointCount: 2,
      markedAt: [2],
    },
  };
  const check = checkText({
    text,
    language: "zh",
    facts: [fact],
    customerWords: [],
    actionsDone: [],
    now: fact.observedAt,
    timeZone: "UTC",
  });
  return {
    id,
    kind: "answer",
    language: "zh",
    text,
    sentences: check.sentences.filter(({ isSupported }) => isSupported),
    withheld: check.sentences.filter(({ isSupported }) => !isSupported),
    facts: [fact],
    createdAt: fact.observedAt,
  };
}

test("a record comes back as it was written, with its facts and what was withheld", async () => {
  const record = aRecord("evr_1");
  await database.transaction((connection) => records.save(connection, record));
  expect(await records.find("evr_1")).toEqual(record);
  expect(record.withheld).toHaveLength(1);
  expect(await records.find("evr_unknown")).toBeNull();
});

test("a record belongs to the caller's transaction and is written once", async () => {
  const failed = database.transaction(async (connection) => {
    await records.save(connection, aRecord("evr_2"));
    throw new Error("changed my mind");
  });
  await expect(failed).rejects.toThrow("changed my mind");
  expect(await records.find("evr_2")).toBeNull();
  await expect(
    database.transaction((connection) => records.save(connection, aRecord("evr_1"))),
  ).rejects.toThrow();
});

import type { ReadingValue } from "@waremind/contract";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoredReading, Telemetry } from "./reading.ts";
import { csvLine, type ExportedSeries, readingsCsv } from "./readings-csv.ts";

const at = 1_790_000_000_000;

/** A store in memory, as the export sees it: each series in order. */
function aStore(stored: ReadonlyMap<number, readonly StoredReading[]>): Pick<Telemetry, "readings"> {
  return {
    readings: async function* (seriesId, { from, to }) {
      for (const reading of stored.get(seriesId) ?? []) {
        if (reading.observedAt >= from && reading.observedAt <= to) yield reading;
      }
    },
  };
}

const reading = (seriesId: number, observedAt: number, value: ReadingValue): StoredReading => ({
  ...{ seriesId, observedAt, receivedAt: observedAt + 7, sequence: 0, value },
});
const named = (seriesId: number, key: string): ExportedSeries => ({
  ...{ seriesId, key, deviceName: 'shelf "A", left', unit: null },
});

async function linesOf(
  store: Pick<Telemetry, "readings">,
  series: readonly ExportedSeries[],
): Promise<Record<string, string>[]> {
  let text = "";
  for await (const piece of readingsCsv(store, series, { from: 0, to: at * 2 })) text += piece;
  return parse(text, { columns: true }) as Record<string, string>[];
}

test("every value leaves as it came: long numbers, identifiers, emoji, quotes, line ends, 60 kB, formulas", async () => {
  const texts = [
    "00012345600012",
    "241408E4",
    "1e3",
    "👩🏽‍🚀",
    "长".repeat(20_000),
    'a,"b"\r\nc',
    " edge ",
    "",
    "=1+1",
  ];
  const values: ReadingValue[] = [
    ...texts.map((text): ReadingValue => ({ type: "text", text })),
    { type: "number", number: 2 ** 63, literal: "9223372036854775808" },
    { type: "number", number: 0.1, literal: "0.12345678901234567" },
    { type: "number", number: -4.5 },
    { type: "boolean", boolean: false },
    { type: "json", json: { a: ["x,y", null] } },
  ];
  const store = aStore(new Map([[1, values.map((value, index) => reading(1, at + index, value))]]));
  const lines = await linesOf(store, [named(1, "k")]);
  expect(lines.map((line) => line["value"])).toEqual([
    ...texts,
    "9223372036854775808",
    "0.12345678901234567",
    "-4.5",
    "false",
    '{"a":["x,y",null]}',
  ]);
  expect(lines[0]).toEqual({
    ...{ device: 'shelf "A", left', key: "k", unit: "", type: "text", value: "00012345600012" },
    ...{ observed_at: String(at), observed_time: "2026-09-21T14:13:20.000Z", received_at: String(at + 7) },
  });
});

test("several series come together in the order of their time", async () => {
  const number = (value: number): ReadingValue => ({ type: "number", number: value });
  const store = aStore(
    new Map([
      [1, [reading(1, at, number(1)), reading(1, at + 20, number(2))]],
      [2, [reading(2, at, number(3)), reading(2, at + 10, number(4)), reading(2, at + 30, number(5))]],
      [3, []],
    ]),
  );
  const lines = await linesOf(store, [named(1, "a"), named(2, "b"), named(3, "c")]);
  expect(lines.map((line) => `${line["key"]}${line["value"]}`)).toEqual(["a1", "b3", "b4", "a2", "b5"]);
});

test("any fields come back from a line", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 2, maxLength: 6 }), (fields) => {
      expect(parse(csvLine(fields))).toEqual([fields]);
    }),
  );
});

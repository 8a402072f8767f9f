import { deviceImportBytesMax } from "@waremind/contract";
import { expect, test } from "vitest";
import { csvCell, isNothing, isTooBig, tokensCsv } from "./import-csv.ts";

test("only devices that were made bring a token", () => {
  const row = { line: 2, outcome: "created", message: null } as const;
  expect(
    tokensCsv([
      { ...row, name: "a", token: "t-1" },
      { ...row, name: "b", token: null, outcome: "exists" },
    ]),
  ).toBe("name,token\r\na,t-1\r\n");
});
test("what would break a line or run as a formula is quoted", () => {
  expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
  expect(csvCell("=1+1")).toBe("'=1+1");
});
test("the size counts in bytes, of pasted lines as of a file, so that the server refuses nothing that was let through", () => {
  const text = "水".repeat(Math.floor(deviceImportBytesMax / 3));
  expect([isTooBig(text), isTooBig(`${text}水`)]).toEqual([false, true]);
  const file = new File([new Uint8Array(deviceImportBytesMax)], "devices.csv");
  expect([isTooBig(file), isNothing(file), isNothing(new File([], "empty.csv")), isNothing(" \n")]).toEqual([
    ...[false, false, true, true],
  ]);
});

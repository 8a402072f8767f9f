import { expect, test } from "vitest";
import { readQuantity } from "./read-claim.ts";

const plain = { operator: null, isAbout: false, direction: null, unit: null };

test("a comparison is read with its side, its number and its unit", () => {
  expect(readQuantity("> 4 Cel")).toEqual({ ...plain, operator: "gt", number: 4, unit: "Cel" });
  expect(readQuantity("≤ 30 min")).toEqual({ ...plain, operator: "le", number: 30, unit: "min" });
  expect(readQuantity("-18.5 Cel")).toEqual({ ...plain, number: -18.5, unit: "Cel" });
  expect(readQuantity("about 3")).toEqual({ ...plain, isAbout: true, number: 3 });
  expect(readQuantity("2 h ago")).toEqual({ ...plain, number: 2, unit: "h", direction: "ago" });
  expect(readQuantity("3 d from now")).toEqual({ ...plain, number: 3, unit: "d", direction: "from-now" });
});
test.each([
  "2026-03-02",
  "¥59.00",
  "delivered",
  "about 14:05",
  "text beyond the length that is checked",
  "…1234x",
])("%s is no quantity and stays as it is", (reads) => {
  expect(readQuantity(reads)).toBeNull();
});

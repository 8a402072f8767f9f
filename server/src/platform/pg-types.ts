import pg from "pg";

const int8Oid = 20;

/** Epoch milliseconds and counts fit a double; everything else keeps pg's own parser. One rule for both stores. */
export function parserOf(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === int8Oid && format !== "binary") return Number;
  return pg.types.getTypeParser(oid, format as "text") as (value: string) => unknown;
}

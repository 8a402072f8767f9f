// Readings as Apache Parquet: typed columns for notebooks and warehouses, and beside them the value as it was sent.
import type { SchemaElement } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import type { Connection } from "../platform/database.ts";
import { textOfValue } from "./decimal.ts";
import type { Telemetry } from "./reading.ts";
import { type ExportedReading, type ExportedSeries, exportReadings } from "./readings-csv.ts";

/** Readings of one row group: some 2 MB in memory, and what a reader skips by its statistics. */
const rowsPerGroup = 20_000;

interface Column {
  readonly schema: SchemaElement;
  read(reading: ExportedReading): unknown;
}

const required = { repetition_type: "REQUIRED" } as const;
const optional = { repetition_type: "OPTIONAL" } as const;
const text = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
const instant = { type: "INT64", converted_type: "TIMESTAMP_MILLIS" } as const;

const columns: readonly Column[] = [
  { schema: { name: "device", ...text, ...required }, read: ({ series }) => series.deviceName },
  { schema: { name: "key", ...text, ...required }, read: ({ series }) => series.key },
  { schema: { name: "unit", ...text, ...optional }, read: ({ series }) => series.unit },
  { schema: { name: "type", ...text, ...required }, read: ({ value }) => value.type },
  {
    schema: { name: "observed_at", ...instant, ...required },
    read: ({ observedAt }) => new Date(observedAt),
  },
  {
    schema: { name: "received_at", ...instant, ...required },
    read: ({ receivedAt }) => new Date(receivedAt),
  },
  {
    schema: { name: "number", type: "DOUBLE", ...optional },
    read: ({ value }) => (value.type === "number" ? value.number : null),
  },
  {
    schema: { name: "boolean", type: "BOOLEAN", ...optional },
    read: ({ value }) => (value.type === "boolean" ? value.boolean : null),
  },
  { schema: { name: "value", ...text, ...required }, read: ({ value }) => textOfValue(value) },
];

/**
 * A Parquet file (Snappy) of several series (at most a hundred), `from` and `to` inclusive, in the order of time, in pieces of
 * one row group; memory holds one of them. Columns: device, key, unit, type, observed_at and received_at (UTC), number and
 * boolean where the value is one, and value, the text of what was sent, digit by digit.
 *
 * @throws DomainError `limit-reached` for more series than that.
 */
export async function* readingsParquet(
  telemetry: Pick<Telemetry, "readings">,
  series: readonly ExportedSeries[],
  options: { readonly from: number; readonly to: number; readonly connection?: Connection },
): AsyncIterable<Uint8Array> {
  const bytes = new ByteWriter();
  const schema: SchemaElement[] = [
    { name: "root", num_children: columns.length },
    ...columns.map((column) => column.schema),
  ];
  const file = new ParquetWriter({ writer: bytes, schema, createdBy: "Waremind" });
  let rows: ExportedReading[] = [];
  for await (const reading of exportReadings(telemetry, series, options)) {
    rows.push(reading);
    if (rows.length < rowsPerGroup) continue;
    await writeGroup(file, rows);
    rows = [];
    yield taken(bytes);
  }
  if (rows.length > 0) await writeGroup(file, rows);
  await file.finish();
  yield taken(bytes);
}

async function writeGroup(file: ParquetWriter, rows: readonly ExportedReading[]): Promise<void> {
  const columnData = columns.map(
    ({ schema, read }): ColumnSource => ({ name: schema.name, data: rows.map(read) }),
  );
  await file.write({ columnData, rowGroupSize: rows.length });
}

/** What was written since; offsets in the file go on counting. */
function taken(bytes: ByteWriter): Uint8Array {
  const piece = new Uint8Array(bytes.buffer.slice(0, bytes.index));
  bytes.index = 0;
  return piece;
}

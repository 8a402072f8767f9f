import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { describe, expect, test } from "vitest";
import type { StoredReading } from "./reading.ts";
import { readingsParquet } from "./readings-parquet.ts";

const temperature = { seriesId: 1, deviceName: "冷库 1", key: "temperature", unit: "Cel" };
const serial = { seriesId: 2, deviceName: "冷库 1", key: "serial", unit: null };
const door = { seriesId: 3, deviceName: "冷库 1", key: "door", unit: null };
const at = Date.UTC(2026, 10, 22);

const reading = (seriesId: number, minute: number, value: StoredReading["value"]): StoredReading => ({
  ...{ seriesId, value, sequence: 0 },
  ...{ observedAt: at + minute * 60_000, receivedAt: at + minute * 60_000 + 500 },
});

function telemetryOf(readings: readonly StoredReading[]) {
  return {
    async *readings(seriesId: number, { from, to }: { from: number; to: number }) {
      yield* readings.filter(
        (one) => one.seriesId === seriesId && one.observedAt >= from && one.observedAt <= to,
      );
    },
  };
}

async function fileOf(readings: readonly StoredReading[], series = [temperature, serial, door]) {
  const pieces: Uint8Array[] = [];
  for await (const piece of readingsParquet(telemetryOf(readings), series, { from: at, to: at + 1e10 }))
    pieces.push(piece);
  const { buffer, byteOffset, byteLength } = Buffer.concat(pieces);
  return { file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer, pieces };
}

describe("a Parquet file", () => {
  test("holds every type, and beside it the digits that were sent", async () => {
    const { file } = await fileOf([
      reading(1, 0, { type: "number", number: 2 ** 63, literal: "9223372036854775809" }),
      reading(2, 1, { type: "text", text: "00012345600012 🐟" }),
      reading(3, 2, { type: "boolean", boolean: false }),
      reading(1, 3, { type: "number", number: 4.5 }),
    ]);
    const rows = await parquetReadObjects({ file });
    expect(rows).toEqual([
      {
        ...{ device: "冷库 1", key: "temperature", unit: "Cel", type: "number", number: 2 ** 63 },
        ...{ observed_at: new Date(at), received_at: new Date(at + 500), boolean: null },
        value: "9223372036854775809",
      },
      expect.objectContaining({ key: "serial", unit: null, number: null, value: "00012345600012 🐟" }),
      expect.objectContaining({ key: "door", type: "boolean", boolean: false, value: "false" }),
      expect.objectContaining({ key: "temperature", number: 4.5, value: "4.5" }),
    ]);
  });

  test("is written in row groups, none of them held beside another", async () => {
    const many = Array.from({ length: 45_000 }, (_, minute) =>
      reading(1, minute, { type: "number", number: minute / 10 }),
    );
    const { file, pieces } = await fileOf(many, [temperature]);
    expect(parquetMetadata(file).row_groups.map((group) => Number(group.num_rows))).toEqual([
      20_000, 20_000, 5_000,
    ]);
    expect(pieces).toHaveLength(3);
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(45_000);
    expect(rows.at(-1)).toMatchObject({ number: 4499.9 });
  });

  test("of nothing is a file without rows", async () => {
    const { file } = await fileOf([]);
    expect(await parquetReadObjects({ file })).toEqual([]);
  });
});

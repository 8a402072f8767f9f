// How fast a chart of a million readings opens: the explorer's curve beside reading every reading and thinning it out here.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CurvePoint } from "@waremind/contract";
import { sql } from "kysely";
import { migrations } from "../server/src/migrations/index.ts";
import { systemClock } from "../server/src/platform/clock.ts";
import { type Database, tablesOf } from "../server/src/platform/database.ts";
import { openEmbedded } from "../server/src/platform/embedded.ts";
import { createLog } from "../server/src/platform/log.ts";
import { openPostgresql } from "../server/src/platform/postgresql.ts";
import { largestTriangles } from "../server/src/telemetry/curve.ts";
import { createTelemetry, type Reading, type Telemetry } from "../server/src/telemetry/index.ts";
import { createOwnDatabase } from "../tests/support/postgresql.ts";
import {
  type BenchOptions,
  type BenchReport,
  median,
  quantile,
  reportOf,
  type Table,
} from "./support/report.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const points = 1_000;
const readingsPerCall = 5_000;

/** The same number: a million are twelve days, a year, or three hours. */
const shapes = [
  { name: "every second", everyMs: 1_000 },
  { name: "every 30 s", everyMs: 30_000 },
  { name: "100 a second", everyMs: 10 },
] as const;

interface Store {
  readonly name: string;
  readonly database: Database;
  close(): Promise<void>;
}

export async function runExplorer(options: BenchOptions): Promise<BenchReport> {
  const count = options.quick ? 200_000 : 1_000_000;
  const rounds = options.quick ? 5 : 15;
  const skipped: string[] = [];
  const rows: Table["rows"][number][] = [];
  for (const open of [openOnDisk, openOnPostgresql]) {
    const store = await open();
    if (store === null) {
      skipped.push("PostgreSQL (WAREMIND_BENCH_DATABASE_URL is not set)");
      continue;
    }
    try {
      await store.database.migrate(migrations);
      const telemetry = createTelemetry({ database: store.database, clock: systemClock });
      for (const shape of shapes) {
        options.say(`${store.name}: storing ${count.toLocaleString("en-GB")} readings, ${shape.name} …`);
        const filled = await fill(store.database, telemetry, { everyMs: shape.everyMs, count });
        rows.push(
          ...(await measureShape(telemetry, { store: store.name, shape: shape.name, rounds, count }, filled)),
        );
      }
    } finally {
      await store.close();
    }
  }
  return reportOf(options, {
    title: "Explorer: a chart over every reading of one series",
    notes: [
      `One series of ${count.toLocaleString("en-GB")} readings; ${points} points asked for; medians of ${rounds} calls, the peer of 3.`,
      "The peer reads all readings in pages through the same connection and thins them out with the same largest triangles.",
      "Spikes: how many of ten single readings far outside the others the answer shows.",
    ],
    skipped,
    tables: [
      {
        title: "Time to the answer",
        columns: ["store", "readings", "what", "p50 ms", "worst ms", "points", "spikes"],
        rows,
      },
    ],
  });
}

interface Filled {
  readonly seriesId: number;
  readonly from: number;
  readonly to: number;
}

async function measureShape(
  telemetry: Telemetry,
  names: { readonly store: string; readonly shape: string; readonly rounds: number; readonly count: number },
  { seriesId, from, to }: Filled,
): Promise<Table["rows"][number][]> {
  const middle = from + Math.floor((to - from) / 2);
  const spans = [
    { what: "curve, all of it", from, to },
    { what: "curve, a tenth of it", from: middle, to: middle + Math.floor((to - from) / 10) },
  ];
  const rows: Table["rows"][number][] = [];
  for (const span of spans) {
    const isWhole = span.from === from;
    const curve = await telemetry.curve(seriesId, { ...span, points });
    if (isWhole && curve.rawCount !== names.count) {
      throw new Error(`The curve counted ${curve.rawCount} of ${names.count} readings.`);
    }
    const times = await timesOf(names.rounds, () => telemetry.curve(seriesId, { ...span, points }));
    rows.push([
      names.store,
      names.shape,
      span.what,
      ...figures(times),
      curve.points.length,
      isWhole ? spikesIn(curve.points) : null,
    ]);
  }
  const raw = await everyReading(telemetry, seriesId, { from, to });
  const peer = await timesOf(3, async () => thinned(await everyReading(telemetry, seriesId, { from, to })));
  const kept = thinned(raw);
  rows.push([
    names.store,
    names.shape,
    "peer: every reading, thinned out here",
    ...figures(peer),
    kept.length,
    spikesIn(kept),
  ]);
  return rows;
}

async function timesOf(rounds: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times;
}

const figures = (times: readonly number[]) => [median(times), quantile(times, 1)];

const spike = 1_000;
const spikesIn = (curve: readonly CurvePoint[]) => curve.filter((point) => point[1] >= spike).length;

async function everyReading(
  telemetry: Telemetry,
  seriesId: number,
  span: { readonly from: number; readonly to: number },
): Promise<CurvePoint[]> {
  const all: CurvePoint[] = [];
  for await (const { observedAt, value } of telemetry.readings(seriesId, span)) {
    if (value.type === "number") all.push([observedAt, value.number]);
  }
  return all;
}

/** As the curve of few readings does it. */
function thinned(all: readonly CurvePoint[]): readonly CurvePoint[] {
  return largestTriangles(all, points);
}

async function fill(
  database: Database,
  telemetry: Telemetry,
  shape: { readonly everyMs: number; readonly count: number },
): Promise<Filled> {
  const seriesId = await aSeries(database, telemetry, shape.everyMs);
  const end = Math.floor(Date.now() / hourMs) * hourMs - 3 * hourMs;
  const from = end - shape.everyMs * shape.count;
  const spikeEvery = Math.floor(shape.count / 10);
  for (let first = 0; first < shape.count; first += readingsPerCall) {
    const readings = Array.from({ length: readingsPerCall }, (_, offset): Reading => {
      const index = first + offset;
      const isSpike = index % spikeEvery === Math.floor(spikeEvery / 2);
      const observedAt = from + index * shape.everyMs;
      const number = isSpike ? spike + index / shape.count : 4 + Math.sin(index / 5_000) + (index % 17) / 50;
      return { seriesId, observedAt, receivedAt: observedAt, value: { type: "number", number } };
    });
    await database.transaction((connection) => telemetry.storeReadings(connection, readings));
  }
  await telemetry.rollUp();
  return { seriesId, from, to: from + (shape.count - 1) * shape.everyMs };
}

async function aSeries(database: Database, telemetry: Telemetry, everyMs: number): Promise<number> {
  await sql`insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at)
    values ('bench', 'Bench', 'Bench', '[]', 60, 0) on conflict do nothing`.execute(tablesOf(database));
  const { rows } = await sql<{ id: number }>`insert into device (name, profile_id, created_at)
    values (${`bench-${everyMs}`}, 'bench', 0) returning id`.execute(tablesOf(database));
  const [series] = await telemetry.ensureSeries([
    { deviceId: rows[0]?.id ?? 0, key: "temperature", valueType: "number", unit: "Cel" },
  ]);
  return series?.id ?? 0;
}

async function openOnDisk(): Promise<Store> {
  const dataFolder = join(import.meta.dirname, "..", "data");
  await mkdir(dataFolder, { recursive: true });
  const directory = await mkdtemp(join(dataFolder, "bench-"));
  const database = await openEmbedded({ directory, log: createLog("warn") });
  return {
    name: "embedded",
    database,
    close: async () => {
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function openOnPostgresql(): Promise<Store | null> {
  const url = process.env["WAREMIND_BENCH_DATABASE_URL"] ?? process.env["WAREMIND_TEST_DATABASE_URL"];
  if (url === undefined) return null;
  const own = await createOwnDatabase(url, { isMigrated: false });
  const database = await openPostgresql({ url: own.url });
  return {
    name: "PostgreSQL",
    database,
    close: async () => {
      await database.close();
      await own.drop();
    },
  };
}

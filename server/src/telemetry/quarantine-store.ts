// What was refused, kept as it came until a person decides about it.
import { type Kysely, sql } from "kysely";
import { chunksOf } from "../platform/chunks.ts";
import type { QuarantinedMessage, QuarantinedRow, Telemetry } from "./reading.ts";
import type { TelemetryTables } from "./tables.ts";

type Tables = Kysely<TelemetryTables>;

const rowsMax = 500;
/** Beyond this a screen says "1,000+": counting a flood exactly is worth nobody's time. */
const countPerDeviceMax = 1_000;
const totalMax = 10_000;

export async function insertQuarantined(
  tables: Tables,
  messages: readonly QuarantinedMessage[],
): Promise<void> {
  for (const chunk of chunksOf(messages)) {
    await tables.insertInto("quarantine").values(chunk).execute();
  }
}

const rows = (tables: Tables) =>
  tables
    .selectFrom("quarantine")
    .leftJoin("device", "device.id", "quarantine.deviceId")
    .selectAll("quarantine")
    .select("device.name as deviceName");

/** Newest first by id; `total` counts all pages, to ten thousand. */
export async function selectQuarantined(
  tables: Tables,
  options: Parameters<Telemetry["quarantined"]>[0],
): Promise<{ rows: readonly QuarantinedRow[]; total: number }> {
  const { deviceId, state, beforeId } = options;
  let page = rows(tables);
  let all = tables.selectFrom("quarantine").select(sql<number>`1`.as("one"));
  if (deviceId !== undefined) {
    page = page.where("quarantine.deviceId", "=", deviceId);
    all = all.where("deviceId", "=", deviceId);
  }
  if (state !== undefined) {
    page = page.where("quarantine.state", "=", state);
    all = all.where("state", "=", state);
  }
  if (beforeId !== undefined) page = page.where("quarantine.id", "<", beforeId);
  const limit = Math.max(1, Math.min(Math.floor(options.limit), rowsMax));
  const counted = await tables
    .selectFrom(all.limit(totalMax).as("counted"))
    .select((builder) => builder.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return {
    rows: await page.orderBy("quarantine.id", "desc").limit(limit).execute(),
    total: Number(counted.total),
  };
}

export async function selectQuarantinedById(tables: Tables, id: number): Promise<QuarantinedRow | null> {
  return (await rows(tables).where("quarantine.id", "=", id).executeTakeFirst()) ?? null;
}

/** False when another decision came first. The row stays locked until the transaction ends. */
export async function updateDecided(
  tables: Tables,
  decision: Parameters<Telemetry["decide"]>[1] & { readonly at: number },
): Promise<boolean> {
  const decided = await tables
    .updateTable("quarantine")
    .set({ state: decision.state, decidedAt: decision.at, decidedBy: decision.by })
    .where("id", "=", decision.id)
    .where("state", "=", "held")
    .returning("id")
    .executeTakeFirst();
  return decided !== undefined;
}

export async function updateHeld(
  tables: Tables,
  held: Parameters<Telemetry["holdAgain"]>[1],
): Promise<boolean> {
  const kept = await tables
    .updateTable("quarantine")
    .set({ reason: held.reason, detail: held.detail })
    .where("id", "=", held.id)
    .where("state", "=", "held")
    .returning("id")
    .executeTakeFirst();
  return kept !== undefined;
}

export async function selectHeldOf(
  tables: Tables,
  deviceId: number,
  limit: number,
): ReturnType<Telemetry["quarantinedOf"]> {
  return tables
    .selectFrom("quarantine")
    .select(["id", "receivedAt", "reason", "detail", "payload"])
    .where("deviceId", "=", deviceId)
    .where("state", "=", "held")
    .orderBy("receivedAt", "desc")
    .orderBy("id", "desc")
    .limit(Math.min(limit, rowsMax))
    .execute();
}

/** One look into the index of what is held for each device; what was decided long ago costs nothing. */
export const heldCounts = sql<{ deviceId: number; count: number }>`
  select device.id as device_id, counted.count from device cross join lateral (
    select count(*) as count from (
      select from quarantine
      where quarantine.device_id = device.id and state = 'held' limit ${countPerDeviceMax}
    ) as held
  ) as counted where counted.count > 0`;

export async function countQuarantined(tables: Tables): Promise<ReadonlyMap<number, number>> {
  const { rows: counts } = await heldCounts.execute(tables);
  return new Map(counts.map((row) => [row.deviceId, row.count]));
}

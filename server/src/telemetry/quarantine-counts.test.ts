import { sql } from "kysely";
import { expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { tablesOf } from "../platform/database.ts";
import { countQuarantined, heldCounts } from "./quarantine-store.ts";
import type { TelemetryTables } from "./tables.ts";

test("what devices have in quarantine is counted by the index of what is held, also where much was decided", async () => {
  const database = await openTestDatabase();
  const tables = tablesOf<TelemetryTables>(database);
  for (const statement of [
    "insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at) values ('p', 'P', 'P', '[]', 60, 0)",
    "insert into device (name, profile_id, created_at) select 'device-' || n, 'p', 0 from generate_series(1, 500) as n",
    `insert into quarantine (device_id, received_at, transport, reason, detail, payload, state)
     select device.id, n, 'mqtt', 'not-json', '', '{}', case when n <= 3 then 'held' else 'discarded' end
     from device cross join generate_series(1, 40) as n where device.name <> 'device-1'`,
    "analyze",
  ])
    await sql.raw(statement).execute(tables);
  const { rows } = await sql<Record<string, string>>`explain ${heldCounts}`.execute(tables);
  const plan = rows.flatMap((row) => Object.values(row)).join("\n");
  expect(plan.match(/\bquarantine_\w+/gu)?.filter((name) => name !== "quarantine_1")).toEqual([
    "quarantine_held_device",
  ]);
  const counts = await countQuarantined(tables);
  expect([counts.size, new Set(counts.values())]).toEqual([499, new Set([3])]);
  await database.close();
});

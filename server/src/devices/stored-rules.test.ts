import { sql } from "kysely";
import { expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { manualClock } from "../platform/clock.ts";
import { tablesOf } from "../platform/database.ts";
import { createDevices } from "./index.ts";

test("a rule stored before rules had kinds is read as a threshold", async () => {
  const database = await openTestDatabase();
  try {
    const devices = createDevices({ database, clock: manualClock(1_790_000_000_000) });
    const old = {
      ...{ id: "warm", key: "temperature", above: 8, below: null, forSeconds: 60, severity: "critical" },
      name: { en: "Too warm", zh: "过热" },
    };
    await database.transaction(async (connection) => {
      await devices.createProfile(
        connection,
        wholeProfile({
          ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", keys: [], expectedIntervalSeconds: 60 },
        }),
      );
      await sql`update profile set alarm_rules = ${JSON.stringify([old])}::jsonb where id = 'logger'`.execute(
        tablesOf(connection),
      );
    });
    const [profile] = await devices.listProfiles();
    expect(profile?.alarmRules).toMatchObject([
      { ...old, kind: "threshold", clearAbove: null, isEnabled: true },
    ]);
  } finally {
    await database.close();
  }
});

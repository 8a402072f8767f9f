// What the store remembers of its seeding, so that a shop is seeded once.
import { z } from "zod";
import { type Connection, tablesOf } from "../platform/database.ts";

interface SettingTables {
  readonly setting: { readonly key: string; readonly value: unknown; readonly updatedAt: number };
}

const markSchema = z.object({ seed: z.int(), seededAt: z.int() });
export type DemoMark = z.infer<typeof markSchema>;

const settingKey = "demo";

/** Null in a shop that is no demo. */
export async function readDemoMark(connection: Connection): Promise<DemoMark | null> {
  const row = await tablesOf<SettingTables>(connection)
    .selectFrom("setting")
    .select("value")
    .where("key", "=", settingKey)
    .executeTakeFirst();
  return row === undefined ? null : markSchema.parse(row.value);
}

export async function writeDemoMark(connection: Connection, mark: DemoMark): Promise<void> {
  await tablesOf<SettingTables>(connection)
    .insertInto("setting")
    .values({ key: settingKey, value: JSON.stringify(mark), updatedAt: mark.seededAt })
    .execute();
}

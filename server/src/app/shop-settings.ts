import { z } from "zod";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";

interface SettingTables {
  readonly setting: { readonly key: string; readonly value: unknown; readonly updatedAt: number };
}

const shopSettingsSchema = z.object({
  name: z.object({ en: z.string(), zh: z.string() }),
  phone: z.string(),
  currency: z.string().length(3),
  timeZone: z.string(),
  isDemo: z.boolean(),
});
/** What the shop is; written once when the shop is created. */
export type ShopSettings = z.infer<typeof shopSettingsSchema>;

const settingKey = "shop";

/** Null before the shop was created. */
export async function readShopSettings(database: Database): Promise<ShopSettings | null> {
  const row = await tablesOf<SettingTables>(database)
    .selectFrom("setting")
    .select("value")
    .where("key", "=", settingKey)
    .executeTakeFirst();
  return row === undefined ? null : shopSettingsSchema.parse(row.value);
}

export async function writeShopSettings(
  connection: Connection,
  shop: ShopSettings,
  at: number,
): Promise<void> {
  await tablesOf<SettingTables>(connection)
    .insertInto("setting")
    .values({ key: settingKey, value: JSON.stringify(shop), updatedAt: at })
    .execute();
}

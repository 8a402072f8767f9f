import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { ConfigError, type Role, roles } from "../config.ts";
import type { Database } from "../platform/database.ts";
import type { Keys } from "../platform/keys.ts";
import { checkKeys, checkShopIsThere, isServed, isWhole } from "./roles.ts";

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const as = (...own: readonly Role[]) => ({ roles: own });

test("a path is answered by the process whose role it is; what watches a process is answered by each", () => {
  for (const role of roles)
    for (const path of ["/healthz", "/readyz", "/metrics"]) expect(isServed(as(role), path)).toBe(true);
  expect(roles.filter((role) => isServed(as(role), "/api/v1/token/telemetry"))).toEqual(["ingest"]);
  for (const path of ["/", "/api/devices", "/widget"])
    expect(roles.filter((role) => isServed(as(role), path))).toEqual(["api"]);
  expect([isWhole(as(...roles)), isWhole(as("ingest", "api"))]).toEqual([true, false]);
});

const keysOf = (letter: string): Keys => {
  const secret = letter.repeat(40);
  return { approvals: secret, sessions: secret, identity: secret, control: secret, credentials: secret };
};

test("a process with other keys than the first is refused in both languages; its control key is its own", async () => {
  const at = { dataDirectory: "/data/two", at: 1 };
  await checkKeys(database, keysOf("a"), at);
  await checkKeys(database, { ...keysOf("a"), control: "b".repeat(40) }, at);
  await expect(checkKeys(database, keysOf("b"), at)).rejects.toThrow(ConfigError);
  await expect(checkKeys(database, keysOf("b"), at)).rejects.toThrow(
    /\/data\/two.*keys\.json.*\n.*keys\.json/,
  );
});

test("a process that does a part makes no demo shop", async () => {
  await expect(checkShopIsThere(database, as("ingest"), false)).rejects.toMatchObject({
    code: "state-forbids",
  });
  await checkShopIsThere(database, as("ingest"), true);
  await checkShopIsThere(database, as(...roles), false);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, openManagedShop } from "../../../../tests/support/managed-shop.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

const raise = (label: string, severity: "warning" | "critical") =>
  shop.database.transaction((connection) =>
    shop.telemetry.raiseAlarm(connection, {
      ...{ kind: "rule", severity, subjectKind: "device", subjectId: label, subjectLabel: label },
      ...{ deviceId: null, seriesId: null, beganAt: 1, value: 9, unit: "Cel", ruleId: "warm" },
      ...{ messageEn: "100% too warm.", messageZh: "温度过高。" },
    }),
  );

test("alarms are listed by severity, rule, subject and text, page by page, and each by itself", async () => {
  const warning = await raise("logger-1", "warning");
  const critical = await raise("logger-2", "critical");
  const ids = async (query: string): Promise<unknown> => {
    const { body } = await shop.ask("owner", "GET", `/api/alarms?${query}`);
    return (body.items as { id: string }[]).map(({ id }) => id);
  };
  expect(await ids("severity=critical&rule=warm")).toEqual([critical]);
  expect(await ids("subjectId=logger-1")).toEqual([warning]);
  expect(await ids("text=100%25")).toHaveLength(2);
  expect(await ids("text=1_0")).toEqual([]);
  const first = await shop.ask("owner", "GET", "/api/alarms?limit=1");
  expect(await ids(`limit=5&before=${String(first.body.next)}`)).toHaveLength(1);
  const one = await shop.ask("owner", "GET", `/api/alarms/${String(warning)}`);
  expect(one.body).toMatchObject({ id: warning, ruleId: "warm", suppressed: [] });
  expect((await shop.ask("owner", "GET", "/api/alarms/alm_none")).status).toBe(404);
});

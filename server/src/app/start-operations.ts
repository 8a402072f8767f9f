// What the server says of itself to machines: what must be there for it to be ready, and its figures.
import { sql } from "kysely";
import { tablesOf } from "../platform/database.ts";
import type { Domains, Flows, Ground } from "./domains.ts";
import { createShopMetrics } from "./shop-metrics.ts";
import { version } from "./version.ts";

/** After the migrations: a process that answers has them behind it. */
export function startOperations(
  ground: Ground,
  domains: Domains,
  flows: Flows,
  stops: (() => Promise<unknown>)[],
): void {
  const { database } = ground;
  const { readiness, metrics } = domains;
  metrics.watchProcess();
  const unsubscribe = createShopMetrics({ ...ground, ...domains, ...flows, version });
  readiness.add("store", async () => {
    await sql`select 1`.execute(tablesOf(database));
    return null;
  });
  const { cluster } = ground;
  if (cluster !== undefined) {
    readiness.add("nats", () =>
      cluster.nats.isUp
        ? null
        : {
            en: "The connection to NATS is lost; it is tried again.",
            zh: "与 NATS 的连接已断开，正在重新连接。",
          },
    );
  }
  readiness.add("intake", () => {
    const { pendingCount, pendingCountMax } = flows.sink;
    if (pendingCount <= pendingCountMax) return null;
    return {
      en: `${pendingCount} messages wait to be stored; devices are held back above ${pendingCountMax}.`,
      zh: `有 ${pendingCount} 条消息等待保存；超过 ${pendingCountMax} 条时设备会被暂缓。`,
    };
  });
  stops.push(() => Promise.resolve(unsubscribe()));
}

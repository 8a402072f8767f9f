import { type AlarmRule, readStoredRules } from "@waremind/contract";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import type { Binding } from "./device.ts";
import type { DeviceTables } from "./tables.ts";

/** Other processes bind and unbind too; this process hears of it no later. */
const agedAfterMs = 5_000;

export interface BindingCache {
  live(connection?: Connection): Promise<readonly Binding[]>;
  /** A binding was written in a transaction that has yet to commit: believe nothing read before or during it. */
  distrust(): void;
}

/** Intake asks for the bindings with every batch; one query every few seconds answers all of them. */
export function createBindingCache(options: {
  readonly database: Database;
  readonly clock: Clock;
}): BindingCache {
  const { database, clock } = options;
  let bindings: readonly Binding[] | undefined;
  let readAt = 0;
  let distrustedAt = Number.NEGATIVE_INFINITY;

  function isTrusted(now: number): boolean {
    // Between `bind` and its commit a refresh still reads the old rows: nothing is kept until that is surely past.
    return now - distrustedAt > agedAfterMs && now - readAt <= agedAfterMs;
  }

  return {
    live: async (connection) => {
      const now = clock.now();
      if (bindings !== undefined && isTrusted(now)) return bindings;
      bindings = await selectLive(connection ?? database);
      readAt = now;
      return bindings;
    },
    distrust: () => {
      distrustedAt = clock.now();
    },
  };
}

async function selectLive(connection: Connection): Promise<Binding[]> {
  const rows = await tablesOf<DeviceTables>(connection)
    .selectFrom("binding")
    .select(["id", "kind", "deviceId", "seriesKey", "targetId", "boundAt", "alarmRules"])
    .where("unboundAt", "is", null)
    .orderBy("id")
    .execute();
  return rows.map(withRules);
}

/** A row with its rules as they are today, of whatever version they were written by. */
export function withRules<Row extends { readonly alarmRules: unknown }>(row: Row) {
  return { ...row, alarmRules: isNone(row.alarmRules) ? noRules : readStoredRules(row.alarmRules) };
}

const noRules: readonly AlarmRule[] = [];
const isNone = (stored: unknown): boolean => Array.isArray(stored) && stored.length === 0;

// Which processes of this shop live: each renews its row, and who falls silent counts as dead.
import { type Kysely, sql } from "kysely";
import { type Connection, type Database, tablesOf } from "./database.ts";
import { storeNow } from "./leases.ts";

export const processLimits = {
  heartbeatMs: 2_000,
  /** Silence after which a process is taken for dead. */
  deadAfterMs: 10_000,
} as const;

interface ProcessTables {
  readonly process: {
    readonly id: string;
    readonly roles: string;
    readonly host: string;
    readonly pid: number;
    readonly startedAt: number;
    readonly heartbeatAt: number;
  };
}

export interface OwnProcess {
  readonly id: string;
  readonly roles: readonly string[];
  readonly host: string;
  readonly pid: number;
}

export interface Processes {
  /** Renews the own row. True when it was missing: this process is new, or was taken for dead meanwhile. */
  beat(): Promise<boolean>;
  /** How many that live have this role. */
  countOf(role: string): Promise<number>;
  /** Removes the rows of the dead, and answers whose they were; in the transaction that tidies up after them. */
  buryDead(connection: Connection): Promise<readonly string[]>;
  leave(): Promise<void>;
}

export function createProcesses(database: Database, own: OwnProcess): Processes {
  const tables: Kysely<ProcessTables> = tablesOf<ProcessTables>(database);
  return {
    beat: async () => {
      const { rows } = await sql<{ isNew: boolean }>`
        insert into process (id, roles, host, pid, started_at, heartbeat_at)
        values (${own.id}, ${own.roles.join(",")}, ${own.host}, ${own.pid}, ${storeNow}, ${storeNow})
        on conflict (id) do update set heartbeat_at = excluded.heartbeat_at
        returning (xmax = 0) as is_new`.execute(tables);
      return rows[0]?.isNew === true;
    },
    countOf: async (role) => {
      const { rows } = await sql<{ count: number }>`
        select count(*) as count from process
        where ${role} = any(string_to_array(roles, ','))
          and heartbeat_at > ${storeNow} - ${processLimits.deadAfterMs}`.execute(tables);
      return Number(rows[0]?.count ?? 0);
    },
    buryDead: async (connection) => {
      const { rows } = await sql<{ id: string }>`
        delete from process where heartbeat_at <= ${storeNow} - ${processLimits.deadAfterMs} returning id`.execute(
        tablesOf(connection),
      );
      return rows.map(({ id }) => id);
    },
    leave: async () => {
      await tables.deleteFrom("process").where("id", "=", own.id).execute();
    },
  };
}

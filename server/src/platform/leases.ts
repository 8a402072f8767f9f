// Work that one process at a time may do, held by a row that its holder renews. Who falls silent loses it; who lost it
// and does not know yet is stopped by the epoch, which he names in the transaction of his work.
import { type Kysely, sql } from "kysely";
import { type Connection, type Database, tablesOf } from "./database.ts";

export const leaseLimits = {
  /** How long a hold lasts without being renewed: the longest pause after the death of a holder. */
  holdMs: 10_000,
} as const;

interface LeaseTables {
  readonly lease: {
    readonly name: string;
    readonly holder: string | null;
    readonly epoch: number;
    readonly untilAt: number;
  };
}

/** The store's own clock: those of several machines differ. */
export const storeNow = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

export interface Leases {
  /** Makes the rows of these names, where they are missing. */
  ensure(names: readonly string[]): Promise<void>;
  /** Renews all that is held; answers their names and epochs. */
  renew(): Promise<ReadonlyMap<string, number>>;
  /** Takes at most so many of the names that nobody holds now. */
  take(names: readonly string[], countMax: number): Promise<ReadonlyMap<string, number>>;
  /** A new epoch of what is held in this one; null when it was lost. */
  advance(name: string, epoch: number): Promise<number | null>;
  release(names: readonly string[]): Promise<void>;
}

export function createLeases(database: Database, holder: string): Leases {
  const tables: Kysely<LeaseTables> = tablesOf<LeaseTables>(database);
  const until = sql<number>`${storeNow} + ${leaseLimits.holdMs}`;
  return {
    ensure: async (names) => {
      await tables
        .insertInto("lease")
        .values(names.map((name) => ({ name, holder: null, epoch: 0, untilAt: 0 })))
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
    },
    renew: async () => {
      const rows = await tables
        .updateTable("lease")
        .set({ untilAt: until })
        .where("holder", "=", holder)
        .returning(["name", "epoch"])
        .execute();
      return new Map(rows.map(({ name, epoch }) => [name, epoch]));
    },
    take: async (names, countMax) => {
      const { rows } = await sql<{ name: string; epoch: number }>`
        with free as (
          select name from lease where name = any(${names}) and (holder is null or until_at < ${storeNow})
          order by name limit ${countMax} for update skip locked
        )
        update lease set holder = ${holder}, epoch = epoch + 1, until_at = ${until}
        from free where lease.name = free.name
        returning lease.name, lease.epoch`.execute(tables);
      return new Map(rows.map(({ name, epoch }) => [name, epoch]));
    },
    advance: async (name, epoch) => {
      const row = await tables
        .updateTable("lease")
        .set({ epoch: epoch + 1, untilAt: until })
        .where("name", "=", name)
        .where("holder", "=", holder)
        .where("epoch", "=", epoch)
        .returning("epoch")
        .executeTakeFirst();
      return row?.epoch ?? null;
    },
    release: async (names) => {
      if (names.length === 0) return;
      await tables
        .updateTable("lease")
        .set({ holder: null, untilAt: 0 })
        .where("name", "in", names)
        .where("holder", "=", holder)
        .execute();
    },
  };
}

/** Whether the name is still held in this epoch; until the transaction ends nobody can take it. */
export async function isHeld(
  connection: Connection,
  { name, epoch }: { readonly name: string; readonly epoch: number },
): Promise<boolean> {
  const row = await tablesOf<LeaseTables>(connection)
    .selectFrom("lease")
    .select("name")
    .where("name", "=", name)
    .where("epoch", "=", epoch)
    .forShare()
    .executeTakeFirst();
  return row !== undefined;
}

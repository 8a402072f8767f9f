// One door to both stores. Domains see a `Connection` and name their own tables with `tablesOf`.
import { AsyncLocalStorage } from "node:async_hooks";
import {
  CamelCasePlugin,
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  sql,
  type Transaction,
} from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { asStoreError } from "./store-errors.ts";

declare const connectionMark: unique symbol;

/** A database handle, inside or outside a transaction. Get typed tables from it with `tablesOf<MyTables>(connection)`. */
export interface Connection {
  readonly [connectionMark]: true;
}

export interface Database extends Connection {
  readonly kind: "embedded" | "postgresql";
  /** How many transactions may be under way at once: 1 on the embedded store. */
  readonly slots: number;
  /** The driver's pool, for the few libraries that bring their own queries. */
  readonly pool: PostgresPool;
  /** Runs `work` in one transaction: commits when it resolves, rolls back when it rejects. Not re-entrant. */
  transaction<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result>;
  /** Brings the schema up to date; safe when two processes start at once. */
  migrate(migrations: Readonly<Record<string, Migration>>): Promise<void>;
  close(): Promise<void>;
}

/** The caller's own tables on any connection: camelCase in code, snake_case in SQL, JSON left as it is. */
export function tablesOf<Tables>(connection: Connection): Kysely<Tables> {
  return (connection as unknown as { kysely: Kysely<Tables> }).kysely;
}

/**
 * Tells something in this process after the caller's transaction is committed, and never when it is rolled back; at once
 * when `connection` is no transaction. For wake-ups only: a crash in between tells nobody.
 */
export function afterCommit(connection: Connection, tell: () => void): void {
  const { afterwards } = connection as unknown as { readonly afterwards?: (() => void)[] };
  if (afterwards === undefined) tell();
  else afterwards.push(tell);
}

/** Whether the caller stands inside an open transaction: a second connection would wait for the first for ever. */
interface TransactionScope {
  isOpen: boolean;
}

/** Wraps a `pg`-shaped pool; both stores end here. `close` must end what the pool leans on. */
export function databaseOverPool(options: {
  readonly kind: Database["kind"];
  readonly slots: number;
  readonly pool: PostgresPool;
  readonly close: () => Promise<void>;
}): Database {
  const scopes = new AsyncLocalStorage<TransactionScope>();
  const pool = guardedPool(options.pool, scopes);
  const kysely = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
  const database = {
    kysely,
    kind: options.kind,
    slots: options.slots,
    pool,
    transaction: async <Result>(work: (connection: Connection) => Promise<Result>) => {
      const afterwards: (() => void)[] = [];
      const result = await kysely
        .transaction()
        .execute((transaction) => runInScope(scopes, () => work(connectionOver(transaction, afterwards))));
      // What is committed stays so, whatever whoever is told does: nobody may take it for failed and do it again.
      for (const tell of afterwards) queueMicrotask(tell);
      return result;
    },
    migrate: (migrations: Readonly<Record<string, Migration>>) => migrate(kysely, migrations),
    close: options.close,
  };
  return database as unknown as Database;
}

async function runInScope<Result>(
  scopes: AsyncLocalStorage<TransactionScope>,
  work: () => Promise<Result>,
): Promise<Result> {
  const scope = { isOpen: true };
  try {
    return await scopes.run(scope, work);
  } finally {
    scope.isOpen = false;
  }
}

/**
 * The pool with two additions: a store that cannot be reached is `store-unavailable`, and a second connection asked for
 * inside a transaction is a bug told at once; on the embedded store's one connection it would wait for itself.
 */
function guardedPool(pool: PostgresPool, scopes: AsyncLocalStorage<TransactionScope>): PostgresPool {
  return {
    options: pool.options,
    connect: async () => {
      if (scopes.getStore()?.isOpen === true) {
        throw new Error("Inside a transaction only its own connection may be used, not the database.");
      }
      try {
        return withStoreErrors(await pool.connect());
      } catch (error) {
        throw asStoreError(error);
      }
    },
    end: () => pool.end(),
  };
}

const guarded = new WeakSet<object>();

/** Kysely and `pg` meet in `query` and `release`; only what `query` rejects with changes. */
function withStoreErrors(client: PostgresPoolClient): PostgresPoolClient {
  if (guarded.has(client)) return client;
  guarded.add(client);
  const query = client.query.bind(client) as (...queryArguments: unknown[]) => unknown;
  const queryWithStoreErrors = (...queryArguments: unknown[]) => {
    const answer = query(...queryArguments);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      throw asStoreError(error);
    });
  };
  client.query = queryWithStoreErrors as PostgresPoolClient["query"];
  return client;
}

function connectionOver(transaction: Transaction<unknown>, afterwards: (() => void)[]): Connection {
  return { kysely: transaction, afterwards } as unknown as Connection;
}

async function migrate(
  kysely: Kysely<unknown>,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  // Named, because Kysely would take a migration table in any other schema of the database for this one's.
  const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(kysely);
  const schema = rows[0]?.schema;
  const migrator = new Migrator({
    db: kysely.withoutPlugins(),
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === "Error");
    throw new Error(`Migration ${failed?.migrationName ?? "unknown"} failed; the schema is unchanged.`, {
      cause: error,
    });
  }
}

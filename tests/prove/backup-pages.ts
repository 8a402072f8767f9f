// Copies of the embedded store while its pages change everywhere: money moves between accounts, and none may be made or
// lost in any copy. The table is larger than the store's memory for pages, so pages are written while they are copied.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { migrations } from "../../server/src/migrations/index.ts";
import { copyEmbedded } from "../../server/src/platform/backup/copy-embedded.ts";
import { decodeBackup } from "../../server/src/platform/backup/decode.ts";
import { encodeBackup } from "../../server/src/platform/backup/encode.ts";
import { restoreBackup } from "../../server/src/platform/backup/restore.ts";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { indexFaults, integrityFaults } from "./backup-checks.ts";

/** Some 30 MB with its index; the store keeps 16 MB of pages. */
const accountCount = 30_000;
const fillerCharacters = 800;
const startBalance = 1_000;
/** Accounts that one transaction changes. */
const movedPerTransaction = 40;
/** The reader of the copy waits now and then: a copy that is slow meets more changes. */
const slowEvery = 20;
const slowMs = 2;

export interface PagesOutcome {
  readonly movesDuringCopies: number;
  readonly failures: readonly string[];
}

export async function copyWhilePagesChange(options: {
  readonly directory: string;
  readonly rounds: number;
  readonly signal: AbortSignal;
  log(line: string): void;
}): Promise<PagesOutcome> {
  const place = join(options.directory, "pages");
  const database = await openEmbedded({ directory: place, log: silentLog });
  try {
    await database.migrate(migrations);
    await fill(database);
    const failures: string[] = [];
    let movesDuringCopies = 0;
    for (let round = 1; round <= options.rounds; round += 1) {
      options.signal.throwIfAborted();
      const restored = join(options.directory, `pages-${round}`);
      mkdirSync(restored);
      const before = await countMoves(database);
      const mover = startMoving(database);
      await copyTo(database, restored);
      await mover.stop();
      const after = await countMoves(database);
      movesDuringCopies += after - before;
      const faults = await judge(restored, { before, after });
      failures.push(...faults.map((fault) => `copy ${round}: ${fault}`));
      options.log(
        `copy ${round} of ${options.rounds} while ${after - before} transactions came: ${faults[0] ?? "whole"}`,
      );
    }
    return { movesDuringCopies, failures };
  } finally {
    await database.close();
  }
}

async function fill(database: Database): Promise<void> {
  const tables = tablesOf(database);
  await sql`create table account (id int primary key, balance bigint not null, filler text not null)`.execute(
    tables,
  );
  await sql`create table move (id bigint generated always as identity primary key, at_account int not null)`.execute(
    tables,
  );
  await sql`insert into account select id, ${startBalance}, repeat(md5(id::text), ${fillerCharacters / 32})
    from generate_series(1, ${accountCount}) as id`.execute(tables);
  await sql`create index account_balance on account (balance)`.execute(tables);
}

function startMoving(database: Database): { stop(): Promise<void> } {
  let isStopped = false;
  const work = (async () => {
    while (!isStopped) await moveOnce(database);
  })();
  return {
    stop: () => {
      isStopped = true;
      return work;
    },
  };
}

/** From one half of some accounts to the other, anywhere in the table. */
async function moveOnce(database: Database): Promise<void> {
  await database.transaction(async (connection) => {
    const first = Math.floor(Math.random() * accountCount);
    await sql`update account set balance = balance + case when pick.number % 2 = 0 then 1 else -1 end
      from (select number, 1 + (${first} + number * 7919) % ${accountCount} as id
        from generate_series(1, ${movedPerTransaction}) as number) as pick
      where account.id = pick.id`.execute(tablesOf(connection));
    await sql`insert into move (at_account) values (${first})`.execute(tablesOf(connection));
  });
}

async function countMoves(database: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from move`.execute(
    tablesOf(database),
  );
  return rows[0]?.count ?? 0;
}

async function copyTo(database: Database, directory: string): Promise<void> {
  const events = copyEmbedded(database, { product: "proof", createdAt: 0 });
  const bytes = slowly(encodeBackup(events, { isCompressed: false }));
  // Read to its end before it is opened: the store has one thread, and two would share the machine.
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  await restoreBackup(decodeBackup(oneByOne(pieces)), {
    ...{ dataDirectory: directory, databaseUrl: undefined, migrations, log: silentLog },
  });
}

async function* slowly(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const chunk of chunks) {
    count += 1;
    if (count % slowEvery === 0) await pause(slowMs);
    yield chunk;
  }
}

async function* oneByOne(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

async function judge(
  directory: string,
  { before, after }: { readonly before: number; readonly after: number },
): Promise<readonly string[]> {
  const database = await openEmbedded({ directory, log: silentLog });
  try {
    const { rows } = await sql<{ total: string; accounts: number; moves: number; last: number }>`
      select (select sum(balance) from account)::text as total, (select count(*) from account)::int as accounts,
        (select count(*) from move)::int as moves, (select coalesce(max(id), 0) from move)::int as last`.execute(
      tablesOf(database),
    );
    const [row] = rows;
    if (row === undefined) return ["it tells nothing"];
    const faults: string[] = [];
    if (row.total !== String(accountCount * startBalance))
      faults.push(`money was made or lost: ${row.total}`);
    if (row.accounts !== accountCount) faults.push(`${row.accounts} of ${accountCount} accounts`);
    if (row.moves < before || row.moves > after)
      faults.push(`${row.moves} transactions, ${before} before the copy and ${after} after it`);
    return [...faults, ...(await indexFaults(database)), ...(await integrityFaults(database))];
  } finally {
    await database.close();
  }
}

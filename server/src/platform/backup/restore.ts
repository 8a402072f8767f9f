// Puts a backup back: everything is written aside and proven first; what was there is never touched.
import { mkdir } from "node:fs/promises";
import { sql } from "kysely";
import type { Migration } from "kysely/migration";
import { type Database, tablesOf } from "../database.ts";
import { lockDirectory } from "../directory-lock.ts";
import { openEmbedded } from "../embedded.ts";
import { clusterOf, syncTree } from "../embedded-cluster.ts";
import { DomainError } from "../errors.ts";
import type { Log } from "../log.ts";
import {
  type BackupEntry,
  type BackupEvent,
  type BackupFacts,
  type BackupHeader,
  damaged,
} from "./format.ts";
import {
  type DraftFile,
  makeDraftFolder,
  openDraftFile,
  openRestorePlace,
  type RestorePlace,
} from "./restore-place.ts";
import { openTableSide, type TableSide } from "./restore-tables.ts";

const keyMode = 0o600;
const storeMode = 0o600;

export interface RestoreOptions {
  readonly dataDirectory: string;
  readonly databaseUrl: string | undefined;
  /** All that this version knows. */
  readonly migrations: Readonly<Record<string, Migration>>;
  readonly log: Log;
  /** Told what was read so far, and what is done now. */
  readonly onProgress?: (bytes: number, expected: number) => void;
}

/**
 * Restores into an empty data folder, and into an empty database where the backup is one of PostgreSQL.
 *
 * @throws DomainError `state-forbids` when something is there, or the backup belongs to another kind of store or a later
 * version; `payload-malformed` when it is damaged. In each case nothing was put in place.
 */
export async function restoreBackup(
  events: AsyncIterable<BackupEvent>,
  options: RestoreOptions,
): Promise<BackupHeader> {
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(options.dataDirectory, () => undefined);
  try {
    return await restoreLocked(events, options);
  } finally {
    lock.release();
  }
}

async function restoreLocked(
  events: AsyncIterable<BackupEvent>,
  options: RestoreOptions,
): Promise<BackupHeader> {
  const iterator = events[Symbol.asyncIterator]();
  let place: RestorePlace | undefined;
  let tables: TableSide | undefined;
  try {
    const first = await iterator.next();
    if (first.done === true || first.value.kind !== "header")
      throw damaged("it has no header.", "缺少文件头。");
    const { header } = first.value;
    checkFits(header, options);
    place = await openRestorePlace(options.dataDirectory);
    if (options.databaseUrl !== undefined)
      tables = await openTableSide({ ...options, url: options.databaseUrl, level: header.migrations });
    const facts = await writeEntries(iterator, { header, place, tables, options });
    if (tables === undefined) await proveCluster(place, header, facts, options);
    else await tables.finish(facts.sequences ?? []);
    // Once, for all of it: a crash before this leaves a draft that the next restore throws away.
    await syncTree(place.draft);
    await place.settle();
    await tables?.settled();
    return header;
  } finally {
    await iterator.return?.();
    await tables?.close();
    await place?.dispose();
  }
}

function checkFits(header: BackupHeader, { databaseUrl, migrations }: RestoreOptions): void {
  const wanted = databaseUrl === undefined ? "embedded" : "postgresql";
  if (header.engine !== wanted)
    throw new DomainError(
      "state-forbids",
      wanted === "embedded"
        ? {
            en: "This is a backup of PostgreSQL; it cannot go into the embedded store. Set WAREMIND_DATABASE_URL to an empty database.",
            zh: "此备份来自 PostgreSQL，无法恢复到内置存储。请将 WAREMIND_DATABASE_URL 设为一个空数据库。",
          }
        : {
            en: "This is a backup of the embedded store; it cannot go into PostgreSQL. Restore it without WAREMIND_DATABASE_URL.",
            zh: "此备份来自内置存储，无法恢复到 PostgreSQL。请不设置 WAREMIND_DATABASE_URL 再恢复。",
          },
    );
  const unknown = header.migrations.filter((name) => !(name in migrations));
  if (unknown.length === 0) return;
  throw new DomainError("state-forbids", {
    en: `A later version of Waremind (${header.product}) made this backup; this one does not know ${unknown.join(", ")}.`,
    zh: `此备份由更高版本的 Waremind（${header.product}）创建；当前版本不认识 ${unknown.join("、")}。`,
  });
}

interface Writing {
  readonly header: BackupHeader;
  readonly place: RestorePlace;
  readonly tables: TableSide | undefined;
  readonly options: RestoreOptions;
}

async function writeEntries(iterator: AsyncIterator<BackupEvent>, writing: Writing): Promise<BackupFacts> {
  let bytes = 0;
  let open: DraftFile | undefined;
  try {
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) throw damaged("it has no end.", "缺少结尾。");
      const event = next.value;
      switch (event.kind) {
        case "header":
          throw damaged("it has two headers.", "有两个文件头。");
        case "entry":
          open = await openTarget(event.entry, writing);
          break;
        case "data":
          await open?.write(event.bytes);
          bytes += event.bytes.length;
          writing.options.onProgress?.(bytes, writing.header.bytesExpected);
          break;
        case "end":
          await open?.close();
          open = undefined;
          break;
        case "facts":
          // The last: its reader proved the whole file before it gave them.
          return event.facts;
      }
    }
  } catch (error) {
    // What it says then is only that it was broken off.
    await open?.close().catch(() => undefined);
    throw error;
  }
}

async function openTarget(entry: BackupEntry, { place, tables }: Writing): Promise<DraftFile | undefined> {
  switch (entry.type) {
    case "folder":
      await makeDraftFolder(clusterOf(place.draft), entry.name);
      return undefined;
    case "file":
      if (tables !== undefined) throw wrongKind(entry);
      return openDraftFile(clusterOf(place.draft), entry.name, storeMode);
    case "data":
      return openDraftFile(place.draft, entry.name, keyMode);
    case "table":
      if (tables === undefined) throw wrongKind(entry);
      return tables.openTable(entry);
  }
}

const wrongKind = ({ type, name }: BackupEntry): DomainError =>
  damaged(`a ${type} ${name} is not part of such a backup.`, `${name}（${type}）不属于此类备份。`);

/** Opens the copy once: the log is replayed, and must reach as far as the backup says. Then it is migrated on. */
async function proveCluster(
  { draft }: RestorePlace,
  header: BackupHeader,
  { walUntil }: BackupFacts,
  { log, migrations }: RestoreOptions,
): Promise<void> {
  if (walUntil === undefined) throw damaged("it does not say where it ends.", "未说明结束位置。");
  const database = await openEmbedded({ directory: draft, log });
  try {
    await proveReached(database, walUntil);
    const { rows } = await sql<{ names: string[] }>`
      select array(select name::text from kysely_migration order by name) as names`.execute(
      tablesOf(database),
    );
    if (JSON.stringify(rows[0]?.names) !== JSON.stringify(header.migrations))
      throw damaged("its store has another schema than it says.", "其存储的结构与声明不符。");
    await database.migrate(migrations);
  } finally {
    await database.close();
  }
}

async function proveReached(database: Database, walUntil: string): Promise<void> {
  const { rows } = await sql<{ isReached: boolean }>`
    select pg_current_wal_insert_lsn() >= ${walUntil}::pg_lsn as is_reached`.execute(tablesOf(database));
  if (rows[0]?.isReached !== true) throw damaged("its log ends before it should.", "其日志提前结束。");
}

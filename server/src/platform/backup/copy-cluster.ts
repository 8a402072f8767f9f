// A physical copy of the embedded store while it works, as PostgreSQL's own base backup makes one. After a CHECKPOINT every
// change of a page puts the whole page into the log first, so pages may be copied in any order and while they change:
// opening the copy replays the log from that checkpoint, and what was torn is whole again. What makes that true:
//  - full_page_writes is on, wal_level is at least replica (nothing skips the log);
//  - no other checkpoint comes meanwhile, which would begin the log anew: upkeep holds its own back, and at the end it is
//    looked at whether pg_control still names the same one (a worker that died and recovered makes another);
//  - the log is copied last, with everything that was written when the last page was read.
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { type Database, tablesOf } from "../database.ts";
import { clusterOf } from "../embedded-cluster.ts";
import { DomainError } from "../errors.ts";
import { type BackupEvent, dataBytesMax, entriesMax } from "./format.ts";

/** While a copy is made nothing of the log can be given up; a copy so slow that the log outgrows this is broken off. */
const logBytesMax = 4 * 1024 * 1024 * 1024;
/** After so much it is looked at again. */
const lookEveryBytes = 64 * 1024 * 1024;

/** Made anew when the store opens, by PostgreSQL's own list; what they hold now means nothing. */
const emptyFolders = new Set([
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);
const logFolder = "pg_wal";
const controlFile = "global/pg_control";
const leftOut = /^(postmaster\.(pid|opts)|pgsql_tmp[^/]*|pg_internal\.init[^/]*)$/u;
const segmentName = /^[0-9A-F]{24}$/u;

export interface ClusterSource {
  readonly database: Database;
  /** The data folder; the store is below it. */
  readonly directory: string;
  /** Resolves when no checkpoint is under way and none will come until the answer is called. */
  suspendCheckpoints(): Promise<() => void>;
}

interface ClusterFiles {
  readonly folders: readonly string[];
  /** Without the log and pg_control, with their sizes now. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * The files of the store, in order. Everything committed before the call is in the copy, and a commit under way is in it
 * whole or not at all.
 */
export async function* copyCluster(source: ClusterSource): AsyncGenerator<BackupEvent> {
  const { database } = source;
  const cluster = clusterOf(source.directory);
  const resume = await source.suspendCheckpoints();
  try {
    await checkSettings(database);
    await sql`checkpoint`.execute(tablesOf(database));
    const start = await readCheckpoint(database);
    yield* copyFile(cluster, controlFile);
    const { folders, files } = await listFiles(cluster);
    for (const name of folders) yield* folder(name);
    let sinceLook = 0;
    for (const { name, bytes } of files) {
      yield* copyFile(cluster, name);
      sinceLook += bytes;
      if (sinceLook < lookEveryBytes) continue;
      sinceLook = 0;
      await checkLog(database, start);
    }
    const log = await readLog(database);
    for (const name of await listSegments(cluster, start.segment, log.segment))
      yield* copyFile(cluster, `${logFolder}/${name}`);
    await checkLog(database, start);
    yield { kind: "facts", facts: { walUntil: log.position } };
  } finally {
    resume();
  }
}

export async function sizeOfCluster(directory: string): Promise<number> {
  const { files } = await listFiles(clusterOf(directory));
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

interface Checkpoint {
  readonly position: string;
  readonly redo: string;
  /** The first file of the log that is needed. */
  readonly segment: string;
}

async function readCheckpoint(database: Database): Promise<Checkpoint> {
  const { rows } = await sql<Checkpoint>`
    select checkpoint_lsn::text as position, redo_lsn::text as redo, redo_wal_file as segment
    from pg_control_checkpoint()`.execute(tablesOf(database));
  const [row] = rows;
  if (row === undefined) throw new Error("The store told no checkpoint.");
  return row;
}

/** Up to where the log is on the disk, and its file of that place. */
async function readLog(database: Database): Promise<{ readonly position: string; readonly segment: string }> {
  const { rows } = await sql<{ position: string; segment: string }>`
    select position::text, pg_walfile_name(position) as segment
    from pg_current_wal_flush_lsn() as log (position)`.execute(tablesOf(database));
  const [row] = rows;
  if (row === undefined) throw new Error("The store told no position of its log.");
  return row;
}

async function checkSettings(database: Database): Promise<void> {
  const { rows } = await sql<{ pages: string; level: string }>`
    select current_setting('full_page_writes') as pages, current_setting('wal_level') as level`.execute(
    tablesOf(database),
  );
  if (rows[0]?.pages !== "on" || rows[0].level === "minimal")
    throw new Error("The store does not log whole pages; a copy of its files would not be consistent.");
}

async function checkLog(database: Database, start: Checkpoint): Promise<void> {
  const now = await readCheckpoint(database);
  if (now.position !== start.position)
    throw brokenOff(
      "The store was opened anew while it was copied. Try again.",
      "复制期间存储被重新打开，请重试。",
    );
  const { rows } = await sql<{ bytes: string }>`
    select pg_current_wal_insert_lsn() - ${start.redo}::pg_lsn as bytes`.execute(tablesOf(database));
  if (Number(rows[0]?.bytes ?? 0) > logBytesMax)
    throw brokenOff(
      "The copy was too slow: more was written meanwhile than may be held back. Write it to a faster disk.",
      "复制过慢：期间写入的数据超出可保留的上限。请写入更快的磁盘。",
    );
}

function brokenOff(en: string, zh: string): DomainError {
  return new DomainError("store-unavailable", {
    en: `The backup was broken off. ${en}`,
    zh: `备份已中断。${zh}`,
  });
}

async function listFiles(cluster: string): Promise<ClusterFiles> {
  const folders: string[] = [];
  const files: { name: string; bytes: number }[] = [];
  const waiting = [""];
  for (let within = waiting.pop(); within !== undefined; within = waiting.pop()) {
    const entries = await readdir(join(cluster, within), { withFileTypes: true });
    const prefix = within === "" ? "" : `${within}/`;
    const kept = entries.filter(({ name }) => !leftOut.test(name) && prefix + name !== controlFile);
    const inside = kept.filter((entry) => entry.isDirectory()).map((entry) => prefix + entry.name);
    folders.push(...inside);
    waiting.push(...inside.filter((name) => !emptyFolders.has(name)));
    if (within !== logFolder)
      for (const { name } of kept.filter((entry) => entry.isFile()))
        files.push({ name: prefix + name, bytes: await sizeOf(join(cluster, prefix, name)) });
    if (folders.length + files.length > entriesMax)
      throw new Error(`The store has more than ${entriesMax} files.`);
  }
  return { folders, files };
}

async function sizeOf(path: string): Promise<number> {
  const file = await openIfThere(path);
  if (file === null) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Files made ahead of time, after the last one in use, say nothing. */
async function listSegments(cluster: string, first: string, last: string): Promise<string[]> {
  const names = await readdir(join(cluster, logFolder));
  const segments = names.filter((name) => segmentName.test(name) && name >= first && name <= last).sort();
  if (segments[0] !== first || segments.at(-1) !== last)
    throw brokenOff("A part of its log is missing.", "其日志有一部分缺失。");
  return segments;
}

function* folder(name: string): Generator<BackupEvent> {
  yield { kind: "entry", entry: { type: "folder", name } };
  yield { kind: "end" };
}

/** A file that went since it was listed was dropped after the checkpoint; the log says so as well. */
async function* copyFile(cluster: string, name: string): AsyncGenerator<BackupEvent> {
  const file = await openIfThere(join(cluster, name));
  if (file === null) return;
  try {
    yield { kind: "entry", entry: { type: "file", name } };
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(dataBytesMax), 0, dataBytesMax);
      if (bytesRead === 0) break;
      yield { kind: "data", bytes: buffer.subarray(0, bytesRead) };
    }
    yield { kind: "end" };
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

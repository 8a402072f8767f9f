import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { problemSchema } from "@waremind/contract";
import { defineCommand } from "citty";
import { version } from "../app/version.ts";
import { type Config, readConfig } from "../config.ts";
import { copyEmbedded } from "../platform/backup/copy-embedded.ts";
import { copyTables } from "../platform/backup/copy-tables.ts";
import { copyDataFiles } from "../platform/backup/data-files.ts";
import { decodeBackup } from "../platform/backup/decode.ts";
import { encodeBackup } from "../platform/backup/encode.ts";
import type { BackupEvent } from "../platform/backup/format.ts";
import { systemClock } from "../platform/clock.ts";
import { clusterOf } from "../platform/embedded-cluster.ts";
import { loadKeys } from "../platform/keys.ts";
import { silentLog } from "../platform/log.ts";
import { openDatabase } from "../platform/open-database.ts";
import { writeBackupFile } from "./backup-file.ts";
import { createByteProgress, megabytes, stoppable } from "./backup-progress.ts";
import { CommandError } from "./control.ts";
import { print } from "./print.ts";
import { findRunning, type Running } from "./running.ts";

/** `waremind backup FILE [--force]`: everything of this installation, as it is at one moment, while it works. */
export const backupCommand = defineCommand({
  meta: { name: "backup", description: "Write everything of this installation to one file, while it works." },
  args: {
    file: { type: "positional", required: true, description: "The file to write" },
    force: { type: "boolean", default: false, description: "Replace the file if it is there" },
  },
  run: ({ args }) => stoppable((signal) => backUp(readConfig(), resolve(args.file), args.force, signal)),
});

async function backUp(config: Config, file: string, isForced: boolean, signal: AbortSignal): Promise<void> {
  checkThereIsSomething(config);
  const progress = createByteProgress("Backing up");
  try {
    const events = counted(withDataFiles(eventsOf(config, signal), config.dataDirectory), progress.show);
    const chunks = encodeBackup(events, { isCompressed: true, passphrase: config.backupPassphrase });
    const { bytes } = await writeBackupFile(file, chunks, { isForced, signal });
    progress.end();
    const lock = config.backupPassphrase === undefined ? "not locked; it holds keys, keep it safe" : "locked";
    print(`${file}: ${megabytes(bytes)} MB (${lock}). Prove it with \`waremind restore --check ${file}\`.`);
  } finally {
    progress.end();
  }
}

/** Signatures and passwords in the store mean nothing without the keys. */
function checkThereIsSomething({ dataDirectory, databaseUrl }: Config): void {
  const needed = join(dataDirectory, "keys.json");
  if (existsSync(needed) && (databaseUrl !== undefined || existsSync(clusterOf(dataDirectory)))) return;
  throw new CommandError(
    `There is no Waremind in ${dataDirectory}. Set WAREMIND_DATA_DIR to the data folder of the server.`,
  );
}

/** PostgreSQL serves several; the embedded store belongs to one process, so a running server is asked. */
async function* eventsOf(config: Config, signal: AbortSignal): AsyncGenerator<BackupEvent> {
  const { databaseUrl, dataDirectory } = config;
  const head = { product: version, createdAt: systemClock.now() };
  if (databaseUrl !== undefined) {
    yield* copyTables(databaseUrl, head);
    return;
  }
  const running = await findRunning(dataDirectory);
  if (running !== null) {
    yield* decodeBackup(await askServer(running, dataDirectory, signal));
    return;
  }
  const database = await openDatabase({ databaseUrl, dataDirectory, log: silentLog });
  try {
    yield* copyEmbedded(database, head);
  } finally {
    await database.close();
  }
}

async function askServer(
  running: Running,
  dataDirectory: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const { control } = await loadKeys(dataDirectory);
  const response = await fetch(new URL("/api/store/backup", running.url), {
    ...{ method: "POST", headers: { authorization: `Bearer ${control}` }, signal },
  });
  if (response.ok && response.body !== null) return response.body;
  const problem = problemSchema.safeParse(await response.json().catch(() => null));
  throw new CommandError(
    problem.data?.message.en ?? `The server answered ${response.status} to the request for a backup.`,
  );
}

/** The keys come first: right behind the header. */
async function* withDataFiles(
  events: AsyncIterable<BackupEvent>,
  dataDirectory: string,
): AsyncGenerator<BackupEvent> {
  for await (const event of events) {
    yield event;
    if (event.kind === "header") yield* copyDataFiles(dataDirectory);
  }
}

async function* counted(
  events: AsyncIterable<BackupEvent>,
  show: (bytes: number, expected: number) => void,
): AsyncGenerator<BackupEvent> {
  let [bytes, expected] = [0, 0];
  for await (const event of events) {
    if (event.kind === "header") expected = event.header.bytesExpected;
    if (event.kind === "data") {
      bytes += event.bytes.length;
      show(bytes, expected);
    }
    yield event;
  }
}

import { resolve } from "node:path";
import { defineCommand } from "citty";
import { type Config, readConfig } from "../config.ts";
import { migrations } from "../migrations/index.ts";
import { decodeBackup } from "../platform/backup/decode.ts";
import type { BackupEvent, BackupHeader } from "../platform/backup/format.ts";
import { restoreBackup } from "../platform/backup/restore.ts";
import { silentLog } from "../platform/log.ts";
import { readBackupFile } from "./backup-file.ts";
import { createByteProgress, stoppable } from "./backup-progress.ts";
import { print } from "./print.ts";

/** `waremind restore FILE [--check]`: into an empty data folder (and an empty database), or only proves the file. */
export const restoreCommand = defineCommand({
  meta: {
    name: "restore",
    description: "Put a backup back into an empty place, or only prove it (--check).",
  },
  args: {
    file: { type: "positional", required: true, description: "The backup" },
    check: { type: "boolean", default: false, description: "Only prove that the file is whole" },
  },
  run: ({ args }) =>
    stoppable((signal) => {
      const config = readConfig();
      const file = resolve(args.file);
      return args.check ? check(config, file, signal) : restore(config, file, signal);
    }),
});

async function check({ backupPassphrase }: Config, file: string, signal: AbortSignal): Promise<void> {
  const progress = createByteProgress("Checking");
  let header: BackupHeader | undefined;
  let [bytes, entries] = [0, 0];
  try {
    for await (const event of eventsOf(file, backupPassphrase, signal)) {
      if (event.kind === "header") ({ header } = event);
      if (event.kind === "entry") entries += 1;
      if (event.kind !== "data") continue;
      bytes += event.bytes.length;
      progress.show(bytes, header?.bytesExpected ?? 0);
    }
  } finally {
    progress.end();
  }
  if (header !== undefined) print(`${file} is whole: ${entries} entries, ${tell(header)}.`);
}

async function restore(config: Config, file: string, signal: AbortSignal): Promise<void> {
  const { dataDirectory, databaseUrl, backupPassphrase } = config;
  const progress = createByteProgress("Restoring");
  try {
    const header = await restoreBackup(eventsOf(file, backupPassphrase, signal), {
      ...{ dataDirectory, databaseUrl, migrations, log: silentLog },
      onProgress: progress.show,
    });
    progress.end();
    print(`Restored to ${dataDirectory}: ${tell(header)}. Start it with \`npm start\`.`);
  } finally {
    progress.end();
  }
}

async function* eventsOf(
  file: string,
  passphrase: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<BackupEvent> {
  for await (const event of decodeBackup(readBackupFile(file), { passphrase })) {
    signal.throwIfAborted();
    yield event;
  }
}

function tell({ engine, createdAt, product, migrations: done }: BackupHeader): string {
  const kind = engine === "embedded" ? "the embedded store" : "PostgreSQL";
  return `${kind} of ${new Date(createdAt).toISOString()}, Waremind ${product}, ${done.length} migrations`;
}

// The file of a backup: written aside and renamed when it is whole, so that its name never stands for half of one.
import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CommandError } from "./control.ts";

/** It holds keys. */
const mode = 0o600;

/** @throws CommandError when `file` is there and may not be replaced, or cannot be written. */
export async function writeBackupFile(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly isForced: boolean; readonly signal: AbortSignal },
): Promise<{ readonly bytes: number }> {
  if (!options.isForced) await refuseExisting(file);
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  const handle = await open(partial, "wx", mode).catch((error: unknown) => {
    throw notWritten(file, error);
  });
  try {
    const bytes = await writeAll(handle, file, chunks, options.signal);
    if (!options.isForced) await refuseExisting(file);
    await refuseReplaced(handle, partial, file);
    await rename(partial, file);
    await syncFolder(dirname(file));
    return { bytes };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** @throws CommandError when it cannot be read. */
export async function* readBackupFile(file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: 1024 * 1024 });
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof Error && "syscall" in error)
      throw new CommandError(`${file} cannot be read: ${error.message}`);
    throw error;
  } finally {
    stream.destroy();
  }
}

async function writeAll(
  handle: FileHandle,
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    try {
      for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
    } catch (error) {
      throw notWritten(file, error);
    }
    bytes += chunk.length;
  }
  signal.throwIfAborted();
  await handle.sync();
  return bytes;
}

async function refuseExisting(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found !== null)
    throw new CommandError(`${file} is there already and is not overwritten; --force replaces it.`);
}

/** Two backups to one name: whoever lost the draft does not rename the other's. */
async function refuseReplaced(handle: FileHandle, partial: string, file: string): Promise<void> {
  const [own, named] = [await handle.stat(), await stat(partial).catch(() => null)];
  if (own.ino !== named?.ino || own.dev !== named.dev)
    throw new CommandError(`Another backup is being written to ${file}; this one was given up.`);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function notWritten(file: string, error: unknown): CommandError {
  return new CommandError(
    `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
  );
}

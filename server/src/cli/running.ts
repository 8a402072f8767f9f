// How the command line finds the server of a data folder, and how a server leaves its address there.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { startOf } from "../platform/directory-lock.ts";

const runningSchema = z.object({ pid: z.int(), url: z.url(), mqttPort: z.int() });
/** A crash leaves the file, and in a container the next server bears the same process id: its start tells them apart. */
const fileSchema = runningSchema.extend({ startedAt: z.string() });
export type Running = z.infer<typeof runningSchema>;

const fileOf = (dataDirectory: string): string => join(dataDirectory, "running.json");

export async function leaveAddress(dataDirectory: string, running: Running): Promise<void> {
  const left = { ...running, startedAt: startOf(running.pid) ?? "unknown" };
  await writeFile(fileOf(dataDirectory), `${JSON.stringify(left)}\n`, { mode: 0o600 });
}

export async function removeAddress(dataDirectory: string): Promise<void> {
  await rm(fileOf(dataDirectory), { force: true });
}

/** The running server of this data folder, or null when none runs (a file left by a crash counts as none). */
export async function findRunning(dataDirectory: string): Promise<Running | null> {
  const text = await readFile(fileOf(dataDirectory), "utf8").catch(() => null);
  if (text === null) return null;
  const left = readLeft(text);
  if (left === null || startOf(left.pid) !== left.startedAt) return null;
  const { pid, url, mqttPort } = left;
  return { pid, url, mqttPort };
}

/** Null for what a crash cut off while it was written. */
function readLeft(text: string): z.infer<typeof fileSchema> | null {
  try {
    return fileSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not even JSON.
    return null;
  }
}

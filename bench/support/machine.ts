import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";

/** What a figure depends on; no names of hosts, users or folders. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? "unknown processor",
    cores: all.length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${type()} ${release().split("-")[0] ?? ""}`,
    node: process.versions.node,
  };
}

const syncBlockBytes = 8_192;

/** How often a second the disk below `folder` makes an 8 KB append durable, one after the other. */
export function measureSyncRate(folder: string, durationMs: number): number {
  const place = mkdtempSync(join(folder, "sync-"));
  const file = openSync(join(place, "file"), "w");
  const block = Buffer.alloc(syncBlockBytes, 1);
  let count = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < durationMs) {
    writeSync(file, block);
    fdatasyncSync(file);
    count += 1;
  }
  const rate = (count * 1_000) / (performance.now() - startedAt);
  closeSync(file);
  rmSync(place, { recursive: true });
  return rate;
}

/** Clock ticks of /proc are hundredths of a second on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Seconds of processor time that a process has used; null where /proc does not tell. */
export function processorSeconds(pid: number): number | null {
  const fields = statOf(pid);
  return fields === null ? null : (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The priority of a process' first thread, -20 (first served) to 19; null where /proc does not tell. */
export function nicenessOf(pid: number): number | null {
  const fields = statOf(pid);
  return fields === null ? null : Number(fields[16]);
}

/** Seconds of processor time of each process of this name, by its id; empty when there is none to be seen. */
export function processorSecondsOf(name: string): ReadonlyMap<number, number> {
  const seconds = new Map<number, number>();
  for (const pid of listProcesses()) {
    const fields = statOf(pid, name);
    if (fields !== null) seconds.set(pid, (Number(fields[11]) + Number(fields[12])) / ticksPerSecond);
  }
  return seconds;
}

/** What these processes spent between two looks; null when none was seen. One that ended in between is left out. */
export function secondsBetween(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number | null {
  if (after.size === 0) return null;
  return [...after].reduce((total, [pid, seconds]) => total + seconds - (before.get(pid) ?? 0), 0);
}

function listProcesses(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    // No /proc on this system: the figure is left out.
    return [];
  }
}

/** The fields of /proc/PID/stat after the name, `state` first. */
function statOf(pid: number, name?: string): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const nameEnd = text.lastIndexOf(")");
    if (name !== undefined && text.slice(text.indexOf("(") + 1, nameEnd) !== name) return null;
    return text.slice(nameEnd + 2).split(" ");
  } catch {
    // The process is gone, or /proc is not there.
    return null;
  }
}

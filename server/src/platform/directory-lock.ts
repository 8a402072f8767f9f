// PGlite takes no lock of its own: a second process would open the same directory and silently diverge.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemClock } from "./clock.ts";
import { DomainError } from "./errors.ts";

const lockName = "waremind.lock";
const heartbeatMs = 5_000;
/** Another host's process cannot be looked at; without a heartbeat for this long it is taken for dead. */
const silentHostMs = 60_000;
/** A lock without content is being written just now, or its writer died doing so. */
const unreadableMs = 2_000;
const attemptsMax = 50;
const attemptDelayMs = 100;

interface LockHolder {
  readonly pid: number;
  /** When the process began, as its system tells it: a reused process id does not keep a dead lock alive. */
  readonly startedAt: string;
  readonly host: string;
  readonly mark: string;
}

export interface DirectoryLock {
  release(): void;
}

/**
 * Takes the directory for this process. The lock of a dead process is taken over; that of a live one is refused with
 * `conflict`. `onLost` is told when somebody removed or replaced the lock behind our back.
 */
export async function lockDirectory(directory: string, onLost: () => void): Promise<DirectoryLock> {
  const path = join(directory, lockName);
  const own = newHolder();
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (tryCreate(path, own)) return keep(path, own, onLost);
    const holder = readHolder(path);
    if (holder !== "gone" && holder !== "unreadable" && isAlive(path, holder))
      throw isHeld(directory, holder);
    if (holder !== "gone" && (holder !== "unreadable" || ageMs(path) > unreadableMs)) takeAway(path, holder);
    await new Promise((resolve) => setTimeout(resolve, attemptDelayMs * Math.random()));
  }
  throw new Error(`The lock ${path} could not be taken in ${attemptsMax} attempts.`);
}

function newHolder(): LockHolder {
  return {
    pid: process.pid,
    startedAt: startOf(process.pid) ?? "unknown",
    host: hostname(),
    mark: randomBytes(8).toString("hex"),
  };
}

function tryCreate(path: string, holder: LockHolder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: "wx", mode: 0o600, flush: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(path: string): LockHolder | "gone" | "unreadable" {
  try {
    const parsed = JSON.parse(readFileSync(path, "utf8")) as Partial<LockHolder>;
    const { pid, startedAt, host, mark } = parsed;
    if (typeof pid !== "number" || typeof startedAt !== "string") return "unreadable";
    return { pid, startedAt, host: host ?? "", mark: mark ?? "" };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "gone" : "unreadable";
  }
}

function isAlive(path: string, holder: LockHolder): boolean {
  if (holder.host !== hostname()) return ageMs(path) < silentHostMs;
  const startedAt = startOf(holder.pid);
  return startedAt !== undefined && startedAt === holder.startedAt;
}

/** Removes a dead lock, and only that one: whoever holds the guard alone decides, and looks again first. */
function takeAway(path: string, dead: LockHolder | "unreadable"): void {
  const guard = `${path}.takeover`;
  if (!tryCreate(guard, newHolder())) {
    if (ageMs(guard) > unreadableMs) unlinkQuietly(guard);
    return;
  }
  try {
    const now = readHolder(path);
    const isSame =
      dead === "unreadable" ? now === "unreadable" : typeof now !== "string" && now.mark === dead.mark;
    if (isSame) unlinkQuietly(path);
  } finally {
    unlinkQuietly(guard);
  }
}

function keep(path: string, own: LockHolder, onLost: () => void): DirectoryLock {
  const isOurs = () => {
    const holder = readHolder(path);
    return typeof holder !== "string" && holder.mark === own.mark;
  };
  const timer = setInterval(() => {
    if (isOurs()) {
      touch(path);
      return;
    }
    clearInterval(timer);
    onLost();
  }, heartbeatMs);
  timer.unref();
  return {
    release: () => {
      clearInterval(timer);
      if (isOurs()) unlinkQuietly(path);
    },
  };
}

function touch(path: string): void {
  const seconds = systemClock.now() / 1000;
  utimesSync(path, seconds, seconds);
}

function ageMs(path: string): number {
  try {
    return systemClock.now() - statSync(path).mtimeMs;
  } catch {
    // Gone in the meantime: as old as can be.
    return Number.POSITIVE_INFINITY;
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** A text that differs between two processes that ever bore this id; undefined when none lives. */
export function startOf(pid: number): string | undefined {
  if (process.platform === "linux") return startOnLinux(pid);
  if (!answersSignal(pid)) return undefined;
  if (process.platform === "win32") return "unknown";
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    // `ps` exits with 1 when the process has ended since.
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat, ticks since boot; field 3 tells a zombie, which holds nothing any more. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${bootId()}/${fields[19] ?? ""}`;
  } catch {
    // No such process.
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Hidden in some sandboxes; the ticks alone must do.
    return "";
  }
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isHeld(directory: string, holder: LockHolder): DomainError {
  return new DomainError(
    "conflict",
    {
      en: `The data directory ${directory} is in use by process ${holder.pid} on ${holder.host}. Stop that process, or choose another directory with WAREMIND_DATA_DIR.`,
      zh: `数据目录 ${directory} 正被 ${holder.host} 上的进程 ${holder.pid} 使用。请先停止该进程，或用 WAREMIND_DATA_DIR 指定另一个目录。`,
    },
    { directory, pid: holder.pid, host: holder.host },
  );
}

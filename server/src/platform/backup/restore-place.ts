// Where a restore writes: beside what is to become the data folder's content, never over anything.
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncPath } from "../embedded-cluster.ts";
import { DomainError } from "../errors.ts";
import { damaged } from "./format.ts";

/** Below the data folder, so that what is ready is put in place by a rename. */
const draftName = "restore.partial";
/** What must not be there before a restore; moved last, so that a crash leaves no store without its keys. */
const storeName = "postgres";

export interface RestorePlace {
  /** Holds what is to become the data folder. */
  readonly draft: string;
  /** Puts it in place. @throws DomainError `state-forbids` when something is there already. */
  settle(): Promise<void>;
  /** Removes what was not put in place. */
  dispose(): Promise<void>;
}

/** @throws DomainError `state-forbids` when the folder holds a store or keys. */
export async function openRestorePlace(directory: string): Promise<RestorePlace> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await refuseOccupied(directory, [storeName, "keys.json"]);
  const draft = join(directory, draftName);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  return {
    draft,
    settle: async () => {
      const names = await readdir(draft);
      await refuseOccupied(directory, names);
      await syncPath(draft);
      const inOrder = names.sort((left, right) => Number(left === storeName) - Number(right === storeName));
      for (const name of inOrder) await rename(join(draft, name), join(directory, name));
      await rm(draft, { recursive: true });
      await syncPath(directory);
    },
    dispose: () => rm(draft, { recursive: true, force: true }),
  };
}

async function refuseOccupied(directory: string, names: readonly string[]): Promise<void> {
  const found = (await readdir(directory)).filter((name) => names.includes(name));
  if (found.length === 0) return;
  throw new DomainError(
    "state-forbids",
    {
      en: `The data folder ${directory} is not empty: ${found.join(", ")}. A restore overwrites nothing; move it away, or name another folder with WAREMIND_DATA_DIR.`,
      zh: `数据文件夹 ${directory} 不为空：${found.join("、")}。恢复不会覆盖任何内容；请先将其移走，或用 WAREMIND_DATA_DIR 指定另一个文件夹。`,
    },
    { directory, found },
  );
}

/** One entry of a backup on its way to its place; the whole draft is synced before it is put in place. */
export interface DraftFile {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** @throws DomainError when the name leads out of the folder. */
export async function openDraftFile(folder: string, name: string, mode: number): Promise<DraftFile> {
  const path = join(folder, checkName(name));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file: FileHandle = await open(path, "wx", mode);
  return {
    write: async (bytes) => {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
    },
    close: () => file.close(),
  };
}

export async function makeDraftFolder(folder: string, name: string): Promise<void> {
  await mkdir(join(folder, checkName(name)), { recursive: true, mode: 0o700 });
}

const segment = /^[^/\\\0]+$/u;

function checkName(name: string): string {
  const isSafe = name.split("/").every((part) => segment.test(part) && part !== "." && part !== "..");
  if (isSafe) return name;
  throw damaged(`${JSON.stringify(name)} is no name of a file.`, `${JSON.stringify(name)} 不是文件名。`);
}

import { close, fsync, open } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const openFile = promisify(open);
const syncFile = promisify(fsync);
const closeFile = promisify(close);

export const clusterOf = (directory: string): string => join(directory, "postgres");

/**
 * Makes the cluster's directory below `directory`. A new one is made aside, written through to the disk and
 * only then given its name, so that a first start that dies halfway never leaves half a cluster to open.
 */
export async function prepareCluster(
  directory: string,
  create: (directory: string) => Promise<void>,
): Promise<void> {
  const cluster = clusterOf(directory);
  const draft = join(directory, "postgres.new");
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await create(draft);
  await syncTree(draft);
  await rename(draft, cluster);
  await syncPath(directory);
}

/** Writes everything below `directory` through to the disk. */
export async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncPath(path);
  }
  await syncPath(directory);
}

export async function syncPath(path: string): Promise<void> {
  const descriptor = await openFile(path, "r");
  try {
    await syncFile(descriptor);
  } finally {
    await closeFile(descriptor);
  }
}

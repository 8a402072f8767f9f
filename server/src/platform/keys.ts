import { createHmac, randomBytes } from "node:crypto";
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const keysSchema = z.object({
  /** Signs approvals. */
  approvals: z.string().min(32),
  /** Signs staff sessions. */
  sessions: z.string().min(32),
  /** Shared with the shop's own site: signs identity tokens of its customers. */
  identity: z.string().min(32),
  /** Lets the command line of the same machine act on the running server. */
  control: z.string().min(32),
  /** Hashes the passwords of devices: people choose those, and a bare hash of one could be guessed. */
  credentials: z.string().min(32),
});
export type Keys = z.infer<typeof keysSchema>;

/** What a file of an earlier version may lack. */
const earlierKeysSchema = keysSchema.partial({ credentials: true }).loose();

/**
 * The installation's secrets: made once, kept in the data folder, readable by its owner alone.
 *
 * @throws Error when the file is there but not usable: making new keys would void every signature in the store.
 */
export async function loadKeys(dataDirectory: string): Promise<Keys> {
  const file = join(dataDirectory, "keys.json");
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return completeKeys(file, parseKeys(file, text));
  const secret = () => randomBytes(32).toString("base64url");
  const keys: Keys = {
    approvals: secret(),
    sessions: secret(),
    identity: secret(),
    control: secret(),
    credentials: secret(),
  };
  if (await makeKeys(file, keys)) return keys;
  // Another process that shares the folder was faster: its keys count.
  return loadKeys(dataDirectory);
}

/**
 * A key that came with a later version is derived and kept beside the others. Derived, not drawn: two processes that read
 * the same old file at once must arrive at the same key.
 */
async function completeKeys(file: string, found: z.infer<typeof earlierKeysSchema>): Promise<Keys> {
  const { credentials } = found;
  if (credentials !== undefined) return keysSchema.parse(found);
  const completed = {
    ...found,
    credentials: createHmac("sha256", found.approvals).update("credentials").digest("base64url"),
  };
  await writeKeys(file, completed);
  return keysSchema.parse(completed);
}

/** Written beside the old file and renamed over it: a crash leaves one of the two, whole. */
async function writeKeys(file: string, keys: Keys): Promise<void> {
  await rename(await writeDraft(file, keys), file);
}

/** False when the file is there already; it appears whole or not at all. */
async function makeKeys(file: string, keys: Keys): Promise<boolean> {
  const draft = await writeDraft(file, keys);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    // A file system without hard links: the last of two that start at the same instant would count.
    await rename(draft, file);
    return true;
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDraft(file: string, keys: Keys): Promise<string> {
  const draft = `${file}.${randomBytes(4).toString("hex")}.new`;
  await writeFile(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flush: true });
  await chmod(draft, 0o600);
  return draft;
}

function parseKeys(file: string, text: string): z.infer<typeof earlierKeysSchema> {
  try {
    return earlierKeysSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `${file} cannot be read as Waremind's keys. Restore it from a backup: without it no signed approval can be verified.`,
      { cause: error },
    );
  }
}

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { readBackupFile, writeBackupFile } from "./backup-file.ts";

let directory = "";
let file = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "waremind-backup-file-"));
  file = join(directory, "shop.waremind");
  return () => rm(directory, { recursive: true, force: true });
});

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

const never = new AbortController().signal;

test("a backup is readable by its owner alone, and nothing else is left beside it", async () => {
  expect(await writeBackupFile(file, pieces("a", "b"), { isForced: false, signal: never })).toEqual({
    bytes: 2,
  });
  expect(await readFile(file, "utf8")).toBe("ab");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["shop.waremind"]);
});

test("a file that is there stays as it is unless it may be replaced", async () => {
  await writeFile(file, "the one of yesterday");
  const write = (isForced: boolean) => writeBackupFile(file, pieces("new"), { isForced, signal: never });
  await expect(write(false)).rejects.toThrow(/--force/u);
  expect(await readFile(file, "utf8")).toBe("the one of yesterday");
  await write(true);
  expect(await readFile(file, "utf8")).toBe("new");
});

test("a backup that fails midway leaves the file of before and no half one", async () => {
  await writeFile(file, "the one of yesterday");
  async function* failing(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from("half"));
    throw new Error("the store died");
  }
  await expect(writeBackupFile(file, failing(), { isForced: true, signal: never })).rejects.toThrow(/died/u);
  expect(await readFile(file, "utf8")).toBe("the one of yesterday");
  expect(await readdir(directory)).toEqual(["shop.waremind"]);
});

test("one that is stopped leaves nothing", async () => {
  const cancel = new AbortController();
  async function* stopping(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from("first"));
    cancel.abort();
    yield Buffer.from("second");
  }
  const work = writeBackupFile(file, stopping(), { isForced: false, signal: cancel.signal });
  await expect(work).rejects.toThrow(/abort/iu);
  expect(await readdir(directory)).toEqual([]);
});

test("of two to one name, one says that it gave up, and the file is whole", async () => {
  async function* overtaken(): AsyncGenerator<Buffer> {
    yield Buffer.from("slow");
    await writeBackupFile(file, pieces("quick"), { isForced: true, signal: never });
  }
  const slow = writeBackupFile(file, overtaken(), { isForced: true, signal: never });
  await expect(slow).rejects.toThrow(/Another backup/u);
  expect(await readFile(file, "utf8")).toBe("quick");
});

test("a folder that is not there, and a file that is none, are told by their name", async () => {
  const nowhere = join(directory, "missing", "shop.waremind");
  await expect(writeBackupFile(nowhere, pieces("a"), { isForced: false, signal: never })).rejects.toThrow(
    nowhere,
  );
  const read = async () => {
    for await (const _ of readBackupFile(nowhere)) expect.fail("there is nothing to read");
  };
  await expect(read()).rejects.toThrow(nowhere);
});

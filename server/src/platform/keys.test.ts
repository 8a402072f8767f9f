import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadKeys } from "./keys.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "keys-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("keys are made once and read by their owner alone", async () => {
  const first = await loadKeys(join(directory, "data"));
  expect(await loadKeys(join(directory, "data"))).toEqual(first);
  expect((await stat(join(directory, "data", "keys.json"))).mode & 0o777).toBe(0o600);
  expect(new Set(Object.values(first)).size).toBe(5);
});

test("a damaged key file is an error, never a reason to make new keys", async () => {
  await writeFile(join(directory, "keys.json"), "{");
  await expect(loadKeys(directory)).rejects.toThrow(/Restore it from a backup/);
});

test("a key file of an earlier version gains the key it lacks, the same in every process, and keeps the others", async () => {
  const file = join(directory, "keys.json");
  const { credentials: _, ...earlier } = await loadKeys(directory);
  await writeFile(file, JSON.stringify({ ...earlier, ofALaterVersion: "kept" }));
  const [one, other] = await Promise.all([loadKeys(directory), loadKeys(directory)]);
  expect(one).toEqual(other);
  expect(one).toMatchObject(earlier);
  expect(await loadKeys(directory)).toEqual(one);
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ ...one, ofALaterVersion: "kept" });
  expect(await readdir(directory)).toEqual(["keys.json"]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("processes that share a folder and start at once arrive at the same keys", async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => loadKeys(directory)));
  expect(new Set(all.map(({ sessions }) => sessions)).size).toBe(1);
  expect(await readdir(directory)).toEqual(["keys.json"]);
});

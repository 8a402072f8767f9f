import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { migrations } from "../../migrations/index.ts";
import { silentLog } from "../log.ts";
import { copyDataFiles } from "./data-files.ts";
import type { BackupEvent, BackupHeader } from "./format.ts";
import { restoreBackup } from "./restore.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "waremind-restore-"));
  return () => rm(directory, { recursive: true, force: true });
});

const header: BackupHeader = {
  ...{ format: 1, product: "0.1.0", engine: "embedded", engineVersion: "18.6", createdAt: 1 },
  ...{ migrations: ["0001-foundation"], bytesExpected: 10 },
};

async function* eventsOf(...events: readonly BackupEvent[]): AsyncGenerator<BackupEvent> {
  for (const event of events) yield await Promise.resolve(event);
}

const restore = (events: AsyncIterable<BackupEvent>) =>
  restoreBackup(events, { dataDirectory: directory, databaseUrl: undefined, migrations, log: silentLog });

const file = (name: string, text: string): BackupEvent[] => [
  { kind: "entry", entry: { type: "data", name } },
  { kind: "data", bytes: Buffer.from(text) },
  { kind: "end" },
];

describe("what does not fit is refused, and nothing is put in place", () => {
  test.each([
    [
      "a backup of PostgreSQL without a PostgreSQL",
      { ...header, engine: "postgresql" as const },
      /PostgreSQL/u,
    ],
    ["one of a later version", { ...header, migrations: ["0001-foundation", "9999-later"] }, /9999-later/u],
  ])("%s", async (_name, given, sentence) => {
    await expect(restore(eventsOf({ kind: "header", header: given }))).rejects.toThrow(sentence);
    expect(await readdir(directory)).toEqual([]);
  });

  test("a data folder that is in use", async () => {
    await writeFile(join(directory, "keys.json"), "mine");
    await expect(restore(eventsOf({ kind: "header", header }))).rejects.toMatchObject({
      code: "state-forbids",
    });
    expect(await readFile(join(directory, "keys.json"), "utf8")).toBe("mine");
  });

  test.each(["../escaped", "/etc/escaped", "demo/../../escaped", "a\\b", "."])(
    "a name that leads elsewhere: %s",
    async (name) => {
      const work = restore(eventsOf({ kind: "header", header }, ...file(name, "bad")));
      await expect(work).rejects.toMatchObject({ code: "payload-malformed" });
      expect(await readdir(directory)).toEqual([]);
    },
  );

  test("one that breaks off", async () => {
    const work = restore(eventsOf({ kind: "header", header }, ...file("keys.json", "{}")));
    await expect(work).rejects.toThrow(/no end/u);
    expect(await readdir(directory)).toEqual([]);
  });
});

test("of the data folder everything is taken but the store, what the process means, drafts and other backups", async () => {
  const kept = { "keys.json": "k", "demo-logins.json": "l" };
  const left = {
    ...{ "running.json": "r", "waremind.lock": "w", "old.waremind": "WAREMIND BACKUP 1\nrest" },
    ...{ "keys.json.ab.new": "n", "x.waremind.partial": "p" },
  };
  for (const [name, text] of Object.entries({ ...kept, ...left }))
    await writeFile(join(directory, name), text);
  const names: string[] = [];
  for await (const event of copyDataFiles(directory))
    if (event.kind === "entry") names.push(event.entry.name);
  expect(names.sort()).toEqual(Object.keys(kept).sort());
});

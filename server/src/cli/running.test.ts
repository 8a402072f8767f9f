import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findRunning, leaveAddress } from "./running.ts";

const address = { pid: process.pid, url: "http://localhost:1/", mqttPort: 2 };
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "waremind-running-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("a living server of this folder is found", async () => {
  await leaveAddress(directory, address);
  expect(await findRunning(directory)).toMatchObject(address);
});

test("a crashed server's process id, borne by another process since, is no running server", async () => {
  // In a container the server is process 1 each time: after a kill, the file names the very process that reads it.
  await writeFile(
    join(directory, "running.json"),
    JSON.stringify({ ...address, startedAt: "an earlier boot" }),
  );
  expect(await findRunning(directory)).toBeNull();
});

test("a file cut off by a crash is no running server", async () => {
  await writeFile(join(directory, "running.json"), '{"pid": 1');
  expect(await findRunning(directory)).toBeNull();
});

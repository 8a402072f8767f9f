import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadScenario, loadTokens, parseScenario, requireTokens } from "./load-scenario.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scenario-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("the example of the README is a scenario", async () => {
  const scenario = await loadScenario(join(import.meta.dirname, "..", "examples", "warming-parcel.json"));
  expect(scenario.devices.map((device) => device.name)).toEqual(["logger-1"]);
});

test("a refusal names the file, the place in it and what is wrong", () => {
  const text = JSON.stringify({
    version: 1,
    name: "x",
    seed: 1,
    devices: [
      { name: "a", intervalSeconds: 5, series: [{ kind: "number", key: "t", phases: [{ from: 1, to: 2 }] }] },
    ],
  });
  expect(() => parseScenario(text, "shop.json")).toThrowError(
    /^shop\.json: .*\n {2}devices\[0\]\.series\[0\]\.phases\[0\]\.minutes: /s,
  );
});

test("a misspelt name is refused, not ignored", () => {
  const text = JSON.stringify({ version: 1, name: "x", seed: 1, devices: [], speed: 2 });
  expect(() => parseScenario(text, "shop.json")).toThrowError(/speed/);
});

test("a recorded past needs a playback", () => {
  const series = [{ kind: "number", key: "t", phases: [{ from: 1, to: 2, minutes: 1 }] }];
  const devices = [{ name: "a", intervalSeconds: 5, startMinutesAgo: 10, series }];
  const text = JSON.stringify({ version: 1, name: "x", seed: 1, devices });
  expect(() => parseScenario(text, "shop.json")).toThrowError(/devices\[0\]\.playback: .*startMinutesAgo/);
});

test("a file of a later version is refused", () => {
  expect(() => parseScenario('{"version": 2}', "shop.json")).toThrowError(/version/);
});

test("tokens that other users may read are refused", async () => {
  const path = join(folder, "tokens.json");
  await writeFile(path, '{"a": "secret"}');
  await chmod(path, 0o644);
  await expect(loadTokens(path, "linux")).rejects.toThrowError(/chmod 600/);
  await chmod(path, 0o600);
  expect(await loadTokens(path, "linux")).toEqual({ a: "secret" });
});

test("a device without a token is named", () => {
  const series = [{ kind: "number", key: "t", phases: [{ from: 1, to: 2, minutes: 1 }] }];
  const devices = ["a", "b"].map((name) => ({ name, intervalSeconds: 5, series }));
  const scenario = parseScenario(JSON.stringify({ version: 1, name: "x", seed: 1, devices }), "shop.json");
  expect(() => requireTokens(scenario, { a: "secret" }, "tokens.json")).toThrowError(
    /tokens\.json: no token for b/,
  );
});

import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import {
  importCircles,
  importFaults,
  missingFaults,
  readSources,
  type SourceFile,
  sizeFaults,
  wordFaults,
} from "./tidy-rules.ts";

const root = resolve(import.meta.dirname, "..");
const files = readSources(root, ["contract/src", "server/src", "console/src", "edge/src", "edge/device/src"]);

test("there is a house to look at", () => {
  expect(files.length).toBeGreaterThan(40);
});
test("imports go down only, through doors, and domains never import each other", () => {
  expect(importFaults(files)).toEqual([]);
});
test("no file imports itself in a circle", () => {
  expect(importCircles(files)).toEqual([]);
});
test("only the clock knows the time, only config.ts reads the environment, engines are pure", () => {
  expect(wordFaults(files)).toEqual([]);
});
test("files stay short", () => {
  expect(sizeFaults(files)).toEqual([]);
});
test("every relative import exists", () => {
  expect(missingFaults(root, files)).toEqual([]);
});
test("the lock file names no place to download from", () => {
  const lock = execFileSync("git", ["show", ":package-lock.json"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  expect(lock.match(/"resolved": "https?:[^"]*"/g)).toBeNull();
});

const file = (path: string, text: string): SourceFile => ({ path, text });
const planted: readonly (readonly [string, SourceFile, RegExp])[] = [
  [
    "a domain importing a domain",
    file("server/src/orders/x.ts", 'import { a } from "../customers/index.ts";'),
    /domains never import each other/,
  ],
  [
    "a domain importing a flow",
    file("server/src/orders/x.ts", 'import type { a } from "../flows/act.ts";'),
    /imports go down only/,
  ],
  [
    "platform knowing business",
    file("server/src/platform/x.ts", 'import { a } from "../orders/index.ts";'),
    /imports go down only/,
  ],
  [
    "a domain importing a route",
    file("server/src/guard/x.ts", 'export { a } from "../http/routes.ts";'),
    /imports go down only/,
  ],
  [
    "an engine doing I/O",
    file("server/src/decisions/coldchain/x.ts", 'import { readFile } from "node:fs";'),
    /engines import nothing/,
  ],
  [
    "an engine importing platform",
    file("server/src/decisions/coldchain/x.ts", 'import { a } from "../../platform/ids.ts";'),
    /engines import nothing/,
  ],
  [
    "a back door",
    file("server/src/flows/x.ts", 'import { a } from "../orders/order-store.ts";'),
    /through its index/,
  ],
  [
    "a dynamic import upwards",
    file("server/src/telemetry/x.ts", 'const a = await import("../assistant/index.ts");'),
    /imports go down only/,
  ],
  [
    "the console reaching into the server",
    file("console/src/x.ts", 'import { a } from "../../server/src/app.ts";'),
    /workspaces meet only/,
  ],
  ["contract with a second library", file("contract/src/x.ts", 'import { a } from "kysely";'), /zod only/],
  [
    "an unknown room",
    file("server/src/utils/x.ts", 'import { a } from "../platform/ids.ts";'),
    /no room of the house/,
  ],
  [
    "config passed by import",
    file("server/src/devices/x.ts", 'import { a } from "../config.ts";'),
    /settings are passed in/,
  ],
];
test.each(planted)("a planted violation is found: %s", (_name, source, sentence) => {
  expect(importFaults([source]).join("\n")).toMatch(sentence);
});

test("a planted circle is found", () => {
  const circle = [
    file("server/src/orders/a.ts", 'import { b } from "./b.ts";'),
    file("server/src/orders/b.ts", 'import { a } from "./a.ts";'),
  ];
  expect(importCircles(circle)).toHaveLength(1);
});
test.each([
  ["the present", file("server/src/orders/x.ts", "const at = Date.now();")],
  ["the environment", file("server/src/http/x.ts", 'const url = process.env["URL"];')],
  ["chance in an engine", file("server/src/decisions/x.ts", "const a = Math.random();")],
  ["a transport in a domain", file("server/src/devices/x.ts", 'import { parser } from "mqtt-packet";')],
])("a planted word is found: %s", (_name, source) => {
  expect(wordFaults([source])).toHaveLength(1);
});
test("a planted long file is found", () => {
  expect(sizeFaults([file("server/src/orders/x.ts", "a\n".repeat(402))])).toHaveLength(1);
});

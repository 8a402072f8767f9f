import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CheckLine } from "../server/src/cli/doctor/check.ts";
import { examine } from "../server/src/cli/doctor/examine.ts";
import { checkCertificate } from "../server/src/cli/doctor/machine-checks.ts";
import { textOf } from "../server/src/cli/doctor-command.ts";
import { readConfig, readLanguage } from "../server/src/config.ts";
import { manualClock, systemClock } from "../server/src/platform/clock.ts";
import { createOwnDatabase } from "./support/postgresql.ts";

let directory: string;
const servers: Server[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "waremind-doctor-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(directory, { recursive: true, force: true });
});

/** A port is free that was just given back. */
async function aServer(answer: (path: string) => { status: number; body: unknown }): Promise<number> {
  const server = createServer((request, response) => {
    const { status, body } = answer(request.url ?? "");
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const look = (environment: Record<string, string>, clock = systemClock) =>
  examine(
    () =>
      readConfig({
        ...{
          WAREMIND_DATA_DIR: directory,
          WAREMIND_PORT: "0",
          WAREMIND_MQTT_PORT: "0",
          WAREMIND_COAP: "off",
        },
        ...environment,
      }),
    clock,
  );
const lineOf = (lines: readonly CheckLine[], check: string): CheckLine => {
  const found = lines.find((line) => line.check === check);
  if (found === undefined)
    throw new Error(`No line about ${check}: ${lines.map((line) => line.check).join()}`);
  return found;
};

test("a fresh folder is fine, and looking makes no store in it", async () => {
  const lines = await look({});
  expect(lines.filter(({ state }) => state === "fail")).toEqual([]);
  expect(lineOf(lines, "data-folder").state).toBe("ok");
  expect(lineOf(lines, "store").message.en).toContain("first start");
  expect(lineOf(lines, "model").message.zh).toContain("内置规则引擎");
});

test("each fault is told with what to do about it, in both languages", async () => {
  const port = await aServer(() => ({ status: 401, body: {} }));
  const file = join(directory, "a-file");
  await writeFile(file, "");
  const lines = await look(
    {
      ...{ WAREMIND_PORT: String(port), WAREMIND_DATA_DIR: join(file, "below") },
      ...{ WAREMIND_LLM_URL: `http://127.0.0.1:${port}/v1`, WAREMIND_LLM_MODEL: "tiny" },
      ...{ WAREMIND_TLS_CERT: file, WAREMIND_TLS_KEY: file },
    },
    manualClock(0),
  );
  for (const check of ["data-folder", "port-http", "model", "certificate", "clock"]) {
    const line = lineOf(lines, check);
    expect([check, line.state]).toEqual([check, "fail"]);
    expect(line.advice?.zh).toMatch(/[\u4e00-\u9fff]/);
  }
  expect(lineOf(lines, "port-http").advice?.en).toContain("WAREMIND_PORT");
});

test("a wrong setting is a line, not a crash", async () => {
  const lines = await look({ WAREMIND_MQTT_PORT: "lots" });
  expect(lineOf(lines, "settings")).toMatchObject({ state: "fail" });
  expect(lineOf(lines, "settings").message.en).toContain("WAREMIND_MQTT_PORT");
});

test("a model that the server does not have is named with those it has", async () => {
  const port = await aServer(() => ({ status: 200, body: { data: [{ id: "small" }, { id: "large" }] } }));
  const model = async (name: string) =>
    lineOf(
      await look({ WAREMIND_LLM_URL: `http://127.0.0.1:${port}/v1`, WAREMIND_LLM_MODEL: name }),
      "model",
    );
  expect((await model("small")).state).toBe("ok");
  const missing = await model("tiny");
  expect([missing.state, missing.advice?.en]).toEqual(["warn", expect.stringContaining("small, large")]);
});

test("a store that does not answer is told, and the rest is looked at all the same", async () => {
  const lines = await look({ WAREMIND_DATABASE_URL: "postgresql://nobody@127.0.0.1:9/none" });
  expect(lineOf(lines, "store").state).toBe("fail");
  expect(lineOf(lines, "model").state).toBe("info");
});

const url = process.env["WAREMIND_TEST_DATABASE_URL"];
describe.skipIf(url === undefined)("with PostgreSQL", () => {
  test("version, migrations, clock and the audit chain are told; an empty database stays empty", async () => {
    for (const isMigrated of [true, false]) {
      const own = await createOwnDatabase(url ?? "", { isMigrated });
      try {
        const lines = await look({ WAREMIND_DATABASE_URL: own.url });
        expect(lineOf(lines, "store").state).toBe("ok");
        expect(lineOf(lines, "clock").state).toBe("ok");
        expect(lineOf(lines, "migrations").state).toBe(isMigrated ? "ok" : "info");
        expect(lineOf(lines, "timescaledb").state).toBe("info");
        expect(lines.some(({ check }) => check === "audit")).toBe(isMigrated);
        const far = await look({ WAREMIND_DATABASE_URL: own.url }, manualClock(Date.UTC(2026, 1, 1)));
        expect(lineOf(far, "clock").state).toBe("fail");
      } finally {
        await own.drop();
      }
    }
  });
});

describe("the certificate", () => {
  const at = (name: string): string => join(import.meta.dirname, "support/certificates", name);
  const files = (certificate: string, key: string) => ({
    mqttTls: {
      ...{ port: 8883, isExplicit: false },
      ...{ certificateFile: at(certificate), keyFile: at(key) },
    },
  });
  const endsAt = Date.parse(new X509Certificate(readFileSync(at("server.pem"))).validTo);
  const dayMs = 86_400_000;

  test.each([
    ["ok", endsAt - 60 * dayMs],
    ["warn", endsAt - dayMs],
    ["fail", endsAt + dayMs],
    ["fail", 0],
  ])("is %s by its dates at %d", async (state, now) => {
    expect(await checkCertificate(files("server.pem", "server.key"), now)).toMatchObject([{ state }]);
  });
  test("with the key of another, or that cannot be read, is told", async () => {
    for (const [certificate, key] of [
      ["server.pem", "device.key"],
      ["none.pem", "server.key"],
    ] as const) {
      const [line] = await checkCertificate(files(certificate, key), endsAt - 60 * dayMs);
      expect([line?.state, line?.advice?.en]).toEqual(["fail", expect.stringContaining("WAREMIND_TLS_CERT")]);
    }
  });
  test("is nothing to speak of where none is set", async () => {
    expect(await checkCertificate({ mqttTls: undefined }, 0)).toEqual([]);
  });
});

test("lines stand under each other in either language", () => {
  const line: CheckLine = {
    ...{ check: "disk", state: "warn", message: { en: "Little is free.", zh: "空间不足。" } },
    advice: { en: "Free some.", zh: "请清理。" },
  };
  expect(textOf(line, "en")).toEqual([
    "WARN disk            Little is free.",
    "                     → Free some.",
  ]);
  expect(textOf(line, "zh")[0]).toBe("注意 disk            空间不足。");
});

test("the language is the terminal's", () => {
  expect(readLanguage({ LANG: "zh_CN.UTF-8" })).toBe("zh");
  expect(readLanguage({ LANG: "zh_CN.UTF-8", LC_ALL: "C" })).toBe("en");
  expect(readLanguage({ LANG: "de_DE.UTF-8" })).toBe("en");
  expect(readLanguage({})).toBe("en");
});

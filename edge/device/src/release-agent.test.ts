import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createReleaseAgent } from "./release-agent.ts";
import { releaseManifest } from "./releases.ts";
import { ChunkRefused } from "./server-talk.ts";
import { type DeviceStore, openStore } from "./store.ts";
import type { DeviceValues } from "./values.ts";

const keys = generateKeyPairSync("ed25519");
const bytes = Buffer.from("a package");
const sha256 = createHash("sha256").update(bytes).digest("hex");

function offerOf(version: string): Record<string, string | number> {
  const named = { kind: "firmware", title: "Logger", version, sizeBytes: bytes.length, sha256 } as const;
  const signature = sign(null, releaseManifest(named), keys.privateKey).toString("base64");
  return {
    ...{ fw_title: "Logger", fw_version: version, fw_size: bytes.length, fw_signature: signature },
    ...{ fw_checksum: sha256, fw_checksum_algorithm: "SHA256" },
  };
}

let directory: string;
let store: DeviceStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "waremind-agent-"));
  store = openStore(":memory:");
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true, force: true });
});

function anAgent(change: { install?: () => void; ask?: () => Promise<Buffer> } = {}) {
  const device = { version: "1.0", sent: [] as DeviceValues[], asked: 0 };
  const agent = createReleaseAgent({
    options: {
      directory,
      trustedKeys: [keys.publicKey.export({ type: "spki", format: "pem" }).toString()],
      current: (kind) => (kind === "firmware" ? { title: "Logger", version: device.version } : null),
      install: ({ version }) => {
        change.install?.();
        device.version = version;
      },
    },
    store,
    send: (values) => device.sent.push(values),
    ask: () => {
      device.asked += 1;
      return change.ask?.() ?? Promise.resolve(bytes);
    },
    failed: () => undefined,
    signal: new AbortController().signal,
  });
  const states = (): unknown[] =>
    device.sent.map((values) => values["fw_state"]).filter((state) => state !== undefined);
  return { agent, device, states };
}

test("what failed here is not tried again by itself, but when it is offered anew", async () => {
  let isBroken = true;
  const install = (): void => {
    if (isBroken) throw new Error("flash");
  };
  const { agent, device, states } = anAgent({ install });
  agent.known(offerOf("2.0"));
  await agent.settled();
  agent.known(offerOf("2.0"));
  await agent.settled();
  expect(states().filter((state) => state === "FAILED")).toHaveLength(1);
  agent.changed(offerOf("1.0"), []);
  isBroken = false;
  agent.changed(offerOf("2.0"), []);
  await agent.settled();
  expect([device.version, states().at(-1)]).toEqual(["2.0", "UPDATED"]);
});

test("an offer that is withdrawn during the download is no failure", async () => {
  const { agent, device, states } = anAgent({
    ask: () => {
      agent.changed({}, Object.keys(offerOf("2.0")));
      return Promise.reject(new ChunkRefused("No package is assigned to this device."));
    },
  });
  agent.known(offerOf("2.0"));
  await agent.settled();
  expect([states(), device.asked, device.version]).toEqual([["DOWNLOADING"], 1, "1.0"]);
});

test("an offer of what runs already is answered once", async () => {
  const { agent, states } = anAgent();
  agent.known(offerOf("1.0"));
  await agent.settled();
  agent.known(offerOf("1.0"));
  await agent.settled();
  expect(states()).toEqual(["UPDATED"]);
});

test.each([
  ["2.0", "UPDATED"],
  ["1.0", "FAILED"],
])("an installation that ended the program is told at the next start: running %s is %s", (version, state) => {
  store.note("installing/firmware", JSON.stringify({ title: "Logger", version: "2.0" }));
  const { agent, device } = anAgent();
  device.version = version;
  agent.begin();
  expect(device.sent).toMatchObject([{ fw_state: state, current_fw_version: version }]);
  agent.begin();
  expect(device.sent.at(-1)).toEqual({ current_fw_title: "Logger", current_fw_version: version });
});

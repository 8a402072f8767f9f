// The device client for Node against the real product: its MQTT server, desk, hub, intake and store.
import { fork } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDevice, type DeviceClient, type DeviceOptions, provision } from "@waremind/device";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { generateProvisionKeys } from "../server/src/devices/index.ts";
import { openReleaseShop } from "./prove/releases-shop.ts";
import type { ChildTask } from "./support/device-client-child.ts";
import { certificateFolder, type DeviceProduct, openDeviceProduct } from "./support/device-product.ts";

const protocols = [5, 4] as const;
let product: DeviceProduct;
let directory: string;
const running = new Set<DeviceClient>();
beforeAll(async () => {
  product = await openDeviceProduct({ postgresqlUrl: process.env["WAREMIND_TEST_DATABASE_URL"] });
  directory = await mkdtemp(join(tmpdir(), "waremind-device-client-"));
});
afterEach(async () => {
  for (const device of running) await device.stop();
  running.clear();
});
afterAll(async () => {
  await product.close();
  await rm(directory, { recursive: true, force: true });
});

let files = 0;
const aStore = (): string => {
  files += 1;
  return join(directory, `${files}.sqlite`);
};
const plainUrl = (): string => `mqtt://127.0.0.1:${product.mqttPort}`;

function open(options: Partial<DeviceOptions> & Pick<DeviceOptions, "token">): DeviceClient {
  const device = createDevice({ url: plainUrl(), store: aStore(), ...options });
  running.add(device);
  return device;
}

const connected = (device: DeviceClient): Promise<void> =>
  new Promise((resolve) => device.on("connected", resolve));

async function startUp(device: DeviceClient): Promise<DeviceClient> {
  const up = connected(device);
  device.start();
  await up;
  return device;
}

const valuesOf = async (deviceId: number, key: string): Promise<unknown[]> =>
  (await product.stored.readings(deviceId, key)).map(({ value }) => value);

/** Runs the child until it has taken `killAfter`, then SIGKILLs it; without one it runs to its end. Answers the last taken. */
function runChild(task: ChildTask, killAfter: number): Promise<number> {
  const file = join(import.meta.dirname, "support/device-client-child.ts");
  const child = fork(file, [JSON.stringify(task)], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  return new Promise((resolve, reject) => {
    let taken = task.from - 1;
    child.on("message", (message: { taken?: number }) => {
      taken = message.taken ?? taken;
      if (taken >= killAfter) child.kill("SIGKILL");
    });
    child.on("exit", (code, signal) => {
      if (code === 0 || signal === "SIGKILL") resolve(taken);
      else reject(new Error(`The device ended with ${code ?? signal}.`));
    });
  });
}

test("a device that is killed in the middle of sending, again and again, loses nothing and sends nothing twice", async () => {
  const made = await product.shop.makeDevice();
  const count = 1_200;
  const task = { url: plainUrl(), token: made.token, store: aStore(), count, beganAt: Date.UTC(2026, 0, 1) };
  let from = 0;
  for (const killAfter of [150, 420, 430, 900]) from = (await runChild({ ...task, from }, killAfter)) + 1;
  await runChild({ ...task, from }, Number.POSITIVE_INFINITY);
  const stored = (await product.stored.readings(made.id, "n")).map(({ value }) =>
    value.type === "number" ? value.number : value,
  );
  expect(stored).toEqual(Array.from({ length: count }, (_, number) => number));
});

test.each(protocols)(
  "over MQTT %i text stays text, and integers beyond a double keep their digits",
  async (protocolVersion) => {
    const made = await product.shop.makeDevice();
    const device = await startUp(open({ token: made.token, protocolVersion }));
    device.send({ gtin: "00012345600012", door: true, weight: 3.4, big: "9223372036854775808" });
    await device.flush();
    expect(await valuesOf(made.id, "gtin")).toEqual([{ type: "text", text: "00012345600012" }]);
    expect(await valuesOf(made.id, "door")).toEqual([{ type: "boolean", boolean: true }]);
    expect(await valuesOf(made.id, "weight")).toEqual([{ type: "number", number: 3.4 }]);
    expect(await valuesOf(made.id, "big")).toEqual([{ type: "text", text: "9223372036854775808" }]);
  },
);

test.each(protocols)(
  "over MQTT %i a command that waited is run once, though the connection breaks",
  async (protocolVersion) => {
    const made = await product.shop.makeDevice();
    const queued = await product.shop.sendCommand(made.name, {
      ...{ method: "unlock", params: { door: 3 }, isPersistent: true },
    });
    const runs: unknown[] = [];
    const device = open({ token: made.token, protocolVersion });
    device.onCommand("unlock", (params) => {
      runs.push(params);
      // The answer finds no connection; it goes with the next one.
      device.dropConnection();
      return { opened: true };
    });
    device.start();
    await expect.poll(async () => (await product.stored.command(queued.id))?.state, waits).toBe("successful");
    expect((await product.stored.command(queued.id))?.answer).toEqual({ opened: true });
    expect(runs).toEqual([{ door: 3 }]);
    const unknown = await product.shop.sendCommand(made.name, { method: "fly" });
    await expect
      .poll(async () => (await product.stored.command(unknown.id))?.state, waits)
      .toBe("successful");
    expect((await product.stored.command(unknown.id))?.answer).toEqual({
      error: "This device knows no command fly.",
    });
  },
);

const waits = { timeout: 20_000, interval: 20 };

test.each(protocols)(
  "over MQTT %i attributes go both ways, also what was deleted",
  async (protocolVersion) => {
    const made = await product.shop.makeDevice();
    const device = open({ token: made.token, protocolVersion });
    const desired: unknown[] = [];
    device.on("desired", (values, deletedKeys) => desired.push([values, deletedKeys]));
    await startUp(device);
    await device.report({ model: "LX-3", channels: 2 });
    expect(await product.stored.attributes(made.id)).toEqual({
      "client/model": "LX-3",
      "client/channels": 2,
    });
    await product.shop.setShared(made.name, { interval: 30, mode: "eco" });
    await expect.poll(() => desired, waits).toEqual([[{ interval: 30, mode: "eco" }, []]]);
    await product.shop.setShared(made.name, {}, ["mode"]);
    await expect.poll(() => desired.at(-1), waits).toEqual([{}, ["mode"]]);
    expect(await device.attributes()).toEqual({
      client: { model: "LX-3", channels: 2 },
      shared: { interval: 30 },
    });
    expect(await device.attributes({ shared: ["interval", "absent"] })).toEqual({
      client: {},
      shared: { interval: 30 },
    });
  },
);

test.each(protocols)("over MQTT %i the device calls the server", async (protocolVersion) => {
  const made = await product.shop.makeDevice();
  const device = await startUp(open({ token: made.token, protocolVersion }));
  expect(await device.call("getSessionLimits")).toMatchObject({ maxPayloadSize: 65_536 });
  expect(await device.call("getServerTime")).toBeTypeOf("number");
  expect(await device.call("sing")).toMatchObject({
    error: expect.stringContaining("There is no method sing"),
  });
});

test("a device asks for its credentials with the key and secret of its kind, and comes in with them", async () => {
  const keys = generateProvisionKeys();
  const profileId = await product.shop.makeProfile();
  await product.shop.editProfile(profileId, { provisioning: { strategy: "allow-create-new", ...keys } });
  const given = await provision({ url: plainUrl(), ...keys, deviceName: "provisioned-by-client" });
  expect(given.credentialsType).toBe("ACCESS_TOKEN");
  const device = await startUp(open({ token: String(given.credentialsValue) }));
  device.send({ n: 1 });
  await device.flush();
  const made = await product.stored.find("provisioned-by-client");
  expect(await valuesOf(made?.id ?? 0, "n")).toEqual([{ type: "number", number: 1 }]);
  const wrong = provision({ url: plainUrl(), key: keys.key, secret: "another-secret-of-no-use" });
  await expect(wrong).rejects.toThrow(/did not provision/);
});

test.each(protocols)("over MQTT %i and TLS a certificate says who the device is", async (protocolVersion) => {
  const [cert, key, ca] = await Promise.all(
    ["device.pem", "device.key", "issuer.pem"].map((name) => readFile(join(certificateFolder, name), "utf8")),
  );
  if (cert === undefined || key === undefined || ca === undefined) throw new Error("Three files were read.");
  const made = await product.shop.makeDevice({ credential: { kind: "x509", pem: cert } });
  const url = `mqtts://localhost:${product.mqttTlsPort}`;
  const device = createDevice({ url, tls: { ca, cert, key }, protocolVersion, store: aStore() });
  running.add(device);
  await startUp(device);
  device.send({ n: protocolVersion });
  await device.flush();
  expect(await valuesOf(made.id, "n")).toEqual([{ type: "number", number: protocolVersion }]);
  await product.shop.deleteDevice(made);
});

/** Deeper than any value may be. */
const tooDeep = (): { [key: string]: never } =>
  JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) as { [key: string]: never };

test("a reading that the server will never take is kept with its reason, and those around it arrive", async () => {
  const made = await product.shop.makeDevice();
  const file = aStore();
  const device = open({ token: made.token, store: file });
  const told: string[] = [];
  device.on("refused", ({ reason }) => told.push(reason));
  const beganAt = Date.UTC(2026, 0, 1);
  for (const number of [1, 2, 3]) device.send({ n: number }, beganAt + number);
  device.send({ deep: tooDeep() }, beganAt + 4);
  for (const number of [5, 6]) device.send({ n: number }, beganAt + number);
  device.start();
  await device.flush();
  expect((await valuesOf(made.id, "n")).length).toBe(5);
  expect(device.refused()).toMatchObject([{ at: beganAt + 4, reason: expect.stringContaining("0x99") }]);
  expect(told).toHaveLength(1);
  await device.stop();
  running.delete(device);
  const again = open({ token: made.token, store: file });
  expect([again.waitingCount, again.refused().length]).toEqual([0, 1]);
});

test("over MQTT 3.1.1, which knows no reasons, such a reading is in the shop's quarantine", async () => {
  const made = await product.shop.makeDevice();
  const device = await startUp(open({ token: made.token, protocolVersion: 4 }));
  device.send({ deep: tooDeep() });
  await device.flush();
  expect(device.refused()).toEqual([]);
  expect(await product.stored.quarantine(made.id)).toMatchObject([{ reason: "nesting-too-deep" }]);
});

test("what was sent while the server was away, and when it was stopped, arrives once when it is back", async () => {
  const shop = await openReleaseShop(process.env["WAREMIND_TEST_DATABASE_URL"]);
  try {
    const [made] = await shop.makeDevices(await shop.makeProfile(), 1);
    const url = `mqtt://127.0.0.1:${shop.mqttPort}`;
    const device = await startUp(open({ url, token: made?.token ?? "" }));
    const beganAt = Date.UTC(2026, 0, 1);
    let sent = 0;
    const send = (count: number): void => {
      for (const end = sent + count; sent < end; sent += 1) device.send({ n: sent }, beganAt + sent);
    };
    for (let turn = 0; turn < 2; turn += 1) {
      send(700);
      const restarting = shop.restart();
      send(300);
      await restarting;
      send(200);
      await device.flush();
    }
    expect(device.waitingCount).toBe(0);
    expect(await shop.numbers(made?.id ?? 0, "n")).toEqual(Array.from({ length: sent }, (_, n) => n));
    await device.stop();
    running.delete(device);
  } finally {
    await shop.close();
  }
}, 90_000);

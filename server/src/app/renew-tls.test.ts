import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect } from "node:tls";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MemoryMqtt, startMemoryMqtt } from "../../../tests/support/memory-mqtt.ts";
import { silentLog } from "../platform/log.ts";
import { checkTlsIdentity } from "../transports/mqtt/index.ts";
import { createTlsRenewal, type TlsRenewal } from "./renew-tls.ts";

const certificates = resolve(import.meta.dirname, "../../../tests/support/certificates");
let folder: string;
let mqtt: MemoryMqtt;
let port: number;
let renewal: TlsRenewal;
const warnings: unknown[] = [];

async function read() {
  const identity = {
    certificate: await readFile(join(folder, "cert.pem")),
    key: await readFile(join(folder, "cert.key")),
  };
  checkTlsIdentity(identity);
  return identity;
}

const install = (name: string, kinds: readonly ("pem" | "key")[] = ["pem", "key"]) =>
  Promise.all(
    kinds.map((kind) => copyFile(join(certificates, `${name}.${kind}`), join(folder, `cert.${kind}`))),
  );

/** The fingerprint of the certificate that a new connection is shown. */
function shown(): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.once("error", failed);
    socket.once("secureConnect", () => {
      done(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "waremind-tls-"));
  await install("server");
  mqtt = await startMemoryMqtt();
  const present = await read();
  ({ port } = await mqtt.server.startTls({ port: 0, host: "127.0.0.1", ...present }));
  renewal = createTlsRenewal({
    ...{ present, read, renew: (identity) => mqtt.server.renewTls(identity) },
    log: { ...silentLog, info: () => undefined, warn: (...said: unknown[]) => warnings.push(said) } as never,
  });
});
afterAll(async () => {
  await renewal.stop();
  await mqtt.server.stop();
  await rm(folder, { recursive: true });
});

test("new connections see a renewed certificate, and who is connected stays", async () => {
  const before = await shown();
  const device = await connectAsync({
    ...{ protocol: "mqtts", host: "127.0.0.1", port, username: "token-1", reconnectPeriod: 0 },
    rejectUnauthorized: false,
  });
  await renewal.check();
  expect(await shown()).toBe(before);
  await install("device");
  await renewal.check();
  expect(await shown()).not.toBe(before);
  await device.publishAsync("v1/devices/me/telemetry", '{"a":1}', { qos: 1 });
  expect(mqtt.sink.messages).toHaveLength(1);
  expect(warnings).toEqual([]);
  await device.endAsync();
});

test("half a renewal is complained of once and changes nothing, the other half completes it", async () => {
  const before = await shown();
  await install("server", ["pem"]);
  await renewal.check();
  await renewal.check();
  expect([warnings.length, await shown()]).toEqual([1, before]);
  await writeFile(join(folder, "cert.pem"), "no certificate");
  await renewal.check();
  expect([warnings.length, await shown()]).toEqual([2, before]);
  await install("server");
  await renewal.check();
  expect(await shown()).not.toBe(before);
});

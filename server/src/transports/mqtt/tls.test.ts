import { readFile } from "node:fs/promises";
import { connect as connectPlain } from "node:net";
import { resolve } from "node:path";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { generate } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type MemoryMqtt, startMemoryMqtt } from "../../../../tests/support/memory-mqtt.ts";
import { connectPacket } from "../../../../tests/support/raw-mqtt.ts";

const folder = resolve(import.meta.dirname, "../../../../tests/support/certificates");
const file = (name: string): Promise<Buffer> => readFile(resolve(folder, name));

let mqtt: MemoryMqtt;
let tlsPort: number;

async function restart(limits: Parameters<typeof startMemoryMqtt>[0] = {}): Promise<void> {
  await mqtt?.server.stop();
  mqtt = await startMemoryMqtt(limits);
  ({ port: tlsPort } = await mqtt.server.startTls({
    ...{ port: 0, host: "127.0.0.1" },
    certificate: await file("server.pem"),
    key: await file("server.key"),
  }));
}

beforeEach(() => restart());
afterEach(() => mqtt.server.stop());

async function client(options: Partial<IClientOptions>): Promise<MqttClient> {
  const opened = await connectAsync({
    ...{ protocol: "mqtts", host: "127.0.0.1", port: tlsPort, reconnectPeriod: 0 },
    ca: await file("issuer.pem"),
    ...options,
  });
  opened.on("error", () => undefined);
  return opened;
}

describe.each([4, 5] as const)("over TLS on MQTT level %i", (protocolVersion) => {
  test("a device signs in with its token and is acknowledged", async () => {
    const device = await client({ protocolVersion, username: "token-1" });
    await device.publishAsync("v1/devices/me/telemetry", '{"a":1}', { qos: 1 });
    expect(mqtt.sink.messages).toMatchObject([{ identity: { device: { id: 1 } } }]);
    await device.endAsync();
    expect(await mqtt.desk.marked("disconnected 1")).toBe("disconnected 1 client-disconnected");
  });

  test("a device signs in with its certificate alone", async () => {
    mqtt.desk.addCertificate(3, { commonName: "device-3" });
    const device = await client({
      protocolVersion,
      cert: await file("device.pem"),
      key: await file("device.key"),
    });
    await device.publishAsync("v1/devices/me/telemetry", '{"a":1}', { qos: 1 });
    expect(mqtt.sink.messages).toMatchObject([{ identity: { device: { id: 3 } } }]);
    expect(mqtt.desk.presented).toMatchObject([{ kind: "certificate", commonName: "device-3" }]);
    await device.endAsync();
  });

  test("an unknown certificate is refused, also with a good token beside it", async () => {
    const options = { protocolVersion, cert: await file("device.pem"), key: await file("device.key") };
    await expect(client({ ...options, username: "token-1" })).rejects.toMatchObject({
      code: protocolVersion === 5 ? 0x86 : 5,
    });
  });
});

test("a certificate without its key opens nothing", async () => {
  mqtt.desk.addCertificate(3, { commonName: "device-3" });
  await expect(
    client({ cert: await file("device.pem"), key: await file("server.key"), connectTimeout: 2_000 }),
  ).rejects.toThrow();
  expect(mqtt.desk.presented).toEqual([]);
});

test("a certificate and a key that do not belong together are refused when the port is opened", async () => {
  const certificate = await file("server.pem");
  const key = await file("device.key");
  expect(() => mqtt.server.startTls({ port: 0, host: "127.0.0.1", certificate, key })).toThrow(
    /key values mismatch/,
  );
});

describe("a handshake", () => {
  function handshake(options: ConnectionOptions): Promise<string> {
    const socket = connectTls({ host: "127.0.0.1", port: tlsPort, rejectUnauthorized: false, ...options });
    return new Promise((resolve) => {
      socket.once("secureConnect", () => {
        resolve(socket.getProtocol() ?? "");
        socket.destroy();
      });
      socket.once("error", (error) => resolve(error.message));
    });
  }

  test("is TLS 1.2 or later", async () => {
    expect(await handshake({})).toBe("TLSv1.3");
    expect(await handshake({ maxVersion: "TLSv1.2" })).toBe("TLSv1.2");
    expect(
      await handshake({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }),
    ).toMatch(/alert|unsupported|protocol/i);
  });

  test("that is none closes the socket and disturbs nobody", async () => {
    const known = await client({ username: "token-1" });
    const socket = connectPlain({ host: "127.0.0.1", port: tlsPort });
    socket.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.resume();
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await closed;
    await known.publishAsync("v2/t", "{}", { qos: 1 });
    await known.endAsync();
  });

  test("that never ends is cut off in time", async () => {
    await restart({ connectTimeMsMax: 30, lingerMsMax: 10 });
    const socket = connectPlain({ host: "127.0.0.1", port: tlsPort });
    socket.on("error", () => undefined);
    socket.resume();
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    expect(mqtt.server.sessionCount).toBe(0);
  });

  test("may resume an earlier one, and shows the same certificate", async () => {
    mqtt.desk.addCertificate(3, { commonName: "device-3" });
    const session = await new Promise<Buffer>((resolve, reject) => {
      void Promise.all([file("device.pem"), file("device.key")]).then(([cert, key]) => {
        const socket = connectTls({
          ...{ host: "127.0.0.1", port: tlsPort, rejectUnauthorized: false, maxVersion: "TLSv1.2" },
          ...{ cert, key },
        });
        socket.once("error", reject);
        socket.once("session", (ticket) => {
          resolve(ticket);
          socket.destroy();
        });
      });
    });
    const again = connectTls({
      ...{ host: "127.0.0.1", port: tlsPort, rejectUnauthorized: false, maxVersion: "TLSv1.2", session },
    });
    await new Promise<void>((resolve, reject) => {
      again.once("secureConnect", () => resolve());
      again.once("error", reject);
    });
    expect(again.isSessionReused()).toBe(true);
    again.write(generate(connectPacket("")));
    await mqtt.desk.marked("connected 3");
    again.destroy();
  });
});

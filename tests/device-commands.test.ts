// Commands and attributes from a person through the guard down to a real MQTT client, and back.
import type { Action, Actor } from "@waremind/contract";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  createDeviceAttributes,
  createDeviceCommands,
  createDeviceCredentials,
  createDeviceProvisioning,
  createDevices,
  createGatewayChildren,
  createIdentityCache,
  createLimitLedger,
  type DeviceCommand,
} from "../server/src/devices/index.ts";
import { type Actions, createActions } from "../server/src/flows/act.ts";
import { type CommandDesk, createCommandDesk } from "../server/src/flows/command-desk.ts";
import { createDeviceDesk } from "../server/src/flows/create-device-desk.ts";
import { createDeviceHub } from "../server/src/flows/create-device-hub.ts";
import { createDeviceLimiter, sessionLimits } from "../server/src/flows/create-device-limiter.ts";
import type { DeviceHub } from "../server/src/flows/device-hub.ts";
import { systemClock } from "../server/src/platform/clock.ts";
import { silentLog } from "../server/src/platform/log.ts";
import { createMqttServer, type MqttServer } from "../server/src/transports/mqtt/index.ts";
import { createMemorySink } from "./support/memory-intake.ts";
import { openSmallShop, type SmallShop } from "./support/small-shop.ts";

const owner: Actor = { kind: "person", userId: "u", name: "Lin", roles: ["owner"] };
const requestTopic = "v1/devices/me/rpc/request/+";

let shop: SmallShop;
let actions: Actions;
let commands: CommandDesk;
let hub: DeviceHub;
let mqtt: MqttServer;
let port = 0;
let clients: MqttClient[] = [];
let count = 0;

beforeAll(async () => {
  shop = await openSmallShop();
  const clock = systemClock;
  const identities = createIdentityCache({ clock });
  const ground = { ...shop, clock, identities, log: silentLog, secret: "a-secret-of-the-test" };
  const devices = createDevices(ground);
  const deviceCommands = createDeviceCommands(ground);
  const deviceAttributes = createDeviceAttributes(ground);
  const limiter = createDeviceLimiter({
    ...{ ledger: createLimitLedger(ground), clock, serverRate: "" },
    ...sessionLimits,
  });
  hub = createDeviceHub({ ...ground, devices, deviceCommands });
  actions = createActions({ ...ground, deviceCommands, deviceAttributes, deviceHub: hub });
  commands = createCommandDesk({ ...ground, actions, deviceCommands });
  const desk = createDeviceDesk({
    ...{ ...ground, devices, deviceAttributes, hub, limiter, commandDesk: commands },
    deviceCredentials: createDeviceCredentials(ground),
    deviceProvisioning: createDeviceProvisioning(ground),
    gatewayChildren: createGatewayChildren(ground),
  });
  mqtt = createMqttServer({ desk, sink: createMemorySink(), clock, log: silentLog });
  ({ port } = await mqtt.start({ port: 0, host: "127.0.0.1" }));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.endAsync(true)));
  clients = [];
});
afterAll(async () => {
  await mqtt.stop();
  await hub.settled();
  await shop.database.close();
});

async function newDevice(): Promise<{ name: string; token: string }> {
  count += 1;
  const name = `locker-${count}`;
  const { token } = await shop.database.transaction(async (connection) => {
    const device = { name, label: "", profileId: "logger" };
    const { id } = await shop.devices.createDevice(connection, device);
    return shop.devices.issueAccessToken(connection, id);
  });
  return { name, token };
}

async function connect(token: string, protocolVersion: 4 | 5): Promise<MqttClient> {
  const options = { username: token, protocolVersion, reconnectPeriod: 0 } as const;
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, options);
  clients.push(client);
  return client;
}

/** Answers each command with what it got. */
async function serve(client: MqttClient): Promise<void> {
  client.on("message", (topic, body) => {
    const answer = { got: JSON.parse(body.toString()) as unknown };
    client.publish(topic.replace("request", "response"), JSON.stringify(answer), { qos: 1 });
  });
  await client.subscribeAsync(requestTopic, { qos: 1 });
}

async function send(deviceName: string, changes: { isPersistent?: boolean; isOneWay?: boolean } = {}) {
  count += 1;
  const { command } = await commands.send(owner, {
    ...{ deviceName, method: "open", params: { door: "0003" }, isOneWay: false, isPersistent: true },
    ...{ lifetimeMs: 60_000, idempotencyKey: `the-key-${count}` },
    ...changes,
  });
  if (command === null) throw new Error("The guard did not allow it.");
  return command;
}
const ended = (command: DeviceCommand) => commands.waitFor(command.id, 20_000);

describe.each([4, 5] as const)("over MQTT protocol %i", (protocolVersion) => {
  test("a command waits for its device, reaches it when it listens, and ends with its answer", async () => {
    const { name, token } = await newDevice();
    const command = await send(name);
    await serve(await connect(token, protocolVersion));
    expect(await ended(command)).toMatchObject({
      ...{ state: "successful", attempts: 1 },
      answer: { got: { method: "open", params: { door: "0003" } } },
    });
  });

  test("one for now reaches a device that listens, and fails when none does", async () => {
    const { name, token } = await newDevice();
    const client = await connect(token, protocolVersion);
    expect(await ended(await send(name, { isPersistent: false }))).toMatchObject({ state: "failed" });
    await serve(client);
    expect(await ended(await send(name, { isPersistent: false }))).toMatchObject({ state: "successful" });
    expect(await ended(await send(name, { isOneWay: true }))).toMatchObject({ state: "delivered" });
  });

  test("a session that dies before it acknowledges gets the command again with the same number", async () => {
    const { name, token } = await newDevice();
    const first = await connect(token, protocolVersion);
    const topics: string[] = [];
    // The acknowledgement of QoS 1 is sent by this handler's callback, and it is never called.
    first.handleMessage = (packet) => {
      topics.push(packet.topic);
      first.stream.destroy();
    };
    await first.subscribeAsync(requestTopic, { qos: 1 });
    const command = await send(name);
    await vi.waitFor(() => expect(topics).toHaveLength(1));
    const second = await connect(token, protocolVersion);
    second.on("message", (topic) => topics.push(topic));
    await serve(second);
    expect(await ended(command)).toMatchObject({ state: "successful", attempts: 2 });
    expect(topics[1]).toBe(topics[0]);
    expect(topics[0]).toBe(`v1/devices/me/rpc/request/${command.number}`);
  });

  test("shared attributes are pushed to a device that listens, and answered to one that asks", async () => {
    const { name, token } = await newDevice();
    const client = await connect(token, protocolVersion);
    const messages: string[] = [];
    client.on("message", (topic, body) => messages.push(`${topic} ${body.toString()}`));
    await client.subscribeAsync(
      ["v1/devices/me/attributes", "v1/devices/me/attributes/response/+", "v1/devices/me/rpc/response/+"],
      { qos: 1 },
    );
    const set = (change: Pick<Extract<Action, { name: "set-attributes" }>, "values" | "deletedKeys">) => {
      count += 1;
      return actions.propose({
        ...{ actor: owner, conversationId: null, evidenceRecordId: null },
        action: {
          ...{ name: "set-attributes", deviceName: name, idempotencyKey: `the-key-${count}` },
          ...change,
        },
      });
    };
    await set({ values: { setPoint: 4, gtin: "00012345600012" }, deletedKeys: [] });
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    await set({ values: {}, deletedKeys: ["setPoint"] });
    await vi.waitFor(() => expect(messages).toHaveLength(2));
    await client.publishAsync("v1/devices/me/attributes/request/7", '{"sharedKeys":"gtin,setPoint"}');
    await vi.waitFor(() => expect(messages).toHaveLength(3));
    await client.publishAsync("v1/devices/me/rpc/request/9", '{"method":"getSessionLimits","params":{}}');
    await vi.waitFor(() => expect(messages).toHaveLength(4));
    expect(messages.slice(0, 3)).toEqual([
      'v1/devices/me/attributes {"setPoint":4,"gtin":"00012345600012"}',
      'v1/devices/me/attributes {"deleted":["setPoint"]}',
      'v1/devices/me/attributes/response/7 {"shared":{"gtin":"00012345600012"}}',
    ]);
    expect(messages[3]).toMatch(/^v1\/devices\/me\/rpc\/response\/9 \{"maxPayloadSize":65536,/);
  });
});

test("who takes over keeps the device connected, and the history tells both", async () => {
  const { name, token } = await newDevice();
  await connect(token, 5);
  const second = await connect(token, 4);
  const { id } = (await shop.devices.findDevice(name)) ?? { id: 0 };
  const isConnected = async () =>
    (await shop.devices.connections()).find(({ deviceId }) => deviceId === id)?.isConnected;
  await hub.settled();
  expect(await isConnected()).toBe(true);
  await second.endAsync();
  await vi.waitFor(async () => expect(await isConnected()).toBe(false));
  const history = await shop.devices.connectionHistory(id, 10);
  expect(history.map(({ kind }) => kind)).toEqual(["disconnected", "connected", "connected"]);
});

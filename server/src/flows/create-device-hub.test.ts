import type { Actor, LiveEvent } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openSmallShop, type SmallShop, shopStartAt } from "../../../tests/support/small-shop.ts";
import {
  type ConnectionChange,
  createDeviceAttributes,
  createDeviceCommands,
  type DeviceCommands,
  type DeviceIdentity,
} from "../devices/index.ts";
import { DomainError } from "../platform/errors.ts";
import { silentLog } from "../platform/log.ts";
import { type Actions, createActions } from "./act.ts";
import { type CommandDesk, type CommandRequest, createCommandDesk } from "./command-desk.ts";
import { createDeviceHub, type OwnedDeviceHub } from "./create-device-hub.ts";
import { deliveryLimits } from "./deliver-commands.ts";
import type { Delivered, DeviceChannel, OutgoingCommand } from "./device-hub.ts";
import { createPresence, presenceLimits } from "./device-presence.ts";

const owner: Actor = { kind: "person", userId: "u", name: "Lin", roles: ["owner"] };

let shop: SmallShop;
let deviceCommands: DeviceCommands;
let actions: Actions;
let hub: OwnedDeviceHub;
let desk: CommandDesk;
let device: DeviceIdentity;
let events: LiveEvent[] = [];
let count = 0;

beforeAll(async () => {
  shop = await openSmallShop();
  shop.bus.subscribe((event) => events.push(event));
  await shop.database.transaction((connection) =>
    shop.devices.createProfile(connection, {
      ...{ id: "locker", nameEn: "Locker", nameZh: "柜", keys: [], expectedIntervalSeconds: 60 },
      commands: [
        {
          ...{ method: "open", name: { en: "Open", zh: "打开" }, isPhysical: true, isOneWay: false },
          parameters: [{ name: "door", type: "number", unit: null, min: 1, max: 9, isRequired: true }],
        },
      ],
    }),
  );
  build();
});
afterAll(() => shop.database.close());

function build(limits?: NonNullable<Parameters<typeof createDeviceHub>[0]["limits"]>): void {
  const { database, clock } = shop;
  deviceCommands = createDeviceCommands({ database, clock });
  hub = createDeviceHub({
    ...{ ...shop, deviceCommands, log: silentLog },
    ...(limits === undefined ? {} : { limits }),
  });
  const deviceAttributes = createDeviceAttributes({ database, clock });
  actions = createActions({ ...shop, deviceCommands, deviceAttributes, deviceHub: hub });
  desk = createCommandDesk({ ...shop, actions, deviceCommands });
}

beforeEach(async () => {
  shop.clock.set(shopStartAt);
  build();
  device = await newDevice();
  events = [];
});

async function newDevice(): Promise<DeviceIdentity> {
  count += 1;
  const name = `locker-${count}`;
  const made = await shop.database.transaction((connection) =>
    shop.devices.createDevice(connection, { name, label: "", profileId: "locker" }),
  );
  const [profile] = (await shop.devices.listProfiles()).filter(({ id }) => id === "locker");
  if (profile === undefined) throw new Error("The profile was not made.");
  return { device: made, profile };
}

interface TestChannel extends DeviceChannel {
  wantsCommands: boolean;
  wantsAttributes: boolean;
  readonly delivered: OutgoingCommand[];
  readonly changes: unknown[];
  readonly closed: string[];
  /** What the next delivery answers; "by-hand" leaves it to `answers`. */
  result: Delivered | "by-hand";
  readonly answers: ((result: Delivered) => void)[];
}

function channelOf(result: TestChannel["result"] = "acknowledged"): TestChannel {
  const channel: TestChannel = {
    ...{ transport: "mqtt", wantsCommands: true, wantsAttributes: true },
    ...{ delivered: [], changes: [], closed: [], answers: [], result },
    deliverCommand: (command) => {
      channel.delivered.push(command);
      if (channel.result !== "by-hand") return Promise.resolve(channel.result);
      return new Promise((resolve) => channel.answers.push(resolve));
    },
    deliverAttributes: (change) => void channel.changes.push(change),
    close: (reason) => void channel.closed.push(reason),
  };
  return channel;
}

function connect(channel: TestChannel, isSession = true) {
  const attachment = hub.attach(device, channel, { isSession, address: "10.0.0.7" });
  if (channel.wantsCommands) attachment.commandsWanted();
  return attachment;
}

function send(changes: Partial<CommandRequest> = {}, actor = owner) {
  count += 1;
  return desk.send(actor, {
    ...{ deviceName: device.device.name, method: "open", params: { door: 3 }, isOneWay: false },
    ...{ isPersistent: true, lifetimeMs: 60_000, idempotencyKey: `send-key-${count}` },
    ...changes,
  });
}
async function sent(changes: Partial<CommandRequest> = {}) {
  const { command, proposal } = await send(changes);
  if (command === null) throw new Error(`not sent: ${JSON.stringify(proposal.decision)}`);
  return command;
}
const stateOf = async (id: string) => (await deviceCommands.find(id))?.state;
const statesTold = () => events.flatMap((event) => (event.kind === "command-changed" ? [event.state] : []));

describe("a persistent command", () => {
  test("waits while the device is offline, is delivered when it connects, and ends with its answer", async () => {
    const command = await sent();
    await hub.settled();
    expect(await stateOf(command.id)).toBe("queued");
    shop.clock.advance(5_000);
    const channel = channelOf();
    connect(channel);
    await hub.settled();
    expect(channel.delivered).toEqual([
      { number: command.number, method: "open", params: { door: 3 }, isOneWay: false },
    ]);
    expect(await deviceCommands.find(command.id)).toMatchObject({
      ...{ state: "delivered", sentAt: shopStartAt + 5_000, attempts: 1 },
    });
    expect(await desk.answered(device, command.number, { isOpen: true })).toBe(true);
    expect(await desk.answered(device, command.number, { isOpen: false })).toBe(false);
    expect(await desk.waitFor(command.id, 0)).toMatchObject({
      ...{ state: "successful", answer: { isOpen: true } },
    });
    expect(statesTold()).toEqual(["queued", "sent", "delivered", "successful"]);
  });

  test("is sent again with the same number when the connection broke before it was acknowledged", async () => {
    const command = await sent();
    const first = channelOf("by-hand");
    const attachment = connect(first);
    await vi.waitFor(() => expect(first.delivered).toHaveLength(1));
    expect(await stateOf(command.id)).toBe("sent");
    attachment.detach("connection-lost");
    first.answers[0]?.("not-taken");
    await hub.settled();
    expect(await stateOf(command.id)).toBe("queued");
    const second = channelOf();
    connect(second);
    await hub.settled();
    expect(second.delivered.map(({ number }) => number)).toEqual([command.number]);
    expect(await deviceCommands.find(command.id)).toMatchObject({ state: "delivered", attempts: 2 });
  });

  test("that a server sent before it was killed is sent again by the next one", async () => {
    const command = await sent();
    await deviceCommands.move(shop.database, command.number, { from: ["queued"], to: "sent" });
    build();
    const channel = channelOf();
    connect(channel);
    await hub.settled();
    expect(channel.delivered.map(({ number }) => number)).toEqual([command.number]);
  });

  test("may be answered although its acknowledgement was lost, but not before it was ever sent", async () => {
    const command = await sent();
    await hub.settled();
    expect(await desk.answered(device, command.number, 1)).toBe(false);
    const channel = channelOf("not-taken");
    const attachment = connect(channel);
    await hub.settled();
    attachment.detach("connection-lost");
    expect(await desk.answered(device, command.number, 1)).toBe(true);
    expect(await stateOf(command.id)).toBe("successful");
  });

  test("is sent once however often it is dispatched at once", async () => {
    const channel = channelOf();
    connect(channel);
    await hub.settled();
    const commands = await Promise.all([sent(), sent(), sent()]);
    for (let time = 0; time < 20; time += 1) hub.dispatch(device.device.id);
    hub.sweep();
    await hub.settled();
    expect(channel.delivered.map(({ number }) => number)).toEqual(
      commands.map(({ number }) => number).toSorted((left, right) => left - right),
    );
  });

  test("goes out after those before it were acknowledged, in their order", async () => {
    const [first, second] = [await sent(), await sent()];
    const channel = channelOf("by-hand");
    connect(channel);
    await vi.waitFor(() => expect(channel.delivered).toHaveLength(1));
    hub.dispatch(device.device.id);
    await hub.settled();
    expect(channel.delivered.map(({ number }) => number)).toEqual([first.number]);
    channel.result = "acknowledged";
    channel.answers[0]?.("acknowledged");
    await vi.waitFor(async () => expect(await stateOf(second.id)).toBe("delivered"));
    expect(channel.delivered.map(({ number }) => number)).toEqual([first.number, second.number]);
  });

  test("does not hold back those behind it when its acknowledgement takes too long, and is not sent twice", async () => {
    build({ delivery: { ...deliveryLimits, acknowledgementMsMax: 1 as 30_000 } });
    const [first, second] = [await sent(), await sent()];
    const channel = channelOf("by-hand");
    connect(channel);
    await vi.waitFor(() => expect(channel.delivered).toHaveLength(2));
    hub.sweep();
    await hub.settled();
    expect(channel.delivered).toHaveLength(2);
    channel.answers[1]?.("acknowledged");
    channel.answers[0]?.("acknowledged");
    await vi.waitFor(async () =>
      expect([await stateOf(first.id), await stateOf(second.id)]).toEqual(["delivered", "delivered"]),
    );
  });

  test("that expired is not delivered any more", async () => {
    const command = await sent({ lifetimeMs: 1_000 });
    shop.clock.advance(1_000);
    const channel = channelOf();
    connect(channel);
    await hub.settled();
    expect(channel.delivered).toEqual([]);
    expect(await desk.expire()).toBe(1);
    expect(await stateOf(command.id)).toBe("expired");
    expect(statesTold().at(-1)).toBe("expired");
  });

  test("delivered and never answered times out, and a late answer finds it ended", async () => {
    const command = await sent();
    connect(channelOf());
    await hub.settled();
    const waiting = desk.waitFor(command.id, 30_000);
    shop.clock.advance(60_000);
    await desk.expire();
    expect(await waiting).toMatchObject({ state: "timeout" });
    expect(await desk.answered(device, command.number, "late")).toBe(false);
  });
});

describe("other commands", () => {
  test("one-way ends when it is delivered, also over a transport that acknowledges nothing", async () => {
    connect(channelOf("written"));
    const command = await sent({ isOneWay: true });
    await hub.settled();
    expect(await deviceCommands.find(command.id)).toMatchObject({
      ...{ state: "delivered", endedAt: shopStartAt },
    });
    expect(await desk.answered(device, command.number, 1)).toBe(false);
  });

  test("not persistent with nobody listening fails at once and says why, also behind one that waits", async () => {
    const waiting = await sent();
    const channel = channelOf();
    channel.wantsCommands = false;
    connect(channel);
    const command = await sent({ isPersistent: false });
    expect(await desk.waitFor(command.id, 30_000)).toMatchObject({
      state: "failed",
      error: "The device is not connected or does not listen for commands.",
    });
    expect(await stateOf(waiting.id)).toBe("queued");
  });

  test("not persistent fails when the connection breaks before the acknowledgement", async () => {
    const channel = channelOf("not-taken");
    connect(channel);
    const command = await sent({ isPersistent: false });
    await hub.settled();
    expect(await stateOf(command.id)).toBe("failed");
    connect(channelOf());
    await hub.settled();
    expect(await stateOf(command.id)).toBe("failed");
  });

  test("an answer that tells of an error is an answer", async () => {
    connect(channelOf());
    const command = await sent();
    await hub.settled();
    await desk.answered(device, command.number, { error: "door blocked" });
    expect(await deviceCommands.find(command.id)).toMatchObject({
      ...{ state: "successful", answer: { error: "door blocked" } },
    });
  });

  test("another device cannot answer it", async () => {
    connect(channelOf());
    const command = await sent();
    await hub.settled();
    expect(await desk.answered(await newDevice(), command.number, 1)).toBe(false);
    expect(await desk.answered(device, 2 ** 40, 1)).toBe(false);
    expect(await stateOf(command.id)).toBe("delivered");
  });

  test("is taken back while it waits, not after it was sent, and the audit log knows by whom", async () => {
    const by = { kind: "person" as const, userId: "u", name: "Lin", roles: ["owner"] };
    const command = await sent();
    await hub.settled();
    expect(await desk.takeBack(command.id, by)).toMatchObject({ state: "deleted" });
    const { entries } = await shop.guard.audit({ limit: 1 });
    expect(entries[0]).toMatchObject({ kind: "command-taken-back", body: { commandId: command.id } });
    await expect(desk.takeBack(command.id, by)).rejects.toMatchObject({ code: "state-forbids" });
    await expect(desk.takeBack("cmd_none", by)).rejects.toMatchObject({ code: "not-found" });
    const channel = channelOf();
    connect(channel);
    await hub.settled();
    expect(channel.delivered).toEqual([]);
  });

  test("waitFor answers what is there when the time is over, and null for none", async () => {
    const command = await sent();
    expect(await desk.waitFor(command.id, 5)).toMatchObject({ state: "queued" });
    expect(await desk.waitFor("cmd_none", 30_000)).toBeNull();
  });
});

describe("channels of a device", () => {
  test("the newest session takes commands, a long poll only when no session listens", async () => {
    const [older, newer, poll] = [channelOf(), channelOf(), channelOf("written")];
    const first = connect(older);
    const second = connect(newer);
    connect(poll, false);
    await sent();
    await hub.settled();
    expect([older, newer, poll].map(({ delivered }) => delivered.length)).toEqual([0, 1, 0]);
    second.detach("session-closed");
    await sent();
    await hub.settled();
    expect([older, newer, poll].map(({ delivered }) => delivered.length)).toEqual([1, 1, 0]);
    first.detach("session-closed");
    await sent();
    await hub.settled();
    expect([older, newer, poll].map(({ delivered }) => delivered.length)).toEqual([1, 1, 1]);
  });

  test("one that takes no more leaves the command to the next", async () => {
    const [older, newer] = [channelOf(), channelOf("not-taken")];
    connect(older);
    connect(newer);
    const command = await sent();
    await hub.settled();
    expect(older.delivered.map(({ number }) => number)).toEqual([command.number]);
    expect(await stateOf(command.id)).toBe("delivered");
  });

  test("all that listen are told of attributes, after the commit and only of what changed", async () => {
    const [listening, deaf] = [channelOf(), channelOf()];
    deaf.wantsAttributes = false;
    connect(listening);
    connect(deaf, false);
    const set = (values: Record<string, number>, deletedKeys: string[] = []) => {
      count += 1;
      return actions.propose({
        actor: owner,
        action: {
          ...{ name: "set-attributes", deviceName: device.device.name, values, deletedKeys },
          idempotencyKey: `attribute-key-${count}`,
        },
        ...{ conversationId: null, evidenceRecordId: null },
      });
    };
    await set({ setPoint: 4, relay: 1 });
    await set({ setPoint: 4, relay: 0 });
    await set({ setPoint: 4 });
    await set({}, ["relay", "none"]);
    expect(listening.changes).toEqual([
      { values: { setPoint: 4, relay: 1 }, deletedKeys: [] },
      { values: { relay: 0 }, deletedKeys: [] },
      { values: {}, deletedKeys: ["relay"] },
    ]);
    expect(deaf.changes).toEqual([]);
    expect(events.filter(({ kind }) => kind === "device-attributes-changed")).toHaveLength(3);
  });

  test("all are closed when the device is deleted", () => {
    const [session, poll] = [channelOf(), channelOf()];
    connect(session);
    connect(poll, false);
    hub.close(device.device.id, "device-deleted");
    expect([session.closed, poll.closed]).toEqual([["device-deleted"], ["device-deleted"]]);
  });
});

describe("presence", () => {
  const row = async () =>
    (await shop.devices.connections()).find(({ deviceId }) => deviceId === device.device.id);
  const told = () =>
    events.flatMap((event) => (event.kind === "device-connection-changed" ? [event.isConnected] : []));

  test("is one session or more: a take-over and a long poll change nothing, the last detach does", async () => {
    const first = connect(channelOf());
    const second = connect(channelOf());
    const poll = connect(channelOf(), false);
    expect(hub.connectedCount).toBe(1);
    first.detach("session-taken-over");
    await hub.settled();
    expect(await row()).toMatchObject({ isConnected: true, transport: "mqtt" });
    second.detach("keep-alive-timeout");
    second.detach("twice");
    await hub.settled();
    expect(hub.connectedCount).toBe(0);
    expect(await row()).toMatchObject({ isConnected: false });
    poll.detach("answered");
    await hub.settled();
    expect(told().at(-1)).toBe(false);
    const history = await shop.devices.connectionHistory(device.device.id, 10);
    expect(history.map(({ kind }) => kind)).toEqual(["disconnected", "connected", "connected"]);
    expect(history[0]).toMatchObject({ reason: "keep-alive-timeout", address: "10.0.0.7" });
  });

  test("of a device that comes and goes within one batch ends as it is, and both events are kept", async () => {
    connect(channelOf()).detach("client-disconnected");
    connect(channelOf()).detach("connection-lost");
    await hub.settled();
    expect(await row()).toMatchObject({ isConnected: false });
    const history = await shop.devices.connectionHistory(device.device.id, 10);
    expect(history.map(({ kind, reason }) => [kind, reason])).toEqual([
      ["disconnected", "connection-lost"],
      ["connected", ""],
      ["disconnected", "client-disconnected"],
      ["connected", ""],
    ]);
  });
});

describe("writing presence", () => {
  const changeOf = (deviceId: number, isConnected = true): ConnectionChange => ({
    ...{ deviceId, isConnected, transport: "mqtt", reason: "", address: "", at: shopStartAt },
  });
  const fast = { ...presenceLimits, retryMsMin: 1 as 50, retryMsMax: 1 as 5_000 };
  const outage = new DomainError("store-unavailable", { en: "down", zh: "down" });

  test("five thousand reconnects at once cost two writes, one under way at a time", async () => {
    const batches: number[] = [];
    let underWay = 0;
    const presence = createPresence({
      devices: {
        markConnections: async (changes) => {
          underWay += 1;
          expect(underWay).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          batches.push(changes.length);
          underWay -= 1;
        },
      },
      onWritten: () => undefined,
      log: silentLog,
    });
    for (let id = 1; id <= 5_000; id += 1) presence.note(changeOf(id));
    await presence.settled();
    expect(batches).toEqual([1, 4_999]);
  });

  test("is tried again in order when the store is away, and told only once it is written", async () => {
    let failures = 3;
    const written: number[] = [];
    const told: number[] = [];
    const presence = createPresence({
      devices: {
        markConnections: async (changes) => {
          failures -= 1;
          if (failures >= 0) throw outage;
          for (const { deviceId } of changes) written.push(deviceId);
        },
      },
      onWritten: (changes) => {
        for (const { deviceId } of changes) told.push(deviceId);
      },
      ...{ log: silentLog, limits: fast },
    });
    for (const id of [1, 2, 1]) presence.note(changeOf(id));
    await presence.settled();
    expect(written).toEqual([1, 2, 1]);
    expect(told).toEqual(written);
  });

  test("survives a long outage with each device's last state, and does not hold up a stop", async () => {
    let isDown = true;
    const written: ConnectionChange[] = [];
    const presence = createPresence({
      devices: {
        markConnections: async (changes) => {
          if (isDown) throw outage;
          written.push(...changes);
        },
      },
      onWritten: () => undefined,
      ...{ log: silentLog, limits: { ...fast, waitingMax: 4 as 50_000 } },
    });
    for (const isConnected of [true, false, true, false, true]) presence.note(changeOf(1, isConnected));
    presence.note(changeOf(2, false));
    await presence.settled();
    expect(written).toEqual([]);
    isDown = false;
    await vi.waitFor(() => expect(written.length).toBeGreaterThan(1));
    expect(written.findLast(({ deviceId }) => deviceId === 1)).toMatchObject({ isConnected: true });
    expect(written.findLast(({ deviceId }) => deviceId === 2)).toMatchObject({ isConnected: false });
  });

  test("drops what the store refuses for good, and goes on with the rest", async () => {
    const written: number[] = [];
    let isFirst = true;
    const presence = createPresence({
      devices: {
        markConnections: async (changes) => {
          if (changes.some(({ deviceId }) => deviceId === 13)) {
            if (isFirst) presence.note(changeOf(14));
            isFirst = false;
            throw new Error("refused");
          }
          for (const { deviceId } of changes) written.push(deviceId);
        },
      },
      onWritten: () => undefined,
      ...{ log: silentLog, limits: { ...fast, batchMax: 1 as 5_000 } },
    });
    presence.note(changeOf(13));
    await presence.settled();
    expect(written).toEqual([14]);
  });
});

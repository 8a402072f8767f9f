import { expect, test } from "vitest";
import type { DeviceIdentity } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createDeviceHub, type DeviceHubDependencies } from "./create-device-hub.ts";
import type { DeviceChannel } from "./device-hub.ts";
import type { Answer, Notice } from "./notices.ts";
import { catchUp, createSharedDeviceHub, heedNotice, noticeOfSession } from "./shared-device-hub.ts";

const clock = manualClock(1_000);
const identity = { device: { id: 7, name: "locker" } } as DeviceIdentity;

/** Two processes that hear each other at once, and the presence each of them wrote. */
function twoProcesses(answer?: Answer) {
  const all = ["left", "right"].map((name) => {
    const written: string[] = [];
    const asked: number[] = [];
    const deps: DeviceHubDependencies = {
      ...{ database: {} as Database, bus: createBus(), clock, log: silentLog },
      devices: {
        markConnections: async (changes) =>
          void written.push(...changes.map((one) => `${one.isConnected ? "came" : "went"} ${one.reason}`)),
      },
      deviceCommands: {
        deliverable: () => Promise.resolve([]),
        devicesWithDeliverable: async (ids) => {
          asked.push(...ids);
          return [];
        },
        move: () => Promise.resolve(null),
      },
      onSession: (deviceId) => void tell(name, noticeOfSession(deviceId, clock)),
    };
    return { name, written, asked, local: createDeviceHub(deps) };
  });
  const tell = (from: string, notice: Notice): boolean =>
    all
      .filter(({ name }) => name !== from)
      .map(({ local }) => heedNotice(local, notice))
      .some(Boolean);
  return all.map((one) => ({
    ...one,
    hub: createSharedDeviceHub(one.local, {
      tell: (notice) => void tell(one.name, notice),
      ask: async (notice) => answer ?? (tell(one.name, notice) ? "taken" : "nobody"),
      listen: () => undefined,
    }),
  }));
}

function aChannel(): DeviceChannel & { readonly told: string[]; detach(reason: string): void } {
  const told: string[] = [];
  const channel = {
    ...{ transport: "mqtt" as const, wantsCommands: true, wantsAttributes: true, told },
    detach: (_reason: string): void => undefined,
    deliverCommand: () => Promise.resolve("acknowledged" as const),
    deliverAttributes: (change: unknown) => void told.push(JSON.stringify(change)),
    close: (reason: string) => void told.push(reason),
    takenOver: () => {
      told.push("taken over");
      channel.detach("taken-over");
    },
  };
  return channel;
}

function connect(hub: ReturnType<typeof twoProcesses>[number]["hub"], channel: ReturnType<typeof aChannel>) {
  const attachment = hub.attach(identity, channel, { isSession: true, address: "" });
  channel.detach = attachment.detach;
}

test("a session in another process ends the older one, which says nothing of the device's presence", async () => {
  const [left, right] = twoProcesses();
  const [older, newer] = [aChannel(), aChannel()];
  if (left === undefined || right === undefined) throw new Error("two were made");
  connect(left.hub, older);
  clock.advance(5);
  connect(right.hub, newer);
  await Promise.all([left.hub.settled(), right.hub.settled()]);
  expect([older.told, newer.told]).toEqual([["taken over"], []]);
  expect([left.written, right.written]).toEqual([["came "], ["came "]]);
  expect([left.hub.connectedCount, right.hub.connectedCount]).toEqual([0, 1]);
  // A notice that comes late is of a session older than the present one.
  heedNotice(right.local, { kind: "session", deviceId: 7, at: clock.now() - 1 });
  expect(newer.told).toEqual([]);
  right.hub.noteAgain();
  left.hub.noteAgain();
  await right.hub.settled();
  expect([left.written, right.written]).toEqual([["came "], ["came ", "came "]]);
});

test("attributes, closings and commands find the process that holds the device", async () => {
  const [left, right] = twoProcesses();
  if (left === undefined || right === undefined) throw new Error("two were made");
  const channel = aChannel();
  connect(right.hub, channel);
  left.hub.pushAttributes(7, { values: { colour: "red" }, deletedKeys: [] });
  left.hub.close(7, "credentials-revoked");
  left.hub.dispatch(7);
  await Promise.all([left.hub.settled(), right.hub.settled()]);
  expect(channel.told).toEqual([`{"values":{"colour":"red"},"deletedKeys":[]}`, "credentials-revoked"]);
  expect([left.asked, right.asked]).toEqual([[], [7]]);
});

test("a command that no process can bring to its device is ended by the one that has it", async () => {
  const [left, right] = twoProcesses();
  left?.hub.dispatch(7);
  await left?.hub.settled();
  expect([left?.asked, right?.asked]).toEqual([[7], []]);
});

test("while the others cannot be reached a command waits for the sweep of whoever holds the device", async () => {
  const [left] = twoProcesses("unknown");
  left?.hub.dispatch(7);
  await left?.hub.settled();
  expect(left?.asked).toEqual([]);
});

test("after the others were away, what was set and queued meanwhile reaches the devices held here", async () => {
  const [left] = twoProcesses();
  if (left === undefined) throw new Error("two were made");
  const channel = aChannel();
  connect(left.hub, channel);
  const asked: unknown[] = [];
  const sharedSince = async (ids: readonly number[], at: number) => {
    asked.push([ids, at]);
    return new Map([[7, { fw_version: "2" }]]);
  };
  await catchUp(left.local, { sharedSince }, 900);
  await left.hub.settled();
  expect(asked).toEqual([[[7], 900]]);
  expect(channel.told).toEqual([`{"values":{"fw_version":"2"},"deletedKeys":[]}`]);
  expect(left.asked).toEqual([7]);
});

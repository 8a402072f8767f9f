// Stand-ins for the registry and the store, for tests that need their hand on when a commit happens.
import type { DeviceIdentity, Devices } from "../../server/src/devices/index.ts";
import type { IntakeMessage, IntakeSink, MalformedMessage } from "../../server/src/flows/intake-sink.ts";
import { loggerIdentity } from "./profile.ts";

export interface MemorySink extends IntakeSink {
  readonly messages: IntakeMessage[];
  readonly malformed: MalformedMessage[];
  /** "at-once": every message is stored as it comes. "by-hand": it waits for `commit` or `fail`. */
  mode: "at-once" | "by-hand";
  /** Settles the given waiting messages (positions among those waiting), or all of them. */
  commit(positions?: readonly number[]): void;
  fail(error: Error): void;
  pendingCountMax: number;
  /** Resolves when at least `count` messages, malformed ones included, have arrived in all. */
  received(count: number): Promise<void>;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export function createMemorySink(): MemorySink {
  const messages: IntakeMessage[] = [];
  const malformed: MalformedMessage[] = [];
  let waiting: Waiting[] = [];
  let roomWaiters: (() => void)[] = [];
  let arrivals: { count: number; resolve: () => void }[] = [];

  function hold(): Promise<void> {
    const total = messages.length + malformed.length;
    for (const arrival of arrivals) if (total >= arrival.count) arrival.resolve();
    arrivals = arrivals.filter((arrival) => total < arrival.count);
    if (sink.mode === "at-once") return Promise.resolve();
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  }

  function makeRoom(): void {
    if (waiting.length >= sink.pendingCountMax) return;
    for (const resolve of roomWaiters) resolve();
    roomWaiters = [];
  }

  const sink: MemorySink = {
    messages,
    malformed,
    mode: "at-once",
    pendingCountMax: 1_000,
    get pendingCount() {
      return waiting.length;
    },
    append: (message) => {
      messages.push(message);
      return hold();
    },
    take: (message, receipt) => {
      messages.push(message);
      hold().then(
        () => receipt.stored(),
        (error: unknown) => receipt.notStored(error),
      );
    },
    appendMalformed: (message) => {
      malformed.push(message);
      return hold();
    },
    commit: (positions) => {
      const settled = positions?.map((position) => waiting[position]) ?? waiting;
      waiting = waiting.filter((entry) => !settled.includes(entry));
      for (const entry of settled) entry?.resolve();
      makeRoom();
    },
    fail: (error) => {
      const failed = waiting;
      waiting = [];
      for (const entry of failed) entry.reject(error);
      makeRoom();
    },
    waitForRoom: () => new Promise((resolve) => roomWaiters.push(resolve)),
    received: (count) =>
      messages.length + malformed.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => arrivals.push({ count, resolve })),
    stop: () => Promise.resolve(),
  };
  return sink;
}

export interface MemoryDevices extends Pick<Devices, "authenticate" | "markConnected" | "markDisconnected"> {
  /** `connected 1`, `disconnected 1 keep-alive-timeout` … in the order written. */
  readonly marks: string[];
  /** Resolves when a mark that begins with `prefix` is written (at or after position `from`). */
  marked(prefix: string, from?: number): Promise<string>;
  revoke(token: string): void;
  /** Makes every look-up fail, as when the store is down. */
  isDown: boolean;
}

/** Devices named after their tokens: token `token-3` is device 3. */
export function createMemoryDevices(count: number): MemoryDevices {
  const identities = new Map<string, DeviceIdentity>();
  for (let id = 1; id <= count; id += 1) identities.set(`token-${id}`, loggerIdentity(id));
  const marks: string[] = [];
  let watchers: (() => void)[] = [];
  const mark = (text: string): Promise<void> => {
    marks.push(text);
    for (const watcher of watchers) watcher();
    watchers = [];
    return Promise.resolve();
  };
  const devices: MemoryDevices = {
    marks,
    isDown: false,
    authenticate: (token) =>
      devices.isDown
        ? Promise.reject(new Error("store down"))
        : Promise.resolve(identities.get(token) ?? null),
    markConnected: (deviceId) => mark(`connected ${deviceId}`),
    markDisconnected: (deviceId, reason) => mark(`disconnected ${deviceId} ${reason}`),
    revoke: (token) => identities.delete(token),
    marked: async (prefix, from = 0) => {
      for (;;) {
        const found = marks.slice(from).find((text) => text.startsWith(prefix));
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => watchers.push(resolve));
      }
    },
  };
  return devices;
}

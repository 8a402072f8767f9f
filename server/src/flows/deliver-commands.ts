// Brings queued commands to a device: one after another, in their order, each marked as sent before it is written.
import type { CommandState } from "@waremind/contract";
import type { DeviceCommand, DeviceCommands } from "../devices/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Delivered, DeviceChannel } from "./device-hub.ts";
import { createDoings, createSlots, type Doings } from "./slots.ts";

export const deliveryLimits = {
  /** Commands of one device read at once. */
  batchMax: 50,
  /** Commands looked at when nobody listens: those that may not wait among them fail at once. */
  unlistenedMax: 1_000,
  /** Statements of all devices under way at once; readings need the store too. */
  statementsMax: 4,
  /** Devices asked about in one statement. */
  askedMax: 10_000,
  /** How long the next command of a device waits for the acknowledgement of the one before. */
  acknowledgementMsMax: 30_000,
  attemptsMax: 5,
  retryMsMin: 100,
} as const;

/** Who listens at a device now; the delivery asks again before each command. */
export interface Listeners {
  /** The channel that takes the next command: the newest that listens, but none of those that took no more. */
  pick(deviceId: number, refused: ReadonlySet<DeviceChannel>): DeviceChannel | null;
  isAttached(deviceId: number, channel: DeviceChannel): boolean;
}

export interface CommandDelivery {
  /** Sends what is deliverable to the device, soon; devices that ask at once are looked up at once. */
  dispatch(deviceId: number): void;
  settled(): Promise<void>;
}

export interface DeliveryDependencies {
  readonly database: Database;
  readonly deviceCommands: Pick<DeviceCommands, "deliverable" | "devicesWithDeliverable" | "move">;
  readonly bus: Bus;
  readonly log: Log;
  readonly limits?: typeof deliveryLimits | undefined;
}

export function createCommandDelivery(deps: DeliveryDependencies, listeners: Listeners): CommandDelivery {
  const limits = deps.limits ?? deliveryLimits;
  const doings = createDoings();
  /** Devices to look up with the next statement. */
  let asked = new Set<number>();
  let isAsking = false;
  /** Devices being served; true: look again when done. */
  const served = new Map<number, boolean>();
  const carrier = createCarrier({ ...deps, listeners, limits, doings });

  async function askAll(): Promise<void> {
    let attempt = 1;
    while (asked.size > 0) {
      const ids = [...asked].slice(0, limits.askedMax);
      for (const id of ids) asked.delete(id);
      try {
        const found = await deps.deviceCommands.devicesWithDeliverable(ids);
        attempt = 1;
        for (const id of found) void serve(id);
      } catch (error) {
        deps.log.warn({ err: error, attempt }, "Waiting commands could not be looked up.");
        // Who asked is found again by the sweep.
        asked = attempt < limits.attemptsMax ? new Set([...ids, ...asked]) : new Set();
        await pause(limits.retryMsMin * 2 ** (attempt - 1));
        attempt += 1;
      }
    }
  }

  function startAsking(): void {
    isAsking = true;
    doings.begin();
    // In a turn of its own, so that who asks in the same moment is looked up with the same statement.
    setImmediate(() => {
      void askAll().finally(() => {
        isAsking = false;
        if (asked.size > 0) startAsking();
        doings.end();
      });
    });
  }

  async function serve(deviceId: number): Promise<void> {
    if (served.has(deviceId)) {
      served.set(deviceId, true);
      return;
    }
    doings.begin();
    let attempt = 1;
    do {
      served.set(deviceId, false);
      try {
        await carrier.carryAll(deviceId);
        attempt = 1;
      } catch (error) {
        deps.log.warn({ err: error, deviceId, attempt }, "A command could not be brought to its device.");
        if (attempt >= limits.attemptsMax) break;
        await pause(limits.retryMsMin * 2 ** (attempt - 1));
        attempt += 1;
        served.set(deviceId, true);
      }
    } while (served.get(deviceId) === true);
    served.delete(deviceId);
    doings.end();
  }

  return {
    dispatch: (deviceId) => {
      asked.add(deviceId);
      if (!isAsking) startAsking();
    },
    settled: () => doings.idle(),
  };
}

type CarrierNeeds = DeliveryDependencies & {
  readonly listeners: Listeners;
  readonly limits: typeof deliveryLimits;
  readonly doings: Doings;
};
type Move = (command: DeviceCommand, step: Parameters<DeviceCommands["move"]>[2]) => Promise<boolean>;

function createCarrier(deps: CarrierNeeds): { carryAll(deviceId: number): Promise<void> } {
  const { deviceCommands, listeners, limits } = deps;
  const slots = createSlots(limits.statementsMax);
  /** Answers whether the command was still where it was thought to be. */
  const move: Move = async (command, step) => {
    const moved = await slots.run(() => deviceCommands.move(deps.database, command.number, step));
    if (moved !== null) publishCommand(deps.bus, moved);
    return moved !== null;
  };
  const writer = createWriter(deps, move);

  async function carryAll(deviceId: number): Promise<void> {
    const refused = new Set<DeviceChannel>();
    const passed = new Set<number>();
    for (;;) {
      const isListening = listeners.pick(deviceId, refused) !== null;
      const limit = isListening ? limits.batchMax : limits.unlistenedMax;
      const commands = await slots.run(() => deviceCommands.deliverable(deviceId, limit));
      const due = commands.filter((command) => !passed.has(command.number) && !writer.isUnderWay(command));
      if (due.length === 0) return;
      for (const command of due) {
        passed.add(command.number);
        await carry(command, refused);
      }
    }
  }

  async function carry(command: DeviceCommand, refused: Set<DeviceChannel>): Promise<void> {
    for (let state: CommandState = command.state; ; ) {
      const channel = listeners.pick(command.deviceId, refused);
      if (channel === null) return leave(command, state, move);
      if (!(await move(command, { from: [state], to: "sent" }))) return;
      state = "sent";
      const delivered = await writer.write(command, channel);
      if (delivered === "pending") return;
      if (delivered !== "not-taken") {
        await move(command, { from: ["sent"], to: "delivered" });
        return;
      }
      refused.add(channel);
    }
  }

  return { carryAll };
}

/** Nobody listens: a persistent one waits for the next connect, any other fails here and now. */
async function leave(command: DeviceCommand, state: CommandState, move: Move): Promise<void> {
  if (command.isPersistent) {
    if (state === "sent") await move(command, { from: ["sent"], to: "queued" });
    return;
  }
  const error =
    state === "sent"
      ? "The connection broke before the device acknowledged the command."
      : "The device is not connected or does not listen for commands.";
  await move(command, { from: [state], to: "failed", error });
}

interface Writer {
  /** `pending`: the acknowledgement takes too long; it is still waited for, but not by the commands behind it. */
  write(command: DeviceCommand, channel: DeviceChannel): Promise<Delivered | "pending">;
  /** Whether it was written to a channel that is still there and may yet acknowledge it. */
  isUnderWay(command: DeviceCommand): boolean;
}

function createWriter({ listeners, limits, doings, log }: CarrierNeeds, move: Move): Writer {
  const underWay = new Map<number, DeviceChannel>();

  async function finishLate(command: DeviceCommand, writing: Promise<Delivered>): Promise<void> {
    try {
      if ((await writing) !== "not-taken") await move(command, { from: ["sent"], to: "delivered" });
    } catch (error) {
      log.warn({ err: error, number: command.number }, "A late acknowledgement could not be noted.");
    } finally {
      underWay.delete(command.number);
    }
  }

  async function write(command: DeviceCommand, channel: DeviceChannel): Promise<Delivered | "pending"> {
    const { number, method, params, isOneWay } = command;
    underWay.set(number, channel);
    // Waiting for a device is not writing: whoever stops the server need not wait for it.
    doings.end();
    const writing = channel
      .deliverCommand({ number, method, params, isOneWay })
      .catch((error: unknown): Delivered => {
        log.error({ err: error, number }, "A transport failed to deliver a command.");
        return "not-taken";
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"pending">((resolve) => {
      timer = setTimeout(resolve, limits.acknowledgementMsMax, "pending").unref();
    });
    const first = await Promise.race([writing, late]);
    clearTimeout(timer);
    doings.begin();
    if (first === "pending") void finishLate(command, writing);
    else underWay.delete(number);
    return first;
  }

  return {
    write,
    isUnderWay: ({ deviceId, number }) => {
      const channel = underWay.get(number);
      return channel !== undefined && listeners.isAttached(deviceId, channel);
    },
  };
}

export function publishCommand(bus: Bus, { id, deviceName, state }: DeviceCommand): void {
  bus.publish({ kind: "command-changed", commandId: id, deviceName, state });
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

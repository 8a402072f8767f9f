// One virtual device from the beginning of its story to the end: first what it recorded, then live.
import type { DeviceRunEvent, DeviceScenario, VirtualDevice } from "@waremind/contract";
import { createBehaviour, type DeviceBehaviour } from "./behaviour.ts";
import { aborted, type Clock, wait } from "./clock.ts";
import type { Log } from "./log.ts";
import { createOutbox, type Outbox, type ReadingSet } from "./outbox.ts";
import { createUplink, type Uplink } from "./uplink.ts";

export interface VirtualDeviceRun {
  start(): void;
  /** Resolves when the device's story is over or it was stopped. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
  readonly acknowledgedReadings: number;
}

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;
export type Emit = (event: WithoutTime<DeviceRunEvent>) => void;

/** How long the end of a story waits for acknowledgements, reconnecting if it must. */
const finishMsMax = 30_000;
/** How long a stop waits for them, on a connection that stands. */
const stopMsMax = 3000;
/** How often a full outbox is looked at again while the recorded past is told. */
const roomCheckMs = 20;

export function runVirtualDevice(deps: {
  scenario: DeviceScenario;
  device: VirtualDevice;
  token: string;
  host: string;
  port: number;
  emit: Emit;
  clock: Clock;
  log: Log;
}): VirtualDeviceRun {
  const { device, clock, emit, log } = deps;
  const life = new AbortController();
  const outbox = createOutbox();
  const connected = Promise.withResolvers<void>();
  const uplink = createUplink({
    address: {
      host: deps.host,
      port: deps.port,
      protocol: deps.scenario.protocol,
      token: deps.token,
      clientId: device.name,
    },
    outbox,
    clock,
    log,
    observer: {
      connected: () => {
        connected.resolve();
        emit({ event: "connected", device: device.name });
      },
      disconnected: (reason) => emit({ event: "disconnected", device: device.name, reason }),
      refused: (readings, reason) => emit({ event: "refused", device: device.name, readings, reason }),
    },
  });

  const tell = async (): Promise<void> => {
    uplink.start();
    await Promise.race([connected.promise, aborted(life.signal)]);
    const story = openStory({ device, seed: deps.scenario.seed, startAt: startOf(device, clock), emit });
    const lastAt = await playBack({ device, story, outbox, uplink, clock, signal: life.signal });
    if (device.startMinutesAgo > 0 && !life.signal.aborted) emit({ event: "live", device: device.name });
    await liveOn({ device, story, outbox, uplink, clock, log, lastAt, signal: life.signal });
    if (!life.signal.aborted) await uplink.drain(finishMsMax, life.signal);
    if (uplink.isConnected) await uplink.drain(stopMsMax);
    await uplink.stop();
    const { acknowledgedReadings } = outbox;
    if (!life.signal.aborted) emit({ event: "finished", device: device.name, acknowledgedReadings });
  };

  let telling: Promise<void> | undefined;
  const finished = Promise.withResolvers<void>();
  return {
    finished: finished.promise,
    start: () => {
      telling ??= tell().then(finished.resolve, finished.reject);
    },
    stop: async () => {
      life.abort();
      await telling;
    },
    get acknowledgedReadings() {
      return outbox.acknowledgedReadings;
    },
  };
}

const startOf = (device: VirtualDevice, clock: Clock): number =>
  clock.now() - device.startMinutesAgo * 60_000;

interface Story {
  readonly startAt: number;
  /** What is measured at this device time; undefined in a silence. Reports phases and silences as they begin. */
  readingAt(at: number): ReadingSet | undefined;
  /** False while the device is out of coverage. */
  hasCoverageAt(at: number): boolean;
}

function openStory(deps: { device: VirtualDevice; seed: number; startAt: number; emit: Emit }): Story {
  const { device, startAt, emit } = deps;
  const behaviour: DeviceBehaviour = createBehaviour(device, deps.seed);
  const phases = new Map<string, string>();
  let silence = "none";
  return {
    startAt,
    hasCoverageAt: (at) => behaviour.silenceAt(at - startAt) !== "out-of-coverage",
    readingAt: (at) => {
      const now = behaviour.silenceAt(at - startAt);
      if (now !== silence) {
        silence = now;
        emit({ event: "silence", device: device.name, kind: now, simulatedAt: at });
      }
      if (now === "off") return undefined;
      for (const [key, phase] of Object.entries(behaviour.phasesAt(at - startAt))) {
        if (phases.get(key) === phase) continue;
        phases.set(key, phase);
        emit({ event: "phase", device: device.name, key, phase, simulatedAt: at });
      }
      return { ts: at, values: behaviour.valuesAt(at - startAt) };
    },
  };
}

interface Telling {
  readonly device: VirtualDevice;
  readonly story: Story;
  readonly outbox: Outbox;
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Tells the recorded past until its clock reaches now; answers the device time of the last reading. */
async function playBack({ device, story, outbox, uplink, clock, signal }: Telling): Promise<number> {
  const { playback } = device;
  if (playback === undefined || device.startMinutesAgo === 0) return story.startAt;
  const stepMs = playback.stepSeconds * 1000;
  let held: ReadingSet[] = [];
  let lastAt = story.startAt;
  const send = (): void => {
    if (held.length === 0) return;
    outbox.append(held);
    held = [];
    uplink.flush();
  };
  for (let step = 0; !signal.aborted; step += 1) {
    const at = Math.round(story.startAt + step * stepMs);
    if (at > clock.now()) break;
    lastAt = at;
    uplink.setCoverage(story.hasCoverageAt(at));
    const reading = story.readingAt(at);
    if (reading !== undefined) held.push(reading);
    if (held.length >= playback.readingsPerMessage) send();
    while (outbox.isFull && !signal.aborted) await wait(roomCheckMs, signal);
    if (playback.stepMs > 0) await wait(playback.stepMs, signal);
  }
  send();
  return lastAt;
}

/** Measures every interval until the story's live minutes are over or the signal aborts. */
async function liveOn(telling: Telling & { lastAt: number; log: Log }): Promise<void> {
  const { device, story, outbox, uplink, clock, signal } = telling;
  const intervalMs = device.intervalSeconds * 1000;
  const endAt = clock.now() + (device.liveMinutes ?? Number.POSITIVE_INFINITY) * 60_000;
  let dueAt = device.startMinutesAgo > 0 ? telling.lastAt + intervalMs : clock.now();
  let givenUp = 0;
  while (!signal.aborted && dueAt < endAt) {
    await wait(Math.max(0, dueAt - clock.now()), signal);
    if (signal.aborted) return;
    const at = clock.now();
    uplink.setCoverage(story.hasCoverageAt(at));
    const reading = story.readingAt(at);
    if (reading !== undefined) givenUp += outbox.append([reading]);
    if (givenUp > 0 && reading !== undefined)
      telling.log.warn("outbox full: the oldest readings were given up", { device: device.name, givenUp });
    uplink.flush();
    // After a pause of the machine the missed moments are not made up.
    dueAt = Math.max(dueAt + intervalMs, at);
  }
}

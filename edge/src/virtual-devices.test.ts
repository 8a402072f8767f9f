import { createServer, type Server, type Socket } from "node:net";
import type { DeviceRunEvent, DeviceScenarioInput } from "@waremind/contract";
import { deviceScenarioSchema } from "@waremind/contract";
import { Aedes } from "aedes";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { createLog } from "./log.ts";
import { createVirtualDevices } from "./virtual-devices.ts";

interface Received {
  readonly token: string;
  readonly topic: string;
  readonly qos: number;
  readonly readings: readonly { ts: number; values: Record<string, unknown> }[];
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A real broker; `onReceived` may cut the sender's connection before its acknowledgement. */
async function startBroker(onReceived: (received: Received, cut: () => void) => void = () => undefined) {
  const broker = await Aedes.createBroker();
  const tokens = new Map<string, string>();
  const received: Received[] = [];
  broker.authenticate = (client, username, _password, done) => {
    tokens.set(client.id, username ?? "");
    done(null, true);
  };
  broker.authorizePublish = (client, packet, done) => {
    const body: unknown = JSON.parse(packet.payload.toString());
    const message = {
      token: tokens.get(client?.id ?? "") ?? "",
      topic: packet.topic,
      qos: packet.qos,
      readings: (Array.isArray(body) ? body : [body]) as Received["readings"],
    };
    received.push(message);
    onReceived(message, () => (client?.conn as Socket | undefined)?.destroy());
    done(null);
  };
  const server: Server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The broker has no port.");
  return { port: address.port, received };
}

function run(port: number, input: Omit<DeviceScenarioInput, "version" | "name" | "seed">) {
  const events: DeviceRunEvent[] = [];
  const waiting: { event: string; resolve: () => void }[] = [];
  const devices = createVirtualDevices({
    // The broker of this test speaks 3.1.1 only; version 5 is tried against the product's own server.
    scenario: deviceScenarioSchema.parse({
      version: 1,
      name: "test",
      seed: 4,
      protocol: "mqtt-3.1.1",
      ...input,
    }),
    tokens: { "logger-1": "token-of-logger-1" },
    host: "127.0.0.1",
    port,
    clock: systemClock,
    log: createLog(() => undefined),
    onEvent: (event) => {
      events.push(event);
      for (const entry of waiting) if (entry.event === event.event) entry.resolve();
    },
  });
  closers.push(() => devices.stop());
  devices.start();
  return {
    devices,
    events,
    /** Resolves at the next event of this name. */
    next: (event: DeviceRunEvent["event"]) =>
      new Promise<void>((resolve) => waiting.push({ event, resolve: () => resolve() })),
  };
}

const temperature = {
  kind: "number" as const,
  key: "temperature",
  phases: [
    { name: "cold", from: 1, to: 1, minutes: 30 },
    { name: "warming", from: 1, to: 9, minutes: 30 },
  ],
};

test("a recorded past arrives with its own times, in order, and then the device is live", async () => {
  const { port, received } = await startBroker();
  const { events, devices } = run(port, {
    devices: [
      {
        name: "logger-1",
        intervalSeconds: 0.05,
        startMinutesAgo: 60,
        playback: { stepSeconds: 60, stepMs: 0, readingsPerMessage: 7 },
        liveMinutes: 0.005,
        series: [temperature],
      },
    ],
  });
  await devices.finished;
  const readings = received.flatMap((message) => message.readings);
  const times = readings.map(({ ts }) => ts);
  expect(times).toEqual(times.toSorted((left, right) => left - right));
  expect((times[60] ?? 0) - (times[0] ?? 0)).toBe(60 * 60_000);
  expect(readings.length).toBeGreaterThan(62);
  expect(readings[0]?.values).toEqual({ temperature: 1 });
  expect(readings[45]?.values).toEqual({ temperature: 5 });
  expect(new Set(received.map(({ token, topic, qos }) => `${token} ${topic} ${qos}`))).toEqual(
    new Set(["token-of-logger-1 v1/devices/me/telemetry 1"]),
  );
  expect(events.map((event) => event.event)).toEqual([
    "started",
    "connected",
    "phase",
    "phase",
    "live",
    "disconnected",
    "finished",
  ]);
  expect(events.at(-1)).toMatchObject({ acknowledgedReadings: readings.length });
});

test("readings that were not acknowledged are sent again with the same times and values", async () => {
  let isCut = false;
  const { port, received } = await startBroker((message, cut) => {
    if (isCut || message.readings[0] === undefined || received.length < 5) return;
    isCut = true;
    cut();
  });
  const { devices, events } = run(port, {
    devices: [
      {
        name: "logger-1",
        intervalSeconds: 5,
        startMinutesAgo: 30,
        playback: { stepSeconds: 60, stepMs: 0 },
        liveMinutes: 0.0001,
        series: [temperature],
      },
    ],
  });
  await devices.finished;
  const sent = received.flatMap((message) => message.readings);
  const byTime = Map.groupBy(sent, ({ ts }) => ts);
  expect(byTime.size).toBe(31);
  expect(sent.length).toBeGreaterThan(31);
  for (const copies of byTime.values())
    expect(new Set(copies.map((copy) => JSON.stringify(copy))).size).toBe(1);
  expect(events.filter((event) => event.event === "connected")).toHaveLength(2);
});

test("out of coverage the device disconnects, and sends what it measured when it is back", async () => {
  const { port, received } = await startBroker();
  const { devices, events } = run(port, {
    devices: [
      {
        name: "logger-1",
        intervalSeconds: 0.05,
        liveMinutes: 0.012,
        series: [temperature],
        silences: [{ kind: "out-of-coverage", afterMinutes: 0.002, minutes: 0.005 }],
      },
    ],
  });
  await devices.finished;
  const silence = events.flatMap((event) => (event.event === "silence" ? [event] : []));
  expect(silence.map(({ kind }) => kind)).toEqual(["out-of-coverage", "none"]);
  const [from, to] = silence.map(({ simulatedAt }) => simulatedAt);
  const within = received
    .flatMap((message) => message.readings)
    .filter(({ ts }) => ts >= (from ?? 0) && ts < (to ?? 0));
  expect(within.length).toBeGreaterThan(0);
  expect(events.some((event) => event.event === "disconnected" && event.reason === "out of coverage")).toBe(
    true,
  );
});

test("a device that is off sends nothing and stays connected", async () => {
  const { port, received } = await startBroker();
  const { devices, events } = run(port, {
    devices: [
      {
        name: "logger-1",
        intervalSeconds: 1,
        startMinutesAgo: 10,
        playback: { stepSeconds: 60, stepMs: 0 },
        liveMinutes: 0.001,
        series: [temperature],
        silences: [{ kind: "off", afterMinutes: 5 }],
      },
    ],
  });
  await devices.finished;
  expect(received.flatMap((message) => message.readings)).toHaveLength(5);
  expect(events.map((event) => event.event)).toContain("silence");
});

test("stop ends a story that would go on for ever, after its acknowledgements", async () => {
  const { port, received } = await startBroker();
  const { devices, events, next } = run(port, {
    devices: [
      {
        name: "logger-1",
        intervalSeconds: 3600,
        startMinutesAgo: 3,
        playback: { stepSeconds: 60, stepMs: 0 },
        series: [temperature],
      },
    ],
  });
  await next("live");
  await devices.stop();
  expect(received).toHaveLength(4);
  expect(events.at(-1)).toMatchObject({ event: "stopped", acknowledgedReadings: 4 });
});

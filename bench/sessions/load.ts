// Thousands of devices that say little each: bare sockets, MQTT 3.1.1, QoS 1, two readings a message, resent until
// acknowledged. A storm cuts every connection at once and has all of them come back.
import { connect, type Socket } from "node:net";
import { generate } from "mqtt-packet";
import { ownProcessorSeconds, serveParent } from "../support/children.ts";

export interface SessionLoadSettings {
  readonly port: number;
  readonly sessions: number;
  readonly messagesPerSecond: number;
  readonly observedFrom: number;
}

export interface SessionLoadResult {
  readonly acknowledged: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  readonly reconnects: number;
  readonly generatorSeconds: number;
}

interface Unacknowledged {
  readonly bytes: Buffer;
  readonly sentAt: number;
}

interface Device {
  readonly number: number;
  socket: Socket | null;
  isUp: boolean;
  rest: Buffer;
  nextId: number;
  /** By message id; what a broken connection left is sent again first thing on the next one. */
  readonly waiting: Map<number, Unacknowledged>;
}

const tickMs = 10;
const retryMsMin = 100;
const retryMsMax = 3_000;
const upTimeMsMax = 120_000;
const drainTimeMsMax = 60_000;
const topic = "v1/devices/me/telemetry";
const subscriptions = generate({
  cmd: "subscribe",
  messageId: 65_535,
  subscriptions: [
    { topic: "v1/devices/me/attributes", qos: 1 },
    { topic: "v1/devices/me/rpc/request/+", qos: 1 },
  ],
});

let settings: SessionLoadSettings = { port: 0, sessions: 0, messagesPerSecond: 0, observedFrom: 0 };
let devices: Device[] = [];
let upCount = 0;
let isClosing = false;
let isMeasuring = false;
let acknowledged = 0;
let reconnects = 0;
let sent = 0;
let latencies: number[] = [];
let nextDevice = 0;
let whenChanged: () => void = () => undefined;

serveParent(async () => ({
  verbs: {
    open: (request) => open(request as unknown as SessionLoadSettings),
    run: (request) => run(Number(request["durationMs"])),
    storm,
    close,
  },
  stop: () => Promise.resolve(),
}));

async function open(request: SessionLoadSettings): Promise<{ seconds: number }> {
  settings = request;
  const startedAt = performance.now();
  devices = Array.from({ length: request.sessions }, (_, index) => ({
    ...{ number: index + 1, socket: null, isUp: false, rest: Buffer.alloc(0), nextId: 1 },
    waiting: new Map<number, Unacknowledged>(),
  }));
  for (const device of devices) connectDevice(device, retryMsMin);
  await until(() => upCount === devices.length, upTimeMsMax);
  return { seconds: (performance.now() - startedAt) / 1_000 };
}

function connectDevice(device: Device, retryMs: number): void {
  const socket = connect({ port: settings.port, host: "127.0.0.1", noDelay: true });
  device.socket = socket;
  device.rest = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("connect", () => socket.write(connectPacket(device.number)));
  socket.on("data", (chunk) => receive(device, chunk));
  socket.on("close", () => {
    if (device.socket !== socket) return;
    if (device.isUp) upCount -= 1;
    device.isUp = false;
    whenChanged();
    if (isClosing) return;
    reconnects += 1;
    const delayMs = retryMs * (0.5 + Math.random());
    setTimeout(() => connectDevice(device, Math.min(retryMs * 2, retryMsMax)), delayMs);
  });
}

function connectPacket(number: number): Buffer {
  return generate({
    ...{ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 120 },
    ...{ clientId: `bench-${number}`, username: `bench-token-${number}` },
  });
}

function receive(device: Device, chunk: Buffer): void {
  const bytes = device.rest.length === 0 ? chunk : Buffer.concat([device.rest, chunk]);
  let at = 0;
  while (at + 2 <= bytes.length) {
    const length = bytes[at + 1] ?? 0;
    if (at + 2 + length > bytes.length) break;
    const type = (bytes[at] ?? 0) >> 4;
    if (type === 2) begin(device, bytes[at + 3] ?? 255);
    else if (type === 4) settle(device, bytes.readUInt16BE(at + 2));
    at += 2 + length;
  }
  device.rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
}

function begin(device: Device, returnCode: number): void {
  if (returnCode !== 0) {
    device.socket?.destroy();
    return;
  }
  device.isUp = true;
  upCount += 1;
  device.socket?.write(
    Buffer.concat([subscriptions, ...[...device.waiting.values()].map(({ bytes }) => bytes)]),
  );
  whenChanged();
}

function settle(device: Device, messageId: number): void {
  const message = device.waiting.get(messageId);
  if (message === undefined) return;
  device.waiting.delete(messageId);
  acknowledged += 1;
  if (isMeasuring) latencies.push(performance.now() - message.sentAt);
  whenChanged();
}

function send(device: Device): void {
  const observedAt = settings.observedFrom + sent;
  sent += 1;
  const messageId = device.nextId;
  device.nextId = (messageId % 60_000) + 1;
  const temperature = (2 + (observedAt % 600) / 100).toFixed(2);
  const payload = `{"ts":${observedAt},"values":{"temperature":${temperature},"humidity":60.5}}`;
  const bytes = generate({ cmd: "publish", topic, payload, qos: 1, dup: false, retain: false, messageId });
  device.waiting.set(messageId, { bytes, sentAt: performance.now() });
  if (device.isUp) device.socket?.write(bytes);
}

/** Spreads the messages evenly over time and devices. */
async function run(durationMs: number): Promise<SessionLoadResult> {
  acknowledged = 0;
  reconnects = 0;
  latencies = [];
  const processorBefore = ownProcessorSeconds();
  const startedAt = performance.now();
  isMeasuring = true;
  let due = 0;
  const timer = setInterval(() => {
    const wanted = ((performance.now() - startedAt) / 1_000) * settings.messagesPerSecond;
    for (; due < wanted; due += 1) {
      const device = devices[nextDevice];
      nextDevice = (nextDevice + 1) % devices.length;
      if (device !== undefined) send(device);
    }
  }, tickMs);
  await pause(durationMs);
  clearInterval(timer);
  await until(() => devices.every(({ waiting }) => waiting.size === 0), drainTimeMsMax);
  isMeasuring = false;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return {
    ...{ acknowledged, reconnects, seconds: durationMs / 1_000 },
    ...{ p50Ms: at(0.5), p99Ms: at(0.99), slowestMs: at(1) },
    generatorSeconds: ownProcessorSeconds() - processorBefore,
  };
}

/** Cuts every connection without a word, and waits until all are back. */
async function storm(): Promise<{ seconds: number; isWhole: boolean }> {
  const startedAt = performance.now();
  for (const device of devices) device.socket?.resetAndDestroy();
  await until(() => upCount < devices.length, retryMsMin);
  const isWhole = await until(() => upCount === devices.length, upTimeMsMax);
  return { seconds: (performance.now() - startedAt) / 1_000, isWhole };
}

async function close(): Promise<{ sent: number; lost: number }> {
  await until(() => devices.every(({ waiting }) => waiting.size === 0), drainTimeMsMax);
  const lost = devices.reduce((total, { waiting }) => total + waiting.size, 0);
  isClosing = true;
  for (const { socket } of devices) socket?.end(generate({ cmd: "disconnect" }));
  await until(() => upCount === 0, 5_000);
  for (const { socket } of devices) socket?.destroy();
  return { sent, lost };
}

/** Answers false when it did not come true in time. */
async function until(holds: () => boolean, timeMsMax: number): Promise<boolean> {
  if (holds()) return true;
  const over = pause(timeMsMax).then(() => false);
  const came = new Promise<boolean>((resolve) => {
    whenChanged = () => {
      if (holds()) resolve(true);
    };
  });
  const outcome = await Promise.race([came, over]);
  whenChanged = () => undefined;
  return outcome;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

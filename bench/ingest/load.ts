// The load: many devices, each with a fixed number of unacknowledged messages. Bare sockets and prepared bytes, so that
// the generator stays cheaper than what it measures. MQTT 3.1.1, QoS 1, two readings a message.
import { connect, type Socket } from "node:net";
import { generate } from "mqtt-packet";
import { ownProcessorSeconds, serveParent } from "../support/children.ts";

export interface LoadRequest {
  readonly port: number;
  readonly clients: number;
  readonly inflight: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** The first device time of this load, epoch milliseconds; every message of a device is one millisecond later. */
  readonly observedFrom: number;
}

export interface LoadResult {
  readonly acknowledged: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly generatorSeconds: number;
}

const drainTimeMsMax = 15_000;
const latencySamplesMax = 400_000;

interface Device {
  readonly socket: Socket;
  readonly sentAt: Float64Array;
  nextAt: number;
  outstanding: number;
  /** Bytes of a PUBACK cut in two by the stream. */
  rest: Buffer;
}

let acknowledged = 0;
let sent = 0;
let isMeasuring = false;
let isSending = false;
let latencies: number[] = [];
let devices: Device[] = [];
let whenDrained: () => void = () => undefined;

serveParent(async () => ({
  verbs: {
    open: (request) => open(request as unknown as LoadRequest),
    warmUp: (request) => warmUp(request as unknown as LoadRequest),
    measure: (request) => measure(request as unknown as LoadRequest),
    close,
  },
  stop: () => Promise.resolve(),
}));

async function open(request: LoadRequest): Promise<void> {
  devices = [];
  sent = 0;
  // In groups, as a listening socket's queue is short.
  const groupSize = 50;
  for (let from = 0; from < request.clients; from += groupSize) {
    const group = Array.from({ length: Math.min(groupSize, request.clients - from) }, (_, index) =>
      openDevice(request, from + index + 1),
    );
    devices.push(...(await Promise.all(group)));
  }
}

async function openDevice(request: LoadRequest, number: number): Promise<Device> {
  const socket = connect({ port: request.port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => resolve());
  });
  const connack = new Promise<Buffer>((resolve, reject) => {
    socket.once("data", resolve);
    socket.once("close", () => reject(new Error(`The server closed connection ${number}.`)));
  });
  socket.write(
    generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId: `bench-${number}`,
      username: `bench-token-${number}`,
      clean: true,
      keepalive: 0,
    }),
  );
  const answer = await connack;
  if (answer[0] !== 0x20 || answer[3] !== 0) throw new Error(`Connection ${number} was refused.`);
  const device: Device = {
    socket,
    sentAt: new Float64Array(request.inflight + 1),
    nextAt: request.observedFrom,
    outstanding: 0,
    rest: Buffer.alloc(0),
  };
  socket.on("data", (chunk) => receive(device, chunk));
  return device;
}

function receive(device: Device, chunk: Buffer): void {
  const bytes = device.rest.length === 0 ? chunk : Buffer.concat([device.rest, chunk]);
  const now = performance.now();
  let packets = "";
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    if (bytes[at] !== 0x40) throw new Error("The server sent something other than a PUBACK.");
    const slot = bytes.readUInt16BE(at + 2);
    device.outstanding -= 1;
    if (isMeasuring) note(now - (device.sentAt[slot] ?? now));
    if (isSending) packets += publish(device, slot, now);
  }
  device.rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at);
  if (packets !== "") device.socket.write(packets, "latin1");
  if (!isSending && devices.every((other) => other.outstanding === 0)) whenDrained();
}

function note(latencyMs: number): void {
  acknowledged += 1;
  if (latencies.length < latencySamplesMax) latencies.push(latencyMs);
}

const topic = "v1/devices/me/telemetry";

function publish(device: Device, slot: number, now: number): string {
  device.sentAt[slot] = now;
  device.outstanding += 1;
  sent += 1;
  const observedAt = device.nextAt;
  device.nextAt += 1;
  const temperature = (2 + (observedAt % 600) / 100).toFixed(2);
  const humidity = (60 + (observedAt % 300) / 10).toFixed(1);
  const payload = `{"ts":${observedAt},"values":{"temperature":${temperature},"humidity":${humidity}}}`;
  const length = 2 + topic.length + 2 + payload.length;
  // One byte of length below 128, else two.
  const size =
    length < 128 ? String.fromCharCode(length) : String.fromCharCode((length & 0x7f) | 0x80, length >> 7);
  const topicLength = String.fromCharCode(0, topic.length);
  return `\x32${size}${topicLength}${topic}${String.fromCharCode(slot >> 8, slot & 0xff)}${payload}`;
}

async function warmUp(request: LoadRequest): Promise<void> {
  isSending = true;
  for (const device of devices) {
    let packets = "";
    for (let slot = 1; slot <= request.inflight; slot += 1)
      packets += publish(device, slot, performance.now());
    device.socket.write(packets, "latin1");
  }
  await pause(request.warmupMs);
}

/** Measures for the asked time; the load goes on until `close`. */
async function measure(request: LoadRequest): Promise<LoadResult> {
  acknowledged = 0;
  latencies = [];
  const processorBefore = ownProcessorSeconds();
  const startedAt = performance.now();
  isMeasuring = true;
  await pause(request.measureMs);
  isMeasuring = false;
  const seconds = (performance.now() - startedAt) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return {
    acknowledged,
    seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    generatorSeconds: ownProcessorSeconds() - processorBefore,
  };
}

/** Waits for every acknowledgement, so that no message is left behind, and closes. Answers the next free time. */
async function close(): Promise<{ lost: number; sent: number; observedUntil: number }> {
  const drained = new Promise<void>((resolve) => {
    whenDrained = resolve;
  });
  isSending = false;
  if (devices.some((device) => device.outstanding > 0)) {
    await Promise.race([drained, pause(drainTimeMsMax)]);
  }
  const lost = devices.reduce((total, device) => total + device.outstanding, 0);
  const observedUntil = Math.max(...devices.map((device) => device.nextAt));
  const gone = devices.map(
    (device) => new Promise<void>((resolve) => device.socket.once("close", () => resolve())),
  );
  for (const device of devices) {
    device.socket.removeAllListeners("data");
    device.socket.resume();
    device.socket.end(generate({ cmd: "disconnect" }));
  }
  await Promise.race([Promise.all(gone), pause(2_000)]);
  for (const device of devices) device.socket.destroy();
  return { lost, sent, observedUntil };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

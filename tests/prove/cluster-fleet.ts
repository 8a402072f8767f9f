// Devices of the cluster suite: each sends readings that bear its own number, keeps what is not acknowledged, and when
// its connection breaks goes to the other ingest process, for as long as it runs.
import mqtt, { type MqttClient } from "mqtt";

const inFlightMax = 8;
const connectMsMax = 10_000;
const reconnectMs = 250;
/** Between an acknowledgement and the next message: a load that two cores and seven processes can bear. */
const pauseMs = 12;
/** Every so many messages one cannot be decoded and goes to quarantine. */
const malformedEvery = 41;
/** Every so many messages one is sent a second time, as a device does whose acknowledgement was lost. */
const repeatEvery = 17;

const firstAt = 1_790_000_000_000;

export const isMalformed = (counter: number): boolean => counter % malformedEvery === malformedEvery - 1;
export const observedAtOf = (counter: number): number => firstAt + counter * 7;
export const valueAt = (counter: number): number => counter + 0.5;
export const malformedPayload = (name: string, counter: number): string => `{"${name}":${counter}`;

export interface ClusterDevice {
  readonly name: string;
  readonly token: string;
  /** Numbers of messages that were acknowledged. */
  readonly acknowledged: ReadonlySet<number>;
  /** The first number never sent. */
  readonly nextCounter: number;
  /** How often each malformed message was sent. */
  readonly malformedSent: ReadonlyMap<number, number>;
  readonly connectCount: number;
  readonly commands: readonly number[];
  /** Sends nothing new from now on; what is not acknowledged goes on. */
  finish(): void;
  readonly isFinished: boolean;
  stop(): Promise<void>;
}

export function runClusterDevice(index: number, ports: readonly number[]): ClusterDevice {
  const name = `cluster-${String(index).padStart(3, "0")}`;
  const token = `cluster-token-${index}`;
  const acknowledged = new Set<number>();
  const unacknowledged = new Set<number>();
  const malformedSent = new Map<number, number>();
  const commands: number[] = [];
  let nextCounter = 0;
  let connectCount = 0;
  let attempt = index;
  let isFinishing = false;
  let isStopped = false;
  let client: MqttClient | null = null;

  function publish(over: MqttClient, counter: number): void {
    unacknowledged.add(counter);
    const bad = isMalformed(counter);
    if (bad) malformedSent.set(counter, (malformedSent.get(counter) ?? 0) + 1);
    const payload = bad
      ? malformedPayload(name, counter)
      : JSON.stringify({ ts: observedAtOf(counter), values: { rising: valueAt(counter) } });
    over.publish("v1/devices/me/telemetry", payload, { qos: 1 }, (error) => {
      if (error) return;
      unacknowledged.delete(counter);
      acknowledged.add(counter);
      setTimeout(sendNext, pauseMs, over);
    });
  }

  function sendNext(over: MqttClient): void {
    if (isFinishing || !over.connected || over !== client || unacknowledged.size >= inFlightMax) return;
    const again = nextCounter - repeatEvery;
    if (nextCounter % repeatEvery === 0 && acknowledged.has(again) && !isMalformed(again)) {
      const payload = JSON.stringify({ ts: observedAtOf(again), values: { rising: valueAt(again) } });
      over.publish("v1/devices/me/telemetry", payload, { qos: 1 }, () => undefined);
    }
    nextCounter += 1;
    publish(over, nextCounter - 1);
  }

  function answer(over: MqttClient, topic: string): void {
    const number = Number(topic.split("/").at(-1));
    commands.push(number);
    over.publish(`v1/devices/me/rpc/response/${number}`, JSON.stringify({ done: true }), { qos: 1 });
  }

  function connectAgain(): void {
    if (isStopped) return;
    attempt += 1;
    const over = mqtt.connect({
      ...{ host: "127.0.0.1", port: ports[attempt % ports.length] ?? 0, username: token },
      // 3.1.1: what cannot be decoded is acknowledged and kept in quarantine.
      ...{ protocolVersion: 4, reconnectPeriod: 0, connectTimeout: connectMsMax, clean: true },
    });
    client = over;
    let isOver = false;
    over.on("error", () => undefined);
    over.on("close", () => {
      if (isOver) return;
      isOver = true;
      over.end(true);
      setTimeout(connectAgain, reconnectMs);
    });
    over.on("message", (topic) => answer(over, topic));
    over.on("connect", () => {
      connectCount += 1;
      over.subscribe("v1/devices/me/rpc/request/+", { qos: 1 });
      for (const counter of [...unacknowledged]) publish(over, counter);
      for (let count = unacknowledged.size; count < inFlightMax; count += 1) sendNext(over);
    });
  }

  connectAgain();
  return {
    ...{ name, token, acknowledged, malformedSent, commands },
    get nextCounter() {
      return nextCounter;
    },
    get connectCount() {
      return connectCount;
    },
    finish: () => {
      isFinishing = true;
    },
    get isFinished() {
      return isFinishing && unacknowledged.size === 0;
    },
    stop: async () => {
      isStopped = true;
      await client?.endAsync(true).catch(() => undefined);
    },
  };
}

// Devices that remember: each holds what it sent until it is acknowledged, and sends it again after a crash.
import mqtt, { type MqttClient } from "mqtt";
import { tokenOf } from "./durability-place.ts";

const inFlightMax = 20;
const connectTimeMsMax = 5_000;
/** Every so many messages one is sent a second time, as a device does whose acknowledgement was lost. */
const repeatEvery = 17;
/** Every so many messages two different values bear one millisecond. */
const twinEvery = 13;

const firstAt = 1_790_000_000_000;

/** The points of message `counter`: the whole message can be told from its number. */
export function pointsOf(
  counter: number,
): readonly { readonly observedAt: number; readonly number: number }[] {
  // Twins share the millisecond of the message before them.
  const isTwin = counter % twinEvery === twinEvery - 1;
  return [{ observedAt: firstAt + counter - (isTwin ? 1 : 0), number: counter + 0.5 }];
}

export interface FleetDevice {
  readonly name: string;
  /** Messages whose PUBACK came. */
  readonly acknowledged: ReadonlySet<number>;
  /** The first number never sent. */
  readonly nextCounter: number;
  /** Connects and keeps messages in flight until the connection dies. */
  run(port: number): void;
  /** Resolves when the connection is gone. */
  stopped(): Promise<void>;
}

export function createFleetDevice(index: number): FleetDevice {
  const acknowledged = new Set<number>();
  const unacknowledged = new Set<number>();
  let nextCounter = 0;
  let ended: Promise<void> = Promise.resolve();

  function publish(client: MqttClient, counter: number): void {
    const points = pointsOf(counter).map(({ observedAt, number }) => ({
      ts: observedAt,
      values: { rising: number, falling: -number },
    }));
    unacknowledged.add(counter);
    client.publish("v1/devices/me/telemetry", JSON.stringify(points), { qos: 1 }, (error) => {
      if (error) return;
      unacknowledged.delete(counter);
      acknowledged.add(counter);
      sendNext(client);
    });
  }

  function sendNext(client: MqttClient): void {
    if (!client.connected) return;
    const isRepeat =
      nextCounter % repeatEvery === repeatEvery - 1 && acknowledged.has(nextCounter - repeatEvery);
    if (isRepeat) publishAgain(client, nextCounter - repeatEvery);
    publish(client, nextCounter);
    nextCounter += 1;
  }

  /** The acknowledgement of a repetition says nothing new. */
  function publishAgain(client: MqttClient, counter: number): void {
    const [point] = pointsOf(counter);
    if (point === undefined) return;
    const values = { rising: point.number, falling: -point.number };
    client.publish(
      "v1/devices/me/telemetry",
      JSON.stringify({ ts: point.observedAt, values }),
      { qos: 1 },
      () => undefined,
    );
  }

  return {
    name: `prove-${index}`,
    acknowledged,
    get nextCounter() {
      return nextCounter;
    },
    run: (port) => {
      const client = mqtt.connect({
        host: "127.0.0.1",
        port,
        username: tokenOf(index),
        protocolVersion: index % 2 === 0 ? 5 : 4,
        reconnectPeriod: 0,
        connectTimeout: connectTimeMsMax,
        clean: true,
      });
      ended = new Promise((resolve) => {
        client.on("close", () => {
          client.end(true);
          resolve();
        });
      });
      client.on("error", () => undefined);
      client.on("connect", () => {
        for (const counter of [...unacknowledged]) publish(client, counter);
        while (unacknowledged.size < inFlightMax) sendNext(client);
      });
    },
    stopped: () => ended,
  };
}

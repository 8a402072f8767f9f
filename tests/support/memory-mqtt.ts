// The MQTT session server on a desk and a sink in memory, for its tests.
import { manualClock } from "../../server/src/platform/clock.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import {
  createMqttServer,
  type MqttLimits,
  type MqttServer,
} from "../../server/src/transports/mqtt/index.ts";
import { createMemoryDesk, type MemoryDesk } from "./memory-desk.ts";
import { createMemorySink, type MemorySink } from "./memory-intake.ts";
import type { RawClient } from "./raw-mqtt.ts";

export interface MemoryMqtt {
  readonly server: MqttServer;
  readonly desk: MemoryDesk;
  readonly sink: MemorySink;
  readonly port: number;
}

export async function startMemoryMqtt(limits: Partial<MqttLimits> = {}): Promise<MemoryMqtt> {
  const desk = createMemoryDesk();
  const sink = createMemorySink();
  const server = createMqttServer({
    ...{ desk, sink, limits, log: silentLog },
    clock: manualClock(1_700_000_000_000),
  });
  const { port } = await server.start({ port: 0, host: "127.0.0.1" });
  return { server, desk, sink, port };
}

/** The next PUBLISH from the server, with its payload as text; acknowledgements before it are passed over. */
export async function nextMessage(client: RawClient): Promise<{
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly messageId: number;
}> {
  for (;;) {
    const packet = await client.next();
    if (packet.cmd === "publish") {
      const { topic, payload, qos, messageId } = packet;
      return { topic, payload: payload.toString(), qos, messageId: messageId ?? 0 };
    }
    if (packet.cmd !== "puback") throw new Error(`Expected a PUBLISH, got ${packet.cmd}.`);
  }
}

/** The next PUBACK; messages before it are passed over. */
export async function nextAcknowledgement(
  client: RawClient,
): Promise<{ readonly messageId: number; readonly reasonCode: number; readonly reason: string | undefined }> {
  for (;;) {
    const packet = await client.next();
    if (packet.cmd === "puback") {
      const { messageId, reasonCode, properties } = packet;
      return { messageId: messageId ?? 0, reasonCode: reasonCode ?? 0, reason: properties?.reasonString };
    }
    if (packet.cmd !== "publish") throw new Error(`Expected a PUBACK, got ${packet.cmd}.`);
  }
}

export async function subscribe(
  client: RawClient,
  filters: readonly string[],
  qos: 0 | 1 = 1,
): Promise<readonly number[]> {
  client.send({
    cmd: "subscribe",
    messageId: 60_000,
    subscriptions: filters.map((topic) => ({ topic, qos })),
  });
  const answer = await client.next();
  if (answer.cmd !== "suback") throw new Error(`Expected a SUBACK, got ${answer.cmd}.`);
  return answer.granted.map(Number);
}

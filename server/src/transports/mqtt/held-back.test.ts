import { generate } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type MemoryMqtt,
  nextAcknowledgement,
  startMemoryMqtt,
} from "../../../../tests/support/memory-mqtt.ts";
import { connectPacket, openRaw, publishPacket, signIn } from "../../../../tests/support/raw-mqtt.ts";
import type { Admission } from "../../flows/device-limits.ts";

let mqtt: MemoryMqtt;

async function restart(limits: Parameters<typeof startMemoryMqtt>[0] = {}): Promise<void> {
  await mqtt?.server.stop();
  mqtt = await startMemoryMqtt(limits);
}

beforeEach(() => restart());
afterEach(() => mqtt.server.stop());

function refusal(retryAfterMs: number): Admission {
  return { isAdmitted: false, limitName: "telemetry-messages", allowed: "10:1", retryAfterMs };
}

/** Refuses the first `times` messages of device 1. */
function refuseFirst(times: number, retryAfterMs: number): void {
  let left = times;
  mqtt.desk.refusing = ({ device }) => {
    left -= 1;
    return device.id === 1 && left >= 0 ? refusal(retryAfterMs) : null;
  };
}

test("over a limit MQTT 5 is refused with the limit, and what follows is taken", async () => {
  refuseFirst(1, 2_500);
  const client = await signIn(mqtt.port, "token-1", 5);
  client.send(publishPacket(1, '{"a":1}'));
  client.send(publishPacket(2, '{"a":2}'));
  expect(await nextAcknowledgement(client)).toEqual({
    messageId: 1,
    reasonCode: 0x97,
    reason: "The limit of telemetry messages (10:1) is reached; send it again in 3 s.",
  });
  expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 2, reasonCode: 0 });
  expect(mqtt.sink.messages).toHaveLength(1);
  client.end();
});

describe.each([3, 4] as const)("over a limit on MQTT level %i", (version) => {
  test("a message waits for its turn with its connection read no further; nothing is lost or reordered", async () => {
    let isOver = true;
    const asked = new Set<number>();
    mqtt.desk.refusing = ({ device }, { points }) => {
      if (device.id === 1) asked.add(points);
      return isOver && device.id === 1 ? refusal(5) : null;
    };
    const client = await signIn(mqtt.port, "token-1", version);
    const other = await signIn(mqtt.port, "token-2", version);
    // The first has one point, the second two, so that it is seen which of them asked.
    const payloads = [1, 2, 3, 4, 5].map((points) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: points }, (_, index) => [`k${index}`, points]))),
    );
    // In one piece, so that all of them have arrived when the first is asked.
    client.sendBytes(
      Buffer.concat(payloads.map((payload, index) => generate(publishPacket(index + 1, payload)))),
    );
    other.send(publishPacket(1, '{"b":1}'));
    expect(await nextAcknowledgement(other)).toMatchObject({ messageId: 1 });
    expect(client.unread).toEqual([]);
    expect([...asked]).toEqual([1]);
    isOver = false;
    for (let id = 1; id <= 5; id += 1)
      expect(await nextAcknowledgement(client)).toMatchObject({ messageId: id });
    const stored = mqtt.sink.messages.filter(({ identity }) => identity.device.id === 1);
    expect(stored.map(({ points }) => points.length)).toEqual([1, 2, 3, 4, 5]);
    for (const one of [client, other]) one.end();
  });

  test("one that waited too long is acknowledged and kept where its owner sees it", async () => {
    await restart({ heldBackMsMax: 20 });
    refuseFirst(3, 15);
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, '{"a":1}'));
    client.send(publishPacket(2, '{"a":2}'));
    expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 1 });
    expect(mqtt.sink.malformed).toMatchObject([{ reason: "telemetry-limit-reached" }]);
    expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 2 });
    expect(mqtt.sink.messages).toHaveLength(1);
    client.end();
  });

  test("attributes that waited too long are kept as something that is no reading", async () => {
    await restart({ heldBackMsMax: 20 });
    refuseFirst(3, 15);
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, '{"model":"x"}', "v1/devices/me/attributes"));
    expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 1 });
    expect(mqtt.sink.malformed).toMatchObject([{ reason: "limit-reached" }]);
    client.end();
  });

  test("other messages than telemetry wait as well", async () => {
    refuseFirst(2, 5);
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, '{"model":"x"}', "v1/devices/me/attributes"));
    expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 1 });
    expect(mqtt.desk.reported).toHaveLength(1);
    expect(mqtt.desk.admitted.map(({ cost }) => cost)).toEqual([{ kind: "other", points: 0 }]);
    client.end();
  });
});

test("MQTT 5 at QoS 0 cannot be told, so it waits too", async () => {
  refuseFirst(2, 5);
  const client = await signIn(mqtt.port, "token-1", 5);
  client.send(publishPacket(0, '{"a":1}'));
  await mqtt.sink.received(1);
  expect(mqtt.sink.messages).toHaveLength(1);
  client.end();
});

test("a stop waits for no limit: what would be lost is kept, what will be sent again is left", async () => {
  mqtt.desk.refusing = () => refusal(60_000);
  const never = await signIn(mqtt.port, "token-1");
  const again = await signIn(mqtt.port, "token-2");
  never.send(publishPacket(0, '{"a":1}'));
  again.send(publishPacket(1, '{"a":1}'));
  let asked = 0;
  mqtt.desk.refusing = () => {
    asked += 1;
    return refusal(60_000);
  };
  await mqtt.desk.until(() => asked === 2);
  await mqtt.server.stop();
  expect(mqtt.sink.malformed).toMatchObject([
    { identity: { device: { id: 1 } }, reason: "telemetry-limit-reached" },
  ]);
  await again.closed;
  expect(again.unread).toEqual([]);
});

test("every message is counted with its points, a malformed one as well", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  for (const [index, payload] of ['{"a":1,"b":2}', "[]", "oops"].entries())
    client.send(publishPacket(index + 1, payload));
  for (let id = 1; id <= 3; id += 1) await nextAcknowledgement(client);
  expect(mqtt.desk.admitted.map(({ cost }) => cost)).toEqual([
    { kind: "telemetry", points: 2 },
    { kind: "telemetry", points: 0 },
    { kind: "telemetry", points: 0 },
  ]);
  client.end();
});

test("a payload or packet that is too large stands in the ledger", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  client.send(publishPacket(1, `{"a":"${"x".repeat(70_000)}"}`));
  expect(await nextAcknowledgement(client)).toMatchObject({ reasonCode: 0x97 });
  client.send(publishPacket(2, "x".repeat(300_000)));
  await client.closed;
  expect(mqtt.desk.notes).toMatchObject([
    { deviceId: 1, limitName: "payload-bytes", allowed: "65536", observed: 70_008 },
    { deviceId: 1, limitName: "payload-bytes", allowed: "262144" },
  ]);
});

describe("connecting", () => {
  async function refusedWith(token: string, version: 4 | 5): Promise<number | undefined> {
    const client = await openRaw(mqtt.port, version);
    client.send(connectPacket(token, { protocolVersion: version }));
    const answer = await client.next();
    client.end();
    return answer.cmd === "connack" ? (answer.reasonCode ?? answer.returnCode) : undefined;
  }

  test("too often from one address is refused for a while", async () => {
    await restart({ connectsPerAddressMax: 2 });
    expect(await refusedWith("token-1", 5)).toBe(0);
    expect(await refusedWith("token-2", 5)).toBe(0);
    expect(await refusedWith("token-3", 5)).toBe(0x9f);
    expect(await refusedWith("token-3", 4)).toBe(3);
  });

  test("too often with what nobody knows is refused for a while, too", async () => {
    await restart({ refusedPerAddressMax: 2 });
    for (let attempt = 0; attempt < 2; attempt += 1) expect(await refusedWith("guess", 5)).toBe(0x86);
    expect(await refusedWith("token-1", 5)).toBe(0x9f);
  });

  test("too often by one device is refused and stands in its ledger; others are not concerned", async () => {
    await restart({ connectsPerDeviceMax: 1 });
    expect(await refusedWith("token-1", 5)).toBe(0);
    expect(await refusedWith("token-1", 5)).toBe(0x9f);
    expect(await refusedWith("token-2", 5)).toBe(0);
    expect(mqtt.desk.notes).toEqual([
      { deviceId: 1, limitName: "connect-rate", allowed: "1:60", observed: 2 },
    ]);
  });

  test("beyond the number of sessions stands in the ledger of who was refused", async () => {
    await restart({ sessionsMax: 1 });
    const client = await signIn(mqtt.port, "token-1");
    expect(await refusedWith("token-2", 5)).toBe(0x89);
    expect(mqtt.desk.notes).toEqual([{ deviceId: 2, limitName: "connections", allowed: "1", observed: 2 }]);
    client.end();
  });
});

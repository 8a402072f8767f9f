// A gateway that speaks for many devices over MQTT.
import { type Case, type Scope, same, so, until, valuesOf } from "./device-api-case.ts";
import { openMqttJs } from "./device-api-mqtt-js.ts";
import { jsonOf, type MqttVoice, overMqtt, type Sign } from "./device-api-voices.ts";

const topics = {
  connect: "v1/gateway/connect",
  disconnect: "v1/gateway/disconnect",
  telemetry: "v1/gateway/telemetry",
  attributes: "v1/gateway/attributes",
  attributesRequest: "v1/gateway/attributes/request",
  attributesResponse: "v1/gateway/attributes/response",
  rpc: "v1/gateway/rpc",
} as const;

/** A gateway with the names of three devices nobody knows yet. */
async function aGateway({ product }: Scope, profileId?: string) {
  const made = await product.shop.makeDevice({
    isGateway: true,
    ...(profileId === undefined ? {} : { profileId }),
  });
  const [first, second, third] = ["a", "b", "c"].map((letter) => `${made.name}/${letter} 冷`);
  so(first !== undefined && second !== undefined && third !== undefined, "there are three names");
  return { ...made, sign: { userName: made.token }, children: [first, second, third] as const };
}

async function childOf({ product }: Scope, name: string) {
  const child = await product.stored.find(name);
  so(child !== null, `the device ${name} was not made`);
  return child;
}

async function accepted(voice: MqttVoice, sign: Sign, topic: string, message: object): Promise<void> {
  const [acknowledged] = await voice.publish(sign, topic, [JSON.stringify(message)]);
  same(acknowledged?.reasonCode, 0, `PUBACK of ${topic}`);
}

/** The gateway names a device and listens on the same connection; `act` when the shop knows that it is there. */
async function whileConnected(
  scope: Scope,
  voice: MqttVoice,
  asked: { readonly sign: Sign; readonly name: string; readonly answerTopic: string },
  act: () => Promise<unknown>,
): Promise<unknown> {
  const { sign, name, answerTopic } = asked;
  const payload = JSON.stringify({ device: name });
  const heard = voice.ask(sign, { topic: topics.connect, payload, answerTopic });
  heard.catch(() => undefined);
  await until(
    `${name} connected`,
    async () => {
      const child = await scope.product.stored.find(name);
      return child === null ? null : await scope.product.stored.connection(child.id);
    },
    (seen) => seen?.isConnected === true && seen.transport === "gateway",
  );
  await act();
  return jsonOf(await heard);
}

export const gatewayCases: readonly Case[] = [
  ...overMqtt("gateway telemetry makes the device and stores its readings", async (scope, voice) => {
    const { product } = scope;
    const { id, sign, children } = await aGateway(scope);
    const [name] = children;
    await accepted(voice, sign, topics.telemetry, { [name]: [{ celsius: 4.25, gtin: "00012345600012" }] });
    const child = await childOf(scope, name);
    same(child.gatewayId, id, "its gateway");
    same(await valuesOf(product, child.id, "celsius"), [4.25], "number");
    same(await valuesOf(product, child.id, "gtin"), ["00012345600012"], "text");
  }),
  ...overMqtt("gateway telemetry with ts: a backlog keeps its times", async (scope, voice) => {
    const { product } = scope;
    const { sign, children } = await aGateway(scope);
    const [name] = children;
    const at = Date.now() - 3_600_000;
    const backlog = Array.from({ length: 200 }, (_, index) => ({
      ts: at + index * 1_000,
      values: { k: index },
    }));
    await accepted(voice, sign, topics.telemetry, { [name]: backlog });
    const readings = await product.stored.readings((await childOf(scope, name)).id, "k");
    same(
      readings.map(({ observedAt }) => observedAt),
      backlog.map(({ ts }) => ts),
      "times",
    );
  }),
  ...overMqtt(
    "gateway: several devices in one message, one PUBACK after all are stored",
    async (scope, voice) => {
      const { product } = scope;
      const { sign, children } = await aGateway(scope);
      const message = Object.fromEntries(
        children.map((name, index) => [name, [{ k: index }, { k: index + 10 }]]),
      );
      const acknowledged = await voice.publish(sign, topics.telemetry, [JSON.stringify(message)]);
      same(acknowledged, [{ reasonCode: 0, reason: "" }], "PUBACKs");
      const stored = await Promise.all(
        children.map(async (name) => valuesOf(product, (await childOf(scope, name)).id, "k")),
      );
      same(
        stored,
        [
          [0, 10],
          [1, 11],
          [2, 12],
        ],
        "stored when the PUBACK came",
      );
    },
  ),
  ...overMqtt("gateway: a bad part spoils no other, and is told or quarantined", async (scope, voice) => {
    const { product } = scope;
    const { sign, children } = await aGateway(scope);
    const [good, bad] = children;
    const message = JSON.stringify({ [good]: [{ k: 1 }], [bad]: { k: 2 } });
    const [acknowledged] = await voice.publish(sign, topics.telemetry, [message]);
    same(acknowledged?.reasonCode, voice.is5 ? 0x99 : 0, "PUBACK");
    if (voice.is5)
      so(acknowledged?.reason.includes(bad) === true, "the reason names the device", acknowledged);
    same(await valuesOf(product, (await childOf(scope, good)).id, "k"), [1], "the good part");
    const kept = await product.stored.quarantine((await childOf(scope, bad)).id);
    same(
      kept.map(({ payload }) => payload),
      ['{"k":2}'],
      "quarantine of the other",
    );
  }),
  ...overMqtt("gateway attributes publish", async (scope, voice) => {
    const { sign, children } = await aGateway(scope);
    const [first, second] = children;
    const message = { [first]: { model: "L-7", serial: "007" }, [second]: { isArmed: true } };
    await accepted(voice, sign, topics.attributes, message);
    const stored = async (name: string) => scope.product.stored.attributes((await childOf(scope, name)).id);
    same(await stored(first), { "client/model": "L-7", "client/serial": "007" }, "of the first");
    same(await stored(second), { "client/isArmed": true }, "of the second");
  }),
  ...overMqtt("gateway attribute request: one key, several, an absent one", async (scope, voice) => {
    const { product } = scope;
    const { sign, children } = await aGateway(scope);
    const [device] = children;
    await accepted(voice, sign, topics.attributes, { [device]: { serial: "007" } });
    await product.shop.setShared(device, { relay: true, interval: 60 });
    const ask = async (request: object): Promise<unknown> => {
      const payload = JSON.stringify({ device, ...request });
      const answerTopic = topics.attributesResponse;
      return jsonOf(await voice.ask(sign, { topic: topics.attributesRequest, payload, answerTopic }));
    };
    const one = await ask({ id: 1, client: false, key: "relay" });
    same(one, { id: 1, device, value: true }, "one key");
    const client = await ask({ id: 2, client: true, key: "serial" });
    same(client, { id: 2, device, value: "007" }, "a client key");
    const several = await ask({ id: 3, client: false, keys: ["relay", "interval", "absent"] });
    same(several, { id: 3, device, values: { relay: true, interval: 60 } }, "several keys");
    same(await ask({ id: 4, client: false, key: "absent" }), { id: 4, device }, "an absent key");
  }),
  ...overMqtt("gateway attribute push", async (scope, voice) => {
    const { sign, children } = await aGateway(scope);
    const [name] = children;
    const pushed = await whileConnected(scope, voice, { sign, name, answerTopic: topics.attributes }, () =>
      scope.product.shop.setShared(name, { relay: true, code: "007" }),
    );
    same(pushed, { device: name, data: { relay: true, code: "007" } }, "what the gateway hears");
  }),
  ...overMqtt("gateway server RPC", async (scope, voice) => {
    const { product } = scope;
    const { sign, children } = await aGateway(scope);
    const [name] = children;
    const sent: string[] = [];
    const heard = await whileConnected(scope, voice, { sign, name, answerTopic: topics.rpc }, async () => {
      const params = { door: 3 };
      sent.push((await product.shop.sendCommand(name, { method: "open", params, isPersistent: true })).id);
    });
    const command = await product.stored.command(sent[0] ?? "");
    so(command !== null, "there is no command");
    const data = { id: command.number, method: "open", params: { door: 3 } };
    same(heard, { device: name, data }, "what the gateway hears");
    await accepted(voice, sign, topics.rpc, { device: name, id: command.number, data: { isOpen: true } });
    const ended = await product.stored.command(command.id);
    same([ended?.state, ended?.answer], ["successful", { isOpen: true }], "the command");
  }),
  ...overMqtt("gateway RPC that waited while the device was away", async (scope, voice) => {
    const { product } = scope;
    const { sign, children } = await aGateway(scope);
    const [name] = children;
    await accepted(voice, sign, topics.connect, { device: name });
    const sent = await product.shop.sendCommand(name, {
      method: "later",
      isPersistent: true,
      isOneWay: true,
    });
    const heard = jsonOf(
      await voice.ask(sign, {
        topic: topics.connect,
        payload: JSON.stringify({ device: name }),
        answerTopic: topics.rpc,
      }),
    );
    same(heard, { device: name, data: { id: sent.number, method: "later", params: {} } }, "what it hears");
  }),
  ...overMqtt(
    "gateway connect makes the device with its profile; the end of the gateway is its end",
    async (scope, voice) => {
      const { product } = scope;
      const type = await product.shop.makeProfile();
      const { sign, children } = await aGateway(scope);
      const [name, other] = children;
      await accepted(voice, sign, topics.connect, { device: name, type });
      same((await childOf(scope, name)).profileId, type, "profile");
      await accepted(voice, sign, topics.connect, { device: other, type: "no-such-type" });
      same((await childOf(scope, other)).profileId, "default", "profile of an unknown type");
      for (const one of [name, other]) {
        const { id } = await childOf(scope, one);
        await until(
          `${one} offline`,
          () => product.stored.connection(id),
          (seen) => seen?.isConnected === false && seen.connectedAt !== null,
        );
      }
    },
  ),
  ...overMqtt(
    "gateway disconnect: one device goes, the gateway and the others stay",
    async (scope, voice) => {
      const { product } = scope;
      const { id, sign, children } = await aGateway(scope);
      const [first, second] = children;
      const gateway = await openMqttJs(scope, voice.version, sign);
      for (const device of [first, second]) await gateway.publish(topics.connect, JSON.stringify({ device }));
      const ids = [id, (await childOf(scope, first)).id, (await childOf(scope, second)).id];
      const connected = async (): Promise<readonly unknown[]> =>
        Promise.all(ids.map(async (one) => (await product.stored.connection(one))?.isConnected));
      await until("all connected", connected, (seen) => seen.every((one) => one === true));
      await gateway.publish(topics.disconnect, JSON.stringify({ device: first }));
      const after = await until("the disconnect", connected, (seen) => seen[1] === false);
      same(after, [true, false, true], "connected after the disconnect");
    },
    { clients: ["mqtt.js"] },
  ),
  ...overMqtt(
    "gateway: a deleted device is told on version 5, the others go on",
    async (scope, voice) => {
      const { sign, children } = await aGateway(scope);
      const [first] = children;
      const gateway = await openMqttJs(scope, voice.version, sign);
      await gateway.subscribe([topics.disconnect, topics.attributes]);
      await gateway.publish(topics.connect, JSON.stringify({ device: first }));
      await scope.product.shop.deleteDevice(await childOf(scope, first));
      if (voice.is5) {
        const told = await gateway.next();
        same(told.topic, topics.disconnect, "topic");
        so(jsonOf(told) !== null && (jsonOf(told) as { device: string }).device === first, "device", told);
      }
      const again = await gateway.publish(topics.telemetry, JSON.stringify({ [first]: [{ k: 1 }] }));
      same(again.reasonCode, 0, "the next message of that name makes it again");
      same(await valuesOf(scope.product, (await childOf(scope, first)).id, "k"), [1], "its readings");
    },
    { clients: ["mqtt.js"] },
  ),
  ...overMqtt(
    "gateway quota: no more devices than its profile allows, and it is told",
    async (scope, voice) => {
      const { product } = scope;
      const profileId = await product.shop.makeProfile({ limits: { devicesPerGatewayMax: 2 } });
      const { id, sign, children } = await aGateway(scope, profileId);
      const [first, second, third] = children;
      await accepted(voice, sign, topics.telemetry, { [first]: [{ k: 1 }], [second]: [{ k: 2 }] });
      const message = JSON.stringify({ [first]: [{ k: 3 }], [third]: [{ k: 4 }] });
      const [acknowledged] = await voice.publish(sign, topics.telemetry, [message]);
      same(acknowledged?.reasonCode, voice.is5 ? 0x97 : 0, "PUBACK");
      same(await product.stored.find(third), null, "the third device");
      same(await valuesOf(product, (await childOf(scope, first)).id, "k"), [1, 3], "the first device");
      const kept = await product.stored.quarantine(id);
      same(kept.length, 1, "what stands in the gateway's quarantine");
      const [met] = await product.stored.limits(id);
      same([met?.limitName, met?.allowed], ["devices-per-gateway", "2"], "the limit ledger");
    },
  ),
  ...overMqtt(
    "gateway: getSessionLimits tells its own limits and those of its devices",
    async (scope, voice) => {
      const profileId = await scope.product.shop.makeProfile({ limits: { messages: "50:1" } });
      const { sign } = await aGateway(scope, profileId);
      const told = jsonOf(
        await voice.ask(sign, {
          topic: "v1/devices/me/rpc/request/1",
          payload: '{"method":"getSessionLimits","params":{}}',
          answerTopic: "v1/devices/me/rpc/response/1",
        }),
      ) as { rateLimits?: { messages?: string }; gatewayRateLimits?: { messages?: string } };
      same([told.rateLimits?.messages, told.gatewayRateLimits?.messages], ["50:1", "50:1"], "limits");
    },
  ),
  ...overMqtt("gateway: an unknown topic is answered", async (scope, voice) => {
    const { id, sign } = await aGateway(scope);
    const [acknowledged] = await voice.publish(sign, "v1/gateway/weather", ["{}"]);
    same(acknowledged?.reasonCode, voice.is5 ? 0x90 : 0, "PUBACK");
    if (!voice.is5) same((await scope.product.stored.quarantine(id)).length, 1, "quarantine");
  }),
  ...overMqtt("gateway claim", async (scope, voice) => {
    const { product } = scope;
    const { sign, children } = await aGateway(scope);
    const [name] = children;
    await accepted(voice, sign, "v1/gateway/claim", {
      [name]: { secretKey: "on the label", durationMs: 60_000 },
    });
    same(await product.shop.claim(name, "on the label"), "claimed", "with the secret");
  }),
];

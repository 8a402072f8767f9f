// Where ThingsBoard is silent: limits, bad payloads, unknown topics, and devices that die.
import { type Case, type Scope, same, so, until, valuesOf } from "./device-api-case.ts";
import { type Acknowledged, type MqttVoice, overMqtt } from "./device-api-voices.ts";

const telemetry = "v1/devices/me/telemetry";

/** Told with its code and a reason on version 5; acknowledged and kept in quarantine before it. */
async function isRefused(
  { product }: Scope,
  voice: MqttVoice,
  seen: {
    readonly deviceId: number;
    readonly acknowledged: Acknowledged | undefined;
    readonly code: number;
    readonly reason: string;
    readonly quarantined: string;
  },
): Promise<void> {
  const { acknowledged, code, reason, quarantined } = seen;
  same(acknowledged?.reasonCode, voice.is5 ? code : 0, "reason code of the PUBACK");
  if (voice.is5) {
    so(acknowledged?.reason.includes(reason) === true, `the reason does not say "${reason}"`, acknowledged);
    return;
  }
  const kept = await product.stored.quarantine(seen.deviceId);
  same(
    kept.map((message) => message.reason),
    [quarantined],
    "quarantine",
  );
}

export const kinderCases: readonly Case[] = [
  ...overMqtt(
    "malformed JSON: told where it breaks, or quarantined with the reason",
    async (scope, voice) => {
      const device = await scope.product.shop.makeDevice();
      const [acknowledged] = await voice.publish({ userName: device.token }, telemetry, ['{"celsius":4,}']);
      await isRefused(scope, voice, {
        ...{ deviceId: device.id, acknowledged, code: 0x99 },
        ...{ reason: "breaks at byte 13", quarantined: "json-syntax" },
      });
      const [kept] = await scope.product.stored.quarantine(device.id);
      same(kept?.payload, '{"celsius":4,}', "what its owner sees in quarantine");
      same(
        (await voice.publish({ userName: device.token }, telemetry, ['{"celsius":4}']))[0]?.reasonCode,
        0,
        "the next message",
      );
    },
  ),
  ...overMqtt("an unknown topic is refused, the session stays", async (scope, voice) => {
    const device = await scope.product.shop.makeDevice();
    const [acknowledged] = await voice.publish({ userName: device.token }, "factory/7/temperature", ["4.5"]);
    await isRefused(scope, voice, {
      ...{ deviceId: device.id, acknowledged, code: 0x90 },
      ...{ reason: "v1/devices/me/telemetry", quarantined: "topic-unknown" },
    });
  }),
  ...overMqtt("a gateway topic from a plain device is answered as refused", async (scope, voice) => {
    const device = await scope.product.shop.makeDevice();
    const payload = '{"child":[{"k":1}]}';
    const [acknowledged] = await voice.publish({ userName: device.token }, "v1/gateway/telemetry", [payload]);
    await isRefused(scope, voice, {
      ...{ deviceId: device.id, acknowledged, code: 0x87 },
      ...{ reason: "no gateway", quarantined: "not-a-gateway" },
    });
  }),
  ...overMqtt(
    "an unknown filter is refused in its SUBACK, the others are granted",
    async ({ product }, voice) => {
      const device = await product.shop.makeDevice();
      const filters = ["v1/devices/me/attributes", "factory/#", "v1/devices/me/rpc/request/+"];
      const listening = await voice.listen({ userName: device.token }, filters);
      same(listening.granted, [1, voice.is5 ? 0x8f : 0x80, 1], "SUBACK");
      await listening.end();
    },
  ),
  ...overMqtt(
    "over a limit, version 5 is told 0x97 with the reason and when to come back",
    async ({ product }, voice) => {
      const profileId = await product.shop.makeProfile({ limits: { telemetryMessages: "2:60" } });
      const device = await product.shop.makeDevice({ profileId });
      const payloads = [1, 2, 3].map((number) => `{"k":${number}}`);
      const acknowledged = await voice.publish({ userName: device.token }, telemetry, payloads);
      same(
        acknowledged.map(({ reasonCode }) => reasonCode),
        [0, 0, 0x97],
        "PUBACKs",
      );
      const reason = acknowledged[2]?.reason ?? "";
      so(/telemetry messages \(2:60\).* in \d+ s/.test(reason), "the reason does not say it", reason);
      same(await valuesOf(product, device.id, "k"), [1, 2], "stored");
      const [met] = await product.stored.limits(device.id);
      same([met?.limitName, met?.allowed], ["telemetry-messages", "2:60"], "the limit ledger");
    },
    { versions: ["5"] },
  ),
  ...overMqtt(
    "over a limit, older versions are slowed down: every message is acknowledged late and stored",
    async ({ product, measured }, voice) => {
      const profileId = await product.shop.makeProfile({ limits: { messages: "2:1" } });
      const device = await product.shop.makeDevice({ profileId });
      const payloads = [1, 2, 3, 4].map((number) => `{"k":${number}}`);
      const startedAt = performance.now();
      const acknowledged = await voice.publish({ userName: device.token }, telemetry, payloads);
      measured("4 messages at 2 a second, held back", performance.now() - startedAt);
      same(acknowledged.length, 4, "PUBACKs");
      same(await valuesOf(product, device.id, "k"), [1, 2, 3, 4], "stored");
      same(await product.stored.quarantine(device.id), [], "quarantine");
      const [met] = await product.stored.limits(device.id);
      same(met?.limitName, "messages", "the limit ledger");
    },
    { versions: ["3.1", "3.1.1"] },
  ),
  ...overMqtt("a device that dies without a DISCONNECT is offline within seconds", async (scope, voice) => {
    const { product, measured } = scope;
    const device = await product.shop.makeDevice();
    const will = { topic: telemetry, payload: '{"lastWords":true}' };
    const listening = await voice.listen({ userName: device.token, will }, ["v1/devices/me/attributes"]);
    const isConnected = async (): Promise<boolean | undefined> =>
      (await product.stored.connection(device.id))?.isConnected;
    await until("the connection", isConnected, (seen) => seen === true);
    const diedAt = performance.now();
    listening.kill();
    await until("offline", isConnected, (seen) => seen === false);
    measured("offline after a death", performance.now() - diedAt);
  }),
  ...overMqtt(
    "a payload above 64 KiB is answered and leaves the session alone",
    async ({ product }, voice) => {
      const device = await product.shop.makeDevice();
      const large = JSON.stringify({ text: "x".repeat(70_000) });
      const [acknowledged] = await voice.publish({ userName: device.token }, telemetry, [large]);
      same(acknowledged?.reasonCode, voice.is5 ? 0x97 : 0, "PUBACK");
      same(await valuesOf(product, device.id, "text"), [], "stored");
      const [met] = await product.stored.limits(device.id);
      same([met?.limitName, met?.worst], ["payload-bytes", Buffer.byteLength(large)], "the limit ledger");
    },
  ),
  ...overMqtt(
    "what does not fit its profile is quarantined, the rest of the message is stored",
    async ({ product }, voice) => {
      const profileId = await product.shop.makeProfile({
        keys: [{ key: "celsius", type: "number", unit: "Cel", min: -40, max: 60, decimals: 1 }],
      });
      const device = await product.shop.makeDevice({ profileId });
      await voice.publish({ userName: device.token }, telemetry, ['{"celsius":900,"door":true}']);
      same(await valuesOf(product, device.id, "celsius"), [], "out of range");
      same(await valuesOf(product, device.id, "door"), [true], "the rest");
      const kept = await product.stored.quarantine(device.id);
      same(
        kept.map(({ reason }) => reason),
        ["out-of-range"],
        "quarantine",
      );
    },
  ),
];

// What a device says and asks over MQTT: telemetry, attributes, calls, claims.
import { type Case, same, so, until, valuesOf, within } from "./device-api-case.ts";
import { jsonOf, overMqtt } from "./device-api-voices.ts";

const telemetry = "v1/devices/me/telemetry";
const attributes = "v1/devices/me/attributes";

export const deviceCases: readonly Case[] = [
  ...overMqtt("telemetry in all its forms, acknowledged once it is stored", async ({ product }, voice) => {
    const device = await product.shop.makeDevice();
    const payloads = [
      '{"celsius":4.25,"door":true,"gtin":"00012345600012","place":{"row":3},"nothing":null}',
      '[{"a":1},{"b":"two"}]',
      `[{"c":3},{"ts":1700000000000,"values":{"d":4}}]`,
    ];
    const acknowledged = await voice.publish({ userName: device.token }, telemetry, payloads);
    same(codes(acknowledged), [0, 0, 0], "acknowledgements");
    const keys = ["celsius", "door", "gtin", "place", "nothing", "a", "b", "c", "d"];
    const stored = await Promise.all(keys.map((key) => valuesOf(product, device.id, key)));
    same(
      stored,
      [[4.25], [true], ["00012345600012"], [{ row: 3 }], [], [1], ["two"], [3], [4]],
      "stored readings",
    );
  }),
  ...overMqtt("telemetry with ts, on v1 and on the short topics of v2", async ({ product }, voice) => {
    const device = await product.shop.makeDevice();
    const sign = { userName: device.token };
    const at = Date.now() - 60_000;
    for (const [index, topic] of [telemetry, "v2/t", "v2/t/j"].entries()) {
      const payload = `{"ts":${at + index},"values":{"k":${index}}}`;
      same(codes(await voice.publish(sign, topic, [payload])), [0], `acknowledgement on ${topic}`);
    }
    const backlog = `[{"ts":${at + 10},"values":{"k":10}},{"ts":${at + 11},"values":{"k":11}}]`;
    await voice.publish(sign, telemetry, [backlog]);
    const readings = await product.stored.readings(device.id, "k");
    same(
      readings.map(({ observedAt, value }) => [
        observedAt - at,
        value.type === "number" ? value.number : value,
      ]),
      [0, 1, 2, 10, 11].map((number) => [number, number]),
      "readings with their times",
    );
  }),
  ...overMqtt(
    "two values of one millisecond are both kept, a redelivery is one",
    async ({ product }, voice) => {
      const device = await product.shop.makeDevice();
      const at = Date.now() - 60_000;
      const payloads = [4.1, 4.1, 4.2, 4.1].map((celsius) => `{"ts":${at},"values":{"celsius":${celsius}}}`);
      await voice.publish({ userName: device.token }, telemetry, payloads);
      same(await valuesOf(product, device.id, "celsius"), [4.1, 4.2], "readings");
    },
  ),
  ...overMqtt("text stays text; a profile may opt one key into number", async ({ product }, voice) => {
    const range = { unit: "Cel", min: -50, max: 50, decimals: 2 };
    const profileId = await product.shop.makeProfile({
      keys: [
        { key: "quoted", type: "number", ...range, acceptsText: true },
        { key: "strict", type: "number", ...range },
      ],
    });
    const device = await product.shop.makeDevice({ profileId });
    const payload = '{"quoted":"4.50","strict":"4.50","sscc":"00012345600012","exponent":"1e3"}';
    await voice.publish({ userName: device.token }, telemetry, [payload]);
    const keys = ["quoted", "strict", "sscc", "exponent"];
    const stored = await Promise.all(keys.map((key) => valuesOf(product, device.id, key)));
    same(stored, [[4.5], [], ["00012345600012"], ["1e3"]], "readings");
    same((await product.stored.quarantine(device.id)).length, 1, "messages in quarantine");
  }),
  ...overMqtt("a profile's own topics", async ({ product }, voice) => {
    const profileId = await product.shop.makeProfile({
      transport: { payloadType: "json", telemetryTopic: "site/+/readings", attributesTopic: "site/about" },
    });
    const device = await product.shop.makeDevice({ profileId });
    const sign = { userName: device.token };
    same(codes(await voice.publish(sign, "site/7/readings", ['{"k":1}'])), [0], "acknowledgement");
    same(codes(await voice.publish(sign, "site/about", ['{"model":"x"}'])), [0], "acknowledgement");
    same(await valuesOf(product, device.id, "k"), [1], "readings");
    same(await product.stored.attributes(device.id), { "client/model": "x" }, "attributes");
  }),
  ...overMqtt("client attributes, on v1 and v2", async ({ product }, voice) => {
    const device = await product.shop.makeDevice();
    const sign = { userName: device.token };
    await voice.publish(sign, attributes, ['{"model":"L-7","channels":[1,2],"serial":"00012345600012"}']);
    await voice.publish(sign, "v2/a", ['{"isArmed":true}']);
    await voice.publish(sign, "v2/a/j", ['{"model":"L-8"}']);
    same(
      await product.stored.attributes(device.id),
      {
        ...{ "client/channels": [1, 2], "client/isArmed": true, "client/model": "L-8" },
        "client/serial": "00012345600012",
      },
      "attributes",
    );
  }),
  ...overMqtt("shared attribute push: changed and deleted keys", async ({ product }, voice) => {
    for (const topic of [attributes, "v2/a", "v2/a/j"]) {
      const device = await product.shop.makeDevice();
      const listening = await voice.listen({ userName: device.token }, [topic]);
      same(listening.granted, [1], `SUBACK of ${topic}`);
      await product.shop.setShared(device.name, { relay: true, interval: 60, sscc: "00012345600012" });
      const pushed = await listening.next();
      same(pushed.topic, topic, "topic");
      same(jsonOf(pushed), { relay: true, interval: 60, sscc: "00012345600012" }, "changed keys");
      await product.shop.setShared(device.name, { relay: false }, ["interval"]);
      same(jsonOf(await listening.next()), { relay: false, deleted: ["interval"] }, "deleted keys");
      await listening.end();
    }
  }),
  ...overMqtt("attribute request: named keys, all keys, absent keys", async ({ product }, voice) => {
    const device = await product.shop.makeDevice();
    const sign = { userName: device.token };
    await voice.publish(sign, attributes, ['{"model":"L-7","serial":"007"}']);
    await product.shop.setShared(device.name, { relay: true, interval: 60 });
    const ask = async (topic: string, answerTopic: string, request: object): Promise<unknown> =>
      jsonOf(await voice.ask(sign, { topic, payload: JSON.stringify(request), answerTopic }));
    const everything = { client: { model: "L-7", serial: "007" }, shared: { relay: true, interval: 60 } };
    same(await ask(`${attributes}/request/1`, `${attributes}/response/1`, {}), everything, "all keys");
    const named = { clientKeys: "serial,absent", sharedKeys: "relay" };
    const part = { client: { serial: "007" }, shared: { relay: true } };
    same(await ask(`${attributes}/request/2`, `${attributes}/response/2`, named), part, "named keys");
    same(
      await ask("v2/a/req/3", "v2/a/res/3", { sharedKeys: "interval" }),
      { shared: { interval: 60 } },
      "v2",
    );
    same(await ask("v2/a/req/j/4", "v2/a/res/j/4", { sharedKeys: "absent" }), {}, "an absent key");
  }),
  ...overMqtt("client RPC: getSessionLimits, the time, an unknown method", async ({ product }, voice) => {
    const profileId = await product.shop.makeProfile({
      limits: { messages: "100:1", telemetryPoints: "500:1" },
    });
    const device = await product.shop.makeDevice({ profileId });
    const call = async (number: number, request: object, isV2 = false): Promise<unknown> => {
      const [ask, answer] = isV2
        ? ["v2/r/req", "v2/r/res"]
        : ["v1/devices/me/rpc/request", "v1/devices/me/rpc/response"];
      const topics = { topic: `${ask}/${number}`, answerTopic: `${answer}/${number}` };
      return jsonOf(
        await voice.ask({ userName: device.token }, { ...topics, payload: JSON.stringify(request) }),
      );
    };
    same(
      await call(1, { method: "getSessionLimits", params: {} }),
      {
        ...{ maxPayloadSize: 65_536, maxInflightMessages: 100 },
        rateLimits: { messages: "100:1", telemetryMessages: "", telemetryDataPoints: "500:1" },
      },
      "getSessionLimits",
    );
    const time = await call(2, { method: "getServerTime", params: {} }, true);
    so(typeof time === "number" && Math.abs(time - Date.now()) < 60_000, "getServerTime", time);
    const unknown = await call(3, { method: "makeCoffee", params: {} });
    so(typeof unknown === "object" && unknown !== null && "error" in unknown, "an unknown method", unknown);
  }),
  ...overMqtt(
    "claim: the device opens a window, a person with the secret closes it",
    async ({ product }, voice) => {
      const device = await product.shop.makeDevice();
      const sign = { userName: device.token };
      const claim = '{"secretKey":"label-4711","durationMs":60000}';
      same(codes(await voice.publish(sign, "v1/devices/me/claim", [claim])), [0], "acknowledgement");
      const close = (secret: string): Promise<string> => product.shop.claim(device.name, secret);
      same(await close("wrong"), "not-found", "with a wrong secret");
      same(await close("label-4711"), "claimed", "with the secret");
      same(await close("label-4711"), "not-found", "a second time");
      same(codes(await voice.publish(sign, "v1/devices/me/claim", [""])), [0], "an empty claim");
      same(await close(""), "claimed", "without a secret");
    },
  ),
  ...overMqtt(
    "protocol 5 with an empty client id and keep-alive 120 is given a client id",
    async ({ product }, voice) => {
      const device = await product.shop.makeDevice();
      const sign = { userName: device.token, clientId: "", keepAliveSeconds: 120 };
      const listening = await voice.listen(sign, [attributes]);
      same(listening.granted, [1], "SUBACK");
      const connected = await until(
        "the connection",
        () => product.stored.connection(device.id),
        (seen) => seen?.isConnected === true,
      );
      same(connected?.transport, "mqtt", "transport");
      if ("assignedClientId" in listening)
        so(listening.assignedClientId !== null, "the CONNACK gave no client id");
      await listening.end();
      await until(
        "the end of the connection",
        () => product.stored.connection(device.id),
        (seen) => seen?.isConnected === false,
      );
    },
    // mosquitto_sub makes up a client id of its own.
    { clients: ["mqtt.js"], versions: ["5"] },
  ),
  ...overMqtt(
    "session take-over: the newer connection stays, the older one is closed",
    async ({ product }, voice) => {
      const device = await product.shop.makeDevice();
      const sign = { userName: device.token };
      const older = await voice.listen({ ...sign, clientId: "older" }, [attributes]);
      older.holdStill();
      const newer = await voice.listen({ ...sign, clientId: "newer" }, [attributes]);
      await product.shop.setShared(device.name, { relay: true });
      same(jsonOf(await newer.next()), { relay: true }, "what the newer one hears");
      same((await product.stored.connection(device.id))?.isConnected, true, "connected");
      await newer.end();
      older.goOn();
      same(await within(older.ended, "the end of the older one"), voice.is5 ? 0x8e : null, "reason");
    },
  ),
];

const codes = (acknowledged: readonly { readonly reasonCode: number }[]): readonly number[] =>
  acknowledged.map(({ reasonCode }) => reasonCode);

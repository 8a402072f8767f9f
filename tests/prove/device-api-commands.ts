// Commands and releases over MQTT: what the shop sends down, and what becomes of it.
import { type Case, type Scope, same, so, until, within } from "./device-api-case.ts";
import { openMqttJs } from "./device-api-mqtt-js.ts";
import { jsonOf, overMqtt, reply } from "./device-api-voices.ts";

const requests = "v1/devices/me/rpc/request/";
const responses = "v1/devices/me/rpc/response/";

const stateIs = ({ product }: Scope, id: string, state: string) =>
  until(
    `the state ${state}`,
    () => product.stored.command(id),
    (seen) => seen?.state === state,
  );

const chunkBytes = 1_000;

export const commandCases: readonly Case[] = [
  ...overMqtt("server RPC one-way: delivered when the device acknowledged it", async (scope, voice) => {
    const { product } = scope;
    for (const [filter, prefix] of [
      [`${requests}+`, requests],
      ["v2/r/req/+", "v2/r/req/"],
    ] as const) {
      const device = await product.shop.makeDevice();
      const listening = await voice.listen({ userName: device.token }, [filter]);
      const params = { door: 3, code: "007" };
      const sent = await product.shop.sendCommand(device.name, { method: "open", params, isOneWay: true });
      const heard = await listening.next();
      same(heard.topic, `${prefix}${sent.number}`, "topic");
      same(jsonOf(heard), { method: "open", params }, "request");
      await stateIs(scope, sent.id, "delivered");
      await listening.end();
    }
  }),
  ...overMqtt("server RPC two-way: the answer is stored, whatever JSON it is", async (scope, voice) => {
    const { product } = scope;
    const device = await product.shop.makeDevice();
    const sign = { userName: device.token };
    for (const answer of ['{"isOpen":true,"serial":"00012345600012"}', '"done"', "[1,2]"]) {
      const listening = await voice.listen(sign, [`${requests}+`]);
      const sent = await product.shop.sendCommand(device.name, { method: "open", params: { door: 3 } });
      same(jsonOf(await listening.next()), { method: "open", params: { door: 3 } }, "request");
      const { reasonCode } = await reply(voice, { sign, listening }, `${responses}${sent.number}`, answer);
      same(reasonCode, 0, "acknowledgement of the answer");
      const ended = await product.stored.command(sent.id);
      same([ended?.state, ended?.answer], ["successful", JSON.parse(answer)], "the command");
      await listening.end();
    }
  }),
  ...overMqtt("an answer that nobody waits for is refused, not swallowed", async ({ product }, voice) => {
    const device = await product.shop.makeDevice();
    const [answer] = await voice.publish({ userName: device.token }, `${responses}999`, ['{"ok":true}']);
    if (voice.is5) so((answer?.reasonCode ?? 0) >= 0x80, "the PUBACK refused nothing", answer);
    else same((await product.stored.quarantine(device.id)).length, 1, "messages in quarantine");
  }),
  ...overMqtt(
    "persistent RPC: queued while offline, delivered on connect, through its states",
    async (scope, voice) => {
      const { product } = scope;
      const device = await product.shop.makeDevice();
      const sign = { userName: device.token };
      const first = await product.shop.sendCommand(device.name, { method: "first", isPersistent: true });
      const second = await product.shop.sendCommand(device.name, {
        ...{ method: "second", isPersistent: true, isOneWay: true },
      });
      same((await product.stored.command(first.id))?.state, "queued", "while the device is offline");
      const listening = await voice.listen(sign, [`${requests}+`]);
      const heard = [await listening.next(), await listening.next()];
      same(
        heard.map(({ topic }) => topic),
        [`${requests}${first.number}`, `${requests}${second.number}`],
        "requests in the order in which they were sent",
      );
      await stateIs(scope, second.id, "delivered");
      await reply(voice, { sign, listening }, `${responses}${first.number}`, '{"ok":true}');
      await stateIs(scope, first.id, "successful");
      same(
        product.stored.commandStates(first.id).filter((state, index, all) => all[index - 1] !== state),
        ["queued", "sent", "delivered", "successful"],
        "states that were told of",
      );
    },
  ),
  ...overMqtt(
    "a command nobody listens for: failed at once, or expired after its lifetime",
    async (scope, voice) => {
      const { product } = scope;
      const device = await product.shop.makeDevice();
      const failed = await product.shop.sendCommand(device.name, { method: "now" });
      await stateIs(scope, failed.id, "failed");
      const expired = await product.shop.sendCommand(device.name, {
        ...{ method: "later", isPersistent: true, lifetimeMs: 1_000 },
      });
      await stateIs(scope, expired.id, "expired");
      const silent = await voice.listen({ userName: device.token }, [`${requests}+`]);
      const unanswered = await product.shop.sendCommand(device.name, { method: "x", lifetimeMs: 1_000 });
      same((await silent.next()).topic, `${requests}${unanswered.number}`, "what the device hears");
      await stateIs(scope, unanswered.id, "timeout");
    },
  ),
  ...overMqtt(
    "a deleted device: its session is closed and it is not let in again",
    async ({ product }, voice) => {
      const device = await product.shop.makeDevice();
      const sign = { userName: device.token };
      const listening = await voice.listen(sign, [`${requests}+`]);
      await product.shop.deleteDevice(device);
      same(await within(listening.ended, "the end of the session"), voice.is5 ? 0x87 : null, "reason");
      same(await voice.connect(sign), voice.is5 ? 0x86 : 5, "the CONNACK of the next connection");
    },
  ),
  ...overMqtt("OTA: a release in chunks, whole, and where none is assigned", async (scope, voice) => {
    const { product } = scope;
    const device = await product.shop.makeDevice();
    const { bytes } = await product.shop.assignRelease(device, { kind: "firmware", sizeBytes: 2_500 });
    const parts: Buffer[] = [];
    for (const [chunk, length] of [chunkBytes, chunkBytes, 500].entries()) {
      const answerTopic = `v2/fw/response/7/chunk/${chunk}`;
      const topic = `v2/fw/request/7/chunk/${chunk}`;
      const part = await voice.ask(
        { userName: device.token },
        { topic, payload: `${chunkBytes}`, answerTopic },
      );
      same([part.topic, part.payload.length], [answerTopic, length], `chunk ${chunk}`);
      parts.push(part.payload);
    }
    so(Buffer.concat(parts).equals(bytes), "the chunks are not the package");
    const whole = await voice.ask(
      { userName: device.token },
      { topic: "v2/fw/request/0/chunk/0", payload: "", answerTopic: "v2/fw/response/0/chunk/0" },
    );
    so(whole.payload.equals(bytes), "the whole in one message is not the package", whole.payload.length);
    const software = await voice.ask(
      { userName: device.token },
      { topic: "v2/sw/request/1/chunk/0", payload: "100", answerTopic: "v2/sw/error" },
    );
    same(software.topic, "v2/sw/error", "where no software is assigned");
  }),
  ...overMqtt(
    "OTA chunks reach the session although its SUBACK refused, or without any subscription",
    async (scope, voice) => {
      const { product } = scope;
      const device = await product.shop.makeDevice();
      const { bytes } = await product.shop.assignRelease(device, { kind: "software", sizeBytes: 1_500 });
      const connection = await openMqttJs(scope, voice.version, { userName: device.token });
      same(await connection.subscribe(["v2/sw/response/#"]), [voice.is5 ? 0x8f : 0x80], "SUBACK");
      const parts: Buffer[] = [];
      // The size is told with the first chunk alone, and remembered.
      for (const [chunk, payload] of [`${chunkBytes}`, ""].entries()) {
        await connection.publish(`v2/sw/request/3/chunk/${chunk}`, payload);
        const part = await connection.next();
        same(part.topic, `v2/sw/response/3/chunk/${chunk}`, "topic");
        parts.push(part.payload);
      }
      so(Buffer.concat(parts).equals(bytes), "the chunks are not the package");
      await connection.publish("v2/sw/request/3/chunk/9", "");
      same((await connection.next()).topic, "v2/sw/error", "a chunk that is not there");
      await within(connection.ended, "the end of the session after the error");
    },
    { clients: ["mqtt.js"] },
  ),
];

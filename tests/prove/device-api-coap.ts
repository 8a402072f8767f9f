// CoAP devices.
import { generateProvisionKeys } from "../../server/src/devices/index.ts";
import { type Case, type Scope, same, so, until, valuesOf } from "./device-api-case.ts";
import { overCoap } from "./device-api-coap-voices.ts";

async function aDevice({ product }: Scope) {
  const device = await product.shop.makeDevice();
  return { ...device, api: `/api/v1/${device.token}` };
}

const json = ({ body }: { readonly body: Buffer }): unknown => JSON.parse(body.toString());

export const coapCases: readonly Case[] = [
  ...overCoap("telemetry: 2.01 once it is stored", async (scope, voice) => {
    const { id, api } = await aDevice(scope);
    const at = Date.now() - 60_000;
    const payload = `[{"celsius":4.25,"gtin":"00012345600012"},{"ts":${at},"values":{"k":1}}]`;
    same((await voice.ask(`${api}/telemetry`, payload)).code, "2.01", "code");
    same(await valuesOf(scope.product, id, "celsius"), [4.25], "number");
    same(await valuesOf(scope.product, id, "gtin"), ["00012345600012"], "text");
    same((await scope.product.stored.readings(id, "k"))[0]?.observedAt, at, "time");
  }),
  ...overCoap("a large message in blocks, there and back", async (scope, voice) => {
    const { id, api } = await aDevice(scope);
    const text = "冷链".repeat(3_000);
    same((await voice.ask(`${api}/telemetry`, JSON.stringify({ text }))).code, "2.01", "telemetry");
    same(await valuesOf(scope.product, id, "text"), [text], "stored");
    same((await voice.ask(`${api}/attributes`, JSON.stringify({ text }))).code, "2.01", "attributes");
    same(json(await voice.ask(`${api}/attributes?clientKeys=text`)), { client: { text } }, "read back");
  }),
  ...overCoap("attributes: reported, and read by name or all", async (scope, voice) => {
    const { name, api } = await aDevice(scope);
    same((await voice.ask(`${api}/attributes`, '{"model":"L-7","serial":"007"}')).code, "2.01", "report");
    await scope.product.shop.setShared(name, { relay: true, interval: 60 });
    const all = await voice.ask(`${api}/attributes`);
    same(all.code, "2.05", "code");
    const expected = { client: { model: "L-7", serial: "007" }, shared: { relay: true, interval: 60 } };
    same(json(all), expected, "all");
    const named = await voice.ask(`${api}/attributes?clientKeys=serial,absent&sharedKeys=relay`);
    same(json(named), { client: { serial: "007" }, shared: { relay: true } }, "by name");
  }),
  ...overCoap("attributes observed: what they are, then every change", async (scope, voice) => {
    const { name, api } = await aDevice(scope);
    await scope.product.shop.setShared(name, { relay: true });
    const observation = await voice.observe(`${api}/attributes`);
    same(JSON.parse(await observation.next()), { relay: true }, "at first");
    await scope.product.shop.setShared(name, { relay: false });
    same(JSON.parse(await observation.next()), { relay: false }, "a change");
    await scope.product.shop.setShared(name, {}, ["relay"]);
    same(JSON.parse(await observation.next()), { deleted: ["relay"] }, "a deletion");
  }),
  ...overCoap("server RPC observed and answered; what waited comes first", async (scope, voice) => {
    const { product } = scope;
    const { name, api } = await aDevice(scope);
    const waited = await product.shop.sendCommand(name, { method: "first", isPersistent: true });
    const observation = await voice.observe(`${api}/rpc`);
    same(JSON.parse(await observation.next()), { id: waited.number, method: "first", params: {} }, "first");
    const sent = await product.shop.sendCommand(name, { method: "open", params: { door: 3 } });
    const told = { id: sent.number, method: "open", params: { door: 3 } };
    same(JSON.parse(await observation.next()), told, "the next");
    same((await voice.ask(`${api}/rpc/${sent.number}`, '{"isOpen":true}')).code, "2.01", "answer");
    const ended = await product.stored.command(sent.id);
    same([ended?.state, ended?.answer], ["successful", { isOpen: true }], "the command");
    await until(
      "the first delivered",
      () => product.stored.command(waited.id),
      (seen) => seen?.state === "delivered",
    );
  }),
  ...overCoap("client RPC", async (scope, voice) => {
    const { api } = await aDevice(scope);
    const answer = await voice.ask(`${api}/rpc`, '{"method":"getServerTime","params":{}}');
    const time = json(answer);
    so(typeof time === "number" && Math.abs(time - Date.now()) < 60_000, "getServerTime", time);
  }),
  ...overCoap("claim", async (scope, voice) => {
    const { name, api } = await aDevice(scope);
    same((await voice.ask(`${api}/claim`, '{"secretKey":"label"}')).code, "2.01", "code");
    same(await scope.product.shop.claim(name, "label"), "claimed", "with the secret");
  }),
  ...overCoap("provisioning", async (scope, voice) => {
    const { shop } = scope.product;
    const keys = generateProvisionKeys();
    const profileId = await shop.makeProfile();
    await shop.editProfile(profileId, { provisioning: { strategy: "allow-create-new", ...keys } });
    const request = { provisionDeviceKey: keys.key, deviceName: `${profileId}-coap` };
    const ask = async (secret: string) =>
      json(
        await voice.ask("/api/v1/provision", JSON.stringify({ ...request, provisionDeviceSecret: secret })),
      ) as { status: string; credentialsValue?: string };
    same((await ask("wrong")).status, "NOT_FOUND", "a wrong secret");
    const made = await ask(keys.secret);
    same(made.status, "SUCCESS", "the right secret");
    const posted = await voice.ask(`/api/v1/${made.credentialsValue}/telemetry`, '{"k":1}');
    same(posted.code, "2.01", "with the new token");
  }),
  ...overCoap("firmware, whole and in chunks", async (scope, voice) => {
    const { shop } = scope.product;
    const device = await shop.makeDevice();
    const { bytes, title, version } = await shop.assignRelease(device, {
      kind: "firmware",
      sizeBytes: 9_000,
    });
    const asked = `/fw/${device.token}?title=${title}&version=${version}`;
    const whole = await voice.ask(asked);
    so(whole.body.equals(bytes), "the whole is not the package", `${whole.code}, ${whole.body.length} bytes`);
    const chunk = await voice.ask(`${asked}&size=4000&chunk=2`);
    so(chunk.body.equals(bytes.subarray(8_000)), "the last chunk", chunk.body.length);
    same((await voice.ask(`/sw/${device.token}`)).code, "4.04", "no software");
  }),
  ...overCoap("an unknown token is a 4.01, malformed JSON a 4.00 with its position", async (scope, voice) => {
    const { id, api } = await aDevice(scope);
    same((await voice.ask("/api/v1/nobody/telemetry", "{}")).code, "4.01", "an unknown token");
    const refused = await voice.ask(`${api}/telemetry`, '{"celsius":4,}');
    same(refused.code, "4.00", "malformed");
    so(refused.body.toString().includes("byte 13"), "the position", refused.body.toString());
    same((await scope.product.stored.quarantine(id)).length, 1, "quarantine");
  }),
  ...overCoap("over a limit: 4.29", async (scope, voice) => {
    const { shop } = scope.product;
    const profileId = await shop.makeProfile({ limits: { messages: "1:60" } });
    const device = await shop.makeDevice({ profileId });
    const post = async (body: string) => (await voice.ask(`/api/v1/${device.token}/telemetry`, body)).code;
    same([await post('{"k":1}'), await post('{"k":2}')], ["2.01", "4.29"], "codes");
    same(await valuesOf(scope.product, device.id, "k"), [1], "stored");
  }),
];

// HTTP devices, with curl.
import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { generateProvisionKeys } from "../../server/src/devices/index.ts";
import { type Case, type Scope, same, so, until, valuesOf } from "./device-api-case.ts";

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: Buffer;
}

/** `data` absent: GET. */
export async function curl({ product, defer }: Scope, path: string, data?: string | Buffer): Promise<Answer> {
  const sent =
    data === undefined ? [] : ["-X", "POST", "--data-binary", "@-", "-H", "Content-Type: application/json"];
  const { stdout } = await new Promise<{ stdout: Buffer }>((resolve, reject) => {
    const child = execFile(
      "curl",
      ["-sS", "-i", "-H", "Expect:", "--max-time", "9", ...sent, `${product.url}${path}`],
      { encoding: "buffer", maxBuffer: 8_000_000 },
      (error, output) => (error === null ? resolve({ stdout: output }) : reject(error)),
    );
    defer(() => child.kill("SIGKILL"));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(data ?? "");
  });
  const end = stdout.indexOf("\r\n\r\n");
  const headers = stdout.subarray(0, end).toString("latin1").toLowerCase();
  return { status: Number(/^http\/\S+ (\d+)/.exec(headers)?.[1]), headers, body: stdout.subarray(end + 4) };
}

const json = (answer: Answer): unknown => JSON.parse(answer.body.toString());

/** Changes the attributes until the poll has answered: when it began to wait is not to be seen from outside. */
async function changeUntil(scope: Scope, deviceName: string, answered: Promise<Answer>): Promise<Answer> {
  let isOver = false;
  const over = answered.finally(() => {
    isOver = true;
  });
  for (let turn = 1; !isOver && turn < 40; turn += 1) {
    await scope.product.shop.setShared(deviceName, { turn });
    await Promise.race([over, pause(150)]);
  }
  return over;
}

type Body = (scope: Scope) => Promise<void>;
const withCurl = (behaviour: string, run: Body): Case => ({
  ...{ behaviour: `HTTP ${behaviour}`, client: "curl", version: "HTTP 1.1", needs: ["curl"], run },
});

async function aDevice({ product }: Scope) {
  const device = await product.shop.makeDevice();
  return { ...device, api: `/api/v1/${device.token}` };
}

export const httpCases: readonly Case[] = [
  withCurl("telemetry, with and without ts; an empty 200 once it is stored", async (scope) => {
    const { id, api } = await aDevice(scope);
    const at = Date.now() - 60_000;
    const payload = `[{"celsius":4.25,"gtin":"00012345600012"},{"ts":${at},"values":{"k":1}}]`;
    const answer = await curl(scope, `${api}/telemetry`, payload);
    same([answer.status, answer.body.toString()], [200, ""], "answer");
    same(await valuesOf(scope.product, id, "celsius"), [4.25], "number");
    same(await valuesOf(scope.product, id, "gtin"), ["00012345600012"], "text");
    same((await scope.product.stored.readings(id, "k"))[0]?.observedAt, at, "time");
    // The Python client posts this twice to see whether it is connected.
    for (const _ of [1, 2]) same((await curl(scope, `${api}/telemetry`, "{}")).status, 200, "{}");
  }),
  withCurl("attributes: reported, and read by name or all", async (scope) => {
    const { name, api } = await aDevice(scope);
    same((await curl(scope, `${api}/attributes`, '{"model":"L-7","serial":"007"}')).status, 200, "report");
    await scope.product.shop.setShared(name, { relay: true, interval: 60 });
    const all = { client: { model: "L-7", serial: "007" }, shared: { relay: true, interval: 60 } };
    same(json(await curl(scope, `${api}/attributes`)), all, "all");
    const named = await curl(scope, `${api}/attributes?clientKeys=serial,absent&sharedKeys=relay`);
    same(json(named), { client: { serial: "007" }, shared: { relay: true } }, "by name");
    const python = await curl(scope, `${api}/attributes?client_keys=model&shared_keys=relay`);
    same(json(python), { client: { model: "L-7" }, shared: { relay: true } }, "as the Python client asks");
    same((await curl(scope, `${api}/attributes`, "[1]")).status, 400, "an array");
  }),
  withCurl("long poll of attributes: told of a change, 408 without one", async (scope) => {
    const { name, api } = await aDevice(scope);
    const waiting = await curl(scope, `${api}/attributes/updates?timeout=200`);
    same(waiting.status, 408, "without a change");
    const told = await changeUntil(scope, name, curl(scope, `${api}/attributes/updates?timeout=8000`));
    same(told.status, 200, "with a change");
    so(typeof (json(told) as { turn?: unknown }).turn === "number", "what it is told", told.body.toString());
  }),
  withCurl("server RPC by long poll, answered; 408 without one", async (scope) => {
    const { product } = scope;
    const { name, api } = await aDevice(scope);
    same((await curl(scope, `${api}/rpc?timeout=200`)).status, 408, "without a command");
    const sent = await product.shop.sendCommand(name, {
      ...{ method: "open", params: { door: 3 }, isPersistent: true },
    });
    const told = await curl(scope, `${api}/rpc?timeout=8000`);
    same(json(told), { id: sent.number, method: "open", params: { door: 3 } }, "command");
    same((await curl(scope, `${api}/rpc/${sent.number}`, '{"isOpen":true}')).status, 200, "answer");
    const ended = await product.stored.command(sent.id);
    same([ended?.state, ended?.answer], ["successful", { isOpen: true }], "the command");
    const oneWay = await product.shop.sendCommand(name, {
      method: "beep",
      isPersistent: true,
      isOneWay: true,
    });
    same(
      (json(await curl(scope, `${api}/rpc?timeout=8000`)) as { method: string }).method,
      "beep",
      "one-way",
    );
    await until(
      "delivered",
      () => product.stored.command(oneWay.id),
      (seen) => seen?.state === "delivered",
    );
  }),
  withCurl("client RPC", async (scope) => {
    const { api } = await aDevice(scope);
    const answer = json(await curl(scope, `${api}/rpc`, '{"method":"getServerTime","params":{}}'));
    so(typeof answer === "number" && Math.abs(answer - Date.now()) < 60_000, "getServerTime", answer);
    const unknown = json(await curl(scope, `${api}/rpc`, '{"method":"makeCoffee","params":{}}'));
    so(typeof unknown === "object" && unknown !== null && "error" in unknown, "an unknown method", unknown);
  }),
  withCurl("claim", async (scope) => {
    const { name, api } = await aDevice(scope);
    same((await curl(scope, `${api}/claim`, '{"secretKey":"label"}')).status, 200, "claim");
    same(await scope.product.shop.claim(name, "label"), "claimed", "with the secret");
  }),
  withCurl("provisioning, by each strategy and with a supplied token", async (scope) => {
    const { shop, stored } = scope.product;
    const keys = generateProvisionKeys();
    const profileId = await shop.makeProfile();
    const ask = async (request: object) => {
      const secrets = { provisionDeviceKey: keys.key, provisionDeviceSecret: keys.secret };
      const answer = await curl(scope, "/api/v1/provision", JSON.stringify({ ...secrets, ...request }));
      same(answer.status, 200, "status, also of a refusal");
      return json(answer) as { status: string; credentialsType?: string; credentialsValue?: string };
    };
    const name = (letter: string): string => `${profileId}-http-${letter}`;
    same((await ask({ deviceName: name("a") })).status, "NOT_FOUND", "disabled");
    await shop.editProfile(profileId, { provisioning: { strategy: "allow-create-new", ...keys } });
    const made = await ask({ deviceName: name("a") });
    same([made.status, made.credentialsType], ["SUCCESS", "ACCESS_TOKEN"], "allow-create-new");
    const posted = await curl(scope, `/api/v1/${made.credentialsValue}/telemetry`, '{"k":1}');
    same(posted.status, 200, "with the new token");
    const device = await stored.find(name("a"));
    same(await valuesOf(scope.product, device?.id ?? 0, "k"), [1], "stored");
    const token = `token-${name("b")}`;
    const supplied = await ask({ deviceName: name("b"), token, credentialsType: "ACCESS_TOKEN" });
    same([supplied.status, supplied.credentialsValue], ["SUCCESS", token], "a supplied token");
    await shop.editProfile(profileId, { provisioning: { strategy: "check-pre-provisioned", ...keys } });
    same((await ask({ deviceName: name("c") })).status, "NOT_FOUND", "not entered beforehand");
    await shop.makeDevice({ name: name("c"), profileId, credential: null });
    same((await ask({ deviceName: name("c") })).status, "SUCCESS", "entered beforehand");
  }),
  withCurl("firmware: whole, in chunks, refused when it is another", async (scope) => {
    const { shop } = scope.product;
    const device = await shop.makeDevice();
    const api = `/api/v1/${device.token}`;
    same((await curl(scope, `${api}/firmware?title=x&version=1`)).status, 404, "none assigned");
    const { bytes, title, version } = await shop.assignRelease(device, {
      kind: "firmware",
      sizeBytes: 300_000,
    });
    const asked = `${api}/firmware?title=${title}&version=${version}`;
    const whole = await curl(scope, asked);
    same(whole.status, 200, "the whole");
    so(whole.body.equals(bytes), "the whole is not the package", whole.body.length);
    so(whole.headers.includes("x-filename"), "there is no x-filename", whole.headers);
    const chunk = await curl(scope, `${asked}&size=100000&chunk=2`);
    so(chunk.body.equals(bytes.subarray(200_000)), "the last chunk", chunk.body.length);
    same((await curl(scope, `${api}/firmware?title=other&version=${version}`)).status, 400, "another title");
    same((await curl(scope, `${api}/software?title=${title}&version=${version}`)).status, 404, "no software");
  }),
  withCurl("an unknown token is a 401 everywhere", async (scope) => {
    for (const path of ["telemetry", "attributes", "rpc", "claim", "rpc/1"])
      same((await curl(scope, `/api/v1/nobody/${path}`, "{}")).status, 401, `POST ${path}`);
    for (const path of [
      "attributes",
      "rpc?timeout=10",
      "attributes/updates?timeout=10",
      "firmware?title=a&version=b",
    ])
      same((await curl(scope, `/api/v1/nobody/${path}`)).status, 401, `GET ${path}`);
  }),
  withCurl("malformed JSON is a 400 with its position, and kept for its owner", async (scope) => {
    const { id, api } = await aDevice(scope);
    const answer = await curl(scope, `${api}/telemetry`, '{"celsius":4,}');
    same(answer.status, 400, "status");
    so(answer.body.toString().includes("byte 13"), "the position", answer.body.toString());
    same((await scope.product.stored.quarantine(id))[0]?.payload, '{"celsius":4,}', "quarantine");
  }),
  withCurl("over a limit: 429 with Retry-After; over 64 KiB: 413", async (scope) => {
    const { shop, stored } = scope.product;
    const profileId = await shop.makeProfile({ limits: { messages: "2:60" } });
    const device = await shop.makeDevice({ profileId });
    const post = (body: string): Promise<Answer> => curl(scope, `/api/v1/${device.token}/telemetry`, body);
    same([(await post('{"k":1}')).status, (await post('{"k":2}')).status], [200, 200], "within the limit");
    const refused = await post('{"k":3}');
    same(refused.status, 429, "over the limit");
    so(/retry-after: \d+/.test(refused.headers), "there is no Retry-After", refused.headers);
    same(await valuesOf(scope.product, device.id, "k"), [1, 2], "stored");
    same((await stored.limits(device.id))[0]?.limitName, "messages", "the limit ledger");
    const other = await aDevice(scope);
    const large = await curl(scope, `${other.api}/telemetry`, JSON.stringify({ text: "x".repeat(70_000) }));
    same(large.status, 413, "too large");
  }),
  withCurl("a device that is deleted while it waits is a 403", async (scope) => {
    const device = await aDevice(scope);
    const waiting = curl(scope, `${device.api}/attributes/updates?timeout=8000`);
    waiting.catch(() => undefined);
    // Until then it may not have arrived, and would be told that its token is unknown.
    await pause(700);
    await scope.product.shop.deleteDevice(device);
    same((await waiting).status, 403, "status");
  }),
];

// Throws mutated requests at the HTTP port: the device API, and every route of the REST API without a login.
import { connect } from "node:net";
import { hex, type Thrower } from "./fuzz-mqtt.ts";
import { provisionText } from "./fuzz-mqtt-corpus.ts";
import { answerBeatsMax, type Pace } from "./fuzz-pace.ts";
import { mutatedBytes, mutatedJson, nastyTexts, type Random, randomOf, weighted } from "./fuzz-random.ts";

export interface RequestCounts {
  cases: number;
  connections: number;
  /** Cases that the server kept waiting, as a long poll may, or that never came to their end. */
  waiting: number;
}

export interface HttpLane {
  readonly number: number;
  readonly tokens: readonly string[];
  readonly routes: readonly string[];
  readonly from: number;
  readonly until: number;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly weight: number;
  /** It may wait for something to happen. */
  readonly isWaiting?: boolean;
}

interface Case {
  readonly number: number;
  readonly bytes: Buffer;
  /** Its end is not where it says: nothing can stand behind it. */
  readonly isLast: boolean;
  readonly isWaiting: boolean;
}

const host = "127.0.0.1";
const batchMax = 8;
/** For how many beats a request that waits, or that never ends, is waited for. */
const patienceBeats = 3;
const fence = Buffer.from("GET /healthz HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n\r\n");

function corpusOf({ tokens, routes }: HttpLane): (random: Random) => Asked {
  const ofDevices = tokens.flatMap((token): Asked[] => {
    const at = (path: string) => `/api/v1/${token}/${path}`;
    const post = (path: string, body: string, weight = 4): Asked => ({
      method: "POST",
      path: at(path),
      body,
      weight,
    });
    const get = (path: string, weight = 2): Asked => ({ method: "GET", path: at(path), body: "", weight });
    return [
      post("telemetry", '{"temperature":4.5,"door":true}', 16),
      post("telemetry", '[{"ts":1760000000000,"values":{"temperature":5}},{"a":1}]', 12),
      post("attributes", '{"model":"x","limits":{"low":1}}', 3),
      post("claim", '{"secretKey":"s","durationMs":1000}', 1),
      { ...post("rpc", '{"method":"getSessionLimits","params":{}}', 2), isWaiting: true },
      { ...post("rpc/12", '{"ok":true}', 2), isWaiting: true },
      get("attributes?clientKeys=model&sharedKeys=n"),
      { ...get("attributes/updates?timeout=1", 1), isWaiting: true },
      { ...get("rpc?timeout=1", 1), isWaiting: true },
      get("firmware?title=t&version=1&size=100&chunk=0", 1),
      get("software?title=t&version=1", 1),
    ];
  });
  const ofPeople = routes.map((route): Asked => {
    const [method = "GET", path = "/"] = route.split(" ");
    const filled = path.replaceAll(/\{\w+\}/g, "still-1");
    return { method, path: filled, body: method === "GET" ? "" : bodyOfRoute, weight: 1 };
  });
  const others: Asked[] = [
    { method: "POST", path: "/api/v1/provision", body: provisionText("fuzz-http"), weight: 2 },
    {
      method: "POST",
      path: "/api/auth/sign-in/email",
      body: '{"email":"a@example.com","password":"p"}',
      weight: 1,
    },
    { method: "GET", path: "/api/openapi.json", body: "", weight: 1 },
    { method: "GET", path: "/assets/../../package.json", body: "", weight: 2 },
    { method: "GET", path: "/devices/still-1", body: "", weight: 2 },
  ];
  return weighted([...ofDevices, ...ofPeople, ...others]);
}

/** Says what a write of a device, a profile or a command would say, so that one that is let through would write. */
const bodyOfRoute =
  '{"name":"still-1","label":"changed","profileId":"default","id":"changed","method":"open","params":{},"values":{"n":1},"text":"Where is my order?","isGateway":true,"idempotencyKey":"fuzz-key-of-rest"}';

export async function throwRequests(lane: HttpLane, port: number, thrower: Thrower): Promise<RequestCounts> {
  const counts: RequestCounts = { cases: 0, connections: 0, waiting: 0 };
  const pick = corpusOf(lane);
  let next = lane.from;
  let waiting: readonly Case[] = [];
  while (!thrower.signal.aborted) {
    await thrower.pace.room();
    const room = Math.min(batchMax - waiting.length, lane.until - next);
    const fresh = Array.from({ length: room }, (_, index) => next + index);
    waiting = [
      ...waiting,
      ...fresh.map((number) => caseOf(pick, randomOf(thrower.seed, lane.number, number), number)),
    ];
    next += room;
    if (waiting.length === 0) return counts;
    const last = waiting.findIndex(({ isLast }) => isLast);
    const batch = last < 0 ? waiting : waiting.slice(0, last + 1);
    const read = await throwBatch(batch, { lane, port, thrower, counts });
    counts.cases += read;
    waiting = waiting.slice(read);
  }
  return counts;
}

/** How many of the batch the server read. */
async function throwBatch(
  batch: readonly Case[],
  parts: {
    readonly lane: HttpLane;
    readonly port: number;
    readonly thrower: Thrower;
    readonly counts: RequestCounts;
  },
): Promise<number> {
  const { lane, port, thrower, counts } = parts;
  thrower.underway.set(`${lane.number}`, () => {
    const shown = batch.map(({ number, bytes }) => `#${number} ${hex(bytes)}`).join("\n    ");
    return `HTTP (lane ${lane.number}, --seed ${thrower.seed}): thrown last\n    ${shown}`;
  });
  const { answers, isStalled } = await ask(batch, {
    ...{ port, turn: lane.number + counts.connections, pace: thrower.pace },
  });
  counts.connections += 1;
  const read = Math.min(batch.length, Math.max(1, isStalled ? answers + 1 : answers));
  const stalled = isStalled ? batch[read - 1] : undefined;
  if (stalled === undefined) return read;
  counts.waiting += 1;
  const place = `HTTP (lane ${lane.number}, --seed ${thrower.seed}, #${stalled.number})`;
  if (!stalled.isWaiting && !stalled.isLast) thrower.fail(`${place}: not answered: ${hex(stalled.bytes)}`);
  return read;
}

/** Sends the batch in one piece on a connection of its own; how many answers came until it was closed. */
function ask(
  batch: readonly Case[],
  { port, turn, pace }: { readonly port: number; readonly turn: number; readonly pace: Pace },
): Promise<{ readonly answers: number; readonly isStalled: boolean }> {
  const isOpenEnded = batch.at(-1)?.isLast === true;
  return new Promise((resolve) => {
    const socket = connect({ port, host, localAddress: `127.2.0.${1 + (turn % 250)}`, noDelay: true });
    let heard = "";
    let isStalled = false;
    let forget = (): void => undefined;
    const wait = (): void => {
      forget();
      const mayWait = batch[Math.min(answersIn(heard), batch.length - 1)]?.isWaiting ?? false;
      forget = pace.after(mayWait ? patienceBeats : answerBeatsMax, () => {
        isStalled = true;
        socket.destroy();
      });
    };
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      wait();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      forget();
      // What is left open-ended is over when we say so: nothing more can be told of it.
      const answers = answersIn(heard);
      resolve({ answers: isOpenEnded && answers >= batch.length - 1 ? batch.length : answers, isStalled });
    });
    wait();
    socket.write(Buffer.concat(batch.map(({ bytes }) => bytes)));
    if (isOpenEnded) socket.end();
    else socket.write(fence);
  });
}

const answersIn = (heard: string): number => heard.match(/HTTP\/1\.1 [2-9]\d\d /g)?.length ?? 0;

const methods = [
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "HEAD",
  "PROPFIND",
  "TRACE",
  "get",
  "P\u0000ST",
  "",
  "X".repeat(300),
  "CONNECT",
];
const oddHeaders = [
  "Content-Type: text/plain",
  "Content-Type: application/json; charset=\u00ff",
  "Content-Type: multipart/form-data; boundary=",
  "Authorization: Bearer of-nobody",
  "Authorization: Basic !!!",
  "Cookie: session=; =; a=b; a",
  "Cookie: waremind.session_token=forged.signature",
  "Origin: https://evil.example",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-For: 127.0.0.1",
  "Host: other",
  "Accept-Encoding: *;q=nan",
  "Range: bytes=9-1",
  "If-None-Match: *",
  "Connection: keep-alive, close, upgrade",
  "X-HTTP-Method-Override: DELETE",
  `X-Large: ${"x".repeat(7_000)}`,
] as const;
/** Headers after which nobody knows where the request ends. */
const framingHeaders = [
  "Content-Length: 5\r\nContent-Length: 9",
  "Content-Length: -1",
  "Content-Length: 99999999999999999999",
  "Content-Length: 0x10",
  "Content-Length: +2",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked\r\nContent-Length: 3",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, identity",
  "Expect: 100-continue",
  "Expect: the-impossible",
  "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x",
  "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
  "Bad Header: x",
  ": nameless",
  " folded: x",
  `X-Huge: ${"x".repeat(20_000)}`,
  "X-Line: a\rb",
  "X-Nul: \u0000",
] as const;
const brokenChunks = [
  "zz\r\nabc\r\n0\r\n\r\n",
  "ffffffffffffffff\r\nx",
  "5\r\nab\r\n0\r\n\r\n",
  "3;a=b\r\n{}\n\r\n0\r\n\r\n",
  "-1\r\n\r\n",
  "2\r\n{}\r\n0\r\nX: y\r\n\r\n",
  "2\r\n{}",
];

interface Written {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

function caseOf(pick: (random: Random) => Asked, random: Random, number: number): Case {
  const asked = pick(random);
  const { isWaiting = false, method } = asked;
  const plain: Written = { method, path: asked.path, headers: [], body: Buffer.from(asked.body) };
  const way = random.int(100);
  const honest = (written: Written): Case => {
    // A HEAD answers without a body, a CONNECT ends the connection, a TRACE may be refused by the parser: all still count.
    const hasBody = written.body.length > 0;
    const length = hasBody || written.method === "POST" ? [`Content-Length: ${written.body.length}`] : [];
    return {
      number,
      isLast: false,
      isWaiting,
      bytes: bytesOf({ ...written, headers: [...written.headers, ...length] }),
    };
  };
  if (way < 40 && asked.body !== "") return honest({ ...plain, body: mutatedBody(asked.body, random) });
  if (way < 60) return honest({ ...plain, path: mutatedPath(asked.path, random) });
  if (way < 68) return { ...honest({ ...plain, method: random.pick(methods) }), isWaiting: true };
  if (way < 80) return honest({ ...plain, headers: [random.pick(oddHeaders), random.pick(oddHeaders)] });
  const open = { number, isLast: true, isWaiting: true };
  if (way < 86) return { ...open, bytes: bytesOf({ ...plain, headers: [random.pick(framingHeaders)] }) };
  if (way < 90) {
    const chunked = {
      ...plain,
      headers: ["Transfer-Encoding: chunked"],
      body: Buffer.from(random.pick(brokenChunks)),
    };
    return { ...open, bytes: bytesOf(chunked) };
  }
  const length = Math.max(0, plain.body.length + random.int(40) - 20);
  const lying = bytesOf({ ...plain, headers: [`Content-Length: ${length}`] });
  return { ...open, bytes: way < 94 ? lying : mutatedBytes(lying, random) };
}

const bytesOf = ({ method, path, headers, body }: Written): Buffer =>
  Buffer.concat([
    Buffer.from(
      `${method} ${path} HTTP/1.1\r\nHost: fuzz\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`,
      "latin1",
    ),
    body,
  ]);

const largeBody = Buffer.alloc(70_000, 0x20);

function mutatedBody(body: string, random: Random): Buffer {
  if (random.chance(0.004)) return largeBody;
  return random.chance(0.8) ? mutatedJson(body, random) : mutatedBytes(Buffer.from(body), random);
}

/** Characters that end the line or the address are left to the blind mutations. */
function mutatedPath(path: string, random: Random): string {
  const segments = path.split("/");
  const at = 1 + random.int(segments.length - 1);
  const odd = encodeURI(random.pick(nastyTexts).toString("latin1")).replaceAll("%25", "%");
  const changed = mutatedBytes(Buffer.from(segments[at] ?? ""), random).toString("latin1");
  const choices = [
    odd,
    `${segments[at]}${odd}`,
    "..",
    "%2e%2e",
    "",
    "%",
    "%zz",
    encodeURIComponent(changed),
    `?timeout=${odd}`,
  ];
  segments[at] = random.pick(choices);
  const made = segments.join("/").replaceAll(/[^\u0021-\u007e\u0080-\u00ff]/g, "_");
  return random.chance(0.1) ? `${made}?${"k=v&".repeat(random.int(300))}` : made;
}

// Throws mutated datagrams at the CoAP port; a good request behind each batch tells that the server has read it.
import { createSocket, type Socket } from "node:dgram";
import { generate, type Packet } from "coap-packet";
import { hex, type Thrower } from "./fuzz-mqtt.ts";
import { provisionText } from "./fuzz-mqtt-corpus.ts";
import { mutatedBytes, mutatedJson, nastyTexts, type Random, randomOf, weighted } from "./fuzz-random.ts";

export interface CoapLane {
  readonly number: number;
  readonly tokens: readonly string[];
  /** Of a device of this lane alone. */
  readonly fenceToken: string;
  readonly from: number;
  readonly until: number;
}

interface Asked {
  readonly code: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly payload: string;
  readonly options: NonNullable<Packet["options"]>;
  readonly weight: number;
}

const host = "127.0.0.1";
/** As many as a socket's buffer holds for sure. */
const batchMax = 16;
/** Datagrams get lost when a buffer is full; this many in a row do not, each waited for as many beats. */
const fencesMax = 20;
const fenceBeats = 6;
const datagramsPerSocket = 400;

function corpusOf(tokens: readonly string[]): (random: Random) => Asked {
  const ask = (code: string, path: string, payload: string, rest: Partial<Asked> = {}): Asked => ({
    ...{ code, path, payload, query: [], options: [], weight: 2 },
    ...rest,
  });
  const observe = (value: number) => [{ name: "Observe", value: Buffer.from([value]) }] as const;
  const block1 = (bytes: readonly number[]) => [{ name: "Block1", value: Buffer.from(bytes) }] as const;
  const block2 = [{ name: "Block2", value: Buffer.from([0x12]) }] as const;
  return weighted([
    ...tokens.flatMap((token) => {
      const at = (path: string) => `api/v1/${token}/${path}`;
      return [
        ask("0.02", at("telemetry"), '{"temperature":4.5,"door":true}', { weight: 10 }),
        ask("0.02", at("telemetry"), '[{"ts":1760000000000,"values":{"a":1}},{"b":"00012"}]', { weight: 8 }),
        ask("0.02", at("telemetry"), '{"a":1,"b":', { options: [...block1([0x08])] }),
        ask("0.02", at("telemetry"), "2}", { options: [...block1([0x10])] }),
        ask("0.02", at("attributes"), '{"model":"x"}'),
        ask("0.01", at("attributes"), "", { query: ["clientKeys=model", "sharedKeys=n"] }),
        ask("0.01", at("attributes"), "", { options: [...block2] }),
        ask("0.01", at("attributes"), "", { options: [...observe(0)] }),
        ask("0.01", at("rpc"), "", { options: [...observe(0)] }),
        ask("0.01", at("attributes"), "", { options: [...observe(1)], weight: 1 }),
        ask("0.02", at("rpc"), '{"method":"getSessionLimits","params":{}}'),
        ask("0.02", at("rpc/7"), '{"ok":true}'),
        ask("0.02", at("claim"), '{"secretKey":"s","durationMs":1000}', { weight: 1 }),
        ask("0.01", `fw/${token}`, "", { query: ["title=t", "version=1", "size=64", "chunk=0"] }),
        ask("0.01", `sw/${token}`, "", { options: [...block2] }),
      ];
    }),
    ask("0.02", "api/v1/provision", provisionText("fuzz-coap"), { weight: 1 }),
    ask("0.01", ".well-known/core", ""),
  ]);
}

export async function throwDatagrams(
  lane: CoapLane,
  port: number,
  thrower: Thrower,
): Promise<{ readonly cases: number; readonly sockets: number }> {
  const pick = corpusOf(lane.tokens);
  let next = lane.from;
  let sockets = 0;
  while (next < lane.until && !thrower.signal.aborted) {
    const address = `127.3.0.${1 + ((lane.number * 50 + sockets) % 250)}`;
    const peer = await openPeer(address, { port, token: lane.fenceToken, thrower });
    sockets += 1;
    const until = Math.min(lane.until, next + datagramsPerSocket);
    while (next < until && !thrower.signal.aborted) {
      const batch: Buffer[] = [];
      for (const from = next; next < Math.min(until, from + batchMax); next += 1)
        batch.push(datagramOf(pick, randomOf(thrower.seed, lane.number, next), next));
      const shown = (what: string): string =>
        `CoAP (lane ${lane.number}, --seed ${thrower.seed}, up to #${next}): ${what}\n    ${batch.map((bytes) => hex(bytes)).join("\n    ")}`;
      thrower.underway.set(`${lane.number}`, () => shown("thrown last"));
      if (!(await peer.throwAll(batch)) && !thrower.signal.aborted)
        thrower.fail(shown("a good request is not answered after"));
    }
    peer.close();
  }
  return { cases: next - lane.from, sockets };
}

const optionNames = [
  "Observe",
  "Block1",
  "Block2",
  "Size1",
  "Size2",
  "Uri-Query",
  "Uri-Path",
  "Content-Format",
  "Accept",
  "If-Match",
  "ETag",
  "Proxy-Uri",
  "2049",
  "65000",
];

function datagramOf(pick: (random: Random) => Asked, random: Random, number: number): Buffer {
  const asked = pick(random);
  const way = random.int(100);
  const path = asked.path.split("/").map((segment) => ({ name: "Uri-Path", value: Buffer.from(segment) }));
  const query = asked.query.map((one) => ({ name: "Uri-Query", value: Buffer.from(one) }));
  const options = [...path, ...query, ...asked.options];
  const odd = (): { name: string; value: Buffer } => ({
    name: random.pick(optionNames),
    value: random.chance(0.5) ? random.bytes(random.int(6)) : random.pick(nastyTexts).subarray(0, 255),
  });
  if (way < 20 && options.length > 0) options[random.int(options.length)] = odd();
  else if (way < 35) options.push(odd());
  const isBodyMutated = way < 65 && way >= 35 && asked.payload !== "";
  const payload = isBodyMutated ? mutatedBody(asked.payload, random) : Buffer.from(asked.payload);
  const bytes = written({
    code:
      way >= 65 && way < 70
        ? random.pick(["0.00", "0.03", "0.04", "0.05", "0.31", "1.01", "2.05", "4.04", "7.31"])
        : asked.code,
    confirmable: random.chance(0.7),
    ack: way === 70,
    reset: way === 71,
    messageId: number & 0xffff,
    token: random.bytes(random.int(9)),
    ...{ options, payload },
  });
  return way < 72 ? bytes : mutatedBytes(bytes, random);
}

const mutatedBody = (body: string, random: Random): Buffer =>
  (random.chance(0.8) ? mutatedJson(body, random) : mutatedBytes(Buffer.from(body), random)).subarray(
    0,
    1_200,
  );

/** What the library does not write becomes noise. */
function written(packet: Packet): Buffer {
  try {
    return generate(packet, 8_000);
  } catch {
    return Buffer.concat([Buffer.from([0x48]), packet.payload ?? Buffer.alloc(0)]);
  }
}

/** What waits for an acknowledgement is sent again for a minute and a half: a peer that has it says so. */
const isConfirmable = (bytes: Buffer): boolean => ((bytes[0] ?? 0) & 0x30) === 0;
const acknowledgementOf = (bytes: Buffer): Buffer => Buffer.from([0x60, 0, bytes[2] ?? 0, bytes[3] ?? 0]);

interface Peer {
  /** False when the server does not answer any more. */
  throwAll(datagrams: readonly Buffer[]): Promise<boolean>;
  close(): void;
}

/**
 * Behind each batch stands a good request that asks the store, so that what the batch asked of it is done first: the
 * suite looks for what breaks the server, not for how much it takes.
 */
async function openPeer(
  address: string,
  parts: { readonly port: number; readonly token: string; readonly thrower: Thrower },
): Promise<Peer> {
  const { port, token, thrower } = parts;
  const socket: Socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  let fence = 0;
  let answered: (() => void) | null = null;
  const mark = (): Buffer => Buffer.from([0xfe, 0x4c, 0xe0, 0, fence >> 8, fence & 0xff, 1, 7]);
  socket.on("message", (bytes) => {
    if (isConfirmable(bytes)) send(acknowledgementOf(bytes));
    const lengthOfToken = (bytes[0] ?? 0) & 0x0f;
    if (lengthOfToken === 8 && bytes.subarray(4, 12).equals(mark())) answered?.();
  });
  const send = (bytes: Buffer): void => socket.send(bytes, port, host, () => undefined);
  const isAnswered = (): Promise<boolean> => {
    fence = (fence + 1) & 0xffff;
    const options = `api/v1/${token}/attributes`.split("/").map((segment) => ({
      ...{ name: "Uri-Path" as const, value: Buffer.from(segment) },
    }));
    const asking = generate({
      ...{ code: "0.01", confirmable: true, messageId: (0x8000 + fence) & 0xffff, token: mark(), options },
    });
    return new Promise((resolve) => {
      const forget = thrower.pace.after(fenceBeats, () => resolve(false));
      answered = () => {
        forget();
        answered = null;
        resolve(true);
      };
      send(asking);
    });
  };
  return {
    throwAll: async (datagrams) => {
      for (const bytes of datagrams) send(bytes);
      for (let attempt = 0; attempt < fencesMax && !thrower.signal.aborted; attempt += 1)
        if (await isAnswered()) return true;
      return false;
    },
    close: () => socket.close(),
  };
}

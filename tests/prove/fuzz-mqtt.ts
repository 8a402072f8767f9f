// Throws mutated packets at the MQTT port. Every case counts only when the server has read it: it answered the ping that
// stands behind it, or ended the connection at it.
import { connect, type Socket } from "node:net";
import { connectShape, corpusOf, type SessionRole, strangerCorpus } from "./fuzz-mqtt-corpus.ts";
import { bytesOf, type Version } from "./fuzz-mqtt-fields.ts";
import { isWhole, mutatedPacket } from "./fuzz-mqtt-packets.ts";
import { answerBeatsMax, type Pace } from "./fuzz-pace.ts";
import { type Random, randomOf } from "./fuzz-random.ts";

export interface Thrower {
  readonly seed: number;
  /** Told what no server may do, with what it takes to do it again. */
  readonly fail: (sentence: string) => void;
  /** By lane: what it has thrown last, in words; asked for when the server has ended. */
  readonly underway: Map<string, () => string>;
  /** By which all waiting is measured. */
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

export interface Counts {
  /** Cases that the server read. */
  cases: number;
  connections: number;
  /** Cases at which the server ended the connection. */
  ended: number;
}

export interface Lane {
  readonly name: string;
  /** Sets the lane apart from all others: with the seed and the number of a case it makes the case. */
  readonly number: number;
  readonly version: Version;
  readonly role: SessionRole | "stranger";
  /** Each throws so many cases in turn: none connects more often than it may, and a case always comes from the same. */
  readonly userNames: readonly string[];
  /** The first and the one after the last case. */
  readonly from: number;
  readonly until: number;
}

interface Case {
  readonly number: number;
  readonly bytes: Buffer;
  /** Not whole: the server waits for more, so nothing can stand behind it. */
  readonly isLast: boolean;
}

const host = "127.0.0.1";
const batchMax = 24;
const casesInTurn = 256;
const ping = Buffer.from([0xc0, 0x00]);
const provisioningBatchMax = 6;
const addressesPerLane = 200;

/** Sources are spread over the loopback network, so that no address is refused for connecting too often. */
const addressOf = (lane: number, turn: number): string =>
  `127.1.${lane % 250}.${1 + (turn % addressesPerLane)}`;

export async function throwPackets(lane: Lane, port: number, thrower: Thrower): Promise<Counts> {
  return lane.role === "stranger"
    ? throwAsStranger(lane, port, thrower)
    : throwInSession(lane, port, thrower);
}

async function throwInSession(lane: Lane, port: number, thrower: Thrower): Promise<Counts> {
  const counts: Counts = { cases: 0, connections: 0, ended: 0 };
  const queue = createQueue(lane, thrower.seed);
  while (!thrower.signal.aborted && queue.batch().length > 0) {
    await thrower.pace.room();
    const userName = lane.userNames[queue.turn() % lane.userNames.length] ?? "";
    const source = { port, localAddress: addressOf(lane.number, counts.connections), pace: thrower.pace };
    const connection = await openConnection(source, bytesOf(connectShape(lane.version, userName)));
    counts.connections += 1;
    if ((await connection.until(() => connection.isAccepted)) !== "so") {
      thrower.fail(`${lane.name}: a good CONNECT as ${userName} was not accepted: ${connection.seen()}`);
      connection.destroy();
      return counts;
    }
    await throwOver(connection, { lane, queue, counts, thrower });
    counts.ended += connection.isOpen ? 0 : 1;
    connection.destroy();
  }
  return counts;
}

/** Goes on until the connection is over, it is the next device's turn, or nothing is left. */
async function throwOver(
  connection: Connection,
  parts: {
    readonly lane: Lane;
    readonly queue: ReturnType<typeof createQueue>;
    readonly counts: Counts;
    readonly thrower: Thrower;
  },
): Promise<void> {
  const { lane, queue, counts, thrower } = parts;
  const turn = queue.turn();
  for (let batch = queue.batch(); batch.length > 0; batch = queue.batch()) {
    thrower.underway.set(`${lane.number}`, () => replay(lane, thrower.seed, batch, "thrown last"));
    const read = await exchange(connection, batch);
    if (read === null) thrower.fail(replay(lane, thrower.seed, batch, "the server stopped answering"));
    counts.cases += read ?? batch.length;
    queue.forget(read ?? batch.length);
    // A connection that asks for credentials takes so many requests and no more.
    if (!connection.isOpen || read === null || lane.role === "provisioning") return;
    if (queue.turn() !== turn) return;
  }
}

/** What is to be thrown next; what was not read stands first again. */
function createQueue(lane: Lane, seed: number) {
  const cases = createCases(lane, seed);
  const max = lane.role === "provisioning" ? provisioningBatchMax : batchMax;
  let waiting: readonly Case[] = [];
  const fill = (): void => {
    waiting = [...waiting, ...cases.take(max - waiting.length)];
  };
  const turnOf = (one: Case | undefined): number => Math.floor((one?.number ?? 0) / casesInTurn);
  return {
    /** Of one turn, and up to the first behind which nothing can stand. */
    batch: (): readonly Case[] => {
      fill();
      const turn = turnOf(waiting[0]);
      const next = waiting.findIndex((one) => turnOf(one) !== turn);
      const last = waiting.findIndex(({ isLast }) => isLast);
      return waiting.slice(0, Math.min(next < 0 ? max : next, last < 0 ? max : last + 1));
    },
    /** Whose turn it is with the next case. */
    turn: (): number => {
      fill();
      return turnOf(waiting[0]);
    },
    forget: (count: number): void => {
      waiting = waiting.slice(count);
    },
  };
}

/** How many of the batch were read; null when the server stopped answering. */
async function exchange(connection: Connection, batch: readonly Case[]): Promise<number | null> {
  const answered = connection.pings;
  const ending = batch.at(-1)?.isLast === true;
  connection.write(Buffer.concat(batch.flatMap(({ bytes, isLast }) => (isLast ? [bytes] : [bytes, ping]))));
  if (ending) connection.finish();
  const expected = answered + batch.length - (ending ? 1 : 0);
  const outcome = await connection.until(() => connection.pings >= expected && !ending);
  if (outcome === "late") return null;
  const read = connection.pings - answered;
  // The one behind the last answered ping is the one that ended it.
  return connection.isOpen ? read : Math.min(batch.length, read + 1);
}

/** Nobody knows them: each case is the first thing that a connection says, with good telemetry behind it. */
async function throwAsStranger(lane: Lane, port: number, thrower: Thrower): Promise<Counts> {
  const counts: Counts = { cases: 0, connections: 0, ended: 0 };
  const cases = createCases(lane, thrower.seed);
  const telemetry = Buffer.concat([
    Buffer.from([0x30, 0x28, 0, 0x17]),
    Buffer.from("v1/devices/me/telemetry"),
    Buffer.from('{"stranger":12}'),
  ]);
  while (!thrower.signal.aborted) {
    await thrower.pace.room();
    const [one] = cases.take(1);
    if (one === undefined) return counts;
    thrower.underway.set(`${lane.number}`, () => replay(lane, thrower.seed, [one], "thrown last"));
    const source = { port, localAddress: addressOf(lane.number, counts.connections), pace: thrower.pace };
    const first = one.isLast ? one.bytes : Buffer.concat([one.bytes, telemetry, telemetry]);
    const connection = await openConnection(source, first);
    counts.connections += 1;
    connection.finish();
    if ((await connection.until(() => false)) === "late")
      thrower.fail(replay(lane, thrower.seed, [one], "the server did not close a connection that was over"));
    connection.destroy();
    counts.cases += 1;
    counts.ended += 1;
  }
  return counts;
}

/** Every case follows from the seed, its lane and its number alone. */
export function caseOf(
  lane: Pick<Lane, "number" | "version" | "role" | "userNames">,
  seed: number,
  number: number,
  pick = pickerOf(lane),
): Buffer {
  const random = randomOf(seed, lane.number, number);
  return mutatedPacket(pick(random), pick(random), random);
}

function pickerOf({ role, version, userNames }: Pick<Lane, "version" | "role" | "userNames">) {
  return role === "stranger" ? strangerCorpus(version, userNames) : corpusOf(version, role);
}

function createCases(lane: Lane, seed: number): { take(count: number): Case[] } {
  const pick: (random: Random) => ReturnType<ReturnType<typeof corpusOf>> = pickerOf(lane);
  let next = lane.from;
  return {
    take: (count) => {
      const taken: Case[] = [];
      while (taken.length < count && next < lane.until) {
        const bytes = caseOf(lane, seed, next, pick);
        taken.push({ number: next, bytes, isLast: !isWhole(bytes) });
        next += 1;
      }
      return taken;
    },
  };
}

const shownBytesMax = 2_000;

export const hex = (bytes: Uint8Array): string =>
  `${Buffer.from(bytes.subarray(0, shownBytesMax)).toString("hex")}${bytes.length > shownBytesMax ? `… (${bytes.length} bytes)` : ""}`;

function replay(lane: Lane, seed: number, cases: readonly Case[], what: string): string {
  const shown = cases.map(({ number, bytes }) => `#${number} ${hex(bytes)}`).join("\n    ");
  return `${lane.name} (lane ${lane.number}, --seed ${seed}): ${what}\n    ${shown}`;
}

interface Connection {
  write(bytes: Buffer): void;
  /** No more will be written. */
  finish(): void;
  destroy(): void;
  /** Waits until it is so, or the server has closed, or it is too late. */
  until(isSo: () => boolean): Promise<"so" | "closed" | "late">;
  readonly pings: number;
  readonly isAccepted: boolean;
  readonly isOpen: boolean;
  seen(): string;
}

/** Its first bytes leave as soon as it stands. */
async function openConnection(
  source: { readonly port: number; readonly localAddress: string; readonly pace: Pace },
  first: Buffer,
): Promise<Connection> {
  const { port, localAddress, pace } = source;
  const socket = connect({ port, host, localAddress, noDelay: true });
  const reader = createReader();
  const state = { isOpen: true, isLate: false };
  let waiter: (() => void) | null = null;
  socket.on("data", (chunk) => {
    reader.add(chunk);
    waiter?.();
  });
  socket.on("error", () => undefined);
  const closed = (): void => {
    state.isOpen = false;
    waiter?.();
  };
  socket.on("end", closed);
  socket.on("close", closed);
  socket.write(first);
  await opened(socket);
  return {
    write: (bytes) => void socket.write(bytes),
    finish: () => void socket.end(),
    destroy: () => void socket.destroy(),
    until: (isSo) => {
      const outcome = (): "so" | "closed" | "late" | null => {
        if (isSo()) return "so";
        if (!state.isOpen) return "closed";
        return state.isLate ? "late" : null;
      };
      return new Promise((resolve) => {
        const look = (): void => {
          const found = outcome();
          if (found === null) return;
          forget();
          waiter = null;
          resolve(found);
        };
        const forget = pace.after(answerBeatsMax, () => {
          state.isLate = true;
          look();
        });
        waiter = look;
        look();
      });
    },
    get pings() {
      return reader.pings;
    },
    get isAccepted() {
      return reader.isAccepted;
    },
    get isOpen() {
      return state.isOpen;
    },
    seen: () => reader.seen(),
  };
}

function opened(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", () => resolve());
  });
}

/** Cuts what the server says into packets and counts the answers to pings. */
function createReader() {
  let rest: Buffer = Buffer.alloc(0);
  const state = { pings: 0, isAccepted: false, first: "nothing" };
  const take = (from: number, until: number): void => {
    const type = (rest[from] ?? 0) >> 4;
    if (type === 13) state.pings += 1;
    else if (type === 2) {
      state.isAccepted = rest[from + ((rest[from + 1] ?? 0) < 0x80 ? 3 : 4)] === 0;
      state.first = hex(rest.subarray(from, until));
    }
  };
  return {
    add: (chunk: Buffer): void => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (;;) {
        const end = endOfPacket(rest, at);
        if (end === null) break;
        take(at, end);
        at = end;
      }
      rest = rest.subarray(at);
    },
    get pings() {
      return state.pings;
    },
    get isAccepted() {
      return state.isAccepted;
    },
    seen: () => state.first,
  };
}

function endOfPacket(bytes: Buffer, start: number): number | null {
  let length = 0;
  let index = start + 1;
  for (let shift = 0; ; shift += 7) {
    const one = bytes[index];
    if (one === undefined) return null;
    length += (one & 0x7f) * 2 ** shift;
    index += 1;
    if (one < 0x80) break;
  }
  return index + length <= bytes.length ? index + length : null;
}

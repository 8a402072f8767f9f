// Devices that behave, beside the noise: every number that was acknowledged to them must be stored, and none of their
// sessions may end.
import { request as askHttp } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Agent, request as askCoap } from "coap";
import { connectAsync, type MqttClient } from "mqtt";
import { answerBeatsMax, type Pace } from "./fuzz-pace.ts";

export interface Bystander {
  readonly name: string;
  /** Numbers that the server said are stored. */
  readonly acknowledged: ReadonlySet<number>;
  /** What went wrong. */
  readonly faults: readonly string[];
  /** The longest wait for an acknowledgement. */
  readonly slowestMs: number;
  /** Sends no more; resolves when the last one is answered. */
  finish(): Promise<void>;
  /** Leaves. */
  leave(): Promise<void>;
}

export interface Opening {
  readonly name: string;
  readonly token: string;
  readonly port: number;
  readonly pace: Pace;
}

export interface Observer {
  /** The last number that it was told. */
  readonly heard: number;
  readonly faults: readonly string[];
  leave(): void;
}

const host = "127.0.0.1";
const everyMs = 40;
/** Longer than any machine is too busy for a ping. */
const keepAliveSeconds = 240;
const faultsMax = 10;

/** On the real client, without its reconnecting: a session that ends is a fault. */
export async function openMqttBystander(
  { name, token, port, pace }: Opening,
  version: 4 | 5,
): Promise<Bystander> {
  const client: MqttClient = await connectAsync(`mqtt://${host}:${port}`, {
    ...{
      username: token,
      protocolVersion: version,
      reconnectPeriod: 0,
      keepalive: keepAliveSeconds,
      clientId: name,
    },
  });
  const bystander = sending({ name, pace }, (number) =>
    client
      .publishAsync("v1/devices/me/telemetry", JSON.stringify({ n: number }), { qos: 1 })
      .then(() => undefined),
  );
  let isLeaving = false;
  client.on("close", () => {
    if (!isLeaving) bystander.fault("its session was ended");
  });
  client.on("error", (error) => bystander.fault(error.message));
  return bystander.shown(async () => {
    isLeaving = true;
    await client.endAsync();
  });
}

export function openHttpBystander({ name, token, port, pace }: Opening): Bystander {
  const { shown } = sending(
    { name, pace },
    (number) =>
      new Promise((resolve, reject) => {
        const asking = askHttp(
          { host, port, method: "POST", path: `/api/v1/${token}/telemetry` },
          (answer) => {
            const heard: Buffer[] = [];
            answer.on("data", (chunk: Buffer) => heard.push(chunk));
            answer.once("end", () => {
              if (answer.statusCode === 200) resolve();
              else reject(new Error(`answered ${answer.statusCode} ${Buffer.concat(heard)}`));
            });
          },
        );
        asking.once("error", reject);
        asking.end(JSON.stringify({ n: number }));
      }),
  );
  return shown(() => Promise.resolve());
}

export function openCoapBystander({ name, token, port, pace }: Opening): Bystander {
  const agent = new Agent({ type: "udp4" });
  const { shown } = sending(
    { name, pace },
    (number) =>
      new Promise((resolve, reject) => {
        const asking = askCoap({ host, port, method: "POST", pathname: `/api/v1/${token}/telemetry`, agent });
        asking.on("response", ({ code, payload }) =>
          code === "2.01" ? resolve() : reject(new Error(`answered ${code} ${payload}`)),
        );
        asking.on("error", reject);
        asking.end(JSON.stringify({ n: number }));
      }),
  );
  // Its socket closes by itself a moment after the last answer.
  return shown(() => Promise.resolve());
}

/** Observes its shared attributes, to which the server sets a growing number. */
export async function openObserver(token: string, port: number): Promise<Observer> {
  const agent = new Agent({ type: "udp4" });
  const state = { heard: 0, faults: [] as string[], isLeaving: false };
  const hear = (bytes: Buffer): void => {
    const { n = 0 } = JSON.parse(bytes.toString()) as { n?: number };
    state.heard = Math.max(state.heard, n);
  };
  const stream = await new Promise<NodeJS.ReadableStream & { close?(): void }>((resolve, reject) => {
    const asking = askCoap({ host, port, pathname: `/api/v1/${token}/attributes`, observe: true, agent });
    asking.on("response", (answer) =>
      answer.code === "2.05" ? resolve(answer) : reject(new Error(answer.code)),
    );
    asking.on("error", reject);
    asking.end();
  });
  stream.on("data", hear);
  stream.on("end", () => {
    if (!state.isLeaving) state.faults.push("its observation was ended");
  });
  return {
    get heard() {
      return state.heard;
    },
    faults: state.faults,
    leave: () => {
      state.isLeaving = true;
      stream.close?.();
    },
  };
}

/** One number after the other, the next a moment after the answer to the last. */
function sending({ name, pace }: Pick<Opening, "name" | "pace">, send: (number: number) => Promise<void>) {
  const acknowledged = new Set<number>();
  const faults: string[] = [];
  const state = { isOver: false, slowestMs: 0 };
  const fault = (what: string): void => {
    if (faults.length < faultsMax) faults.push(what);
  };
  async function run(): Promise<void> {
    for (let number = 1; !state.isOver && faults.length < faultsMax; number += 1) {
      const sentAt = performance.now();
      const outcome = await within(pace, send(number)).catch((error: unknown) => String(error));
      if (outcome === undefined) acknowledged.add(number);
      else fault(`number ${number}: ${outcome}`);
      state.slowestMs = Math.max(state.slowestMs, performance.now() - sentAt);
      await pause(everyMs);
    }
  }
  const running = run();
  const shown = (leave: () => Promise<void>): Bystander => ({
    ...{ name, acknowledged, faults, leave },
    get slowestMs() {
      return state.slowestMs;
    },
    finish: async () => {
      state.isOver = true;
      await running;
    },
  });
  return { shown, fault };
}

async function within(pace: Pace, sent: Promise<void>): Promise<string | undefined> {
  let forget = (): void => undefined;
  const late = new Promise<string>((resolve) => {
    forget = pace.after(answerBeatsMax, () => resolve("not acknowledged while all else was answered"));
  });
  try {
    return await Promise.race([sent.then(() => undefined), late]);
  } finally {
    forget();
  }
}

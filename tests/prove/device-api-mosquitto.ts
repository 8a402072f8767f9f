// mosquitto_pub, mosquitto_sub and mosquitto_rr, read by what they print.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { certificateFolder } from "../support/device-product.ts";
import { NotSo, type Program, type Scope, so, within } from "./device-api-case.ts";
import { createQueue } from "./device-api-mqtt-js.ts";
import type { Acknowledged, Heard, Listening, MqttVersion, MqttVoice, Sign } from "./device-api-voices.ts";

const versionNames = { "3.1": "mqttv31", "3.1.1": "mqttv311", "5": "mqttv5" } as const;
/** Topic and payload in hexadecimal: a payload may hold anything. */
const format = "> %t %x";

export function createMosquittoVoice(scope: Scope, version: MqttVersion): MqttVoice {
  const start = (program: Program, sign: Sign, parameters: readonly string[], input?: string | Buffer) =>
    startProgram(scope, program, [...signParameters(scope, version, sign), ...parameters], input);

  async function publish(
    sign: Sign,
    topic: string,
    payloads: readonly (string | Buffer)[],
  ): Promise<readonly Acknowledged[]> {
    const [only] = payloads;
    const isOne = payloads.length === 1 && only !== undefined;
    // `-l` sends each line as a message, without waiting for the one before.
    const how = isOne ? (only.length === 0 ? ["-n"] : ["-s"]) : ["-l"];
    const input = isOne ? only : payloads.map((payload) => `${payload}\n`).join("");
    const program = start("mosquitto_pub", sign, ["-t", topic, ...how], input);
    await within(program.exited, "the end of mosquitto_pub");
    const codes = [...program.output().matchAll(/received PUBACK \(Mid: (\d+), RC:(\d+)\)/g)];
    so(codes.length >= payloads.length, `mosquitto_pub had ${codes.length} PUBACK`, program.output());
    return codes
      .sort((left, right) => Number(left[1]) - Number(right[1]))
      .map(([, number, code]) => ({
        reasonCode: Number(code),
        reason: new RegExp(`Publish ${number} failed: ([^]*)`).exec(program.output())?.[1]?.trim() ?? "",
      }));
  }

  return {
    ...{ client: "mosquitto", version, is5: version === "5", publish },
    listen: async (sign, filters) => {
      const topics = filters.flatMap((filter) => ["-t", filter]);
      return listening(start("mosquitto_sub", sign, [...topics, "-F", format]));
    },
    ask: async (sign, { topic, payload, answerTopic }) => {
      // mosquitto_rr 2.0.11 sends nothing of what it reads from its input.
      const how = payload.length === 0 ? ["-n"] : ["-m", payload.toString()];
      const parameters = ["-t", topic, "-e", answerTopic, "-F", format, "-W", "8", ...how];
      const program = start("mosquitto_rr", sign, parameters);
      const heard = createQueue<Heard>();
      program.onLine((line) => {
        const message = messageIn(line);
        if (message !== null) heard.put(message);
      });
      return Promise.race([
        within(heard.take(), `an answer on ${answerTopic}`),
        program.exited.then(async () => {
          throw new NotSo(`mosquitto_rr ended without an answer: ${program.output()}`);
        }),
      ]).finally(() => program.child.kill());
    },
    connect: async (sign) => {
      const program = start("mosquitto_pub", sign, ["-t", "v1/devices/me/telemetry", "-m", "{}"]);
      await within(program.exited, "the end of mosquitto_pub");
      const code = /received CONNACK \((\d+)\)/.exec(program.output())?.[1];
      so(code !== undefined, "mosquitto_pub had no CONNACK", program.output());
      return Number(code);
    },
  };
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<number | null>;
  output(): string;
  /** Also of the lines that were printed before. */
  onLine(listener: (line: string) => void): void;
}

function startProgram(
  scope: Scope,
  program: Program,
  parameters: readonly string[],
  input?: string | Buffer,
): Running {
  // Line by line: what mosquitto_sub was granted would otherwise stay in its buffer.
  const child = spawn("stdbuf", ["-oL", program, ...parameters], { stdio: "pipe" });
  scope.defer(() => child.kill("SIGKILL"));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  let output = "";
  const lines: string[] = [];
  const listeners: ((line: string) => void)[] = [];
  const read = (stream: NodeJS.ReadableStream): void => {
    let rest = "";
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        for (const listener of listeners) listener(line);
      }
    });
  };
  read(child.stdout);
  read(child.stderr);
  return {
    child,
    exited: new Promise((resolve) => child.once("close", (code) => resolve(code))),
    output: () => output,
    onLine: (listener) => {
      for (const line of lines) listener(line);
      listeners.push(listener);
    },
  };
}

async function listening(program: Running): Promise<Listening> {
  const messages = createQueue<Heard>();
  let subscribed: (granted: readonly number[]) => void = () => undefined;
  let over: (reasonCode: number | null) => void = () => undefined;
  const granted = new Promise<readonly number[]>((resolve) => {
    subscribed = resolve;
  });
  const ended = new Promise<number | null>((resolve) => {
    over = resolve;
  });
  let connects = 0;
  program.onLine((line) => {
    const message = messageIn(line);
    if (message !== null) messages.put(message);
    const codes = /^Subscribed \(mid: \d+\): (.*)$/.exec(line)?.[1];
    if (codes !== undefined) subscribed(codes.split(", ").map(Number));
    const reason = /[Rr]eceived DISCONNECT \((\d+)\)/.exec(line)?.[1];
    // It would connect again by itself and take the session back.
    if (line.endsWith("sending CONNECT")) connects += 1;
    if (reason === undefined && connects < 2) return;
    over(reason === undefined ? null : Number(reason));
    program.child.kill("SIGKILL");
  });
  void program.exited.then(() => over(null));
  const early = program.exited.then(() => {
    throw new NotSo(`mosquitto_sub ended before it was subscribed: ${program.output()}`);
  });
  early.catch(() => undefined);
  return {
    granted: await within(Promise.race([granted, early]), "a SUBACK"),
    ended,
    publish: null,
    next: () => within(messages.take(), "a message"),
    holdStill: () => program.child.kill("SIGSTOP"),
    goOn: () => program.child.kill("SIGCONT"),
    kill: () => program.child.kill("SIGKILL"),
    end: async () => {
      program.child.kill("SIGINT");
      await program.exited;
    },
  };
}

function messageIn(line: string): Heard | null {
  const message = /^> (\S+) ?([0-9a-f]*)$/.exec(line);
  if (message === null) return null;
  return { topic: message[1] ?? "", payload: Buffer.from(message[2] ?? "", "hex") };
}

function signParameters({ product }: Scope, version: MqttVersion, sign: Sign): readonly string[] {
  const { userName, password, clientId, tls, will } = sign;
  const given = (name: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [name, value];
  const certificate =
    tls === undefined || tls === "no-certificate"
      ? []
      : ["--cert", tls.certificateFile, "--key", tls.keyFile];
  const port = tls === undefined ? product.mqttPort : product.mqttTlsPort;
  return [
    ...["-h", "127.0.0.1", "-p", String(port), "-V", versionNames[version], "-q", "1", "-d"],
    ...given("-u", userName),
    ...given("-P", password),
    ...given("-i", clientId),
    ...(sign.keepAliveSeconds === undefined ? [] : ["-k", String(sign.keepAliveSeconds)]),
    ...(tls === undefined ? [] : ["--cafile", join(certificateFolder, "issuer.pem"), ...certificate]),
    ...(will === undefined
      ? []
      : ["--will-topic", will.topic, "--will-payload", will.payload, "--will-qos", "1"]),
  ];
}

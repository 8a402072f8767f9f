// CoAP clients: the npm package `coap` and libcoap's coap-client.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request as coapRequest, type IncomingMessage, type ObserveReadStream } from "coap";
import { type Case, NotSo, type Scope, within } from "./device-api-case.ts";
import { createQueue } from "./device-api-mqtt-js.ts";

export interface CoapAnswer {
  readonly code: string;
  readonly body: Buffer;
}

export interface CoapVoice {
  /** `body` absent: GET, else POST. */
  ask(path: string, body?: string): Promise<CoapAnswer>;
  /** Answers what it is told, one after the other. */
  observe(path: string): Promise<{ next(): Promise<string> }>;
}

/** Above it a body goes in blocks. */
const blockBytes = 1_024;

export function createCoapJsVoice(scope: Scope): CoapVoice {
  const send = (path: string, options: { body?: string; observe?: true }): Promise<IncomingMessage> => {
    const agent = new Agent({ type: "udp4" });
    scope.defer(() => {
      try {
        agent.close();
      } catch {
        // An observation that was ended has closed its socket already.
      }
    });
    const [pathname = "", query] = path.split("?");
    const { body, observe } = options;
    return within(
      new Promise((resolve, reject) => {
        const request = coapRequest({
          ...{ hostname: "127.0.0.1", port: scope.product.coapPort, pathname, agent },
          method: body === undefined ? "GET" : "POST",
          ...(query === undefined ? {} : { query }),
          ...(observe === undefined ? {} : { observe }),
        });
        request.on("response", resolve);
        request.on("error", reject);
        if (Buffer.byteLength(body ?? "") > blockBytes) request.setOption("Block1", Buffer.from([0x06]));
        request.end(body ?? "");
      }),
      `an answer to ${path}`,
    );
  };
  return {
    ask: async (path, body) => {
      const { code, payload } = await send(path, body === undefined ? {} : { body });
      return { code, body: payload };
    },
    observe: async (path) => {
      const stream = (await send(path, { observe: true })) as ObserveReadStream;
      const told = createQueue<string>();
      stream.on("data", (chunk: Buffer) => {
        if (chunk.length > 0) told.put(chunk.toString());
      });
      stream.on("error", () => undefined);
      scope.defer(() => stream.close());
      return { next: () => within(told.take(), `news of ${path}`) };
    },
  };
}

export function createLibcoapVoice(scope: Scope): CoapVoice {
  const start = (parameters: readonly string[], path: string, input: string) => {
    const address = `coap://127.0.0.1:${scope.product.coapPort}${path}`;
    const child = spawn("stdbuf", ["-oL", "coap-client-notls", "-v", "7", ...parameters, address]);
    scope.defer(() => child.kill("SIGKILL"));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return child;
  };
  return {
    ask: async (path, body) => {
      const folder = mkdtempSync(join(tmpdir(), "waremind-coap-"));
      scope.defer(() => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, "body");
      const method = body === undefined ? ["-m", "get"] : ["-m", "post", "-f", "-"];
      const child = start([...method, "-o", file, "-B", "8"], path, body ?? "");
      let output = "";
      let errors = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString("latin1");
      });
      child.stderr.on("data", (chunk: Buffer) => {
        errors += chunk.toString();
      });
      await within(new Promise((resolve) => child.once("close", resolve)), `an answer to ${path}`);
      const code = [...output.matchAll(/process incoming (\d\.\d\d) response/g)].at(-1)?.[1];
      if (code === undefined) throw new NotSo(`coap-client had no answer to ${path}: ${output}${errors}`);
      // What is refused is told on the error stream: the code and the diagnostic text.
      const refusal = errors.startsWith(code) ? Buffer.from(errors.slice(code.length + 1).trimEnd()) : null;
      return { code, body: refusal ?? readIfThere(file) };
    },
    observe: async (path) => {
      const child = start(["-m", "get", "-w", "-s", "9"], path, "");
      const told = createQueue<string>();
      const begun = createQueue<true>();
      let rest = "";
      child.stdout.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          if (line.includes("observation relationship established")) begun.put(true);
          if (line.startsWith("{")) told.put(line);
        }
      });
      await within(begun.take(), `the observation of ${path}`);
      return { next: () => within(told.take(), `news of ${path}`) };
    },
  };
}

function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

/** The same behaviour through both clients. */
export function overCoap(
  behaviour: string,
  body: (scope: Scope, voice: CoapVoice) => Promise<void>,
): readonly Case[] {
  const common = { behaviour: `CoAP ${behaviour}`, version: "CoAP" };
  return [
    { ...common, client: "coap (npm)", run: (scope) => body(scope, createCoapJsVoice(scope)) },
    {
      ...{ ...common, client: "coap-client", needs: ["coap-client-notls", "stdbuf"] },
      run: (scope) => body(scope, createLibcoapVoice(scope)),
    },
  ];
}

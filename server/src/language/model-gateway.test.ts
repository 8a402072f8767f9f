import { createServer, type IncomingMessage, type Server } from "node:http";
import { MockLanguageModelV4 } from "ai/test";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { GatewayTool } from "./language-types.ts";
import { createModelGateway } from "./model-gateway.ts";

const port = 4250;
let server: Server | undefined;

afterEach(async () => {
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
});

interface ChatRequest {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { role: string; content?: string; tool_call_id?: string }[];
    readonly tools?: readonly { function: { name: string; parameters: unknown } }[];
  };
}

/** A real server that speaks chat/completions and answers from a list; what it was asked is kept. */
async function serve(
  answers: readonly ({ status: number } | { message: object; finish: string })[],
): Promise<ChatRequest[]> {
  const asked: ChatRequest[] = [];
  server = createServer((request, response) => {
    void readBody(request).then((text) => {
      asked.push({
        path: request.url,
        authorization: request.headers.authorization,
        body: JSON.parse(text) as ChatRequest["body"],
      });
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (answer === undefined || "status" in answer) {
        response.writeHead(answer?.status ?? 500, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: { message: "refused" } }));
        return;
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          id: "chat-1",
          object: "chat.completion",
          created: 1_763_784_000,
          model: "tiny",
          choices: [
            { index: 0, message: { role: "assistant", ...answer.message }, finish_reason: answer.finish },
          ],
          usage: { prompt_tokens: 40, completion_tokens: 8, total_tokens: 48 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", resolve));
  return asked;
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

const calls = (...tools: readonly (readonly [string, object])[]) => ({
  finish: "tool_calls",
  message: {
    content: null,
    tool_calls: tools.map(([name, input], index) => ({
      id: `call_${index}_${name}`,
      type: "function",
      function: { name, arguments: JSON.stringify(input) },
    })),
  },
});
const says = (content: string) => ({ finish: "stop", message: { content } });
const gateway = () =>
  createModelGateway({ url: `http://127.0.0.1:${port}/v1/`, key: "secret-key", model: "tiny" });

function recordingTool(name: string, log: string[], result: () => Promise<string>): GatewayTool {
  return {
    name,
    description: `The tool ${name}.`,
    input: z.object({ reference: z.string().optional() }),
    run: async (input) => {
      log.push(`${name} begins ${JSON.stringify(input)}`);
      const text = await result();
      log.push(`${name} ends`);
      return text;
    },
  };
}

const ask = { instructions: "Be brief.", messages: [{ role: "user" as const, text: "Where is it?" }] };

describe("a model behind an OpenAI-compatible address", () => {
  it("is asked with the key, gets its tool results back and answers", async () => {
    const asked = await serve([calls(["trackShipment", { reference: "WM-1" }]), says("On its way.")]);
    const log: string[] = [];
    const result = await gateway().converse({
      ...ask,
      tools: [recordingTool("trackShipment", log, async () => "shipment-state: shipping")],
    });
    expect(result).toEqual({ text: "On its way.", stepCount: 2, tokenCount: 96 });
    expect(log).toEqual(['trackShipment begins {"reference":"WM-1"}', "trackShipment ends"]);
    expect(asked[0]?.path).toBe("/v1/chat/completions");
    expect(asked[0]?.authorization).toBe("Bearer secret-key");
    expect(asked[0]?.body.tools?.map((each) => each.function.name)).toEqual(["trackShipment"]);
    expect(asked[1]?.body.messages.at(-1)).toMatchObject({
      role: "tool",
      content: "shipment-state: shipping",
    });
  });

  it("has its tools run one after another, in the order it called them", async () => {
    await serve([calls(["slow", {}], ["quick", {}]), says("Done.")]);
    const log: string[] = [];
    await gateway().converse({
      ...ask,
      tools: [
        recordingTool("slow", log, () => new Promise((resolve) => setImmediate(() => resolve("1")))),
        recordingTool("quick", log, async () => "2"),
      ],
    });
    expect(log.map((line) => line.replace(" {}", ""))).toEqual([
      "slow begins",
      "slow ends",
      "quick begins",
      "quick ends",
    ]);
  });

  it("is unavailable when it refuses, calls tools without end, or says nothing", async () => {
    const unavailable = { code: "engine-unavailable" };
    await serve([{ status: 401 }]);
    await expect(gateway().converse({ ...ask, tools: [] })).rejects.toMatchObject(unavailable);
    server?.close();

    const endless = new MockLanguageModelV4({ doGenerate: async () => toolTurn("trackShipment") });
    const log: string[] = [];
    await expect(
      createModelGateway({ languageModel: endless }).converse({
        ...ask,
        tools: [recordingTool("trackShipment", log, async () => "nothing new")],
      }),
    ).rejects.toMatchObject(unavailable);
    expect(log.length).toBeLessThanOrEqual(16);

    const silent = new MockLanguageModelV4({ doGenerate: async () => textTurn("   ") });
    await expect(
      createModelGateway({ languageModel: silent }).converse({ ...ask, tools: [] }),
    ).rejects.toMatchObject(unavailable);
  });

  it("is unavailable after its time", async () => {
    const never = new MockLanguageModelV4({
      doGenerate: ({ abortSignal }) =>
        new Promise((_, reject) =>
          abortSignal?.addEventListener("abort", () => reject(new Error("aborted"))),
        ),
    });
    await expect(
      createModelGateway({ languageModel: never, turnTimeoutMs: 20 }).converse({ ...ask, tools: [] }),
    ).rejects.toMatchObject({ code: "engine-unavailable" });
  });

  it("stops when the tokens of a turn are spent", async () => {
    const greedy = new MockLanguageModelV4({ doGenerate: async () => toolTurn("trackShipment", 50_000) });
    await expect(
      createModelGateway({ languageModel: greedy }).converse({
        ...ask,
        tools: [recordingTool("trackShipment", [], async () => "nothing new")],
      }),
    ).rejects.toMatchObject({ code: "engine-unavailable" });
    expect(greedy.doGenerateCalls.length).toBe(2);
  });

  it("is not believed when a tool of ours failed on the way", async () => {
    await serve([calls(["trackShipment", {}]), says("It is in Paris.")]);
    await expect(
      gateway().converse({
        ...ask,
        tools: [recordingTool("trackShipment", [], () => Promise.reject(new Error("the store is gone")))],
      }),
    ).rejects.toMatchObject({ code: "engine-unavailable" });
  });
});

const usage = (total: number) => ({
  inputTokens: { total: total - 10, noCache: total - 10, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: undefined },
});
const toolTurn = (toolName: string, tokens = 20) => ({
  content: [{ type: "tool-call" as const, toolCallId: "call", toolName, input: "{}" }],
  finishReason: { unified: "tool-calls" as const, raw: undefined },
  usage: usage(tokens),
  warnings: [],
});
const textTurn = (text: string) => ({
  content: [{ type: "text" as const, text }],
  finishReason: { unified: "stop" as const, raw: undefined },
  usage: usage(20),
  warnings: [],
});

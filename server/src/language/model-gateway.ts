import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  generateText,
  isStepCount,
  type LanguageModel,
  type StopCondition,
  type ToolSet,
  tool,
  wrapLanguageModel,
} from "ai";
import { DomainError } from "../platform/errors.ts";
import { traced, traceHeaders } from "../platform/tracing.ts";
import type { GatewayTool, ModelGateway } from "./language-types.ts";

/** The whole turn with the model, tools included; then the composer answers. */
const turnTimeoutMs = 45_000;
const stepTimeoutMs = 25_000;
const toolTimeoutMs = 8_000;
/** Model calls of one turn: enough for order, parcel, condition, policy, stock and the answer. */
const stepsMax = 8;
/** Repeats of one call after a network error, 429 or 5xx. */
const callRetriesMax = 1;
const answerTokensMax = 900;
/** Input and output tokens of one turn; above it the loop ends and the composer answers. */
const turnTokensMax = 60_000;
const answerCharactersMax = 4_000;

export type ModelGatewayOptions =
  | { readonly url: string; readonly key: string | undefined; readonly model: string }
  /** A model object of the AI SDK: recorded turns in tests, or a local model. */
  | { readonly languageModel: Exclude<LanguageModel, string>; readonly turnTimeoutMs?: number };

/**
 * Opens an OpenAI-compatible model (`url` is the base, such as `http://127.0.0.1:11434/v1`). Tools run one at a time,
 * in the order the model called them. `converse` rejects with `engine-unavailable` on an error, a time-out, or when
 * the steps or tokens of a turn are spent without an answer; what a tool throws is an error too.
 */
export function createModelGateway(options: ModelGatewayOptions): ModelGateway {
  const languageModel =
    "languageModel" in options
      ? options.languageModel
      : createOpenAICompatible({
          name: "configured",
          baseURL: options.url.replace(/\/+$/, ""),
          fetch: fetchInTrace,
          ...(options.key === undefined ? {} : { apiKey: options.key }),
        })(options.model);
  const name = "languageModel" in options ? options.languageModel.modelId : options.model;
  const totalMs = ("languageModel" in options ? options.turnTimeoutMs : undefined) ?? turnTimeoutMs;
  return {
    label: { kind: "model", name },
    converse: async ({ instructions, messages, tools, signal }) => {
      const failures: unknown[] = [];
      try {
        const result = await generateText({
          model: tracedModel(languageModel, options),
          instructions,
          messages: messages.map(({ role, text }) => ({ role, content: text })),
          tools: toolSetOf(tools, failures),
          stopWhen: [isStepCount(stepsMax), tokensSpent],
          toolCallConcurrency: 1,
          maxRetries: callRetriesMax,
          maxOutputTokens: answerTokensMax,
          temperature: 0,
          timeout: { totalMs, stepMs: Math.min(stepTimeoutMs, totalMs), toolMs: toolTimeoutMs },
          ...(signal === undefined ? {} : { abortSignal: signal }),
        });
        // A tool that fails is a fault of ours: its message must not become the model's answer.
        if (failures.length > 0) throw failures[0];
        const text = result.text.trim();
        if (text === "" || result.finishReason === "tool-calls") {
          throw new Error(`The model gave no answer within ${stepsMax} steps (${result.finishReason}).`);
        }
        return {
          text: text.slice(0, answerCharactersMax),
          stepCount: result.steps.length,
          tokenCount: result.usage.totalTokens ?? 0,
        };
      } catch (cause) {
        throw unavailable(name, cause);
      }
    },
  };
}

/** The model server sees which trace it works for. */
const fetchInTrace: typeof fetch = (input, init) =>
  fetch(input, {
    ...init,
    headers: { ...Object.fromEntries(new Headers(init?.headers)), ...traceHeaders() },
  });

/**
 * A span for each call of the model, with the attributes of OpenTelemetry's semantic conventions for generative AI. What
 * was asked and answered is left out: it may hold what a customer wrote.
 */
function tracedModel(
  model: Exclude<LanguageModel, string>,
  options: ModelGatewayOptions,
): Exclude<LanguageModel, string> {
  if (model.specificationVersion !== "v4") return model;
  const server = "url" in options ? { "server.address": new URL(options.url).hostname } : {};
  return wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: "v4",
      wrapGenerate: ({ doGenerate }) =>
        traced(
          {
            name: `chat ${model.modelId}`,
            kind: "client",
            attributes: {
              ...server,
              "gen_ai.operation.name": "chat",
              "gen_ai.provider.name": "openai_compatible",
              "gen_ai.request.model": model.modelId,
              "gen_ai.request.max_tokens": answerTokensMax,
              "gen_ai.request.temperature": 0,
            },
          },
          async (span) => {
            const result = await doGenerate();
            const { inputTokens, outputTokens } = result.usage;
            span.setAttributes({
              "gen_ai.response.finish_reasons": [result.finishReason.unified],
              ...(result.response?.modelId === undefined
                ? {}
                : { "gen_ai.response.model": result.response.modelId }),
              ...(result.response?.id === undefined ? {} : { "gen_ai.response.id": result.response.id }),
              ...(inputTokens.total === undefined ? {} : { "gen_ai.usage.input_tokens": inputTokens.total }),
              ...(outputTokens.total === undefined
                ? {}
                : { "gen_ai.usage.output_tokens": outputTokens.total }),
            });
            return result;
          },
        ),
    },
  });
}

const tokensSpent: StopCondition<ToolSet> = ({ steps }) =>
  steps.reduce((sum, step) => sum + (step.usage.totalTokens ?? 0), 0) > turnTokensMax;

function toolSetOf(tools: readonly GatewayTool[], failures: unknown[]): ToolSet {
  return Object.fromEntries(
    tools.map((each) => [
      each.name,
      tool({
        description: each.description,
        inputSchema: each.input,
        execute: async (input: unknown) => {
          try {
            return await each.run(input);
          } catch (error) {
            failures.push(error);
            throw error;
          }
        },
      }),
    ]),
  );
}

function unavailable(name: string, cause: unknown): DomainError {
  return new DomainError(
    "engine-unavailable",
    {
      en: `The language model ${name} gave no usable answer; the built-in composer answers instead.`,
      zh: `语言模型 ${name} 没有给出可用的回答，由内置规则引擎代为回答。`,
    },
    { model: name },
    cause,
  );
}

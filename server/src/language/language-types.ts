import type { EngineLabel, Language } from "@waremind/contract";
import type { z } from "zod";

/** What a customer may want; `change` and `policy` are understood in order to say honestly what can be done. */
export type Intent =
  | "track"
  | "arrival"
  | "cold"
  | "stock"
  | "price"
  | "cancel"
  | "refund"
  | "person"
  | "orders"
  | "policy"
  | "change"
  | "greeting"
  | "thanks"
  | "abilities";

export interface Understanding {
  /** Best first within a part of the message, parts in the order they were written; never twice the same. */
  readonly intents: readonly { readonly intent: Intent; readonly score: number }[];
  /** Tokens that may be an order, shipment or tracking number, as written, at most `referencesMax`. */
  readonly references: readonly string[];
  /** An unconditional yes; "yes, but …" and "可以退吗" are none. */
  readonly isYes: boolean;
  readonly isNo: boolean;
  /** "and the other one?", "那另一个呢". */
  readonly refersToOther: boolean;
  readonly refersToNewest: boolean;
  /** "the second one": 2. */
  readonly ordinal: number | null;
  /** A follow-up that names no intent of its own: "and the shrimp?". */
  readonly isFollowUp: boolean;
  readonly cancelReason: "no-longer-needed" | "ordered-by-mistake" | null;
  /** The message without its question words: what may name a product. */
  readonly productWords: string;
}

/** The built-in, rule-based language engine: reads a message; the assistant's wordings write from facts. */
export interface Composer {
  readonly label: EngineLabel;
  understand(input: { readonly text: string; readonly language: Language }): Understanding;
}

/** A tool as the model sees it. `run` gets input that passed `input`; what it throws ends the conversation with the model. */
export interface GatewayTool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType;
  run(input: unknown): Promise<string>;
}

export interface GatewayMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/** An outside or local language model. It rejects with `engine-unavailable` on time-out, error or spent budget. */
export interface ModelGateway {
  readonly label: EngineLabel;
  converse(input: {
    readonly instructions: string;
    readonly messages: readonly GatewayMessage[];
    readonly tools: readonly GatewayTool[];
    readonly signal?: AbortSignal;
  }): Promise<{ readonly text: string; readonly stepCount: number; readonly tokenCount: number }>;
}

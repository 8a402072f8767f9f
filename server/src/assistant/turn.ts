import type { EngineLabel, Language, Proposal } from "@waremind/contract";
import type { Customer, CustomerSession } from "../customers/index.ts";
import type { CheckInput } from "../evidence/index.ts";
import type { Understanding } from "../language/index.ts";
import type { Memory } from "./memory.ts";
import type { FactLedger } from "./tools/fact-ledger.ts";

/** Everything that belongs to one question being answered. Tools and engines write into it; `assistant.ts` stores it. */
export interface Turn {
  readonly session: CustomerSession;
  readonly customer: Customer;
  readonly conversationId: string;
  /** Made before the answer exists, so that an approval asked for on the way can name its evidence. */
  readonly evidenceRecordId: string;
  readonly language: Language;
  readonly questionText: string;
  /** What the customer wrote in this conversation, newest last. */
  readonly customerWords: readonly string[];
  readonly understanding: Understanding;
  readonly now: number;
  readonly ledger: FactLedger;
  /** What was offered before this question; a yes to it is the only consent to a write. */
  readonly offered: Memory["offer"];
  /** The message is the customer's yes to exactly what was offered; read here by rules, never by a model. */
  readonly hasConsent: boolean;
  /** The last answer asked which order is meant. */
  readonly wasAskedWhich: boolean;
  /** What the next question will find. */
  memory: Memory;
  readonly proposals: Proposal[];
  readonly actionsDone: CheckInput["actionsDone"][number][];
  isHandedOff: boolean;
  engine: EngineLabel;
}

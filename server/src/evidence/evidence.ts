import type { EvidenceRecord, Fact, Language, TextCheck } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

/** Everything a check may use. Pure: the same input always gives the same answer. */
export interface CheckInput {
  readonly text: string;
  readonly language: Language;
  readonly facts: readonly Fact[];
  /** Words the customer wrote in this conversation; they may be repeated as theirs. */
  readonly customerWords: readonly string[];
  /** What may be promised: names of actions that ran (with a receipt) or wait for approval, in this answer. */
  readonly actionsDone: readonly {
    name: string;
    state: "executed" | "waiting-for-approval";
    receiptFactId: string | null;
  }[];
  readonly now: number;
  /** IANA zone of the customer; dates and times in the text are read in it. */
  readonly timeZone: string;
}

export type CheckText = (input: CheckInput) => TextCheck;

export interface EvidenceRecords {
  save(connection: Connection, record: EvidenceRecord): Promise<void>;
  find(id: string): Promise<EvidenceRecord | null>;
}

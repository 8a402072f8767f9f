import type { ClaimKind, Fact } from "@waremind/contract";
import type { Unit } from "./units.ts";

/** What a reader found in one sentence; offsets are into the sentence's plain text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Operator = "gt" | "ge" | "lt" | "le";

export interface QuantityFinding extends Span {
  readonly type: "quantity";
  readonly kind: ClaimKind;
  readonly value: number;
  readonly decimals: number;
  readonly unit: Unit;
  /** "about", "约": the last shown zeros of a whole number are not significant. */
  readonly isAbout: boolean;
  readonly operator?: Operator;
  /** The bounds of a range are judged together. */
  readonly range?: { readonly low: number; readonly high: number; readonly role: "low" | "high" };
  /** What the counted noun may mean: fact properties. */
  readonly counts?: readonly string[];
  /** "2 h ago", "in 2 hours": measured from now. */
  readonly fromNow?: "past" | "future";
  /** "3 degrees above the limit": a difference, not a level. */
  readonly isDifference: boolean;
}

export interface DateFinding extends Span {
  readonly type: "date";
  /** Several when the writing is ambiguous (3/4/2026); one must hold. */
  readonly readings: readonly DateReading[];
}

export interface DateReading {
  readonly year?: number;
  readonly month?: number;
  readonly day?: number;
  /** 1 Monday … 7 Sunday. */
  readonly weekday?: number;
  /** Days from today: −1 yesterday. */
  readonly dayOffset?: number;
  /** Weeks from this one, for 下周三 and "next Wednesday". */
  readonly weekOffset?: number;
  /** Hours of the day that the wording allows: [from, to). */
  readonly hours?: readonly [number, number];
}

export interface TimeFinding extends Span {
  readonly type: "time";
  readonly hour: number;
  readonly minute: number;
  readonly second?: number;
  readonly isAbout: boolean;
  /** "2:05" without am or pm in a text of half-day times may be 14:05. */
  readonly isHalfDay: boolean;
  readonly isUtc: boolean;
}

export interface IdentifierFinding extends Span {
  readonly type: "identifier";
  readonly text: string;
  /** "ending in 1234": only the tail is given. */
  readonly isTail: boolean;
}

export interface PhraseFinding extends Span {
  readonly type: "phrase";
  readonly kind: ClaimKind;
  /** Name of the phrase class; its meaning stands in phrase-classes.ts. */
  readonly phrase: string;
}

/** A text that a fact says word for word: a product's name, a carrier, a sentence of a clause. */
export interface MentionFinding extends Span {
  readonly type: "mention";
  readonly kind: ClaimKind;
  readonly facts: readonly Fact[];
}

/** Something that cannot be read, such as letters of a third script: it cannot be checked, so it does not pass. */
export interface UnreadableFinding extends Span {
  readonly type: "unreadable";
}

export type Finding =
  | QuantityFinding
  | DateFinding
  | TimeFinding
  | IdentifierFinding
  | PhraseFinding
  | MentionFinding
  | UnreadableFinding;

/** Which characters of a sentence are already explained. */
export class Coverage {
  readonly #taken: Uint8Array;

  constructor(length: number) {
    this.#taken = new Uint8Array(length);
  }

  isFree(start: number, end: number): boolean {
    for (let at = start; at < end; at += 1) if (this.#taken[at] === 1) return false;
    return true;
  }

  take(start: number, end: number): void {
    this.#taken.fill(1, start, end);
  }
}

import type { PlainText } from "./plain-text.ts";

/** A sentence as a range of the plain text, and the range of the original that it came from. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
  readonly plain: string;
  readonly originalStart: number;
  readonly originalEnd: number;
}

const abbreviations =
  /(?:^|[^a-z])(?:no|nos|nr|mr|mrs|ms|dr|st|approx|ca|e\.g|i\.e|a\.m|p\.m|vs|etc|min|max|temp|est|hr|hrs|mins|art|vol|ref|tel|dept|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|deg|ltd|inc|co)$/i;
const meridiem = /[ap]\.m$/i;
const dayWord =
  /^\s*(?:on\s|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|today|tomorrow|yesterday|\()/i;
const closers = /["')\]」』”’》】]/;

/** Splits into sentences; a line break always ends one, a point inside `4.97`, `No. 5` or `a.m.` never does. */
export function splitSentences(text: PlainText, original: string): Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  for (let at = 0; at < text.plain.length; at += 1) {
    if (!endsSentence(text.plain, at, start)) continue;
    let end = at + 1;
    while (end < text.plain.length && /[.!?。…]/.test(text.plain.charAt(end))) end += 1;
    while (end < text.plain.length && closers.test(text.plain.charAt(end))) end += 1;
    addSentence(sentences, text, original, start, end);
    start = end;
    at = end - 1;
  }
  addSentence(sentences, text, original, start, text.plain.length);
  return sentences;
}

function endsSentence(plain: string, at: number, start: number): boolean {
  const character = plain.charAt(at);
  if (character === "\n" || character === "。" || character === "!" || character === "?") return true;
  if (character === "…") return /^\s*["')]?\s*(?:[A-Z]|\p{Script=Han}|$)/u.test(plain.slice(at + 1, at + 6));
  if (character !== ".") return false;
  const after = plain.slice(at + 1, at + 16);
  if (!/^(?:["')\]」』]|\s|$|\.|\p{Script=Han})/u.test(after)) return false;
  const before = plain.slice(Math.max(start, at - 12), at);
  if (/^\s*[-•–]?\s*\(?(?:\d{1,2}|[a-z])$/i.test(plain.slice(start, at))) return false;
  if (meridiem.test(before)) return /^\s+[A-Z]/.test(after) && !dayWord.test(after);
  if (/\d$/.test(before) && /^\s*\d/.test(after) && /\s$/.test(before)) return false;
  return !(abbreviations.test(before) && !/^\s*$/.test(after));
}

function addSentence(
  sentences: Sentence[],
  text: PlainText,
  original: string,
  from: number,
  to: number,
): void {
  let start = from;
  let end = to;
  while (start < end && /\s/.test(text.plain.charAt(start))) start += 1;
  while (end > start && /\s/.test(text.plain.charAt(end - 1))) end -= 1;
  if (start >= end) return;
  const originalStart = text.leadOf[start] ?? 0;
  const following = text.startOf[end];
  let originalEnd = text.endOf[end - 1] ?? original.length;
  // Closing markup belongs to the sentence that it closes.
  const limit = following ?? original.length;
  while (originalEnd < limit && /[*_`~]/.test(original.charAt(originalEnd))) originalEnd += 1;
  sentences.push({ start, end, plain: text.plain.slice(start, end), originalStart, originalEnd });
}

import type { CheckedSentence, Claim, EvidenceRecord } from "@waremind/contract";

/** A stretch of text: plain, or one claim with its place in the record's list of claims. */
export interface Segment {
  readonly text: string;
  readonly claim: Claim | null;
  /** Index among all claims of the record, for addresses and tests; −1 for plain text. */
  readonly index: number;
  readonly start: number;
}

/** All claims of a record in reading order; the index in this list names a claim in the address. */
export function claimsOf(sentences: readonly CheckedSentence[]): readonly Claim[] {
  return sentences.flatMap((sentence) => sentence.claims).toSorted((one, other) => one.start - other.start);
}

/** The claim that opens by itself: the one that leads most directly to readings, else the first. */
export function firstToShow(record: EvidenceRecord): number {
  const fromSeries = new Set(
    record.facts.filter((fact) => fact.source.kind === "series").map((fact) => fact.id),
  );
  const claims = claimsOf(record.sentences);
  const leading = claims.filter((claim) => claim.factIds.some((id) => fromSeries.has(id)));
  const fewest = leading.toSorted((one, other) => one.factIds.length - other.factIds.length)[0];
  return fewest === undefined ? 0 : claims.indexOf(fewest);
}

/**
 * Cuts a text at its claims. `base` is the offset of the text in the whole that the claims' offsets count from. A claim
 * whose offsets do not fit (a withheld sentence counts from its draft) is looked up by its words; one that overlaps an
 * earlier claim, or is not there at all, is left out of the cut.
 */
export function segmentsOf(text: string, claims: readonly Claim[], base = 0): readonly Segment[] {
  const segments: Segment[] = [];
  let position = 0;
  const placed = claims
    .map((claim, index) => ({ claim, index, start: placeOf(text, claim, base) }))
    .filter(({ start }) => start >= 0)
    .toSorted((one, other) => one.start - other.start);
  for (const { claim, index, start } of placed) {
    if (start < position) continue;
    if (start > position) segments.push(plain(text.slice(position, start), position));
    segments.push({ text: claim.text, claim, index, start });
    position = start + claim.text.length;
  }
  if (position < text.length) segments.push(plain(text.slice(position), position));
  return segments;
}

function placeOf(text: string, claim: Claim, base: number): number {
  const start = claim.start - base;
  if (text.slice(start, start + claim.text.length) === claim.text && start >= 0) return start;
  return text.indexOf(claim.text);
}

function plain(text: string, start: number): Segment {
  return { text, claim: null, index: -1, start };
}

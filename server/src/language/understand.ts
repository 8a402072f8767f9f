import type { Language } from "@waremind/contract";
import { chineseCues } from "./chinese-cues.ts";
import { englishCues } from "./english-cues.ts";
import { examplePhrases } from "./example-phrases.ts";
import type { Cue } from "./intent-cue.ts";
import type { Intent, Understanding } from "./language-types.ts";
import { correctSpelling, normalizeText } from "./normalize.ts";
import { gramWeights, likeness, type WeightedText, weighText } from "./similarity.ts";
import {
  findReferences,
  isNo,
  isYes,
  productWordsOf,
  readPointers,
  saysByMistake,
  saysNotNeeded,
} from "./slots.ts";

/** Below this score an intent is not meant; measured on the wordings in `understand.test.ts`. */
const scoreMeant = 0.5;
/** A second intent in the same part of a message must be this sure and this near to the first. */
const secondScoreMin = 0.7;
const secondScoreLag = 0.2;
const intentsMax = 4;
const partsMax = 8;
/** Likeness below this is chance; above it, it counts up to `likenessWeight`. */
const likenessFloor = 0.3;
const likenessWeight = 0.85;

interface Scored {
  readonly intent: Intent;
  readonly score: number;
}

/** Small talk gives way to a question in the same message. */
const smallTalk = new Set<Intent>(["greeting", "thanks", "abilities"]);

/** Builds the reader once: weights of n-grams come from the example phrases. */
export function createUnderstanding(): (input: { text: string; language: Language }) => Understanding {
  const phrases = Object.entries(examplePhrases) as [Intent, readonly string[]][];
  const weightOf = gramWeights(phrases.flatMap(([, texts]) => texts));
  const examples = phrases.map(([intent, texts]) => ({
    intent,
    texts: texts.map((text) => weighText(text, weightOf)),
  }));
  return ({ text, language }) => {
    const normalized = normalizeText(text);
    const plain = correctSpelling(normalized);
    const pointers = readPointers(plain);
    const intents = intentsOf(withoutReferences(plain), (part) =>
      scorePart(part, examples, weighText(part, weightOf)),
    );
    return {
      intents,
      references: findReferences(text),
      isYes: isYes(plain),
      isNo: isNo(plain),
      ...pointers,
      isFollowUp: intents.length === 0 && pointers.isFollowUp,
      cancelReason: saysByMistake(plain)
        ? "ordered-by-mistake"
        : saysNotNeeded(plain)
          ? "no-longer-needed"
          : null,
      productWords: productWordsOf(normalized, language),
    };
  };
}

/** A number stands for an order in what is meant: "where is wm-10234" asks like "where is order". */
function withoutReferences(text: string): string {
  return findReferences(text).reduce(
    (plain, reference) => plain.replaceAll(reference, /\p{Script=Han}/u.test(text) ? "订单" : "order"),
    text,
  );
}

/** Reads each part of the message and the whole; the whole adds what no part alone says. */
function intentsOf(text: string, score: (part: string) => readonly Scored[]): readonly Scored[] {
  const parts = splitParts(text);
  const found = new Map<Intent, number>();
  for (const part of parts) {
    for (const { intent, score: value } of meantIn(score(part))) {
      found.set(intent, Math.max(found.get(intent) ?? 0, value));
    }
  }
  if (parts.length > 1 && found.size === 0) {
    for (const { intent, score: value } of meantIn(score(text))) found.set(intent, value);
  }
  const all = [...found].map(([intent, value]) => ({ intent, score: value }));
  const questions = all.filter(({ intent }) => !smallTalk.has(intent));
  return (questions.length > 0 ? questions : all).slice(0, intentsMax);
}

function meantIn(scored: readonly Scored[]): readonly Scored[] {
  const [first, second] = scored;
  if (first === undefined || first.score < scoreMeant) return [];
  if (second === undefined || second.score < secondScoreMin || first.score - second.score > secondScoreLag) {
    return [first];
  }
  return isOneQuestion(first.intent, second.intent) ? [first] : [first, second];
}

/** Pairs that one wording often touches though one question is meant. */
function isOneQuestion(first: Intent, second: Intent): boolean {
  const pair = new Set([first, second]);
  const both = (left: Intent, right: Intent) => pair.has(left) && pair.has(right);
  return (
    both("track", "arrival") ||
    both("refund", "policy") ||
    both("cancel", "policy") ||
    both("cold", "policy") ||
    both("track", "orders") ||
    both("stock", "arrival")
  );
}

function splitParts(text: string): readonly string[] {
  return text
    .split(
      /[.!?。!?;\n,，、]+\s*|\b(?:and also|and then|also|and|but|plus)\b|(?:并且|而且|还有就是|另外|顺便|然后|同时|以及)/,
    )
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .slice(0, partsMax);
}

function scorePart(
  part: string,
  examples: readonly { intent: Intent; texts: readonly WeightedText[] }[],
  weighed: WeightedText,
): readonly Scored[] {
  return examples
    .map(({ intent, texts }) => {
      const nearest = Math.max(...texts.map((text) => likeness(text, weighed)));
      const fromLikeness = Math.max(0, (nearest - likenessFloor) / (1 - likenessFloor)) * likenessWeight;
      return { intent, score: scoreOf([...englishCues[intent], ...chineseCues[intent]], part, fromLikeness) };
    })
    .toSorted((left, right) => right.score - left.score);
}

/** Independent hints: 1 − Π(1 − wᵢ); what speaks against takes its share away. */
function scoreOf(cues: readonly Cue[], part: string, fromLikeness: number): number {
  let doubt = 1 - fromLikeness;
  let against = 1;
  for (const { pattern, weight } of cues) {
    if (!pattern.test(part)) continue;
    if (weight > 0) doubt *= 1 - weight;
    else against *= 1 + weight;
  }
  return (1 - doubt) * against;
}

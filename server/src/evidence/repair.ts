import type { CheckedSentence, Claim, Fact, Language, TextCheck } from "@waremind/contract";
import { minorDigits } from "./measure.ts";

/** One claim that does not stand, and what may be said instead. */
export interface RepairHint {
  readonly claim: Claim;
  /** The sentence it stands in. */
  readonly sentence: string;
  /** A line for a model's one repair try, in its language. */
  readonly hint: string;
  readonly nearest: Fact | undefined;
}

const hintsMax = 20;

const faultSentences: Readonly<Record<NonNullable<Claim["fault"]>, { en: string; zh: string }>> = {
  "no-fact": { en: "No fact shows this; leave it out.", zh: "没有事实支持，请删去。" },
  differs: { en: "The facts say something else.", zh: "与事实不符。" },
  "wrong-unit": { en: "The number is right but its unit is not.", zh: "数字对，单位不对。" },
  "wrong-currency": { en: "The amount is in another currency.", zh: "币种不对。" },
  stale: {
    en: "This value is old; say it only with the time it was read.",
    zh: "数据已旧，必须同时说明读取时间。",
  },
  "own-arithmetic": {
    en: "Do not calculate; say only recorded values.",
    zh: "不要自行计算，只能说已记录的数值。",
  },
  "promise-without-receipt": {
    en: "Nothing was done that this could rest on; do not promise or report it.",
    zh: "没有相应的已执行操作，不得承诺或声称已办。",
  },
  "not-allowed": { en: "This may not be said; leave it out.", zh: "不允许这样说，请删去。" },
};

/** The unmatched claims of a check, each with the nearest fact that may be said instead; at most 20. */
export function repairHints(check: TextCheck, facts: readonly Fact[], language: Language): RepairHint[] {
  return check.sentences
    .flatMap((sentence) =>
      sentence.claims
        .filter(({ verdict }) => verdict === "unsupported")
        .map((claim): RepairHint => {
          const nearest = facts.find(({ id }) => id === claim.nearestFactId);
          return { claim, sentence: sentence.text, hint: hintOf(claim, nearest, language), nearest };
        }),
    )
    .slice(0, hintsMax);
}

function hintOf(claim: Claim, nearest: Fact | undefined, language: Language): string {
  const fault = faultSentences[claim.fault ?? "no-fact"][language];
  const instead = nearest === undefined ? undefined : `${nearest.property} = ${showValue(nearest, language)}`;
  if (language === "zh")
    return `“${claim.text}”：${fault}${instead === undefined ? "" : `可用事实：${instead}。`}`;
  return `"${claim.text}": ${fault}${instead === undefined ? "" : ` What is known: ${instead}.`}`;
}

function showValue({ value, observedAt }: Fact, language: Language): string {
  switch (value.type) {
    case "number":
      return `${value.number} ${value.unit}`;
    case "money":
      return `${value.currency} ${(value.amountMinor / 10 ** minorDigits(value.currency)).toFixed(minorDigits(value.currency))}`;
    case "instant":
      return isoOf(value.at);
    case "date":
      return value.date;
    case "status":
      return `${value.status} (${isoOf(observedAt)})`;
    case "identifier":
      return value.text;
    case "boolean":
      return String(value.boolean);
    case "text":
      return value.text[language];
  }
}

const isoOf = (at: number): string => new Date(at).toISOString();

export interface RemainingText {
  /** What is left when every unsupported sentence is taken out, with its line breaks. */
  readonly text: string;
  readonly removed: readonly CheckedSentence[];
  /** At least one claim that the facts support is left: the text still answers. */
  readonly stillAnswers: boolean;
}

/** Takes the unsupported sentences out of `text`, the text that was checked. */
export function removeUnsupported(check: TextCheck, text: string): RemainingText {
  const removed = check.sentences.filter(({ isSupported }) => !isSupported);
  let rest = "";
  let from = 0;
  for (const sentence of removed) {
    rest += text.slice(from, sentence.start);
    from = sentence.end;
  }
  rest += text.slice(from);
  const kept = check.sentences.filter(({ isSupported }) => isSupported);
  return {
    text: tidy(rest),
    removed,
    stillAnswers: kept.some(({ claims }) =>
      claims.some(
        ({ verdict, kind, factIds }) =>
          verdict === "supported" && kind !== "identifier" && factIds.length > 0,
      ),
    ),
  };
}

/** No empty bullets, doubled spaces or piled-up blank lines are left behind. */
function tidy(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replaceAll(/[ \t]{2,}/g, " ").trimEnd())
    .filter(
      (line, index, lines) =>
        !/^\s*(?:[-*•#>|]|\d{1,2}[.)])+\s*$/.test(line) && !(line === "" && lines[index - 1] === ""),
    )
    .join("\n")
    .trim();
}

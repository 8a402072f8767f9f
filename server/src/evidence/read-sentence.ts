import type { Subject } from "@waremind/contract";
import type { Bench } from "./bench.ts";
import { Coverage, type Finding } from "./finding.ts";
import { coverHarmlessNumbers } from "./harmless.ts";
import { attributionEn, policyFramingEn } from "./lexicon-en.ts";
import { attributionZh, policyFramingZh } from "./lexicon-zh.ts";
import { readDates } from "./read-dates.ts";
import { readAddresses, readIdentifiers } from "./read-identifiers.ts";
import { type Quotables, readMentions } from "./read-mentions.ts";
import { readPhrases, readUnreadable } from "./read-phrases.ts";
import { readQuantities } from "./read-quantities.ts";
import { readUnexplained } from "./read-unexplained.ts";

export interface SentenceReading {
  readonly plain: string;
  readonly findings: readonly Finding[];
  /** Where which subjects are named. */
  readonly subjects: readonly {
    readonly start: number;
    readonly end: number;
    readonly subjects: readonly Subject[];
  }[];
  /** Where the sentence begins to repeat the customer; undefined: it does not. */
  readonly attributedFrom: number | undefined;
  readonly isPolicy: boolean;
}

/** Everything in one sentence that could be false. What the facts say word for word is read first, plain numbers last. */
export function readSentence(plain: string, quotables: Quotables, bench: Bench): SentenceReading {
  const coverage = new Coverage(plain.length);
  const addresses = readAddresses(plain, coverage);
  const mentions = readMentions(plain, quotables, coverage);
  coverHarmlessNumbers(plain, coverage);
  const dates = readDates(plain, coverage);
  const identifiers = readIdentifiers(plain, coverage);
  const quantities = readQuantities(plain, coverage);
  const phrases = readPhrases(plain, mentions.findings);
  const unreadable = readUnreadable(plain, mentions.findings);
  const read = [
    ...addresses,
    ...mentions.findings,
    ...dates,
    ...identifiers,
    ...quantities,
    ...phrases,
    ...unreadable,
  ];
  const unexplained = readUnexplained(plain, read, bench.knownWords);
  const attributed = attributionEn.exec(plain) ?? attributionZh.exec(plain);
  const namesClause = mentions.findings.some(
    (finding) =>
      finding.type === "mention" && finding.facts.some(({ property }) => property === "clause-title"),
  );
  return {
    plain,
    findings: [...read, ...unexplained],
    subjects: mentions.subjects,
    attributedFrom: attributed?.index,
    isPolicy:
      bench.clauses.length > 0 && (namesClause || policyFramingEn.test(plain) || policyFramingZh.test(plain)),
  };
}

import type { Bench } from "./bench.ts";
import type { Finding } from "./finding.ts";
import { identifierKey } from "./read-identifiers.ts";
import type { SentenceReading } from "./read-sentence.ts";

const notFoundWords =
  /\b(?:(?:can't|cannot|can not|couldn't|could not|unable to|didn't|did not|don't|do not|no) (?:\w+ ){0,2}(?:find|found|see|locate|match|have|recogni[sz]e|order|parcel)|not (?:in|belong|linked|found|match|exist)|doesn't (?:exist|match|belong|appear|look)|does not (?:exist|match|belong|appear)|no (?:order|parcel|such))\b|没有找到|查不到|未找到|找不到|不存在|无法找到|没查到|未查到|没有(?:查到|匹配)|不属于|不匹配/i;

/** Rule 5: a claim no fact supports may still be the customer's own words, said back as theirs. */
export function repeatsCustomer(finding: Finding, reading: SentenceReading, { customer }: Bench): boolean {
  const isAttributed = reading.attributedFrom !== undefined && reading.attributedFrom <= finding.end;
  const isNotFound = finding.type === "identifier" && notFoundWords.test(reading.plain);
  if (!isAttributed && !isNotFound) return false;
  const said = reading.plain.slice(finding.start, finding.end).toLowerCase().replaceAll(/\s/g, "");
  switch (finding.type) {
    case "identifier":
      return isCustomersCode(finding.text, customer.keys);
    case "quantity":
      return customer.quantities.some(
        ({ value, unit }) =>
          value === finding.value && (unit.label === finding.unit.label || finding.unit.dimension === "bare"),
      );
    case "phrase":
      return (
        (finding.phrase === "unexplained" || customer.phrases.has(finding.phrase)) &&
        customer.compact.includes(said)
      );
    case "date":
    case "time":
      return customer.compact.includes(said);
    case "mention":
    case "unreadable":
      return customer.compact.includes(said);
  }
}

function isCustomersCode(text: string, customerKeys: string): boolean {
  const key = identifierKey(text);
  return key.length > 0 && customerKeys.includes(key);
}

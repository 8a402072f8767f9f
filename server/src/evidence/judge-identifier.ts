import type { Fact } from "@waremind/contract";
import type { Bench } from "./bench.ts";
import type { IdentifierFinding } from "./finding.ts";
import { identifierKey } from "./read-identifiers.ts";
import { refused, supportedBy, type Verdict } from "./verdict.ts";

const tailLengthMin = 3;
const labelProperties: Readonly<Record<string, string>> = {
  order: "order-number",
  shipment: "shipment-number",
  lot: "lot-number",
  variant: "sku",
  receipt: "receipt-number",
  approval: "approval-number",
};

/** An identifier must be one of the facts' own, and of the kind that the words before it name. */
export function judgeIdentifier(
  finding: IdentifierFinding,
  { bench, cue }: { readonly bench: Bench; readonly cue: readonly string[] | undefined },
): Verdict {
  const key = identifierKey(finding.text);
  const isSame = (text: string): boolean => {
    const known = identifierKey(text);
    if (finding.isTail) return key.length >= tailLengthMin && known.endsWith(key);
    return known === key || known.replace(/^86/, "") === key.replace(/^86/, "");
  };
  const matches = bench.facts.filter((fact) => namesOf(fact).some(({ text }) => isSame(text)));
  const fitting =
    cue === undefined
      ? matches
      : matches.filter((fact) =>
          namesOf(fact).some(
            ({ text, property }) => isSame(text) && (property === undefined || cue.includes(property)),
          ),
        );
  if (fitting.length > 0) return supportedBy(fitting);
  const mentioned = bench.factTexts.filter(
    ({ plain }) =>
      identifierKey(plain).includes(key) && key.length > 1 && plain.includes(finding.text.toLowerCase()),
  );
  if (matches.length === 0 && mentioned.length > 0) return supportedBy(mentioned.map(({ fact }) => fact));
  const nearest = bench.facts.find(
    (fact) => fact.value.type === "identifier" && (cue === undefined || cue.includes(fact.property)),
  );
  return refused(matches.length > 0 ? "differs" : "no-fact", matches[0] ?? nearest);
}

function namesOf(fact: Fact): { readonly text: string; readonly property: string | undefined }[] {
  const own = fact.value.type === "identifier" ? [{ text: fact.value.text, property: fact.property }] : [];
  return [...own, { text: fact.subject.label, property: labelProperties[fact.subject.kind] }];
}

import type { Claim, EvidenceRecord, Fact } from "@waremind/contract";
import { type ReactElement, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { useWords } from "../i18n/words.ts";
import { Age } from "../ui/age.tsx";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { useFactValue } from "./fact-value.ts";
import { useReads } from "./use-reads.ts";
import { verdictLooks } from "./verdict-looks.ts";

export interface FactPanelProps {
  readonly record: EvidenceRecord;
  readonly claim: Claim;
  /** How a source is shown: the console draws the curve, the widget says it in words. */
  readonly source: (fact: Fact) => ReactNode;
}

/** One claim opened: what was read in it, what became of it, and every fact it rests on down to its source. */
export function FactPanel({ record, claim, source }: FactPanelProps): ReactElement {
  const { t } = useTranslation();
  const facts = readingsFirst(factsOf(record, claim.factIds));
  const nearest = claim.nearestFactId === undefined ? [] : factsOf(record, [claim.nearestFactId]);
  return (
    <div data-testid="fact-panel" aria-live="polite" className="flex min-w-0 flex-col gap-3">
      <ClaimHead claim={claim} />
      <FactList key={`${claim.start}`} facts={facts} record={record} source={source} />
      {nearest.length > 0 && facts.length === 0 && (
        <>
          <h3 className="text-ink-soft text-small">{t("xray.nearest")}</h3>
          {nearest.map((fact) => (
            <FactView key={fact.id} fact={fact} record={record} source={source} />
          ))}
        </>
      )}
      {claim.verdict === "customer-words" && <p className="text-ink-soft">{t("xray.customerWords")}</p>}
    </div>
  );
}

export function factsOf(record: EvidenceRecord, ids: readonly string[]): readonly Fact[] {
  return ids.flatMap((id) => record.facts.find((fact) => fact.id === id) ?? []);
}

/** What was measured is the strongest proof, so it stands first. */
function readingsFirst(facts: readonly Fact[]): readonly Fact[] {
  const weight = (fact: Fact): number => (fact.source.kind === "series" ? 0 : 1);
  return facts.toSorted((one, other) => weight(one) - weight(other));
}

interface FactListProps {
  readonly facts: readonly Fact[];
  readonly record: EvidenceRecord;
  readonly source: (fact: Fact) => ReactNode;
}

/** Facts shown at once; an order number alone may be shown by dozens. */
const factsShownAtOnce = 2;

function FactList({ facts, record, source }: FactListProps): ReactElement {
  const { t } = useTranslation();
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? facts : facts.slice(0, factsShownAtOnce);
  return (
    <>
      {shown.map((fact) => (
        <FactView key={fact.id} fact={fact} record={record} source={source} />
      ))}
      {shown.length < facts.length && (
        <Button icon="plus" onClick={() => setIsWhole(true)} className="self-start" data-testid="more-facts">
          {t("xray.moreFacts", { count: facts.length - shown.length })}
        </Button>
      )}
    </>
  );
}

function ClaimHead({ claim }: { readonly claim: Claim }): ReactElement {
  const { t } = useTranslation();
  const reads = useReads();
  const look = verdictLooks[claim.verdict];
  const tone = { supported: "good", "customer-words": "neutral", unsupported: "bad" } as const;
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={tone[claim.verdict]} icon={look.icon}>
          {t(`xray.verdict.${claim.verdict}`)}
        </Badge>
        <Badge tone="neutral">{t(`xray.kind.${claim.kind}`)}</Badge>
      </div>
      <p className="font-semibold text-title">“{claim.text}”</p>
      {claim.reads !== "" && claim.reads !== claim.text && (
        <p className="text-ink-soft">
          {t("xray.reads")} <span title={claim.reads}>{reads(claim.reads)}</span>
        </p>
      )}
      {claim.fault !== undefined && (
        <p className="flex items-start gap-2 rounded-control border border-bad-line bg-bad-soft px-3 py-2 text-bad">
          <Icon name="cross-circle" className="mt-0.5" />
          {t(`xray.fault.${claim.fault}`)}
        </p>
      )}
    </div>
  );
}

export interface FactViewProps {
  readonly fact: Fact;
  readonly record: EvidenceRecord;
  readonly source: (fact: Fact) => ReactNode;
}

export function FactView({ fact, record, source }: FactViewProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const factValue = useFactValue();
  return (
    <article
      data-testid={`fact-${fact.property}`}
      className="min-w-0 overflow-hidden rounded-card border border-line bg-surface"
    >
      <header className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5 px-4 pt-3">
        <span className="text-ink-soft">
          {words("subjectKind", fact.subject.kind)}{" "}
          <strong className="font-medium text-ink">{fact.subject.label}</strong>
          {" · "}
          {words("property", fact.property)}
        </span>
      </header>
      <p className="px-4 font-semibold text-page leading-8 [overflow-wrap:anywhere]">
        <span className={isProse(fact) ? "block font-normal text-base leading-5" : undefined}>
          {factValue(fact)}
        </span>
      </p>
      <p className="px-4 pb-3 text-ink-faint text-small">
        {t("xray.known")} {format.instant(fact.observedAt, "full")} · <Age at={fact.observedAt} />
        {fact.freshForSeconds !== null && (
          <> · {t("xray.freshFor", { time: format.minutes(fact.freshForSeconds / 60) })}</>
        )}
        {record.createdAt - fact.observedAt > (fact.freshForSeconds ?? Number.POSITIVE_INFINITY) * 1000 && (
          <span> · {t("xray.wasOld")}</span>
        )}
      </p>
      <div className="border-line border-t bg-sunken px-4 py-3">{source(fact)}</div>
    </article>
  );
}

/** A clause is read like prose, a name or a figure like a figure. */
const proseLengthMin = 48;

function isProse({ value }: Fact): boolean {
  return value.type === "text" && value.text.en.length > proseLengthMin;
}

import type { EvidenceRecord, Fact } from "@waremind/contract";
import { type ReactElement, type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { useWords } from "../i18n/words.ts";
import { Icon } from "../ui/icon.tsx";
import { ProblemNotice, Skeleton } from "../ui/states.tsx";
import { AnnotatedText } from "../xray/annotated-text.tsx";
import { FactPanel, factsOf } from "../xray/fact-panel.tsx";
import { useFactValue } from "../xray/fact-value.ts";
import { XrayLegend } from "../xray/legend.tsx";
import { claimsOf, firstToShow } from "../xray/segments.ts";
import { customerApi } from "./customer-api.ts";

interface ProofProps {
  readonly recordId: string;
  readonly token: string;
}

/** The X-ray in the chat: the same claims and facts, with sources in words. */
export function Proof({ recordId, token }: ProofProps): ReactElement {
  const [record, setRecord] = useState<EvidenceRecord | null>(null);
  const [error, setError] = useState<unknown>(null);
  const read = useCallback(async (): Promise<void> => {
    setError(null);
    try {
      setRecord(await customerApi.evidence(token, recordId));
    } catch (caught) {
      setError(caught);
    }
  }, [token, recordId]);
  useEffect(() => {
    void read();
  }, [read]);
  if (error !== null) return <ProblemNotice error={error} onRetry={() => void read()} />;
  return (
    <div data-testid="widget-proof" className="appear mt-1 rounded-card border border-line bg-surface p-3.5">
      {record === null ? <Skeleton rows={4} className="p-0" /> : <ProofBody record={record} />}
    </div>
  );
}

function ProofBody({ record }: { readonly record: EvidenceRecord }): ReactElement {
  const { t } = useTranslation();
  const claims = claimsOf(record.sentences);
  const [chosen, setChosen] = useState(() => firstToShow(record));
  const claim = claims[chosen];
  if (claim === undefined) return <p className="text-ink-soft">{t("xray.noClaimsText")}</p>;
  return (
    <div className="flex flex-col gap-3">
      <p className="text-ink-faint text-small">{t("widget.proofLead")}</p>
      <AnnotatedText
        text={record.text}
        claims={claims}
        chosen={chosen}
        onChoose={setChosen}
        className="leading-[1.7rem]"
      />
      <XrayLegend claims={claims} />
      <FactPanel
        record={record}
        claim={claim}
        source={(fact) => <SourceWords fact={fact} record={record} />}
      />
    </div>
  );
}

/** Where a fact comes from, in a sentence; the console's screens are not for customers. */
function SourceWords({
  fact,
  record,
}: {
  readonly fact: Fact;
  readonly record: EvidenceRecord;
}): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const { source } = fact;
  switch (source.kind) {
    case "series":
      return <ReadingsInWords source={source} />;
    case "row":
      return (
        <SourceLine icon="table">
          {t("xray.row")} {words("table", source.table)}
        </SourceLine>
      );
    case "clause":
      return (
        <SourceLine icon="policy">
          {t("xray.clause")} {fact.subject.label} · {t("policies.version", { version: source.version })}
        </SourceLine>
      );
    case "computed":
      return (
        <div className="flex flex-col gap-1">
          <SourceLine icon="rules">
            {t("xray.computed")} {words("computedBy", source.engine)}{" "}
            {source.fromFactIds.length > 0 && t("xray.computedFrom", { count: source.fromFactIds.length })}
          </SourceLine>
          <ComputedFrom facts={factsOf(record, source.fromFactIds)} />
        </div>
      );
  }
}

function SourceLine({
  icon,
  children,
}: {
  readonly icon: "table" | "policy" | "rules" | "curve";
  readonly children: ReactNode;
}): ReactElement {
  return (
    <p className="flex items-start gap-2 text-ink-soft text-small">
      <Icon name={icon} className="mt-0.5 size-3.5" />
      <span>{children}</span>
    </p>
  );
}

function ComputedFrom({ facts }: { readonly facts: readonly Fact[] }): ReactElement {
  const words = useWords();
  const factValue = useFactValue();
  return (
    <ul className="flex flex-col pl-5.5 text-small">
      {facts.map((fact) => (
        <li key={fact.id}>
          <span className="text-ink-faint">{words("property", fact.property)}</span> {factValue(fact)}
        </li>
      ))}
    </ul>
  );
}

function ReadingsInWords({
  source,
}: {
  readonly source: Extract<Fact["source"], { kind: "series" }>;
}): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <div className="flex flex-col gap-1.5">
      <SourceLine icon="curve">
        {t("xray.series", { count: source.pointCount })} {source.deviceName} ·{" "}
        {words("seriesKey", source.key)}, {format.instant(source.from)} – {format.instant(source.to)}
      </SourceLine>
      <ul data-testid="marked-points" aria-label={t("curve.marked")} className="flex flex-wrap gap-1 pl-5.5">
        {source.markedAt.map((at) => (
          <li key={at} data-at={at} className="rounded-full border border-line-strong px-2 text-small">
            <time dateTime={new Date(at).toISOString()}>{format.instant(at, "time-seconds")}</time>
          </li>
        ))}
      </ul>
    </div>
  );
}

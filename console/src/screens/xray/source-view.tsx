import { useQuery } from "@tanstack/react-query";
import type { EvidenceRecord, Fact } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api/queries.ts";
import { clauseText } from "../../format/clause.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { HrefLink } from "../../ui/href-link.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Mono } from "../../ui/mono.tsx";
import { useFactValue } from "../../xray/fact-value.ts";
import { linkOfRow } from "./link-of-row.ts";
import { SeriesSource } from "./series-source.tsx";

interface SourceViewProps {
  readonly fact: Fact;
  readonly record: EvidenceRecord;
}

/** Where a fact can be looked up, shown right there. */
export function SourceView({ fact, record }: SourceViewProps): ReactElement {
  const { source } = fact;
  switch (source.kind) {
    case "series":
      return <SeriesSource fact={fact} source={source} record={record} />;
    case "clause":
      return <ClauseSource fact={fact} clauseId={source.clauseId} version={source.version} />;
    case "row":
      return <RowSource fact={fact} table={source.table} id={source.id} />;
    case "computed":
      return <ComputedSource engine={source.engine} factIds={source.fromFactIds} record={record} />;
  }
}

function RowSource({
  fact,
  table,
  id,
}: {
  readonly fact: Fact;
  readonly table: string;
  readonly id: string;
}): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const link = linkOfRow(table, id, fact.subject);
  return (
    <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-ink-soft">
      <Icon name="table" className="size-3.5" />
      {t("xray.row")} <span className="font-medium text-ink">{words("table", table)}</span>
      <Mono className="text-ink-faint">{id}</Mono>
      {link !== null && (
        <HrefLink
          href={link}
          testId="fact-source-link"
          className="ml-auto inline-flex items-center gap-1 text-accent hover:underline"
        >
          {t("common.open")}
          <Icon name="arrow-right" className="size-3" />
        </HrefLink>
      )}
    </p>
  );
}

interface ClauseSourceProps {
  readonly fact: Fact;
  readonly clauseId: string;
  readonly version: number;
}

function ClauseSource({ fact, clauseId, version }: ClauseSourceProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const policies = useQuery(queries.policies());
  const clause = policies.data?.items.find((one) => one.id === clauseId && one.version === version);
  return (
    <div className="flex flex-col gap-1.5">
      <p className="flex flex-wrap items-center gap-2 text-ink-soft">
        <Icon name="policy" className="size-3.5" />
        {t("xray.clause")}
        <span className="font-medium text-ink">
          {clause === undefined ? clauseId : format.text(clause.title)}
        </span>
        <span className="text-ink-faint">{t("policies.version", { version })}</span>
        <HrefLink
          href={`/policies?clause=${encodeURIComponent(clauseId)}`}
          testId="fact-source-link"
          className="ml-auto inline-flex items-center gap-1 text-accent hover:underline"
        >
          {t("common.open")}
          <Icon name="arrow-right" className="size-3" />
        </HrefLink>
      </p>
      {clause !== undefined && fact.property !== "clause-text" && (
        <blockquote data-testid="clause-text" className="border-accent-line border-l-2 pl-3 text-pretty">
          {format.text(clauseText(clause, format))}
        </blockquote>
      )}
    </div>
  );
}

interface ComputedSourceProps {
  readonly engine: string;
  readonly factIds: readonly string[];
  readonly record: EvidenceRecord;
}

function ComputedSource({ engine, factIds, record }: ComputedSourceProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const factValue = useFactValue();
  const facts = factIds.flatMap((id) => record.facts.find((fact) => fact.id === id) ?? []);
  return (
    <div className="flex flex-col gap-2">
      <p className="flex flex-wrap items-center gap-2 text-ink-soft">
        <Icon name="rules" className="size-3.5" />
        {t("xray.computed")} <span className="font-medium text-ink">{words("computedBy", engine)}</span>
        {factIds.length > 0 && t("xray.computedFrom", { count: factIds.length })}
      </p>
      {facts.map((fact) => (
        <details key={fact.id} className="rounded-control border border-line bg-surface">
          <summary className="px-3 py-1.5">
            <span className="text-ink-soft">{words("property", fact.property)}</span>{" "}
            <strong className="font-medium">{factValue(fact)}</strong>
          </summary>
          <div className="border-line border-t px-3 py-2">
            {fact.source.kind === "computed" ? (
              <Mono className="text-ink-faint">{fact.source.engine}</Mono>
            ) : (
              <SourceView fact={fact} record={record} />
            )}
          </div>
        </details>
      ))}
    </div>
  );
}

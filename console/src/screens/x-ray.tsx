import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Claim, EvidenceRecord, Fact } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useFormat } from "../format/use-format.ts";
import { BackLink } from "../ui/back-link.tsx";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { AnnotatedText } from "../xray/annotated-text.tsx";
import { FactPanel, FactView } from "../xray/fact-panel.tsx";
import { XrayLegend } from "../xray/legend.tsx";
import { claimsOf, firstToShow } from "../xray/segments.ts";
import { Withheld } from "../xray/withheld.tsx";
import { AllFacts } from "./xray/all-facts.tsx";
import { SourceView } from "./xray/source-view.tsx";

const route = getRouteApi("/app/x-ray/$evidenceRecordId");

/** Answer X-ray: a text that left the product, and what every claim in it rests on. */
export function Xray(): ReactElement {
  const { t } = useTranslation();
  const { evidenceRecordId } = route.useParams();
  const record = useQuery(queries.evidence(evidenceRecordId));
  return (
    <Page
      title={t("xray.title")}
      lead={t("xray.lead")}
      above={<BackLink to="/x-ray">{t("nav.x-ray")}</BackLink>}
      className="max-w-[92rem]"
    >
      <Loaded query={record} skeletonRows={10}>
        {(answer) => <XrayBody record={answer} />}
      </Loaded>
    </Page>
  );
}

function XrayBody({ record }: { readonly record: EvidenceRecord }): ReactElement {
  const { claim: asked, fact: factId } = route.useSearch();
  const navigate = route.useNavigate();
  const claims = claimsOf(record.sentences);
  const chosen = asked === undefined ? firstToShow(record) : Number(asked);
  const fact = record.facts.find((one) => one.id === factId) ?? null;
  const show = (search: { readonly claim: string } | { readonly fact: string }): void => {
    void navigate({ search, replace: true, resetScroll: false });
  };
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
      <div className="flex min-w-0 flex-col gap-4">
        <Said
          record={record}
          chosen={fact === null ? chosen : null}
          onChoose={(index) => show({ claim: String(index) })}
        />
        {record.withheld.length > 0 && <WithheldCard record={record} />}
        <AllFacts record={record} chosenId={fact?.id ?? null} onChoose={(id) => show({ fact: id })} />
        <RecordFoot record={record} />
      </div>
      <div className="min-w-0 lg:sticky lg:top-16 lg:max-h-[calc(100dvh-5rem)] lg:self-start lg:overflow-y-auto">
        <Opened record={record} claim={claims[chosen]} fact={fact} />
      </div>
    </div>
  );
}

interface SaidProps {
  readonly record: EvidenceRecord;
  readonly chosen: number | null;
  readonly onChoose: (index: number) => void;
}

function Said({ record, chosen, onChoose }: SaidProps): ReactElement {
  const { t } = useTranslation();
  const claims = claimsOf(record.sentences);
  return (
    <Card title={t(`xray.recordKind.${record.kind}`)} aside={<Proven record={record} />}>
      <div lang={record.language === "zh" ? "zh-CN" : "en"}>
        <AnnotatedText
          text={record.text}
          claims={claims}
          chosen={chosen}
          onChoose={onChoose}
          className="text-[1.0625rem] leading-[1.95rem]"
        />
      </div>
      <div className="mt-4 border-line border-t pt-3">
        <XrayLegend claims={claims} />
      </div>
    </Card>
  );
}

function WithheldCard({ record }: { readonly record: EvidenceRecord }): ReactElement {
  const { t } = useTranslation();
  return (
    <Card
      title={t("xray.withheld")}
      aside={
        <Badge tone="bad" icon="hand">
          {record.withheld.length}
        </Badge>
      }
    >
      <p className="mb-3 text-ink-soft">{t("xray.withheldText")}</p>
      <Withheld sentences={record.withheld} />
    </Card>
  );
}

interface OpenedProps {
  readonly record: EvidenceRecord;
  readonly claim: Claim | undefined;
  readonly fact: Fact | null;
}

/** The chosen claim with its facts, or one fact by itself. */
function Opened({ record, claim, fact }: OpenedProps): ReactElement {
  const { t } = useTranslation();
  const source = (one: Fact): ReactElement => <SourceView fact={one} record={record} />;
  if (fact !== null) {
    return (
      <div data-testid="fact-panel" aria-live="polite">
        <FactView fact={fact} record={record} source={source} />
      </div>
    );
  }
  if (claim !== undefined) return <FactPanel record={record} claim={claim} source={source} />;
  return (
    <Card>
      <EmptyState icon="xray" title={t("xray.noClaims")} text={t("xray.noClaimsText")} />
    </Card>
  );
}

function Proven({ record }: { readonly record: EvidenceRecord }): ReactElement {
  const { t } = useTranslation();
  const claims = claimsOf(record.sentences);
  const standing = claims.filter((claim) => claim.verdict !== "unsupported").length;
  const holds = standing === claims.length;
  return (
    <span
      data-testid="xray-score"
      className={classes("flex items-center gap-1.5 font-medium", holds ? "text-good" : "text-bad")}
    >
      <Icon name={holds ? "check-circle" : "cross-circle"} />
      {t("xray.score", { standing, total: claims.length })}
    </span>
  );
}

function RecordFoot({ record }: { readonly record: EvidenceRecord }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <p className="px-1 text-ink-faint text-small">
      {t("xray.recorded", { time: format.instant(record.createdAt, "full"), count: record.facts.length })}{" "}
      <span className="font-mono">{record.id}</span>
    </p>
  );
}

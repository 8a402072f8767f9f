import type { SuiteView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { DataTable } from "../../ui/table.tsx";

/** All suites on one board: the figure reached, the bar set, and whether it holds. */
export function Scoreboard({ suites }: { readonly suites: readonly SuiteView[] }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const holding = suites.filter((suite) => suite.result?.holds === true).length;
  return (
    <Card
      title={t("prove.scoreboard")}
      isPadded={false}
      aside={
        <span className="font-medium" data-testid="prove-score">
          {t("prove.score", { holding, total: suites.length })}
        </span>
      }
    >
      <DataTable
        label={t("prove.scoreboard")}
        rows={suites}
        keyOf={(suite) => suite.suite}
        columns={[
          {
            key: "title",
            title: t("prove.suite"),
            cell: (suite) => <span className="font-medium">{format.text(suite.title)}</span>,
          },
          { key: "holds", title: t("prove.verdict"), cell: (suite) => <Holds suite={suite} /> },
          { key: "figure", title: t("prove.figure"), cell: ({ result }) => result?.figure ?? "–" },
          {
            key: "bar",
            title: t("prove.bar"),
            from: "sm",
            cell: ({ bar }) => <span className="text-ink-soft">{bar}</span>,
          },
          {
            key: "counts",
            title: t("prove.counts"),
            from: "md",
            isNumber: true,
            cell: ({ result }) =>
              result === null ? "–" : `${result.passed} / ${result.failed} / ${result.skipped}`,
          },
          {
            key: "duration",
            title: t("prove.duration"),
            from: "md",
            isNumber: true,
            cell: ({ result }) =>
              result === null ? "–" : format.quantity(Number((result.durationMs / 1000).toFixed(1)), "s"),
          },
        ]}
      />
    </Card>
  );
}

export function Holds({ suite }: { readonly suite: SuiteView }): ReactElement {
  const { t } = useTranslation();
  if (suite.state === "running") {
    return (
      <Badge tone="accent" icon="clock">
        {t("prove.running")}
      </Badge>
    );
  }
  if (suite.result === null) {
    return suite.state === "failed" ? (
      <Badge tone="bad" icon="cross">
        {t("prove.broke")}
      </Badge>
    ) : (
      <Badge tone="neutral" icon="dot">
        {t("prove.notRun")}
      </Badge>
    );
  }
  return suite.result.holds ? (
    <Badge tone="good" icon="check">
      {t("prove.holds")}
    </Badge>
  ) : (
    <Badge tone="bad" icon="cross">
      {t("prove.fails")}
    </Badge>
  );
}

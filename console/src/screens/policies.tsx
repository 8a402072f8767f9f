import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { PolicyClause } from "../api/answers.ts";
import { queries } from "../api/queries.ts";
import { clauseText, parameterText } from "../format/clause.ts";
import { useFormat } from "../format/use-format.ts";
import { Badge } from "../ui/badge.tsx";
import { classes } from "../ui/classes.ts";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";

const route = getRouteApi("/app/policies");

export function Policies(): ReactElement {
  const { t } = useTranslation();
  const { clause: wanted } = route.useSearch();
  const policies = useQuery(queries.policies());
  return (
    <Page title={t("nav.policies")} lead={t("policies.lead")}>
      <Loaded query={policies} skeletonRows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon="policy" title={t("policies.empty")} text={t("policies.emptyText")} />
          ) : (
            <ul className="grid grid-cols-1 gap-4 lg:grid-cols-2">
              {items.map((clause) => (
                <Clause
                  key={`${clause.id}-${clause.version}`}
                  clause={clause}
                  isWanted={clause.id === wanted}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

interface ClauseProps {
  readonly clause: PolicyClause;
  readonly isWanted: boolean;
}

/** A clause in the reader's language with the other beneath it, and the numbers the guard takes from it. */
function Clause({ clause, isWanted }: ClauseProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const other = format.language === "zh" ? "en" : "zh";
  const text = clauseText(clause, format);
  const names = Object.keys(clause.parameters).filter((name) => name !== "currency");
  return (
    <li
      id={clause.id}
      data-testid={`clause-${clause.id}`}
      className={classes(
        "flex flex-col gap-2 rounded-card border bg-surface p-4 shadow-card",
        isWanted ? "border-accent ring-2 ring-accent-soft" : "border-line",
      )}
    >
      <div className="flex items-start justify-between gap-3">
        <h2 className="font-semibold text-title">{format.text(clause.title)}</h2>
        <Badge tone="neutral">{t("policies.version", { version: clause.version })}</Badge>
      </div>
      <p className="text-pretty">{format.text(text)}</p>
      <p
        lang={other === "zh" ? "zh-CN" : "en"}
        className="text-pretty border-line border-l-2 pl-3 text-ink-faint"
      >
        {text[other]}
      </p>
      <div className="mt-auto flex flex-wrap items-center gap-1.5 pt-1">
        <Mono className="text-ink-faint text-micro">{clause.id}</Mono>
        {names.map((name) => (
          <span key={name} className="rounded-full border border-line bg-sunken px-2 font-mono text-micro">
            {name.replace(/Minor$/, "")} ={" "}
            {parameterText(clause.parameters, name.replace(/Minor$/, ""), format)}
          </span>
        ))}
      </div>
    </li>
  );
}

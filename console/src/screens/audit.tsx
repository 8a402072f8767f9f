import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { AuditPage } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useFormat } from "../format/use-format.ts";
import { buttonStyle } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { AuditRow } from "./audit/audit-row.tsx";

const route = getRouteApi("/app/audit");

/** Every decision, approval and receipt, each holding the hash of the one before. */
export function Audit(): ReactElement {
  const { t } = useTranslation();
  const { before, sequence } = route.useSearch();
  const wanted = sequence === undefined ? undefined : Number(sequence);
  const start = before === undefined ? undefined : Number(before);
  // To show one entry, ask for the page that begins with it.
  const audit = useQuery(queries.audit(start ?? (wanted === undefined ? undefined : wanted + 1)));
  return (
    <Page title={t("nav.audit")} lead={t("audit.lead")}>
      <Loaded query={audit} skeletonRows={10}>
        {(page) => (
          <>
            <ChainState page={page} />
            <Card isPadded={false} className="mt-4">
              {page.entries.length === 0 ? (
                <EmptyState icon="audit" title={t("audit.empty")} text={t("audit.emptyText")} />
              ) : (
                <ol>
                  {page.entries.map((entry) => (
                    <AuditRow
                      key={entry.sequence}
                      entry={entry}
                      isWanted={entry.sequence === wanted}
                      isBroken={
                        page.firstBrokenSequence !== null && entry.sequence >= page.firstBrokenSequence
                      }
                    />
                  ))}
                </ol>
              )}
            </Card>
            <Pager page={page} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function ChainState({ page }: { readonly page: AuditPage }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div
      data-testid="audit-chain"
      data-holds={page.chainHolds}
      className={classes(
        "flex items-center gap-3 rounded-card border px-4 py-3",
        page.chainHolds ? "border-good-line bg-good-soft text-good" : "border-bad-line bg-bad-soft text-bad",
      )}
    >
      <Icon name={page.chainHolds ? "check-circle" : "cross-circle"} className="size-5" />
      <div>
        <p className="font-semibold">
          {page.chainHolds
            ? t("audit.holds")
            : t("audit.broken", { sequence: page.firstBrokenSequence ?? 0 })}
        </p>
        <p className="text-small">
          {t("audit.total", { count: page.total, total: format.number(page.total) })}
        </p>
      </div>
    </div>
  );
}

function Pager({ page }: { readonly page: AuditPage }): ReactElement {
  const { t } = useTranslation();
  const { before, sequence } = route.useSearch();
  const last = page.entries.at(-1)?.sequence;
  return (
    <nav aria-label={t("audit.pages")} className="mt-3 flex justify-between">
      {before === undefined && sequence === undefined ? (
        <span />
      ) : (
        <Link to="/audit" search={{}} className={buttonStyle({ size: "small" })}>
          <Icon name="arrow-left" className="size-3.5" />
          {t("audit.newest")}
        </Link>
      )}
      {last !== undefined && last > 1 && (
        <Link to="/audit" search={{ before: String(last) }} className={buttonStyle({ size: "small" })}>
          {t("audit.older")}
          <Icon name="arrow-right" className="size-3.5" />
        </Link>
      )}
    </nav>
  );
}

import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Approval } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DecidedApproval } from "../api/answers.ts";
import { queries } from "../api/queries.ts";
import { useWords } from "../i18n/words.ts";
import { FilterBar, FilterTabs } from "../ui/filter-bar.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { ApprovalCard } from "./approvals/approval-card.tsx";

const route = getRouteApi("/app/approvals");
const states = ["waiting", "executed", "denied", "expired", "failed"] as const;

/** What waits for a person's consent. What was just decided stays in its place with its receipt. */
export function Approvals(): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const { state = "waiting", focus: wantedId } = route.useSearch();
  const navigate = route.useNavigate();
  const asked = state === "all" ? undefined : state;
  const approvals = useQuery(queries.approvals(asked));
  const [decided, setDecided] = useState<readonly DecidedApproval[]>([]);
  const rows = merge(approvals.data?.items ?? [], decided);
  return (
    <Page title={t("nav.approvals")} lead={t("approvals.lead")}>
      <FilterBar shown={undefined} total={undefined}>
        <FilterTabs
          label={t("common.state")}
          value={state}
          onSelect={(next) => {
            setDecided([]);
            void navigate({ search: { state: next } });
          }}
          options={[
            ...states.map((value) => ({ value: value as string, label: words("approvalState", value) })),
            { value: "all", label: t("common.all") },
          ]}
        />
      </FilterBar>
      <Loaded query={approvals} skeletonRows={6}>
        {() =>
          rows.length === 0 ? (
            <EmptyState icon="approval" title={t("approvals.empty")} text={t("approvals.emptyText")} />
          ) : (
            <ul className="flex max-w-5xl flex-col gap-4">
              {rows.map((approval) => (
                <ApprovalCard
                  key={approval.id}
                  approval={approval}
                  receipt={decided.find((one) => one.approval.id === approval.id)?.receipt ?? null}
                  isWanted={approval.id === wantedId}
                  onDecided={(result) => setDecided((before) => [result, ...before])}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

/** Waiting ones first, then the newest; what was decided here replaces its row and keeps its place. */
function merge(items: readonly Approval[], decided: readonly DecidedApproval[]): readonly Approval[] {
  const decidedIds = new Set(decided.map((one) => one.approval.id));
  const others = items.filter((item) => !decidedIds.has(item.id));
  const isFirst = (approval: Approval): boolean =>
    approval.state === "waiting" || decidedIds.has(approval.id);
  return [...decided.map((one) => one.approval), ...others].toSorted(
    (one, other) => Number(isFirst(other)) - Number(isFirst(one)) || other.requestedAt - one.requestedAt,
  );
}

import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { JobState } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { Card } from "../ui/card.tsx";
import { FilterTabs } from "../ui/filter-bar.tsx";
import { LoadMore } from "../ui/load-more.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, ProblemNotice, Skeleton } from "../ui/states.tsx";
import { JobRow } from "./jobs/job-row.tsx";

const route = getRouteApi("/app/jobs");
/** What wants a person stands first. */
const shownStates = ["dead", "running", "queued", "done", "cancelled"] as const satisfies readonly JobState[];
type Shown = (typeof shownStates)[number];

/** Background jobs with their attempts and errors; what was given up can be sent again. */
export function Jobs(): ReactElement {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const state = shownStates.find((one) => one === search["state"]);
  const jobs = useInfiniteQuery(queries.jobs(state));
  const counts = jobs.data?.pages[0]?.counts;
  const items = jobs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title={t("nav.jobs")} lead={t("jobs.lead")}>
      <div className="mb-3">
        <FilterTabs<Shown>
          label={t("common.state")}
          value={state}
          onSelect={(next) => void navigate({ search: next === undefined ? {} : { state: next } })}
          options={[
            { value: undefined, label: t("jobs.all") },
            ...shownStates.map((value) => ({
              value,
              label: t(`jobs.state.${value}`),
              ...(counts?.[value] === undefined ? {} : { count: counts[value] }),
            })),
          ]}
        />
      </div>
      <Card isPadded={false}>
        {jobs.isPending && <Skeleton rows={6} />}
        {jobs.isError && (
          <ProblemNotice error={jobs.error} onRetry={() => void jobs.refetch()} className="m-4" />
        )}
        {jobs.isSuccess && items.length === 0 && (
          <EmptyState
            icon="check-circle"
            title={t(`jobs.empty.${state ?? "all"}`)}
            text={t("jobs.emptyText")}
          />
        )}
        <ul>
          {items.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
        <LoadMore query={jobs} />
      </Card>
    </Page>
  );
}

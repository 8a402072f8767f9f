import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { SuiteView } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { sentenceOf } from "../api/problem-error.ts";
import { queries } from "../api/queries.ts";
import { request } from "../api/request.ts";
import { useFormat } from "../format/use-format.ts";
import { Button } from "../ui/button.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { useNotify } from "../ui/toasts.tsx";
import { Scoreboard } from "./prove/scoreboard.tsx";
import { SuiteCard } from "./prove/suite-card.tsx";

/** While a suite runs its log is read this often, in case the live line misses a step. */
const runningRefreshMs = 2_000;

/** The product's claims as tests that anyone can run here. */
export function Prove(): ReactElement {
  const { t } = useTranslation();
  const suites = useQuery({
    ...queries.suites(),
    refetchInterval: (query) =>
      query.state.data?.items.some((suite) => suite.state === "running") === true ? runningRefreshMs : 60_000,
  });
  const { change, isBusy } = useSuiteChange();
  return (
    <Page
      title={t("prove.title")}
      lead={t("prove.lead")}
      actions={
        <Button
          look="primary"
          icon="scenario"
          isBusy={isBusy}
          onClick={() => runAll(suites.data?.items ?? [], change)}
          data-testid="suites-run-all"
        >
          {t("prove.runAll")}
        </Button>
      }
    >
      <Loaded query={suites} skeletonRows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon="prove" title={t("prove.empty")} text={t("prove.emptyText")} />
          ) : (
            <div className="flex flex-col gap-4">
              <Scoreboard suites={items} />
              <ul className="flex flex-col gap-4">
                {items.map((suite) => (
                  <SuiteCard key={suite.suite} suite={suite} onChange={(verb) => change(suite.suite, verb)} />
                ))}
              </ul>
            </div>
          )
        }
      </Loaded>
    </Page>
  );
}

type Change = (suite: string, verb: "run" | "cancel") => void;

function runAll(suites: readonly SuiteView[], change: Change): void {
  for (const suite of suites) if (suite.state !== "running") change(suite.suite, "run");
}

function useSuiteChange(): { readonly change: Change; readonly isBusy: boolean } {
  const { t } = useTranslation();
  const format = useFormat();
  const notify = useNotify();
  const client = useQueryClient();
  const [waiting, setWaiting] = useState(0);
  const mutation = useMutation({
    mutationFn: ({ suite, verb }: { suite: string; verb: "run" | "cancel" }) =>
      request(`/api/suites/${encodeURIComponent(suite)}/${verb}`, { method: "POST", body: {} }),
    onMutate: () => setWaiting((count) => count + 1),
    onSettled: () => {
      setWaiting((count) => count - 1);
      return client.invalidateQueries({ queryKey: ["suites"] });
    },
    onError: (error, { suite }) =>
      notify("bad", t("prove.failed", { suite }), format.text(sentenceOf(error))),
  });
  return { change: (suite, verb) => mutation.mutate({ suite, verb }), isBusy: waiting > 0 };
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Scenario } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { sentenceOf } from "../api/problem-error.ts";
import { queries } from "../api/queries.ts";
import { request } from "../api/request.ts";
import { useFormat } from "../format/use-format.ts";
import { Age } from "../ui/age.tsx";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button, buttonStyle } from "../ui/button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { useNotify } from "../ui/toasts.tsx";

/** Stories that the virtual devices can play, so that a person can see the product work. */
export function Scenarios(): ReactElement {
  const { t } = useTranslation();
  const scenarios = useQuery(queries.scenarios());
  return (
    <Page
      title={t("nav.scenarios")}
      lead={t("scenarios.lead")}
      actions={
        <a href="/widget" target="_blank" rel="noreferrer" className={buttonStyle({})}>
          <Icon name="external" className="size-3.5" />
          {t("scenarios.widget")}
        </a>
      }
    >
      <Loaded query={scenarios} skeletonRows={6}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon="scenario" title={t("scenarios.empty")} text={t("scenarios.emptyText")} />
          ) : (
            <ul className="grid grid-cols-1 gap-4 md:grid-cols-2">
              {items.map((scenario) => (
                <ScenarioCard key={scenario.id} scenario={scenario} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

const looks: Record<Scenario["state"], { readonly tone: Tone; readonly icon: IconName }> = {
  stopped: { tone: "neutral", icon: "stop" },
  running: { tone: "accent", icon: "scenario" },
  finished: { tone: "good", icon: "check" },
};

function ScenarioCard({ scenario }: { readonly scenario: Scenario }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const notify = useNotify();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (verb: "start" | "stop") =>
      request(`/api/scenarios/${encodeURIComponent(scenario.id)}/${verb}`, { method: "POST", body: {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["scenarios"] }),
    onError: (error) => notify("bad", t("scenarios.failed"), format.text(sentenceOf(error))),
  });
  const isRunning = scenario.state === "running";
  return (
    <li
      data-testid={`scenario-${scenario.id}`}
      data-state={scenario.state}
      className="flex flex-col gap-2 rounded-card border border-line bg-surface p-4 shadow-card"
    >
      <div className="flex items-start justify-between gap-3">
        <h2 className="font-semibold text-title">{format.text(scenario.title)}</h2>
        <Badge {...looks[scenario.state]}>{t(`scenarios.state.${scenario.state}`)}</Badge>
      </div>
      <p className="text-pretty text-ink-soft">{format.text(scenario.description)}</p>
      {scenario.problem != null && (
        <p className="flex gap-1.5 text-bad">
          <Icon name="alarm" className="mt-0.5 size-3.5" />
          {format.text(scenario.problem)}
        </p>
      )}
      {scenario.askAs != null && <AskAs customer={scenario.askAs} />}
      <div className="mt-auto flex flex-wrap items-center gap-x-3 gap-y-2 pt-2">
        {isRunning ? (
          <Button
            icon="stop"
            size="small"
            isBusy={change.isPending}
            onClick={() => change.mutate("stop")}
            data-testid={`scenario-stop-${scenario.id}`}
          >
            {t("scenarios.stop")}
          </Button>
        ) : (
          <Button
            look="primary"
            icon="scenario"
            size="small"
            isBusy={change.isPending}
            onClick={() => change.mutate("start")}
            data-testid={`scenario-start-${scenario.id}`}
          >
            {scenario.state === "finished" ? t("scenarios.again") : t("scenarios.start")}
          </Button>
        )}
        <SubjectLink label={scenario.subjectLabel} />
        {scenario.startedAt !== null && (
          <span className="ml-auto text-ink-faint text-small">
            {t("scenarios.started")} <Age at={scenario.startedAt} />
          </span>
        )}
      </div>
    </li>
  );
}

/** Who asks in this story, and the chat opened as them: after the `#`, so that it never leaves the browser. */
function AskAs({ customer }: { readonly customer: NonNullable<Scenario["askAs"]> }): ReactElement {
  const { t } = useTranslation();
  const proof = new URLSearchParams({ order: customer.orderNumber, email: customer.email });
  return (
    <p className="flex flex-wrap items-center gap-x-2 gap-y-1 rounded-control bg-sunken px-3 py-2 text-small">
      <span className="text-ink-soft">{t("scenarios.customer")}</span>
      <span className="font-mono">{customer.orderNumber}</span>
      <span className="font-mono">{customer.email}</span>
      <a
        href={`/widget#${proof.toString()}`}
        target="_blank"
        rel="noreferrer"
        className="ml-auto inline-flex items-center gap-1 text-accent hover:underline"
        data-testid="scenario-ask"
      >
        <Icon name="external" className="size-3.5" />
        {t("scenarios.ask")}
      </a>
    </p>
  );
}

/** The label is a parcel's number or a shelf's name; the search of the matching list finds either. */
function SubjectLink({ label }: { readonly label: string }): ReactElement | null {
  const shipments = useQuery(queries.shipments(undefined)).data?.items;
  if (label === "") return null;
  const shipment = shipments?.find((one) => one.number === label || one.deviceName === label);
  const style = "inline-flex items-center gap-1 text-accent hover:underline";
  if (shipment !== undefined) {
    return (
      <Link to="/shipments/$shipmentId" params={{ shipmentId: shipment.id }} className={style}>
        <Icon name="shipment" className="size-3.5" />
        {label}
      </Link>
    );
  }
  return (
    <Link to="/stock" className={style}>
      <Icon name="stock" className="size-3.5" />
      {label}
    </Link>
  );
}

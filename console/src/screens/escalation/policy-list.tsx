import { useQuery } from "@tanstack/react-query";
import type { EscalationPolicy, NotificationTarget } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { alarmQueries } from "../../api/alarm-queries.ts";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { SeverityBadge } from "../../ui/severity-badge.tsx";
import { EmptyState, Loaded } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";
import { PolicyForm } from "./policy-form.tsx";

export function PolicyList(): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const policies = useQuery(alarmQueries.policies());
  const targets = useQuery(alarmQueries.targets()).data?.items ?? [];
  /** Null: a new one. */
  const [edited, setEdited] = useState<EscalationPolicy | null | undefined>(undefined);
  return (
    <Card
      title={t("escalation.tabs.policies")}
      isPadded={false}
      aside={
        may("escalation.write") && (
          <Button size="small" icon="plus" onClick={() => setEdited(null)} data-testid="policy-new">
            {t("escalation.newPolicy")}
          </Button>
        )
      }
    >
      <Loaded query={policies} skeletonRows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState
              icon="rising"
              title={t("escalation.noPolicies")}
              text={t("escalation.noPoliciesText")}
            />
          ) : (
            <ul>
              {items.map((policy) => (
                <PolicyRow
                  key={policy.id}
                  policy={policy}
                  targets={targets}
                  onEdit={() => setEdited(policy)}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      {edited !== undefined && (
        <PolicyForm policy={edited} targets={targets} onClose={() => setEdited(undefined)} />
      )}
    </Card>
  );
}

interface PolicyRowProps {
  readonly policy: EscalationPolicy;
  readonly targets: readonly NotificationTarget[];
  readonly onEdit: () => void;
}

function PolicyRow({ policy, targets, onEdit }: PolicyRowProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const [isAsking, setIsAsking] = useState(false);
  const remove = useChange({
    run: () => request(`/api/escalation-policies/${encodeURIComponent(policy.id)}`, { method: "DELETE" }),
    refreshes: ["escalation-policies"],
    done: t("escalation.policyDeleted"),
    onDone: () => setIsAsking(false),
  });
  const nameOf = (id: string): string => {
    const target = targets.find((one) => one.id === id);
    return target === undefined ? id : format.text(target.name);
  };
  const scope = [...policy.profileIds, ...policy.ruleIds].join(", ");
  return (
    <li
      className="flex flex-wrap items-start gap-x-4 gap-y-2 border-line border-b px-4 py-3 last:border-b-0"
      data-testid={`policy-${policy.id}`}
    >
      <div className="min-w-60 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{format.text(policy.name)}</span>
          <span className="text-ink-faint text-small">{t("escalation.from")}</span>
          <SeverityBadge severity={policy.minSeverity} />
          {!policy.isEnabled && (
            <Badge tone="neutral" icon="pause">
              {t("escalation.off")}
            </Badge>
          )}
          {policy.schedule !== null && (
            <Badge tone="neutral" icon="clock">
              {t("escalation.scheduled")}
            </Badge>
          )}
        </p>
        <p className="mt-0.5 text-ink-faint text-small">
          {scope === "" ? t("escalation.forAll") : t("escalation.forScope", { scope })}
        </p>
        <ol className="mt-2 flex flex-col gap-1 text-small">
          {policy.steps.map((step) => (
            <li key={step.afterMinutes} className="flex gap-3">
              <span className="w-28 shrink-0 text-ink-soft">
                {step.afterMinutes === 0
                  ? t("escalation.atOnce")
                  : t("escalation.after", { duration: format.minutes(step.afterMinutes) })}
              </span>
              <span>{step.targetIds.map(nameOf).join(" · ")}</span>
            </li>
          ))}
        </ol>
      </div>
      {may("escalation.write") && (
        <div className="flex gap-2">
          <Button size="small" icon="edit" onClick={onEdit} data-testid={`edit-${policy.id}`}>
            {t("escalation.edit")}
          </Button>
          <Button
            size="small"
            look="quiet"
            icon="trash"
            aria-label={t("escalation.deletePolicy")}
            onClick={() => setIsAsking(true)}
          />
        </div>
      )}
      <Confirm
        isOpen={isAsking}
        onClose={() => setIsAsking(false)}
        onConfirm={() => remove.mutate()}
        title={t("escalation.deletePolicy")}
        verb={t("escalation.delete")}
        isBusy={remove.isPending}
        error={remove.error}
      >
        <p>{t("escalation.deletePolicyText", { name: format.text(policy.name) })}</p>
      </Confirm>
    </li>
  );
}

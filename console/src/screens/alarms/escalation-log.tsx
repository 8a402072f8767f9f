import { useQuery } from "@tanstack/react-query";
import type { AlarmEscalation, Delivery, DeliveryState } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { alarmQueries } from "../../api/alarm-queries.ts";
import { useFormat } from "../../format/use-format.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import type { IconName } from "../../ui/icon.tsx";
import { Loaded } from "../../ui/states.tsx";

/** Whom it was told, with what result, and what comes next. */
export function EscalationLog({ alarmId }: { readonly alarmId: string }): ReactElement {
  const { t } = useTranslation();
  const escalation = useQuery(alarmQueries.escalation(alarmId));
  return (
    <div>
      <h3 className="mb-2 font-semibold">{t("escalation.told")}</h3>
      <Loaded query={escalation} skeletonRows={3}>
        {(answer) => (
          <div className="flex flex-col gap-2">
            <Standing escalation={answer} />
            {answer.deliveries.length > 0 && <Deliveries deliveries={answer.deliveries} />}
          </div>
        )}
      </Loaded>
    </div>
  );
}

function Standing({ escalation }: { readonly escalation: AlarmEscalation }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { policyName, nextStep, nextAt, stoppedBecause, stoppedAt, steps } = escalation;
  if (policyName === null) return <p className="text-ink-soft">{t("escalation.noPolicy")}</p>;
  const policy = format.text(policyName);
  if (stoppedBecause !== null && stoppedAt !== null)
    return (
      <p data-testid="escalation-stopped" data-because={stoppedBecause}>
        {t(`escalation.stopped.${stoppedBecause}`, { policy, time: format.instant(stoppedAt, "full") })}
      </p>
    );
  return (
    <p data-testid="escalation-next">
      {t("escalation.next", {
        ...{ policy, step: (nextStep ?? 0) + 1, steps: steps.length },
        time: nextAt === null ? "—" : format.instant(nextAt, "full"),
      })}
    </p>
  );
}

const looks: Record<DeliveryState, { readonly tone: Tone; readonly icon: IconName }> = {
  waiting: { tone: "neutral", icon: "clock" },
  digest: { tone: "accent", icon: "menu" },
  sent: { tone: "good", icon: "check" },
  failed: { tone: "bad", icon: "cross-circle" },
  cancelled: { tone: "neutral", icon: "cross" },
};

function Deliveries({ deliveries }: { readonly deliveries: readonly Delivery[] }): ReactElement {
  return (
    <ul className="divide-y divide-line rounded-control border border-line bg-surface">
      {deliveries.map((delivery) => (
        <DeliveryRow key={delivery.id} delivery={delivery} />
      ))}
    </ul>
  );
}

export function DeliveryRow({ delivery }: { readonly delivery: Delivery }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li
      className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-small"
      data-testid="delivery"
      data-state={delivery.state}
    >
      <Badge {...looks[delivery.state]}>{t(`escalation.state.${delivery.state}`)}</Badge>
      <span className="font-medium">{format.text(delivery.targetName)}</span>
      {delivery.sentTo !== "" && <span className="break-all text-ink-soft">{delivery.sentTo}</span>}
      <span className="ml-auto text-ink-faint">
        {delivery.alarmId !== null && `${t("escalation.stepNumber", { step: delivery.step + 1 })} · `}
        {format.instant(delivery.sentAt ?? delivery.notedAt, "time-seconds")}
      </span>
      {delivery.digestId !== null && delivery.state === "sent" && (
        <span className="text-ink-faint">{t("escalation.joined")}</span>
      )}
      {delivery.lastError !== null && (
        <p className="w-full break-words text-bad">
          {delivery.lastError}
          {delivery.attempts > 1 && ` · ${t("escalation.attempts", { count: delivery.attempts })}`}
        </p>
      )}
    </li>
  );
}

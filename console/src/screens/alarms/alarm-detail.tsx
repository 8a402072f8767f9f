import type { Alarm } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { linkOfAlarm } from "../../ui/alarm-row.tsx";
import { FactsList } from "../../ui/facts-list.tsx";
import { HrefLink } from "../../ui/href-link.tsx";
import { AcknowledgeForm } from "./acknowledge-form.tsx";
import { AlarmCurve } from "./alarm-curve.tsx";
import { AssignSelect } from "./assign-select.tsx";
import { EscalationLog } from "./escalation-log.tsx";

/** When it was true and when that was learned, the value around it, who has it, and whom it was told. */
export function AlarmDetail({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <div className="grid gap-x-8 gap-y-5 bg-sunken px-4 pt-3 pb-5 sm:px-11 lg:grid-cols-2">
      <section className="flex min-w-0 flex-col gap-4">
        <div>
          <h3 className="mb-2 font-semibold">{t("alarms.story")}</h3>
          <Story alarm={alarm} />
        </div>
        {may("alarms.acknowledge") && <AssignSelect alarm={alarm} />}
        {may("alarms.acknowledge") && alarm.acknowledgedAt === null && <AcknowledgeForm alarm={alarm} />}
      </section>
      <section className="flex min-w-0 flex-col gap-4">
        {alarm.seriesId !== null && <AlarmCurve alarm={alarm} seriesId={alarm.seriesId} />}
        <EscalationLog alarmId={alarm.id} />
      </section>
    </div>
  );
}

function Story({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const at = (time: number | null): string | null => (time === null ? null : format.instant(time, "full"));
  const quantity = (value: number | null): string | null =>
    value === null ? null : format.quantity(value, alarm.unit);
  const seen =
    alarm.acknowledgedAt === null
      ? null
      : `${alarm.acknowledgedBy ?? ""} · ${at(alarm.acknowledgedAt) ?? ""}`;
  return (
    <FactsList
      rows={[
        [
          t("alarms.subject"),
          <HrefLink key="subject" href={linkOfAlarm(alarm)} className="text-accent hover:underline">
            {alarm.subjectLabel}
          </HrefLink>,
        ],
        [t("alarms.trueFrom"), at(alarm.beganAt)],
        [t("alarms.heldLongEnough"), alarm.raisedAt === alarm.beganAt ? null : at(alarm.raisedAt)],
        [t("alarms.learned"), <Learned key="learned" trueAt={alarm.beganAt} learnedAt={alarm.learnedAt} />],
        [t("alarms.trueUntil"), at(alarm.endedAt) ?? t("alarms.stillHolds")],
        [t("alarms.endLearned"), at(alarm.endLearnedAt)],
        [t("alarms.withdrawnAt"), at(alarm.withdrawnAt)],
        [t("alarms.value"), quantity(alarm.value)],
        [t("alarms.peak"), quantity(alarm.peak)],
        [t("alarms.cause"), alarm.cause === null ? null : t(`alarms.causes.${alarm.cause}`)],
        [
          t("alarms.suppressed"),
          alarm.suppressedCount === 0 ? null : t("alarms.suppressedText", { count: alarm.suppressedCount }),
        ],
        [t("alarms.rule"), alarm.ruleId === "" ? null : <code key="rule">{alarm.ruleId}</code>],
        [t("alarm.acknowledged"), seen],
        [t("alarms.note"), alarm.acknowledgedNote],
      ]}
    />
  );
}

const minuteMs = 60_000;

/** How late it was learned is said where it was late. */
function Learned({
  trueAt,
  learnedAt,
}: {
  readonly trueAt: number;
  readonly learnedAt: number;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const lateMinutes = Math.round((learnedAt - trueAt) / minuteMs);
  return (
    <>
      {format.instant(learnedAt, "full")}
      {lateMinutes > 0 && (
        <span className="ml-2 text-ink-faint">
          {t("alarms.later", { duration: format.minutes(lateMinutes) })}
        </span>
      )}
    </>
  );
}

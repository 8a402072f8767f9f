import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Alarm } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { sentenceOf } from "../api/problem-error.ts";
import { request } from "../api/request.ts";
import { useFormat } from "../format/use-format.ts";
import { Age } from "./age.tsx";
import { Badge, type Tone } from "./badge.tsx";
import { Button } from "./button.tsx";
import { HrefLink } from "./href-link.tsx";
import type { IconName } from "./icon.tsx";
import { useNotify } from "./toasts.tsx";

const tones: Record<Alarm["severity"], Tone> = { critical: "bad", warning: "warn", info: "neutral" };
const icons: Record<Alarm["kind"], IconName> = {
  threshold: "thermometer",
  "rate-of-change": "rising",
  absence: "silent",
  "stock-low": "stock",
  rule: "alarm",
  release: "device",
};

/** One alarm: what holds, since when, and the button of whoever takes note of it. */
export function AlarmRow({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li
      data-testid={`alarm-${alarm.id}`}
      data-kind={alarm.kind}
      className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-line border-b px-4 py-2.5 last:border-b-0"
    >
      <span className="flex w-36 shrink-0">
        <Badge tone={tones[alarm.severity]} icon={icons[alarm.kind]}>
          {t(`alarm.kind.${alarm.kind}`)}
        </Badge>
      </span>
      <div className="min-w-52 flex-1">
        <p className="font-medium">
          <HrefLink href={linkOfAlarm(alarm)} className="hover:underline">
            {alarm.subjectLabel}
          </HrefLink>
          <span className="ml-2 font-normal text-ink-soft">{format.text(alarm.message)}</span>
        </p>
        <p className="text-ink-faint text-small">
          {t(`severity.${alarm.severity}`)} · {t("alarm.began")} {format.instant(alarm.beganAt)}
          {alarm.endedAt !== null && ` · ${t("alarm.ended")} ${format.instant(alarm.endedAt)}`}
        </p>
      </div>
      <Age at={alarm.beganAt} className="text-ink-faint text-small" />
      <Acknowledgement alarm={alarm} />
    </li>
  );
}

function Acknowledgement({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const notify = useNotify();
  const client = useQueryClient();
  const acknowledge = useMutation({
    mutationFn: () =>
      request(`/api/alarms/${encodeURIComponent(alarm.id)}/acknowledge`, { method: "POST", body: {} }),
    onSuccess: () =>
      Promise.all(
        ["alarms", "alarm-escalation", "overview", "shipment"].map((resource) =>
          client.invalidateQueries({ queryKey: [resource] }),
        ),
      ),
    onError: (error) => notify("bad", t("alarm.acknowledgeFailed"), format.text(sentenceOf(error))),
  });
  if (alarm.acknowledgedAt !== null) {
    const title = `${alarm.acknowledgedBy ?? ""} ${format.instant(alarm.acknowledgedAt)}`.trim();
    return (
      <Badge tone="neutral" icon="check" title={title}>
        {t("alarm.acknowledged")}
      </Badge>
    );
  }
  return (
    <Button
      size="small"
      icon="check"
      isBusy={acknowledge.isPending}
      onClick={() => acknowledge.mutate()}
      data-testid="alarm-acknowledge"
    >
      {t("alarm.acknowledge")}
    </Button>
  );
}

/** Where the thing that it is about stands. */
export function linkOfAlarm(alarm: Alarm): string {
  if (alarm.subjectKind === "shipment")
    return `/shipments/${encodeURIComponent(alarm.subjectId)}?at=${alarm.beganAt}`;
  if (alarm.subjectKind === "device" && alarm.deviceName !== null) {
    return `/devices/${encodeURIComponent(alarm.deviceName)}`;
  }
  return alarm.subjectKind === "shelf-cell" ? `/stock?cell=${encodeURIComponent(alarm.subjectId)}` : "/stock";
}

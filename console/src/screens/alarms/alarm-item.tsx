import type { Alarm } from "@waremind/contract";
import { type ReactElement, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { Age } from "../../ui/age.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Icon } from "../../ui/icon.tsx";
import { SeverityBadge } from "../../ui/severity-badge.tsx";
import { AlarmDetail } from "./alarm-detail.tsx";

interface AlarmItemProps {
  readonly alarm: Alarm;
  readonly isOpened: boolean;
  readonly onToggle: () => void;
}

/** One line that opens to the whole story; the address names the one that is open. */
export function AlarmItem({ alarm, isOpened, onToggle }: AlarmItemProps): ReactElement {
  const format = useFormat();
  const item = useRef<HTMLLIElement>(null);
  // Whoever follows a link out of a message comes to a long list.
  useEffect(() => {
    if (isOpened) item.current?.scrollIntoView({ block: "nearest" });
  }, [isOpened]);
  return (
    <li
      ref={item}
      data-testid={`alarm-${alarm.id}`}
      data-open={alarm.endedAt === null}
      className="border-line border-b last:border-b-0"
    >
      <button
        type="button"
        aria-expanded={isOpened}
        onClick={onToggle}
        className="flex w-full flex-wrap items-center gap-x-3 gap-y-1.5 px-4 py-2.5 text-left -outline-offset-2 hover:bg-hover"
      >
        <Icon name={isOpened ? "chevron-down" : "chevron-right"} className="size-3.5 text-ink-faint" />
        <span className="flex w-32 shrink-0">
          <SeverityBadge severity={alarm.severity} />
        </span>
        <span className="min-w-52 flex-1">
          <span className="font-medium">{alarm.subjectLabel}</span>
          <span className="ml-2 text-ink-soft">{format.text(alarm.message)}</span>
        </span>
        <AlarmMarks alarm={alarm} />
        <Age at={alarm.beganAt} className="w-20 text-right text-ink-faint text-small" />
      </button>
      {isOpened && <AlarmDetail alarm={alarm} />}
    </li>
  );
}

/** What became of it, each in a word. */
function AlarmMarks({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { t } = useTranslation();
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      {alarm.suppressedCount > 0 && (
        <Badge tone="neutral" icon="silent">
          {t("alarms.speaksFor", { count: alarm.suppressedCount })}
        </Badge>
      )}
      {alarm.isBeingReevaluated && (
        <Badge tone="accent" icon="refresh">
          {t("alarms.reevaluated")}
        </Badge>
      )}
      {alarm.assignedName !== null && (
        <Badge tone="neutral" icon="user">
          {alarm.assignedName}
        </Badge>
      )}
      {alarm.acknowledgedAt !== null && (
        <Badge tone="neutral" icon="check">
          {t("alarm.acknowledged")}
        </Badge>
      )}
      {alarm.withdrawnAt !== null ? (
        <Badge tone="cold" icon="undo" title={t("alarms.withdrawnHint")}>
          {t("alarms.withdrawn")}
        </Badge>
      ) : (
        alarm.endedAt !== null && (
          <Badge tone="good" icon="check-circle">
            {t("alarms.ended")}
          </Badge>
        )
      )}
    </span>
  );
}

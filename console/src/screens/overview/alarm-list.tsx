import { useQuery } from "@tanstack/react-query";
import type { Alarm } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api/queries.ts";
import { useFormat } from "../../format/use-format.ts";
import { Age } from "../../ui/age.tsx";
import { AlarmRow } from "../../ui/alarm-row.tsx";
import { Card } from "../../ui/card.tsx";
import { EmptyState, Loaded } from "../../ui/states.tsx";

/** Alarms whose condition still holds, or that nobody has taken note of. */
export function AlarmList(): ReactElement {
  const { t } = useTranslation();
  const alarms = useQuery(queries.openAlarms());
  return (
    <Card
      title={t("alarm.open")}
      isPadded={false}
      aside={alarms.dataUpdatedAt > 0 && <UpdatedAt at={alarms.dataUpdatedAt} />}
    >
      <Loaded query={alarms} skeletonRows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon="check-circle" title={t("alarm.empty")} text={t("alarm.emptyText")} />
          ) : (
            <ul>
              {bySeverity(items).map((alarm) => (
                <AlarmRow key={alarm.id} alarm={alarm} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}

function UpdatedAt({ at }: { readonly at: number }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <span className="text-ink-faint text-small" title={format.instant(at, "full")}>
      {t("common.read")} <Age at={at} />
    </span>
  );
}

const weights: Record<Alarm["severity"], number> = { critical: 0, warning: 1, info: 2 };

function bySeverity(alarms: readonly Alarm[]): readonly Alarm[] {
  return alarms.toSorted(
    (one, other) => weights[one.severity] - weights[other.severity] || other.beganAt - one.beganAt,
  );
}

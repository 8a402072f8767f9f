import { useQuery } from "@tanstack/react-query";
import type { Alarm } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { alarmAt, alarmQueries } from "../../api/alarm-queries.ts";
import { request } from "../../api/request.ts";
import { SelectField } from "../../ui/field.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";

/** Who has it; chosen at once. */
export function AssignSelect({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { t } = useTranslation();
  const people = useQuery(alarmQueries.assignees());
  const assign = useChange<string | null>({
    run: (userId) => request(`${alarmAt(alarm.id)}/assign`, { method: "POST", body: { userId } }),
    refreshes: ["alarms"],
    done: t("alarms.assigned"),
  });
  const known = people.data?.items ?? [];
  const isGone = alarm.assignedTo !== null && !known.some((person) => person.id === alarm.assignedTo);
  return (
    <div className="flex flex-col gap-2">
      <SelectField
        label={t("alarms.assignedTo")}
        value={alarm.assignedTo ?? ""}
        disabled={assign.isPending || people.data === undefined}
        onChange={(event) => assign.mutate(event.target.value === "" ? null : event.target.value)}
        className="max-w-80"
        testId="alarm-assign"
      >
        <option value="">{t("alarms.nobody")}</option>
        {isGone && <option value={alarm.assignedTo ?? ""}>{alarm.assignedName}</option>}
        {known.map((person) => (
          <option key={person.id} value={person.id}>
            {person.name}
          </option>
        ))}
      </SelectField>
      {assign.isError && <ProblemNotice error={assign.error} />}
    </div>
  );
}

import { type Alarm, escalationLimits } from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { alarmAt } from "../../api/alarm-queries.ts";
import { request } from "../../api/request.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";

/** Says that one has seen it, with a word for the others; then nobody else is told. */
export function AcknowledgeForm({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { t } = useTranslation();
  const [note, setNote] = useState("");
  const acknowledge = useChange({
    run: () => request(`${alarmAt(alarm.id)}/acknowledge`, { method: "POST", body: { note: note.trim() } }),
    refreshes: ["alarms", "alarm-escalation", "overview", "shipment"],
    done: t("alarms.acknowledgedDone"),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    acknowledge.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label={t("alarms.note")}
          hint={t("alarms.acknowledgeHint")}
          value={note}
          maxLength={escalationLimits.noteLengthMax}
          onChange={(event) => setNote(event.target.value)}
          className="min-w-52 flex-1"
          testId="alarm-note"
        />
        <Button
          type="submit"
          look="primary"
          icon="check"
          size="medium"
          className="mb-6 h-9"
          isBusy={acknowledge.isPending}
          data-testid="alarm-acknowledge"
        >
          {t("alarm.acknowledge")}
        </Button>
      </div>
      {acknowledge.isError && <ProblemNotice error={acknowledge.error} />}
    </form>
  );
}

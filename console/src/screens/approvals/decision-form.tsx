import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Approval } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DecidedApproval } from "../../api/answers.ts";
import { request } from "../../api/request.ts";
import { Button } from "../../ui/button.tsx";
import { TextAreaField } from "../../ui/field.tsx";
import { ProblemNotice } from "../../ui/states.tsx";

interface DecisionFormProps {
  readonly approval: Approval;
  readonly onDecided: (result: DecidedApproval) => void;
}

const noteLengthMax = 500;

/** Grant or deny, with a note that goes into the audit log. */
export function DecisionForm({ approval, onDecided }: DecisionFormProps): ReactElement {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [note, setNote] = useState("");
  const decide = useMutation({
    mutationFn: (verdict: "grant" | "deny") =>
      request<DecidedApproval>(`/api/approvals/${encodeURIComponent(approval.id)}/decision`, {
        method: "POST",
        body: { verdict, note: note.trim() },
      }),
    onSuccess: (result) => {
      onDecided(result);
      return Promise.all(
        ["approvals", "overview", "audit", "orders", "order", "shipment"].map((resource) =>
          client.invalidateQueries({ queryKey: [resource] }),
        ),
      );
    },
    // A refusal (used, expired, altered) means the list is out of date.
    onError: () => client.invalidateQueries({ queryKey: ["approvals"] }),
  });
  const busyWith = decide.isPending ? decide.variables : null;
  return (
    <div className="flex flex-col gap-3 border-line border-t px-4 py-3">
      <TextAreaField
        label={t("approvals.note")}
        testId="approval-note"
        value={note}
        maxLength={noteLengthMax}
        rows={2}
        onChange={(event) => setNote(event.target.value)}
      />
      {decide.isError && <ProblemNotice error={decide.error} />}
      <div className="flex flex-wrap items-center justify-end gap-2">
        <span className="mr-auto text-ink-faint text-small">{t("approvals.once")}</span>
        <Button
          look="bad"
          icon="cross"
          isBusy={busyWith === "deny"}
          disabled={decide.isPending}
          onClick={() => decide.mutate("deny")}
          data-testid="approval-deny"
        >
          {t("approvals.deny")}
        </Button>
        <Button
          look="primary"
          icon="check"
          isBusy={busyWith === "grant"}
          disabled={decide.isPending}
          onClick={() => decide.mutate("grant")}
          data-testid="approval-grant"
        >
          {t("approvals.grant")}
        </Button>
      </div>
    </div>
  );
}

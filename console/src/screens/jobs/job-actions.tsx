import type { JobView } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { Button } from "../../ui/button.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { useChange } from "../../ui/use-change.ts";

/** Sending again and cancelling, each asked once more; nothing where neither is possible or allowed. */
export function JobActions({ job }: { readonly job: JobView }): ReactElement | null {
  const { t } = useTranslation();
  const may = useMay();
  const [asking, setAsking] = useState<"retry" | "cancel" | null>(null);
  const act = (verb: "retry" | "cancel") => ({
    run: () => request(`/api/jobs/${encodeURIComponent(job.id)}/${verb}`, { method: "POST", body: {} }),
    refreshes: ["jobs"],
    onDone: () => setAsking(null),
  });
  const retry = useChange({ ...act("retry"), done: t("jobs.retried") });
  const cancel = useChange({ ...act("cancel"), done: t("jobs.cancelled") });
  const canRetry = job.state === "dead" || job.state === "cancelled" || job.state === "queued";
  const canCancel = job.state === "queued" || (job.state === "running" && !job.isCancelAsked);
  if (!may("operations.act") || !(canRetry || canCancel)) return null;
  const retryWord = job.state === "queued" ? t("jobs.runNow") : t("jobs.retry");
  return (
    <div className="flex flex-wrap items-center gap-2">
      {canRetry && (
        <Button
          size="small"
          icon="refresh"
          onClick={() => setAsking("retry")}
          data-testid={`retry-${job.id}`}
        >
          {retryWord}
        </Button>
      )}
      {canCancel && (
        <Button
          size="small"
          look="bad"
          icon="cross"
          onClick={() => setAsking("cancel")}
          data-testid={`cancel-${job.id}`}
        >
          {t("jobs.cancel")}
        </Button>
      )}
      <Confirm
        isOpen={asking === "retry"}
        onClose={() => setAsking(null)}
        onConfirm={() => retry.mutate()}
        title={t("jobs.retryTitle")}
        verb={retryWord}
        isBusy={retry.isPending}
        error={retry.error}
      >
        <p>{t("jobs.retryText")}</p>
      </Confirm>
      <Confirm
        isOpen={asking === "cancel"}
        onClose={() => setAsking(null)}
        onConfirm={() => cancel.mutate()}
        title={t("jobs.cancelTitle")}
        verb={t("jobs.cancel")}
        isBusy={cancel.isPending}
        error={cancel.error}
      >
        <p>{t("jobs.cancelText")}</p>
      </Confirm>
    </div>
  );
}

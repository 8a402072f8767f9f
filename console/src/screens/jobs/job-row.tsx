import type { JobProgress, JobState, JobView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Age } from "../../ui/age.tsx";
import { Badge, type Tone } from "../../ui/badge.tsx";
import type { IconName } from "../../ui/icon.tsx";
import { JobActions } from "./job-actions.tsx";

const looks: Record<JobState, { readonly tone: Tone; readonly icon: IconName }> = {
  queued: { tone: "neutral", icon: "clock" },
  running: { tone: "accent", icon: "refresh" },
  done: { tone: "good", icon: "check" },
  dead: { tone: "bad", icon: "cross-circle" },
  cancelled: { tone: "neutral", icon: "cross" },
};

export function JobRow({ job }: { readonly job: JobView }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const payload = JSON.stringify(job.payload);
  const isCancelling = job.state === "running" && job.isCancelAsked;
  return (
    <li
      data-testid={`job-${job.id}`}
      data-state={job.state}
      className="flex flex-col gap-1.5 border-line border-b px-4 py-3 last:border-b-0"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge {...looks[job.state]}>
          {isCancelling ? t("jobs.cancelling") : t(`jobs.state.${job.state}`)}
        </Badge>
        <span className="font-medium" title={job.kind}>
          {words("jobKind", job.kind)}
        </span>
        <span className="text-ink-soft text-small">
          {job.attempts === 0
            ? t("jobs.notTried")
            : t("jobs.attempts", { attempts: job.attempts, max: job.attemptsMax })}
        </span>
        <span className="text-ink-soft text-small">
          <JobTime job={job} />
        </span>
        <span className="ml-auto text-ink-faint text-small">
          {t("jobs.noted")} {format.instant(job.createdAt, "full")} · <Age at={job.createdAt} />
        </span>
      </div>
      {job.progress !== null && <Progress progress={job.progress} isMoving={job.state === "running"} />}
      {job.lastError !== null && (
        <p className="text-small">
          <span className="text-ink-faint">{t("jobs.lastError")}: </span>
          <span className="break-words text-bad">{job.lastError}</span>
        </p>
      )}
      {payload !== "{}" && (
        <details className="text-small">
          <summary className="cursor-pointer text-ink-faint">{t("jobs.payload")}</summary>
          <code className="mt-1 block max-h-40 overflow-auto whitespace-pre-wrap break-all rounded-control bg-sunken px-2 py-1 font-mono">
            {payload}
          </code>
        </details>
      )}
      <JobActions job={job} />
    </li>
  );
}

/** The one time that matters in its state. */
function JobTime({ job }: { readonly job: JobView }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const at = (time: number | null): string => (time === null ? "—" : format.instant(time, "full"));
  switch (job.state) {
    case "queued":
      return <>{t("jobs.next", { time: at(job.runAt) })}</>;
    case "running":
      return <>{t("jobs.began", { time: at(job.startedAt) })}</>;
    case "done":
    case "dead":
    case "cancelled":
      return <>{t("jobs.ended", { time: at(job.finishedAt) })}</>;
  }
}

function Progress({
  progress,
  isMoving,
}: {
  readonly progress: JobProgress;
  readonly isMoving: boolean;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { done, total, note } = progress;
  const figures = total === null ? format.number(done) : `${format.number(done)} / ${format.number(total)}`;
  return (
    <p className="flex flex-wrap items-center gap-2 text-ink-soft text-small">
      {total !== null && isMoving && (
        <progress
          className="h-1.5 w-40 accent-accent"
          aria-label={t("jobs.progress")}
          value={done}
          max={total}
        />
      )}
      <span className="tabular-nums">{figures}</span>
      {note !== undefined && <span>{format.text(note)}</span>}
    </p>
  );
}

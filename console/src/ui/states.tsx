import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ProblemError, sentenceOf } from "../api/problem-error.ts";
import { useFormat } from "../format/use-format.ts";
import { Button } from "./button.tsx";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

/** Grey bars in the place of rows that are on their way. */
export function Skeleton({
  rows = 6,
  className,
}: {
  readonly rows?: number;
  readonly className?: string;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <div role="status" className={classes("flex flex-col gap-2.5 p-4", className)}>
      <span className="sr-only">{t("common.loading")}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div
          key={`row-${String(row)}`}
          className="skeleton h-5"
          style={{ width: `${96 - ((row * 17) % 38)}%` }}
        />
      ))}
    </div>
  );
}

export interface EmptyStateProps {
  readonly icon: IconName;
  readonly title: string;
  readonly text?: string;
  readonly action?: ReactNode;
  readonly className?: string;
}

export function EmptyState({ icon, title, text, action, className }: EmptyStateProps): ReactElement {
  return (
    <div className={classes("flex flex-col items-center gap-1 px-6 py-10 text-center", className)}>
      <span className="mb-2 grid size-10 place-items-center rounded-full border border-line bg-sunken text-ink-faint">
        <Icon name={icon} className="size-5" />
      </span>
      <p className="font-medium">{title}</p>
      {text !== undefined && <p className="max-w-[46ch] text-ink-soft">{text}</p>}
      {action !== undefined && <div className="mt-3">{action}</div>}
    </div>
  );
}

export interface ProblemNoticeProps {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly className?: string;
}

/** What went wrong, in the server's own words and the reader's language, and a way to try again. */
export function ProblemNotice({ error, onRetry, className }: ProblemNoticeProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div
      role="alert"
      className={classes(
        "flex flex-wrap items-center gap-x-3 gap-y-2 rounded-control border border-bad-line bg-bad-soft px-3 py-2.5",
        className,
      )}
    >
      <Icon name="cross-circle" className="text-bad" />
      <p className="min-w-48 flex-1">
        {format.text(sentenceOf(error))}
        {error instanceof ProblemError && (
          <span className="ml-2 font-mono text-ink-faint text-micro">{error.code}</span>
        )}
      </p>
      {onRetry !== undefined && (
        <Button size="small" icon="refresh" onClick={onRetry}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

export interface LoadedProps<T> {
  readonly query: UseQueryResult<T>;
  readonly skeletonRows?: number;
  readonly children: (answer: T) => ReactNode;
}

/** Loading, error, stale and loaded, the same way on every screen. Old values stay visible, marked as old. */
export function Loaded<T>({ query, skeletonRows = 6, children }: LoadedProps<T>): ReactNode {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && <StaleNotice query={query} />}
        {children(query.data)}
      </>
    );
  }
  const retry = (): void => void query.refetch();
  if (query.isError) return <ProblemNotice error={query.error} onRetry={retry} className="m-4" />;
  return <Skeleton rows={skeletonRows} />;
}

function StaleNotice({ query }: { readonly query: UseQueryResult<unknown> }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div
      role="status"
      className="m-3 flex flex-wrap items-center gap-2 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-warn"
    >
      <Icon name="clock" />
      <span className="flex-1">
        {t("common.stale", { time: format.instant(query.dataUpdatedAt, "time-seconds") })}{" "}
        {format.text(sentenceOf(query.error))}
      </span>
      <Button size="small" icon="refresh" onClick={() => void query.refetch()}>
        {t("common.retry")}
      </Button>
    </div>
  );
}

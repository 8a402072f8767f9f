import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Quarantined } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ReleasedMessage } from "../../api/answers.ts";
import { deviceQueries } from "../../api/device-queries.ts";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Age } from "../../ui/age.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { EmptyState, ProblemNotice, Skeleton } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";

export type HeldState = Quarantined["state"];

interface HeldMessagesProps {
  /** Absent: of all devices. */
  readonly deviceName?: string;
  readonly state: HeldState;
}

/** What devices said that could not be believed, newest first, with the reason; nothing is dropped in silence. */
export function HeldMessages({ deviceName, state }: HeldMessagesProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const messages = useInfiniteQuery(deviceQueries.quarantine({ device: deviceName, state }));
  const items = messages.data?.pages.flatMap((page) => page.items) ?? [];
  const total = messages.data?.pages[0]?.total ?? 0;
  if (messages.isPending) return <Skeleton rows={6} />;
  return (
    <>
      {messages.isError && (
        <ProblemNotice error={messages.error} onRetry={() => void messages.refetch()} className="m-4" />
      )}
      {messages.isSuccess && items.length === 0 && (
        <EmptyState
          icon="check-circle"
          title={t(`quarantine.empty.${state}`)}
          text={t("quarantine.emptyText")}
        />
      )}
      {items.length > 0 && (
        <p role="status" className="border-line border-b px-4 py-2 text-ink-faint text-small">
          {t("common.showing", { shown: format.number(items.length), total: format.number(total) })}
        </p>
      )}
      <ul>
        {items.map((message) => (
          <HeldMessage key={message.id} message={message} isNamed={deviceName === undefined} />
        ))}
      </ul>
      <LoadMore query={messages} />
    </>
  );
}

function HeldMessage({
  message,
  isNamed,
}: {
  readonly message: Quarantined;
  readonly isNamed: boolean;
}): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <li
      data-testid={`held-${message.id}`}
      data-state={message.state}
      className="flex flex-col gap-1.5 border-line border-b px-4 py-3 last:border-b-0"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone="warn" icon="hand" title={message.reason}>
          {words("quarantineReason", message.reason)}
        </Badge>
        {isNamed && message.deviceName !== null && (
          <Link
            to="/devices/$deviceName"
            params={{ deviceName: message.deviceName }}
            search={{ tab: "quarantine" }}
            className="font-medium text-accent hover:underline"
          >
            {message.deviceName}
          </Link>
        )}
        <span className="min-w-0 text-ink-soft">{message.detail}</span>
        <span className="ml-auto text-ink-faint text-small">
          {words("transport", message.transport)} · {format.instant(message.receivedAt, "full")} ·{" "}
          <Age at={message.receivedAt} />
        </span>
      </div>
      <code className="block max-h-40 overflow-auto whitespace-pre-wrap break-all rounded-control bg-sunken px-2 py-1 font-mono text-small">
        {message.payload}
      </code>
      {message.state === "held" ? (
        <Decision message={message} />
      ) : (
        <p className="text-ink-faint text-small">
          {t(`quarantine.decided.${message.state}`, {
            name: message.decidedBy ?? "",
            time: message.decidedAt === null ? "" : format.instant(message.decidedAt, "full"),
          })}
        </p>
      )}
    </li>
  );
}

function Decision({ message }: { readonly message: Quarantined }): ReactElement | null {
  const { t } = useTranslation();
  const may = useMay();
  const [isDiscarding, setIsDiscarding] = useState(false);
  const at = `/api/quarantine/${message.id}`;
  const refreshes = ["quarantine", "device-rows", "device", "devices"];
  const release = useChange<void, ReleasedMessage>({
    run: () => request<ReleasedMessage>(`${at}/release`, { method: "POST", body: {} }),
    refreshes: refreshes.slice(1),
    failed: t("quarantine.releaseFailed"),
  });
  const discard = useChange({
    run: () => request(`${at}/discard`, { method: "POST", body: {} }),
    refreshes,
    done: t("quarantine.discarded"),
    onDone: () => setIsDiscarding(false),
  });
  if (!may("quarantine.decide")) return null;
  return (
    <div className="flex flex-wrap items-center gap-2">
      {release.data === undefined ? (
        <>
          <Button
            size="small"
            icon="check"
            isBusy={release.isPending}
            onClick={() => release.mutate()}
            data-testid={`release-${message.id}`}
          >
            {t("quarantine.release")}
          </Button>
          <Button
            size="small"
            look="bad"
            icon="trash"
            onClick={() => setIsDiscarding(true)}
            data-testid={`discard-${message.id}`}
          >
            {t("quarantine.discard")}
          </Button>
        </>
      ) : (
        <Released answer={release.data} />
      )}
      <Confirm
        isOpen={isDiscarding}
        onClose={() => setIsDiscarding(false)}
        onConfirm={() => discard.mutate()}
        title={t("quarantine.discardTitle")}
        verb={t("quarantine.discard")}
        isBusy={discard.isPending}
        error={discard.error}
      >
        <p>{t("quarantine.discardText")}</p>
      </Confirm>
    </div>
  );
}

function Released({ answer }: { readonly answer: ReleasedMessage }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <div role="status" className="text-small">
      <p className={answer.stored > 0 ? "text-good" : "text-ink-soft"}>
        {t("quarantine.stored", { count: answer.stored })}
      </p>
      {answer.stillRefused.length > 0 && (
        <ul className="text-warn">
          {answer.stillRefused.map((refusal) => (
            <li key={`${refusal.reason}-${refusal.detail}`}>
              {t("quarantine.still")} {words("quarantineReason", refusal.reason)} · {refusal.detail}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

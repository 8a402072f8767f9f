import { Link } from "@tanstack/react-router";
import type { CommandState, DeviceCommandView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../../api/request.ts";
import { useMay } from "../../../api/use-may.ts";
import { useNow } from "../../../clock.ts";
import { useFormat } from "../../../format/use-format.ts";
import { useWords } from "../../../i18n/words.ts";
import { useActorName } from "../../../ui/action-words.ts";
import { Badge, type Tone } from "../../../ui/badge.tsx";
import { Button } from "../../../ui/button.tsx";
import { Icon, type IconName } from "../../../ui/icon.tsx";
import { JsonText } from "../../../ui/json-value.tsx";
import { useChange } from "../../../ui/use-change.ts";

const looks: Record<CommandState, { readonly tone: Tone; readonly icon: IconName }> = {
  queued: { tone: "warn", icon: "clock" },
  sent: { tone: "accent", icon: "send" },
  delivered: { tone: "accent", icon: "check" },
  successful: { tone: "good", icon: "check-circle" },
  timeout: { tone: "bad", icon: "silent" },
  expired: { tone: "neutral", icon: "clock" },
  failed: { tone: "bad", icon: "cross-circle" },
  deleted: { tone: "neutral", icon: "cross" },
};

/** Still on its way: may be taken back. */
export function isOpen(command: DeviceCommandView): boolean {
  return command.endedAt === null && ["queued", "sent", "delivered"].includes(command.state);
}

export function CommandRow({ command }: { readonly command: DeviceCommandView }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const actorName = useActorName();
  return (
    <li
      data-testid={`command-${command.number}`}
      data-state={command.state}
      className="flex flex-col gap-2 border-line border-b px-4 py-3 last:border-b-0"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge {...looks[command.state]}>{words("commandState", command.state)}</Badge>
        <strong className="font-medium font-mono" translate="no">
          {command.method}
        </strong>
        <span className="text-ink-faint text-small">
          {t(command.isOneWay ? "command.isOneWay" : "command.isTwoWay")}
          {command.isPersistent && ` · ${t("command.isPersistent")}`}
          {command.attempts > 1 && ` · ${t("command.attempts", { count: command.attempts })}`}
        </span>
        <span className="ml-auto text-ink-faint text-small">{actorName(command.requestedBy)}</span>
        <TakeBack command={command} />
      </div>
      <JsonText value={command.params} className="text-ink-soft" />
      <Timeline command={command} />
      {command.answer !== null && (
        <p>
          <span className="text-ink-soft">{t("command.answer")} </span>
          <JsonText value={command.answer} />
        </p>
      )}
      {command.error !== null && <p className="text-bad">{command.error}</p>}
      {command.receiptId !== null && (
        <Link
          to="/receipts/$receiptId"
          params={{ receiptId: command.receiptId }}
          className="self-start text-accent text-small hover:underline"
        >
          {t("receipt.open")}
        </Link>
      )}
    </li>
  );
}

function TakeBack({ command }: { readonly command: DeviceCommandView }): ReactElement | null {
  const { t } = useTranslation();
  const may = useMay();
  const takeBack = useChange({
    run: () => request(`/api/commands/${encodeURIComponent(command.id)}`, { method: "DELETE" }),
    refreshes: ["device-commands"],
    done: t("command.takenBack"),
    failed: t("command.takeBackFailed"),
  });
  if (!(isOpen(command) && may("devices.command"))) return null;
  return (
    <Button
      size="small"
      icon="undo"
      isBusy={takeBack.isPending}
      onClick={() => takeBack.mutate()}
      data-testid={`command-take-back-${command.number}`}
    >
      {t("command.takeBack")}
    </Button>
  );
}

/** When it went through each of its states; what has not come yet is said as such. */
function Timeline({ command }: { readonly command: DeviceCommandView }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const time = useNow(10_000);
  const end = command.state === "delivered" && command.isOneWay ? null : command.state;
  const steps: readonly (readonly [label: string, at: number | null])[] = [
    [t("command.asked"), command.createdAt],
    [words("commandState", "sent"), command.sentAt],
    [words("commandState", "delivered"), command.deliveredAt],
    ...(command.endedAt === null || end === null
      ? []
      : [[words("commandState", end), command.endedAt] as const]),
  ];
  return (
    <ol className="flex flex-wrap items-center gap-x-2 gap-y-1 text-small">
      {steps.map(([label, at], index) => (
        <li key={label} className="flex items-center gap-2">
          {index > 0 && <Icon name="chevron-right" className="size-3 text-ink-faint" />}
          <span className={at === null ? "text-ink-faint" : "text-ink-soft"}>
            {label}{" "}
            {at === null ? (
              "–"
            ) : (
              <time dateTime={new Date(at).toISOString()}>{format.instant(at, "time-seconds")}</time>
            )}
          </span>
        </li>
      ))}
      {isOpen(command) && (
        <li className="text-ink-faint">
          {command.expiresAt > time
            ? t("command.expiresIn", { time: format.minutes((command.expiresAt - time) / 60_000) })
            : t("command.pastLifetime")}
        </li>
      )}
    </ol>
  );
}

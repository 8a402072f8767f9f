import type { AuditEntry } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { useActorName } from "../../ui/action-words.ts";
import { Badge } from "../../ui/badge.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Mono } from "../../ui/mono.tsx";

interface AuditRowProps {
  readonly entry: AuditEntry;
  /** The entry that a receipt pointed at: opened at once. */
  readonly isWanted: boolean;
  readonly isBroken: boolean;
}

export function AuditRow({ entry, isWanted, isBroken }: AuditRowProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const actorName = useActorName();
  const [isOpen, setIsOpen] = useState(isWanted);
  return (
    <li
      data-testid={`audit-${entry.sequence}`}
      data-kind={entry.kind}
      className={classes("border-line border-b last:border-b-0", isWanted && "bg-accent-soft")}
    >
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
        className="flex w-full flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-2 text-left -outline-offset-2 hover:bg-hover"
      >
        <Icon
          name="chevron-right"
          className={classes("size-3.5 text-ink-faint transition-transform", isOpen && "rotate-90")}
        />
        <span className="w-12 text-right font-mono text-ink-faint text-small">{entry.sequence}</span>
        <span className="min-w-40 flex-1 font-medium">
          {words("auditKind", entry.kind)}
          {isBroken && (
            <Badge tone="bad" icon="cross" className="ml-2">
              {t("audit.notProven")}
            </Badge>
          )}
        </span>
        <span className="text-ink-soft">{actorName(entry.actor)}</span>
        <span className="text-ink-faint text-small">{format.instant(entry.at, "full")}</span>
        <Mono className="hidden w-24 text-right text-ink-faint text-micro lg:inline">
          {entry.hash.slice(0, 12)}
        </Mono>
      </button>
      {isOpen && (
        <div className="border-line border-t border-dashed bg-sunken px-4 py-3">
          <p className="mb-2 break-all text-ink-faint text-small">
            {t("audit.previous")} <Mono>{entry.previousHash === "" ? "–" : entry.previousHash}</Mono>
            <br />
            {t("audit.hash")} <Mono>{entry.hash}</Mono>
          </p>
          <pre className="max-h-96 overflow-auto whitespace-pre-wrap break-all font-mono text-small">
            {JSON.stringify({ actor: entry.actor, body: entry.body }, null, 2)}
          </pre>
        </div>
      )}
    </li>
  );
}

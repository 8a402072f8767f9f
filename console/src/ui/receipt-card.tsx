import { Link } from "@tanstack/react-router";
import type { Receipt } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { useWords } from "../i18n/words.ts";
import { useActionSentence, useActorName } from "./action-words.ts";
import { FactsList } from "./facts-list.tsx";
import { Mono } from "./mono.tsx";

/** What was done, by whom, on whose consent, and every row that changed. */
export function ReceiptCard({ receipt }: { readonly receipt: Receipt }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const sentence = useActionSentence();
  const actorName = useActorName();
  return (
    <div data-testid="receipt" className="flex flex-col gap-3">
      <FactsList
        rows={[
          [t("receipt.action"), <strong key="action">{sentence(receipt.action)}</strong>],
          [t("receipt.at"), format.instant(receipt.at, "full")],
          [t("receipt.actor"), actorName(receipt.actor)],
          [
            t("receipt.approval"),
            receipt.approvalId === null ? (
              t("receipt.noApproval")
            ) : (
              <Link
                key="approval"
                to="/approvals"
                search={{ focus: receipt.approvalId, state: "all" }}
                className="text-accent hover:underline"
              >
                <Mono>{receipt.approvalId}</Mono>
              </Link>
            ),
          ],
          [
            t("receipt.audit"),
            <Link
              key="audit"
              to="/audit"
              search={{ sequence: String(receipt.auditSequence) }}
              className="text-accent hover:underline"
            >
              {t("audit.entry", { sequence: receipt.auditSequence })}
            </Link>,
          ],
        ]}
      />
      <div>
        <h3 className="mb-1 text-ink-soft text-small">{t("receipt.effects")}</h3>
        <ul className="overflow-hidden rounded-control border border-line">
          {receipt.effects.map((effect) => (
            <li
              key={`${effect.table}-${effect.id}-${effect.change}`}
              className="flex flex-wrap gap-x-3 border-line border-b bg-sunken px-3 py-1.5 last:border-b-0"
            >
              <span className="font-medium">{words("table", effect.table)}</span>
              <Mono className="text-ink-faint">{effect.id}</Mono>
              <span className="w-full text-ink-soft sm:ml-auto sm:w-auto">{effect.change}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

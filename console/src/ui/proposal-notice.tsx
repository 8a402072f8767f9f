import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { ProposedChange } from "../api/answers.ts";
import { useFormat } from "../format/use-format.ts";
import { classes } from "./classes.ts";
import { Icon } from "./icon.tsx";

/** What the guard said to a wish: done with its receipt, refused with its reason, or waiting for a person. */
export function ProposalNotice({ proposal }: { readonly proposal: ProposedChange }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { decision } = proposal;
  const look = looks[decision.verdict];
  return (
    <div
      role="status"
      data-testid="proposal"
      data-verdict={decision.verdict}
      className={classes("flex items-start gap-2 rounded-control border px-3 py-2", look.style)}
    >
      <Icon name={look.icon} className="mt-0.5" />
      <p className="min-w-0 flex-1">
        <strong className="font-semibold">{t(`inbox.decision.${decision.verdict}`)}</strong>
        {decision.verdict !== "allow" && ` · ${format.text(decision.reason)}`}
        {proposal.approvalId !== null && (
          <Link
            to="/approvals"
            search={{ state: "all", focus: proposal.approvalId }}
            className="ml-2 underline underline-offset-2"
          >
            {t("inbox.toApproval")}
          </Link>
        )}
        {proposal.receiptId !== null && (
          <Link
            to="/receipts/$receiptId"
            params={{ receiptId: proposal.receiptId }}
            className="ml-2 underline underline-offset-2"
          >
            {t("receipt.open")}
          </Link>
        )}
      </p>
    </div>
  );
}

const looks = {
  allow: { icon: "check-circle", style: "border-good-line bg-good-soft text-good" },
  deny: { icon: "cross-circle", style: "border-bad-line bg-bad-soft text-bad" },
  "needs-approval": { icon: "approval", style: "border-warn-line bg-warn-soft text-warn" },
} as const;

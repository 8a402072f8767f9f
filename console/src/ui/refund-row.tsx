import { Link } from "@tanstack/react-router";
import type { Money } from "@waremind/contract";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";

interface RefundRowProps {
  readonly refund: { readonly amount: Money; readonly receiptId: string };
  /** The instant, as long as the list around it has room for. */
  readonly when: string;
  readonly reason?: ReactNode;
}

/** One refund: how much, when, and the way to its receipt. */
export function RefundRow({ refund, when, reason }: RefundRowProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 border-line border-b px-4 py-2.5 last:border-b-0">
      <div>
        <p className="font-medium">
          {format.money(refund.amount)}
          {reason !== undefined && <span className="ml-2 font-normal text-ink-soft">{reason}</span>}
        </p>
        <p className="text-ink-faint text-small">{when}</p>
      </div>
      <Link
        to="/receipts/$receiptId"
        params={{ receiptId: refund.receiptId }}
        className="text-accent hover:underline"
      >
        {t("receipt.open")}
      </Link>
    </li>
  );
}

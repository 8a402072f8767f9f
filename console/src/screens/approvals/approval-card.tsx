import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Approval, Receipt, User } from "@waremind/contract";
import { type ReactElement, type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { DecidedApproval } from "../../api/answers.ts";
import { queries } from "../../api/queries.ts";
import { useNow } from "../../clock.ts";
import { clauseText } from "../../format/clause.ts";
import { useFormat } from "../../format/use-format.ts";
import { useActionSentence, useActorName } from "../../ui/action-words.ts";
import { Age } from "../../ui/age.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Mono } from "../../ui/mono.tsx";
import { ReceiptCard } from "../../ui/receipt-card.tsx";
import { ApprovalStateBadge } from "../../ui/state-badge.tsx";
import { DecisionForm } from "./decision-form.tsx";

interface ApprovalCardProps {
  readonly approval: Approval;
  readonly receipt: Receipt | null;
  readonly isWanted: boolean;
  readonly onDecided: (result: DecidedApproval) => void;
}

export function ApprovalCard({ approval, receipt, isWanted, onDecided }: ApprovalCardProps): ReactElement {
  const format = useFormat();
  const sentence = useActionSentence();
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isWanted) card.current?.scrollIntoView({ block: "center" });
  }, [isWanted]);
  return (
    <li
      ref={card}
      data-testid={`approval-${approval.id}`}
      data-state={approval.state}
      className={classes(
        "overflow-hidden rounded-card border bg-surface shadow-card",
        isWanted ? "border-accent ring-2 ring-accent-soft" : "border-line",
      )}
    >
      <div className="flex flex-col gap-3 p-4">
        <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
          <div className="min-w-0">
            <p className="flex flex-wrap items-center gap-2">
              <ApprovalStateBadge state={approval.state} />
              <Mono className="text-ink-faint">{approval.id}</Mono>
            </p>
            <h2 className="mt-1 font-semibold text-title">{sentence(approval.action)}</h2>
          </div>
          <Deadline approval={approval} />
        </header>
        <p className="text-pretty">{format.text(approval.summary)}</p>
        <Why approval={approval} />
      </div>
      {approval.state === "waiting" && <DecisionForm approval={approval} onDecided={onDecided} />}
      {approval.state !== "waiting" && <Outcome approval={approval} receipt={receipt} />}
    </li>
  );
}

function Deadline({ approval }: { readonly approval: Approval }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const time = useNow(10_000);
  const minutesLeft = (approval.expiresAt - time) / 60_000;
  return (
    <p className="text-right text-ink-soft text-small">
      {t("approvals.asked")} <Age at={approval.requestedAt} />
      {approval.state === "waiting" && (
        <span className={classes("block", minutesLeft < 15 && "font-medium text-warn")}>
          {minutesLeft > 0
            ? t("approvals.expiresIn", { time: format.minutes(minutesLeft) })
            : t("approvals.expiredNow")}
        </span>
      )}
    </p>
  );
}

/** Why a person is asked: the guard's reason, the clause's own words, who asked, and the evidence. */
function Why({ approval }: { readonly approval: Approval }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const actorName = useActorName();
  const clause = useQuery(queries.policies()).data?.items.find((one) => one.id === approval.clause.clauseId);
  return (
    <dl className="grid grid-cols-1 gap-x-6 gap-y-2 rounded-control border border-line bg-sunken px-3.5 py-3 sm:grid-cols-[auto_minmax(0,1fr)]">
      <Row name={t("approvals.reason")}>{format.text(approval.reason)}</Row>
      <Row name={t("approvals.clause")}>
        <Link
          to="/policies"
          search={{ clause: approval.clause.clauseId }}
          className="font-medium text-accent hover:underline"
        >
          {clause === undefined ? approval.clause.clauseId : format.text(clause.title)}
        </Link>
        {clause !== undefined && (
          <span className="block text-ink-soft">{format.text(clauseText(clause, format))}</span>
        )}
      </Row>
      <Row name={t("approvals.requestedBy")}>{actorName(approval.requestedBy)}</Row>
      <Row name={t("approvals.level")}>{t(`approvals.levels.${approval.level}`)}</Row>
      <Row name={t("approvals.about")}>
        <span className="flex flex-wrap gap-x-4 gap-y-1">
          <Subjects approval={approval} />
        </span>
      </Row>
    </dl>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactElement {
  return (
    <div className="contents">
      <dt className="text-ink-soft">{name}</dt>
      <dd className="min-w-0 max-sm:mb-1">{children}</dd>
    </div>
  );
}

function Subjects({ approval }: { readonly approval: Approval }): ReactElement {
  const { t } = useTranslation();
  const { action } = approval;
  const style = "inline-flex items-center gap-1 text-accent hover:underline";
  return (
    <>
      {approval.evidenceRecordId !== null && (
        <Link
          to="/x-ray/$evidenceRecordId"
          params={{ evidenceRecordId: approval.evidenceRecordId }}
          data-testid="approval-evidence"
          className={style}
        >
          <Icon name="xray" className="size-3.5" />
          {t("approvals.evidence")}
        </Link>
      )}
      {"shipmentId" in action && (
        <Link to="/shipments/$shipmentId" params={{ shipmentId: action.shipmentId }} className={style}>
          <Icon name="shipment" className="size-3.5" />
          {t("approvals.parcel")}
        </Link>
      )}
      {"orderId" in action && (
        <Link to="/orders/$orderId" params={{ orderId: action.orderId }} className={style}>
          <Icon name="order" className="size-3.5" />
          {t("shipment.order")}
        </Link>
      )}
      {"conversationId" in action && (
        <Link to="/inbox" search={{ conversation: action.conversationId }} className={style}>
          <Icon name="inbox" className="size-3.5" />
          {t("nav.inbox")}
        </Link>
      )}
    </>
  );
}

interface OutcomeProps {
  readonly approval: Approval;
  readonly receipt: Receipt | null;
}

function Outcome({ approval, receipt }: OutcomeProps): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const stored = useQuery({
    ...queries.receipt(approval.receiptId ?? ""),
    enabled: receipt === null && approval.receiptId !== null,
  }).data;
  const shown = receipt ?? stored ?? null;
  const me = useQuery(queries.me()).data;
  if (approval.decidedAt === null && shown === null) return null;
  return (
    <div className="flex flex-col gap-3 border-line border-t bg-sunken px-4 py-3">
      {approval.decidedAt !== null && (
        <p className="text-ink-soft">
          {t("approvals.decided", {
            name: deciderName(approval, shown, me) ?? t("common.unknown"),
            time: format.instant(approval.decidedAt, "full"),
          })}
          {approval.note !== null && approval.note !== "" && <span className="block">“{approval.note}”</span>}
        </p>
      )}
      {shown !== null && (
        <div
          data-testid="approval-receipt"
          className="rounded-control border border-good-line bg-surface p-3.5"
        >
          <p className="mb-2 flex flex-wrap items-center gap-2 font-semibold text-good">
            <Icon name="receipt" />
            {t("receipt.title")}
            <Link
              to="/receipts/$receiptId"
              params={{ receiptId: shown.id }}
              className="font-normal hover:underline"
            >
              <Mono>{shown.id}</Mono>
            </Link>
          </p>
          <ReceiptCard receipt={shown} />
        </div>
      )}
    </div>
  );
}

/** The approval keeps the person's id; the receipt and the session know the name that belongs to it. */
function deciderName(approval: Approval, receipt: Receipt | null, me: User | undefined): string | null {
  if (me !== undefined && me.id === approval.decidedBy) return me.name;
  const actor = receipt?.actor;
  if (actor?.kind === "person" && actor.userId === approval.decidedBy) return actor.name;
  return approval.decidedBy;
}

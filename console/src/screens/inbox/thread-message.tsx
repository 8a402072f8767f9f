import { Link } from "@tanstack/react-router";
import type { Message, Proposal } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { useActionSentence } from "../../ui/action-words.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { classes } from "../../ui/classes.ts";
import { EngineLabel } from "../../ui/engine-label.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";

interface ThreadMessageProps {
  readonly message: Message;
  readonly customerName: string;
}

/** One message: the customer's on the left, the shop's on the right, with its engine and its proof. */
export function ThreadMessage({ message, customerName }: ThreadMessageProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  if (message.author === "system") {
    return <p className="mx-auto max-w-lg text-center text-ink-faint text-small">{message.text}</p>;
  }
  const isCustomer = message.author === "customer";
  return (
    <article
      data-testid={`message-${message.author}`}
      className={classes(
        "flex max-w-[min(44rem,92%)] flex-col gap-1",
        isCustomer ? "items-start" : "items-end self-end",
      )}
    >
      <p className="flex flex-wrap items-center gap-x-2 px-1 text-ink-faint text-small">
        {isCustomer && <span className="font-medium text-ink-soft">{customerName}</span>}
        {message.engine !== null && <EngineLabel engine={message.engine} />}
        <time dateTime={new Date(message.at).toISOString()} title={format.instant(message.at, "full")}>
          {format.instant(message.at)}
        </time>
      </p>
      <div
        lang={message.language === "zh" ? "zh-CN" : "en"}
        className={classes(
          "whitespace-pre-wrap rounded-card border px-3.5 py-2.5",
          isCustomer && "rounded-tl-[3px] border-line bg-surface",
          message.author === "assistant" && "rounded-tr-[3px] border-accent-line bg-accent-soft",
          message.author === "person" && "rounded-tr-[3px] border-good-line bg-good-soft",
        )}
      >
        {message.text}
      </div>
      <div className="flex flex-wrap items-center justify-end gap-2 px-1">
        {message.outcome !== null && message.outcome !== "answered" && <Outcome outcome={message.outcome} />}
        {message.evidenceRecordId !== null && (
          <Link
            to="/x-ray/$evidenceRecordId"
            params={{ evidenceRecordId: message.evidenceRecordId }}
            data-testid="message-x-ray"
            className="inline-flex items-center gap-1 text-accent text-small hover:underline"
          >
            <Icon name="xray" className="size-3.5" />
            {t("nav.x-ray")}
          </Link>
        )}
      </div>
      {message.proposals.map((proposal) => (
        <ProposalCard key={JSON.stringify(proposal.action)} proposal={proposal} />
      ))}
    </article>
  );
}

const outcomeLooks = {
  answered: { tone: "good", icon: "check" },
  "cannot-confirm": { tone: "warn", icon: "hand" },
  "handed-off": { tone: "accent", icon: "user" },
  clarifying: { tone: "neutral", icon: "quote" },
} as const satisfies Record<string, { tone: Tone; icon: IconName }>;

function Outcome({ outcome }: { readonly outcome: NonNullable<Message["outcome"]> }): ReactElement {
  const { t } = useTranslation();
  return <Badge {...outcomeLooks[outcome]}>{t(`inbox.outcome.${outcome}`)}</Badge>;
}

const verdictLooks = {
  allow: { tone: "good", icon: "check" },
  deny: { tone: "bad", icon: "cross" },
  "needs-approval": { tone: "warn", icon: "approval" },
} as const satisfies Record<Proposal["decision"]["verdict"], { tone: Tone; icon: IconName }>;

/** What the assistant proposed and what the guard said to it. */
function ProposalCard({ proposal }: { readonly proposal: Proposal }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useActionSentence();
  const { decision } = proposal;
  return (
    <div className="flex w-full flex-col gap-1 rounded-card border border-line bg-surface px-3.5 py-2.5">
      <p className="flex flex-wrap items-center gap-2">
        <Badge {...verdictLooks[decision.verdict]}>{t(`inbox.decision.${decision.verdict}`)}</Badge>
        <span className="font-medium">{sentence(proposal.action)}</span>
      </p>
      {"reason" in decision && <p className="text-ink-soft">{format.text(decision.reason)}</p>}
      <p className="flex flex-wrap gap-3 text-small">
        <Link
          to="/policies"
          search={{ clause: decision.clause.clauseId }}
          className="text-accent hover:underline"
        >
          {t("approvals.clause")}
        </Link>
        {proposal.approvalId !== null && (
          <Link
            to="/approvals"
            search={{ focus: proposal.approvalId, state: "all" }}
            className="text-accent hover:underline"
          >
            {t("inbox.toApproval")}
          </Link>
        )}
        {proposal.receiptId !== null && (
          <Link
            to="/receipts/$receiptId"
            params={{ receiptId: proposal.receiptId }}
            className="text-accent hover:underline"
          >
            {t("receipt.open")}
          </Link>
        )}
      </p>
    </div>
  );
}

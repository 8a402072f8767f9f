import type { Message, Proposal } from "@waremind/contract";
import { lazy, type ReactElement, Suspense, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { useActionSentence } from "../ui/action-words.ts";
import { classes } from "../ui/classes.ts";
import { EngineLabel } from "../ui/engine-label.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Skeleton } from "../ui/states.tsx";

/** Loaded when the first proof is opened: most customers believe the answer. */
const Proof = lazy(async () => {
  const { Proof: Loaded } = await import("./proof.tsx");
  return { default: Loaded };
});

interface ChatMessageProps {
  readonly message: Message;
  readonly token: string;
}

/** One message of the conversation; an answer names its engine and opens its proof. */
export function ChatMessage({ message, token }: ChatMessageProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  if (message.author === "system") {
    return <p className="mx-auto max-w-xs text-center text-ink-faint text-small">{message.text}</p>;
  }
  const isMine = message.author === "customer";
  return (
    <article
      data-testid={`message-${message.author}`}
      className={classes(
        "appear flex max-w-[92%] flex-col gap-1",
        isMine ? "items-end self-end" : "items-start",
      )}
    >
      <div
        lang={message.language === "zh" ? "zh-CN" : "en"}
        className={classes(
          "whitespace-pre-wrap rounded-card px-3.5 py-2",
          isMine
            ? "rounded-br-[3px] bg-accent text-accent-ink"
            : "rounded-bl-[3px] border border-line bg-surface",
        )}
      >
        {message.text}
      </div>
      {message.proposals.map((proposal) => (
        <ProposalNote key={JSON.stringify(proposal.action)} proposal={proposal} />
      ))}
      <p className="flex flex-wrap items-center gap-x-2.5 px-1 text-ink-faint text-small">
        {isMine && <span className="sr-only">{t("engine.you")}</span>}
        {message.engine !== null && <EngineLabel engine={message.engine} />}
        <time dateTime={new Date(message.at).toISOString()} title={format.instant(message.at, "full")}>
          {format.instant(message.at, "time")}
        </time>
      </p>
      {message.evidenceRecordId !== null && <ProofToggle recordId={message.evidenceRecordId} token={token} />}
    </article>
  );
}

function ProofToggle({
  recordId,
  token,
}: {
  readonly recordId: string;
  readonly token: string;
}): ReactElement {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  return (
    <>
      <button
        type="button"
        data-testid="show-proof"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setIsOpen(!isOpen)}
        className="flex items-center gap-1.5 rounded-control px-1 py-0.5 font-medium text-accent text-small hover:bg-accent-soft"
      >
        <Icon name="xray" className="size-3.5" />
        {t(isOpen ? "widget.hideProof" : "widget.showProof")}
      </button>
      <div id={id} className="w-full">
        {isOpen && (
          <Suspense fallback={<Skeleton rows={3} />}>
            <Proof recordId={recordId} token={token} />
          </Suspense>
        )}
      </div>
    </>
  );
}

const noteLooks: Record<
  Proposal["decision"]["verdict"],
  { readonly icon: IconName; readonly style: string }
> = {
  allow: { icon: "check-circle", style: "border-good-line bg-good-soft text-good" },
  deny: { icon: "cross-circle", style: "border-line bg-sunken text-ink-soft" },
  "needs-approval": { icon: "clock", style: "border-warn-line bg-warn-soft text-warn" },
};

/** What became of something that was asked for: done with a receipt, waiting for a person, or refused with the reason. */
function ProposalNote({ proposal }: { readonly proposal: Proposal }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useActionSentence();
  const { decision, action } = proposal;
  if (action.name === "hand-off") return null;
  const look = noteLooks[decision.verdict];
  return (
    <div
      data-testid="widget-proposal"
      className={classes("flex gap-2 rounded-control border px-3 py-2", look.style)}
    >
      <Icon name={look.icon} className="mt-0.5" />
      <div>
        <p className="font-medium">{sentence(action)}</p>
        <p className="text-small">
          {decision.verdict === "needs-approval" && t("widget.waitsForApproval")}
          {decision.verdict === "deny" && format.text(decision.reason)}
          {decision.verdict === "allow" &&
            (proposal.receiptId === null
              ? t("widget.allowed")
              : t("widget.done", { receipt: proposal.receiptId }))}
        </p>
      </div>
    </div>
  );
}

import type { Conversation } from "@waremind/contract";
import { type ReactElement, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/icon.tsx";
import { ProblemNotice, Skeleton } from "../ui/states.tsx";
import { ChatMessage } from "./chat-message.tsx";
import { QuestionBox } from "./question-box.tsx";
import type { Session } from "./session.ts";
import { Suggestions } from "./suggestions.tsx";
import { useChat } from "./use-chat.ts";
import type { SessionState } from "./use-session.ts";

interface ChatViewProps {
  readonly state: SessionState;
  readonly session: Session;
}

export function ChatView({ state, session }: ChatViewProps): ReactElement {
  const { t } = useTranslation();
  const chat = useChat(state);
  const box = useRef<HTMLDivElement>(null);
  const count = chat.messages.length + (chat.asking === null ? 0 : 1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one message more is what asks to scroll.
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight, behavior: "smooth" });
  }, [count]);
  const isEmpty = !chat.isLoading && count === 0;
  return (
    <main className="flex min-h-0 flex-1 flex-col">
      <HandOffNotice conversation={chat.conversation} />
      <div
        ref={box}
        role="log"
        aria-live="polite"
        aria-label={t("inbox.thread")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard.
        tabIndex={0}
        className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto bg-canvas px-4 py-4 -outline-offset-2"
      >
        {chat.isLoading && <Skeleton rows={4} className="p-0" />}
        {isEmpty && <Welcome name={session.customerName} />}
        {chat.messages.map((message) => (
          <ChatMessage key={message.id} message={message} token={session.token} />
        ))}
        {chat.asking !== null && <Asking text={chat.asking.text} />}
        {chat.error !== null && <ProblemNotice error={chat.error} onRetry={chat.retry} />}
      </div>
      {isEmpty && <Suggestions onAsk={(text) => void chat.ask(text)} />}
      <QuestionBox isBusy={chat.asking !== null} onAsk={chat.ask} />
    </main>
  );
}

function Welcome({ name }: { readonly name: string }): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="m-auto max-w-xs text-center">
      <p className="font-semibold text-title">{t("widget.welcome", { name })}</p>
      <p className="mt-1 text-ink-soft">{t("widget.welcomeText")}</p>
    </div>
  );
}

/** The question just sent, and a sign that its answer is being looked up. */
function Asking({ text }: { readonly text: string }): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <div className="max-w-[85%] self-end whitespace-pre-wrap rounded-card rounded-br-[3px] bg-accent px-3.5 py-2 text-accent-ink opacity-80">
        {text}
      </div>
      <div
        role="status"
        data-testid="widget-typing"
        className="flex items-center gap-2 text-ink-soft text-small"
      >
        <span
          aria-hidden="true"
          className="flex gap-1 rounded-card border border-line bg-surface px-3 py-2.5"
        >
          {[0, 1, 2].map((dot) => (
            <span
              key={dot}
              className="size-1.5 rounded-full bg-ink-faint opacity-50"
              style={{ animation: `typing-dot 1.2s ${dot * 0.15}s ease-in-out infinite` }}
            />
          ))}
        </span>
        {t("widget.lookingUp")}
      </div>
    </>
  );
}

/** Says who answers now, while a person is asked for or has taken over. */
function HandOffNotice({
  conversation,
}: {
  readonly conversation: Conversation | null;
}): ReactElement | null {
  const { t } = useTranslation();
  if (conversation?.state !== "waiting-for-person" && conversation?.state !== "with-person") return null;
  const isWaiting = conversation.state === "waiting-for-person";
  return (
    <p
      role="status"
      data-testid="widget-hand-off"
      className="flex items-center gap-2 border-accent-line border-b bg-accent-soft px-4 py-2 text-accent"
    >
      <Icon name={isWaiting ? "clock" : "user"} className="size-3.5" />
      {isWaiting
        ? t("widget.waitingForPerson")
        : t("widget.withPerson", { name: conversation.assignedTo ?? t("engine.person") })}
    </p>
  );
}

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Conversation } from "@waremind/contract";
import { type ReactElement, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Thread as ThreadAnswer } from "../../api/answers.ts";
import { sentenceOf } from "../../api/problem-error.ts";
import { queries } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import { useFormat } from "../../format/use-format.ts";
import { Button, buttonStyle } from "../../ui/button.tsx";
import { ConversationStateBadge } from "../../ui/conversation-state-badge.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Loaded } from "../../ui/states.tsx";
import { useNotify } from "../../ui/toasts.tsx";
import { ReplyBox } from "./reply-box.tsx";
import { ThreadMessage } from "./thread-message.tsx";

type Verb = "take-over" | "hand-back" | "solve";

export function Thread({ conversationId }: { readonly conversationId: string }): ReactElement {
  const thread = useQuery(queries.conversation(conversationId));
  return (
    <div className="flex h-full min-h-0 flex-col">
      <Loaded query={thread} skeletonRows={8}>
        {(answer) => (
          <>
            <ThreadHeader conversation={answer.conversation} />
            <Messages thread={answer} />
            <ReplyBox conversation={answer.conversation} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function ThreadHeader({ conversation }: { readonly conversation: Conversation }): ReactElement {
  const { t } = useTranslation();
  const { change, busyVerb } = useConversationChange(conversation.id);
  const verbs: readonly Verb[] = {
    open: ["take-over", "solve"] as const,
    "waiting-for-person": ["take-over", "solve"] as const,
    "with-person": ["hand-back", "solve"] as const,
    solved: ["take-over"] as const,
  }[conversation.state];
  return (
    <header className="flex flex-wrap items-center gap-x-3 gap-y-2 border-line border-b px-4 py-2">
      <Link
        to="/inbox"
        search={{}}
        aria-label={t("common.back")}
        className={`${buttonStyle({ look: "quiet", size: "small", isSquare: true })} lg:hidden`}
      >
        <Icon name="arrow-left" />
      </Link>
      <div className="min-w-44 flex-1">
        <h2 className="truncate font-semibold">{conversation.customerName}</h2>
        <p className="flex flex-wrap items-center gap-2 text-ink-faint text-small">
          <ConversationStateBadge state={conversation.state} />
          {conversation.assignedTo !== null && t("inbox.assignedTo", { name: conversation.assignedTo })}
          <span>{t(`inbox.channel.${conversation.channel}`)}</span>
        </p>
      </div>
      {verbs.map((verb) => (
        <Button
          key={verb}
          size="small"
          look={verb === "take-over" ? "primary" : "plain"}
          isBusy={busyVerb === verb}
          onClick={() => void change(verb)}
          data-testid={`conversation-${verb}`}
        >
          {t(`inbox.verb.${verb}`)}
        </Button>
      ))}
    </header>
  );
}

function useConversationChange(id: string): {
  readonly change: (verb: Verb) => Promise<void>;
  readonly busyVerb: Verb | null;
} {
  const { t } = useTranslation();
  const format = useFormat();
  const notify = useNotify();
  const client = useQueryClient();
  const [busyVerb, setBusyVerb] = useState<Verb | null>(null);
  const change = async (verb: Verb): Promise<void> => {
    setBusyVerb(verb);
    try {
      await request(`/api/conversations/${encodeURIComponent(id)}/${verb}`, { method: "POST", body: {} });
      await Promise.all(
        ["conversation", "conversations", "overview"].map((resource) =>
          client.invalidateQueries({ queryKey: [resource] }),
        ),
      );
    } catch (error) {
      notify("bad", t("inbox.changeFailed"), format.text(sentenceOf(error)));
    } finally {
      setBusyVerb(null);
    }
  };
  return { change, busyVerb };
}

/** The messages, oldest first; follows the end as new ones come. */
function Messages({ thread }: { readonly thread: ThreadAnswer }): ReactElement {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const count = thread.messages.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: one message more is what asks to scroll.
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [count]);
  return (
    <div
      ref={box}
      role="log"
      aria-label={t("inbox.thread")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard.
      tabIndex={0}
      className="flex min-h-64 flex-1 flex-col gap-4 overflow-y-auto bg-canvas px-4 py-4 -outline-offset-2"
    >
      {thread.messages.map((message) => (
        <ThreadMessage key={message.id} message={message} customerName={thread.conversation.customerName} />
      ))}
    </div>
  );
}

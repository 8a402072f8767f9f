import type { Conversation, Message } from "@waremind/contract";
import { useCallback, useEffect, useState } from "react";
import { now } from "../clock.ts";
import { customerApi } from "./customer-api.ts";
import type { SessionState } from "./use-session.ts";
import { waitsForApproval } from "./waits-for-approval.ts";

/** While a person has the conversation, or something waits for one, the news is fetched this often. */
const pollMs = 3_000;

export interface Chat {
  readonly messages: readonly Message[];
  readonly conversation: Conversation | null;
  /** The question under way, shown at once. */
  readonly asking: { readonly text: string; readonly at: number } | null;
  readonly isLoading: boolean;
  readonly error: unknown;
  ask(text: string): Promise<boolean>;
  retry(): void;
}

/** The conversation of one session: asks, answers, and follows a person who has taken over. */
export function useChat(state: SessionState): Chat {
  const { session, noticeRefusal, keepConversation } = state;
  const token = session?.token ?? "";
  const conversationId = session?.conversationId ?? null;
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [conversation, setConversation] = useState<Conversation | null>(null);
  const [asking, setAsking] = useState<Chat["asking"]>(null);
  const [isLoading, setIsLoading] = useState(conversationId !== null);
  const [error, setError] = useState<unknown>(null);

  const read = useCallback(
    async (id: string): Promise<void> => {
      try {
        const thread = await customerApi.conversation(token, id);
        setConversation(thread.conversation);
        setMessages(thread.messages);
        setError(null);
      } catch (caught) {
        noticeRefusal(caught);
        setError(caught);
      } finally {
        setIsLoading(false);
      }
    },
    [token, noticeRefusal],
  );

  // What was said before this page was opened.
  useEffect(() => {
    if (conversationId !== null) void read(conversationId);
  }, [conversationId, read]);

  const isWithPerson = conversation?.state === "with-person" || conversation?.state === "waiting-for-person";
  const isNewsDue = isWithPerson || waitsForApproval(messages);
  useEffect(() => {
    if (!isNewsDue || conversationId === null) return;
    const timer = setInterval(() => void read(conversationId), pollMs);
    return () => clearInterval(timer);
  }, [isNewsDue, conversationId, read]);

  const ask = async (text: string): Promise<boolean> => {
    setAsking({ text, at: now() });
    setError(null);
    try {
      const answer = await customerApi.ask(token, {
        text,
        ...(conversationId === null ? {} : { conversationId }),
      });
      setMessages((before) => merge(before, [answer.question, answer.answer]));
      keepConversation(answer.conversationId);
      await read(answer.conversationId);
      return true;
    } catch (caught) {
      noticeRefusal(caught);
      setError(caught);
      return false;
    } finally {
      setAsking(null);
    }
  };

  const retry = (): void => {
    setError(null);
    if (conversationId !== null) void read(conversationId);
  };

  return { messages, conversation, asking, isLoading, error, ask, retry };
}

function merge(before: readonly Message[], fresh: readonly Message[]): readonly Message[] {
  const known = new Set(before.map((message) => message.id));
  return [...before, ...fresh.filter((message) => !known.has(message.id))];
}

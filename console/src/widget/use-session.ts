import { useCallback, useEffect, useState } from "react";
import { ProblemError } from "../api/problem-error.ts";
import { customerApi, type Identity } from "./customer-api.ts";
import { listenForIdentity } from "./host.ts";
import { readSession, type Session, storeSession } from "./session.ts";

export interface SessionState {
  readonly session: Session | null;
  readonly isBusy: boolean;
  readonly error: unknown;
  /** True after the server no longer knew the session. */
  readonly hasEnded: boolean;
  identify(identity: Identity): Promise<void>;
  leave(): void;
  /** Ends the session here when an answer says that the server no longer knows it. */
  noticeRefusal(error: unknown): void;
  keepConversation(id: string): void;
}

/** Who the customer is, proven by order and e-mail or by the shop's own token. */
export function useSession(): SessionState {
  const [session, setSession] = useState<Session | null>(readSession);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [hasEnded, setHasEnded] = useState(false);

  const change = useCallback((next: Session | null): void => {
    storeSession(next);
    setSession(next);
  }, []);

  const identify = useCallback(
    async (identity: Identity): Promise<void> => {
      setIsBusy(true);
      setError(null);
      try {
        const opened = await customerApi.identify(identity);
        change({ ...opened, conversationId: null });
        setHasEnded(false);
      } catch (caught) {
        setError(caught);
      } finally {
        setIsBusy(false);
      }
    },
    [change],
  );

  useEffect(() => {
    if (session !== null) return;
    return listenForIdentity((identityToken) => void identify({ identityToken }));
  }, [session, identify]);

  const leave = useCallback((): void => {
    // Forgetting it here is what counts; the server ends it by itself if this call is lost.
    if (session !== null) customerApi.leave(session.token).catch(() => {});
    change(null);
  }, [session, change]);

  const noticeRefusal = useCallback(
    (refusal: unknown): void => {
      if (!(refusal instanceof ProblemError) || refusal.status !== 401) return;
      change(null);
      setHasEnded(true);
    },
    [change],
  );

  const keepConversation = useCallback(
    (conversationId: string): void => {
      if (session !== null && session.conversationId !== conversationId)
        change({ ...session, conversationId });
    },
    [session, change],
  );

  return { session, isBusy, error, hasEnded, identify, leave, noticeRefusal, keepConversation };
}

// The customer's session: a bearer token that lives as long as the tab.
import { now } from "../clock.ts";

export interface Session {
  readonly token: string;
  readonly customerName: string;
  readonly expiresAt: number;
  readonly conversationId: string | null;
}

const storageKey = "waremind-session";

export function readSession(): Session | null {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? "null");
    return isSession(stored) && stored.expiresAt > now() ? stored : null;
  } catch {
    return null;
  }
}

export function storeSession(session: Session | null): void {
  try {
    if (session === null) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, JSON.stringify(session));
  } catch {
    // A frame without storage keeps the session in memory only.
  }
}

function isSession(stored: unknown): stored is Session {
  return (
    typeof stored === "object" &&
    stored !== null &&
    "token" in stored &&
    typeof stored.token === "string" &&
    "expiresAt" in stored &&
    typeof stored.expiresAt === "number" &&
    "customerName" in stored &&
    "conversationId" in stored
  );
}

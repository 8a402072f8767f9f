import type { Answer, EvidenceRecord, Shop } from "@waremind/contract";
import type { Thread } from "../api/answers.ts";
import { request } from "../api/request.ts";

export type Identity =
  | { readonly orderNumber: string; readonly email: string }
  | { readonly identityToken: string };

export interface OpenedSession {
  readonly token: string;
  readonly customerName: string;
  readonly expiresAt: number;
}

/** What a customer may ask of the server; every call but the first carries the session's token. */
export const customerApi = {
  shop: () => request<Shop>("/api/shop"),
  identify: (identity: Identity) =>
    request<OpenedSession>("/api/customer/sessions", { method: "POST", body: identity }),
  leave: (token: string) => request("/api/customer/sessions/current", { method: "DELETE", bearer: token }),
  ask: (token: string, question: { text: string; conversationId?: string }) =>
    request<Answer>("/api/questions", { method: "POST", body: question, bearer: token }),
  conversation: (token: string, id: string) =>
    request<Thread>(`/api/customer/conversations/${encodeURIComponent(id)}`, { bearer: token }),
  evidence: (token: string, id: string) =>
    request<EvidenceRecord>(`/api/customer/evidence/${encodeURIComponent(id)}`, { bearer: token }),
};

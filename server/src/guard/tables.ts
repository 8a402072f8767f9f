import type { Action, Actor, Approval, BilingualText, Receipt } from "@waremind/contract";
import type { ColumnType } from "kysely";

/** Written as text, read as the value. */
type Json<Value> = ColumnType<Value, string, string>;

export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
  /** HMAC over sequence and hash: who can write the table cannot make one. */
  readonly seal: string;
}

export interface GuardTables {
  setting: { key: string; value: Json<AuditHead>; updatedAt: number };
  policyClause: {
    id: string;
    version: number;
    titleEn: string;
    titleZh: string;
    textEn: string;
    textZh: string;
    parameters: Json<Record<string, unknown>>;
    validFrom: number;
    validUntil: number | null;
  };
  approval: {
    id: string;
    action: Json<Action>;
    actionName: string;
    argumentsHash: string;
    signature: string;
    level: Approval["level"];
    clauseId: string;
    clauseVersion: number;
    reason: Json<BilingualText>;
    summary: Json<BilingualText>;
    requestedBy: Json<Actor>;
    requestedAt: number;
    expiresAt: number;
    state: Approval["state"];
    decidedBy: string | null;
    decidedAt: number | null;
    note: string | null;
    receiptId: string | null;
    evidenceRecordId: string | null;
    conversationId: string | null;
    toldAt: number | null;
  };
  receipt: {
    id: string;
    action: Json<Action>;
    actionName: string;
    argumentsHash: string;
    actor: Json<Actor>;
    approvalId: string | null;
    at: number;
    effects: Json<Receipt["effects"]>;
    auditSequence: number;
  };
  auditEntry: {
    sequence: number;
    at: number;
    kind: string;
    actor: Json<Actor>;
    body: Json<Record<string, unknown>>;
    previousHash: string;
    hash: string;
  };
}

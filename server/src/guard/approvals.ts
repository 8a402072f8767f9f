// The life of an approval: waiting → granted → executed, or denied, expired, failed. Each step is an audit entry.
import type { Action, Actor, Approval, BilingualText, Decision, Receipt } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";
import { assert, DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { lockAudit } from "./audit.ts";
import { argumentsHash, canonicalAction, isSameSeal, signApproval } from "./canonical.ts";
import {
  type ApprovalRow,
  approvalOf,
  expireOpen,
  insertApproval,
  selectApproval,
  selectApprovalFor,
  selectReceipt,
  updateApproval,
} from "./guard-store.ts";
import { maySign } from "./predicates.ts";

export interface ApprovalRules {
  readonly secret: string;
  readonly lifeMs: number;
  now(): number;
  append(
    connection: Connection,
    entry: { readonly kind: string; readonly actor: Actor; readonly body: Record<string, unknown> },
  ): Promise<unknown>;
}

const theGuard: Actor = { kind: "system", name: "guard" };

export async function requestApproval(
  rules: ApprovalRules,
  connection: Connection,
  input: {
    readonly actor: Actor;
    readonly action: Action;
    readonly decision: Extract<Decision, { verdict: "needs-approval" }>;
    readonly summary: BilingualText;
    readonly evidenceRecordId: string | null;
    readonly conversationId: string | null;
  },
): Promise<Approval> {
  const at = rules.now();
  const hash = argumentsHash(input.action);
  await expireOpen(connection, { at, argumentsHash: hash, isHeldSkipped: false });
  const { level, clause, reason } = input.decision;
  const signed = {
    id: newId("apr", at),
    action: canonicalAction(input.action),
    level,
    clauseId: clause.clauseId,
    clauseVersion: clause.version,
    requestedBy: input.actor,
    expiresAt: at + rules.lifeMs,
  };
  const added = await insertApproval(connection, {
    ...signed,
    actionName: input.action.name,
    argumentsHash: hash,
    signature: signApproval(signed, rules.secret),
    reason,
    summary: input.summary,
    requestedAt: at,
    state: "waiting",
    decidedBy: null,
    decidedAt: null,
    note: null,
    receiptId: null,
    evidenceRecordId: input.evidenceRecordId,
    conversationId: input.conversationId,
    toldAt: null,
  });
  if (added === null) {
    const open = await selectApprovalFor(connection, hash);
    assert(open !== null, "an approval in the way of another exists");
    return approvalOf(open);
  }
  const body = { approvalId: signed.id, argumentsHash: hash, level, clause, expiresAt: signed.expiresAt };
  await rules.append(connection, { kind: "approval-requested", actor: input.actor, body });
  return approvalOf(added);
}

export async function decideApproval(
  rules: ApprovalRules,
  connection: Connection,
  input: {
    readonly approvalId: string;
    readonly person: Extract<Actor, { kind: "person" }>;
    readonly verdict: "grant" | "deny";
    readonly note: string;
  },
): Promise<Approval> {
  const at = rules.now();
  const row = await lockedApproval(rules, connection, input.approvalId);
  if (!maySign(input.person.roles, row.level)) throw notYourLevel(row);
  if (row.state === "expired" || (row.state === "waiting" && at >= row.expiresAt)) throw expired(row);
  if (row.state !== "waiting") throw used(row);
  const state = input.verdict === "grant" ? "granted" : "denied";
  const note = input.note === "" ? null : input.note.replaceAll("\0", "").toWellFormed();
  const changed = await updateApproval(connection, row.id, {
    state,
    decidedBy: input.person.userId,
    decidedAt: at,
    note,
  });
  const body = { approvalId: row.id, argumentsHash: row.argumentsHash, note };
  await rules.append(connection, { kind: `approval-${state}`, actor: input.person, body });
  return approvalOf(changed);
}

export async function takeApproval(
  rules: ApprovalRules,
  connection: Connection,
  approvalId: string,
): Promise<{ kind: "run"; approval: Approval } | { kind: "already-run"; receipt: Receipt }> {
  const row = await lockedApproval(rules, connection, approvalId);
  const receipt = await selectReceipt(connection, { approvalId });
  if (receipt !== null) return { kind: "already-run", receipt };
  if (row.state === "expired" || (row.state === "granted" && rules.now() >= row.expiresAt))
    throw expired(row);
  if (row.state !== "granted") throw notGranted(row);
  return { kind: "run", approval: approvalOf(row) };
}

export async function failApproval(
  rules: ApprovalRules,
  connection: Connection,
  input: { readonly approvalId: string; readonly reason: BilingualText },
): Promise<Approval> {
  const row = await lockedApproval(rules, connection, input.approvalId);
  if (row.state !== "waiting" && row.state !== "granted") throw used(row);
  const reason = `${input.reason.en} ${input.reason.zh}`;
  const changed = await updateApproval(connection, row.id, {
    state: "failed",
    note: row.note === null ? reason : `${row.note}\n${reason}`,
  });
  const body = { approvalId: row.id, argumentsHash: row.argumentsHash, reason: input.reason };
  await rules.append(connection, { kind: "approval-failed", actor: theGuard, body });
  return approvalOf(changed);
}

export async function expireApprovals(
  rules: ApprovalRules,
  connection: Connection,
): Promise<readonly string[]> {
  // The log first: who asks again for an expired action holds it already and then closes that very row. Who decides on a
  // row holds the row and waits for the log, so such a row is left to the next turn.
  await lockAudit(connection);
  const approvalIds = await expireOpen(connection, { at: rules.now(), isHeldSkipped: true });
  for (const approvalId of approvalIds)
    await rules.append(connection, { kind: "approval-expired", actor: theGuard, body: { approvalId } });
  return approvalIds;
}

/** Holds the row, and refuses one whose signed content is not what was signed. */
async function lockedApproval(
  rules: ApprovalRules,
  connection: Connection,
  id: string,
): Promise<ApprovalRow> {
  const row = await selectApproval(connection, id, { isForUpdate: true });
  if (row === null) {
    const sentence = { en: `There is no approval ${id}.`, zh: `没有审批 ${id}。` };
    throw new DomainError("not-found", sentence, { approvalId: id });
  }
  const isAsSigned =
    isSameSeal(row.signature, signApproval(row, rules.secret)) &&
    row.argumentsHash === argumentsHash(row.action);
  if (!isAsSigned) {
    throw refusal("approval-altered", row, {
      en: `Approval ${id} is not as it was signed and will not run. Look at the audit log.`,
      zh: `审批 ${id} 与签署时不一致，不会执行。请查看审计日志。`,
    });
  }
  return row;
}

function refusal(
  code: ConstructorParameters<typeof DomainError>[0],
  row: ApprovalRow,
  sentence: BilingualText,
): DomainError {
  return new DomainError(code, sentence, { approvalId: row.id, state: row.state, level: row.level });
}

const expired = (row: ApprovalRow): DomainError =>
  refusal("approval-expired", row, {
    en: `Approval ${row.id} has expired. The request must be made again.`,
    zh: `审批 ${row.id} 已过期，请重新发起。`,
  });

const used = (row: ApprovalRow): DomainError =>
  refusal("approval-used", row, {
    en: `Approval ${row.id} was decided before; nothing was changed.`,
    zh: `审批 ${row.id} 已处理过，未作任何更改。`,
  });

const notGranted = (row: ApprovalRow): DomainError =>
  refusal("state-forbids", row, {
    en: `Approval ${row.id} was not granted and cannot run.`,
    zh: `审批 ${row.id} 未获批准，不能执行。`,
  });

const notYourLevel = (row: ApprovalRow): DomainError =>
  refusal("not-allowed", row, {
    en:
      row.level === "owner"
        ? "Only the owner may decide this."
        : "Only support or the owner may decide this.",
    zh: row.level === "owner" ? "仅店主可以处理此审批。" : "仅客服或店主可以处理此审批。",
  });

import type { Action, Approval, Receipt } from "@waremind/contract";
import { type Selectable, sql } from "kysely";
import { type Connection, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { canonicalAction, canonicalJson } from "./canonical.ts";
import type { PolicyClause, UntoldOutcome } from "./guard.ts";
import type { GuardTables } from "./tables.ts";

const approvalsListedMax = 500;
/** Closed in one turn; the next one takes the rest. */
const expiredPerTurnMax = 1_000;

const tables = (connection: Connection) => tablesOf<GuardTables>(connection);

/** The newest version of each clause in force at `at`. */
export async function selectClauses(connection: Connection, at: number): Promise<readonly PolicyClause[]> {
  const rows = await tables(connection)
    .selectFrom("policyClause")
    .selectAll()
    .distinctOn("id")
    .where("validFrom", "<=", at)
    .where((where) => where.or([where("validUntil", "is", null), where("validUntil", ">", at)]))
    .orderBy("id")
    .orderBy("version", "desc")
    .execute();
  return rows.map(({ id, version, titleEn, titleZh, textEn, textZh, parameters, validFrom }) => ({
    id,
    version,
    title: { en: titleEn, zh: titleZh },
    text: { en: textEn, zh: textZh },
    parameters,
    validFrom,
  }));
}

/** Adds a version and ends the one before it. */
export async function insertClause(connection: Connection, clause: PolicyClause): Promise<void> {
  const { id, version, validFrom } = clause;
  const newest = await tables(connection)
    .selectFrom("policyClause")
    .select("version")
    .where("id", "=", id)
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
  const expected = (newest?.version ?? 0) + 1;
  if (version !== expected) {
    throw new DomainError(
      "conflict",
      {
        en: `The next version of clause ${id} is ${expected}, not ${version}. Read the clause again and repeat.`,
        zh: `条款 ${id} 的下一版本应为 ${expected}，而不是 ${version}。请重新读取后再试。`,
      },
      { clauseId: id, expected },
    );
  }
  await tables(connection)
    .updateTable("policyClause")
    .set({ validUntil: validFrom })
    .where("id", "=", id)
    .where("validUntil", "is", null)
    .execute();
  await tables(connection)
    .insertInto("policyClause")
    .values({
      id,
      version,
      titleEn: clause.title.en,
      titleZh: clause.title.zh,
      textEn: clause.text.en,
      textZh: clause.text.zh,
      parameters: JSON.stringify(clause.parameters),
      validFrom,
      validUntil: null,
    })
    .execute();
}

export type ApprovalRow = Selectable<GuardTables["approval"]>;

export function approvalOf(row: ApprovalRow): Approval {
  return {
    id: row.id,
    action: row.action,
    argumentsHash: row.argumentsHash,
    level: row.level,
    clause: { clauseId: row.clauseId, version: row.clauseVersion },
    reason: row.reason,
    requestedBy: row.requestedBy,
    requestedAt: row.requestedAt,
    expiresAt: row.expiresAt,
    state: row.state,
    decidedBy: row.decidedBy,
    decidedAt: row.decidedAt,
    note: row.note,
    receiptId: row.receiptId,
    evidenceRecordId: row.evidenceRecordId,
    summary: row.summary,
  };
}

/** Answers null when an open approval over the same arguments stands in the way. */
export async function insertApproval(connection: Connection, row: ApprovalRow): Promise<ApprovalRow | null> {
  const values = {
    ...row,
    action: canonicalJson(canonicalAction(row.action)),
    reason: canonicalJson(row.reason),
    summary: canonicalJson(row.summary),
    requestedBy: canonicalJson(row.requestedBy),
  };
  const added = await tables(connection)
    .insertInto("approval")
    .values(values)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return added ?? null;
}

export async function selectApproval(
  connection: Connection,
  id: string,
  options: { readonly isForUpdate: boolean },
): Promise<ApprovalRow | null> {
  const query = tables(connection).selectFrom("approval").selectAll().where("id", "=", id);
  return (await (options.isForUpdate ? query.forUpdate() : query).executeTakeFirst()) ?? null;
}

/** The newest over exactly these arguments. */
export async function selectApprovalFor(connection: Connection, hash: string): Promise<ApprovalRow | null> {
  const row = await tables(connection)
    .selectFrom("approval")
    .selectAll()
    .where("argumentsHash", "=", hash)
    .orderBy("requestedAt", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

export async function updateApproval(
  connection: Connection,
  id: string,
  change: Partial<Pick<ApprovalRow, "state" | "decidedBy" | "decidedAt" | "note" | "receiptId">>,
): Promise<ApprovalRow> {
  return tables(connection)
    .updateTable("approval")
    .set(change)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Waiting ones first, then newest. */
export async function listApprovals(
  connection: Connection,
  options: { readonly state?: Approval["state"]; readonly limit: number },
): Promise<readonly Approval[]> {
  let query = tables(connection).selectFrom("approval").selectAll();
  if (options.state !== undefined) query = query.where("state", "=", options.state);
  const rows = await query
    .orderBy(sql`state = 'waiting'`, "desc")
    .orderBy("requestedAt", "desc")
    .orderBy("id", "desc")
    .limit(Math.max(0, Math.min(options.limit, approvalsListedMax)))
    .execute();
  return rows.map(approvalOf);
}

export async function selectUntold(connection: Connection, limit: number): Promise<readonly UntoldOutcome[]> {
  const rows = await tables(connection)
    .selectFrom("approval")
    .selectAll()
    .where("toldAt", "is", null)
    .where("conversationId", "is not", null)
    .where("state", "in", ["denied", "executed", "expired", "failed"])
    .orderBy("requestedAt")
    .limit(limit)
    .execute();
  return rows.flatMap((row) =>
    row.conversationId === null ? [] : [{ approval: approvalOf(row), conversationId: row.conversationId }],
  );
}

export async function updateTold(connection: Connection, id: string, at: number): Promise<boolean> {
  const row = await tables(connection)
    .updateTable("approval")
    .set({ toldAt: at })
    .where("id", "=", id)
    .where("toldAt", "is", null)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** Closes open approvals past their time, without those that somebody else holds if so told; answers what was closed. */
export async function expireOpen(
  connection: Connection,
  where: { readonly at: number; readonly argumentsHash?: string; readonly isHeldSkipped: boolean },
): Promise<readonly string[]> {
  const { at, argumentsHash, isHeldSkipped } = where;
  let open = tables(connection)
    .selectFrom("approval")
    .select("id")
    .where("state", "in", ["waiting", "granted"])
    .where("expiresAt", "<=", at)
    .orderBy("id")
    .limit(expiredPerTurnMax)
    .forUpdate();
  if (isHeldSkipped) open = open.skipLocked();
  if (argumentsHash !== undefined) open = open.where("argumentsHash", "=", argumentsHash);
  const ids = (await open.execute()).map((row) => row.id);
  if (ids.length > 0)
    await tables(connection)
      .updateTable("approval")
      .set({ state: "expired" })
      .where("id", "in", ids)
      .execute();
  return ids;
}

type ReceiptRow = Selectable<GuardTables["receipt"]>;

function receiptOf(row: ReceiptRow): Receipt {
  const { id, action, actor, approvalId, at, effects, auditSequence } = row;
  return { id, action, actor, approvalId, at, effects, auditSequence };
}

export async function insertReceipt(connection: Connection, receipt: Receipt, hash: string): Promise<void> {
  const action: Action = canonicalAction(receipt.action);
  await tables(connection)
    .insertInto("receipt")
    .values({
      id: receipt.id,
      action: canonicalJson(action),
      actionName: action.name,
      argumentsHash: hash,
      actor: canonicalJson(receipt.actor),
      approvalId: receipt.approvalId,
      at: receipt.at,
      effects: canonicalJson(receipt.effects),
      auditSequence: receipt.auditSequence,
    })
    .execute();
}

/** Written out, so that the planner sees that the partial indexes of the keys fit. */
const isDeviceAction = sql<boolean>`action_name in ('send-command', 'set-attributes')`;

/** The hash of the arguments that an idempotency key of a device action stands for, or null when it is new. */
export async function selectKeyUse(connection: Connection, idempotencyKey: string): Promise<string | null> {
  const isOfKey = sql<boolean>`action ->> 'idempotencyKey' = ${idempotencyKey}`;
  const run = await tables(connection)
    .selectFrom("receipt")
    .select("argumentsHash")
    .where(isDeviceAction)
    .where(isOfKey)
    .executeTakeFirst();
  if (run !== undefined) return run.argumentsHash;
  const asked = await tables(connection)
    .selectFrom("approval")
    .select("argumentsHash")
    .where(isDeviceAction)
    .where(isOfKey)
    .limit(1)
    .executeTakeFirst();
  return asked?.argumentsHash ?? null;
}

/** The newest when there are several. */
export async function selectReceipt(
  connection: Connection,
  where: { readonly id: string } | { readonly argumentsHash: string } | { readonly approvalId: string },
): Promise<Receipt | null> {
  const all = tables(connection).selectFrom("receipt").selectAll();
  const query =
    "id" in where
      ? all.where("id", "=", where.id)
      : "approvalId" in where
        ? all.where("approvalId", "=", where.approvalId)
        : all.where("argumentsHash", "=", where.argumentsHash);
  const row = await query.orderBy("at", "desc").orderBy("auditSequence", "desc").limit(1).executeTakeFirst();
  return row === undefined ? null : receiptOf(row);
}

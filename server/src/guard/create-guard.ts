import type { Action } from "@waremind/contract";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import {
  type ApprovalRules,
  decideApproval,
  expireApprovals,
  failApproval,
  requestApproval,
  takeApproval,
} from "./approvals.ts";
import { appendAudit, createScreenProof, listAudit, proveAudit } from "./audit.ts";
import { argumentsHash, canonicalAction } from "./canonical.ts";
import type { Guard } from "./guard.ts";
import {
  approvalOf,
  insertClause,
  insertReceipt,
  listApprovals,
  selectApproval,
  selectApprovalFor,
  selectClauses,
  selectKeyUse,
  selectReceipt,
  selectUntold,
  updateApproval,
  updateTold,
} from "./guard-store.ts";
import { evaluate } from "./predicates.ts";

const approvalLifeMsDefault = 24 * 3_600_000;

/** `signingSecret` signs approvals and seals the audit log's head; another one makes those of before unusable. */
export function createGuard(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly signingSecret: string;
  /** How long an approval may wait; 24 hours unless told. */
  readonly approvalLifeMs?: number;
}): Guard {
  const { database, clock, signingSecret } = deps;
  const append: Guard["appendAudit"] = (connection, entry) =>
    appendAudit(connection, { ...entry, at: clock.now() }, signingSecret);
  const proveForScreen = createScreenProof(signingSecret);
  const rules: ApprovalRules = {
    secret: signingSecret,
    lifeMs: deps.approvalLifeMs ?? approvalLifeMsDefault,
    now: () => clock.now(),
    append,
  };
  return {
    decide: async (connection, { actor, action, state }) => {
      const decision = evaluate(actor, action, state, await selectClauses(connection, clock.now()));
      const body = { action: forAudit(action), argumentsHash: argumentsHash(action), decision };
      await append(connection, { kind: "decision", actor, body });
      return decision;
    },
    requestApproval: (connection, input) => requestApproval(rules, connection, input),
    decideApproval: (connection, input) => decideApproval(rules, connection, input),
    takeApproval: (connection, approvalId) => takeApproval(rules, connection, approvalId),
    failApproval: (connection, approvalId, reason) => failApproval(rules, connection, { approvalId, reason }),
    findApprovalFor: async (connection, action) => {
      const row = await selectApprovalFor(connection, argumentsHash(action));
      return row === null ? null : approvalOf(row);
    },
    recordReceipt: (connection, input) => recordReceipt({ connection, append, at: clock.now() }, input),
    findReceiptFor: (connection, action) =>
      selectReceipt(connection, { argumentsHash: argumentsHash(action) }),
    findKeyUse: selectKeyUse,
    approvals: (options) => listApprovals(database, options),
    findApproval: async (id) => {
      const row = await selectApproval(database, id, { isForUpdate: false });
      return row === null ? null : approvalOf(row);
    },
    findReceipt: (id) => selectReceipt(database, { id }),
    expireApprovals: () => database.transaction((connection) => expireApprovals(rules, connection)),
    untoldOutcomes: ({ limit }) => selectUntold(database, limit),
    markTold: (connection, approvalId) => updateTold(connection, approvalId, clock.now()),
    clauses: (connection = database) => selectClauses(connection, clock.now()),
    putClause: async (connection, clause) => {
      await insertClause(connection, clause);
      const { id, version, parameters, validFrom } = clause;
      const body = { clauseId: id, version, parameters, validFrom };
      await append(connection, { kind: "clause-put", actor: { kind: "system", name: "policy" }, body });
    },
    appendAudit: append,
    audit: (options) => listAudit(database, options),
    proveAudit: async () => {
      const { entryCount, firstBrokenSequence } = await proveAudit(database, signingSecret);
      return { entryCount, firstBrokenSequence };
    },
    proveShownAudit: (shown) => proveForScreen(database, clock.now(), shown),
  };
}

async function recordReceipt(
  context: { readonly connection: Connection; readonly append: Guard["appendAudit"]; readonly at: number },
  input: Parameters<Guard["recordReceipt"]>[1],
): ReturnType<Guard["recordReceipt"]> {
  const { connection, append, at } = context;
  const { id, action, actor, approvalId, effects } = input;
  const hash = argumentsHash(action);
  const body = { receiptId: id, action: forAudit(action), argumentsHash: hash, approvalId, effects };
  const entry = await append(connection, { kind: "receipt", actor, body });
  const receipt = {
    id,
    action: canonicalAction(action),
    actor,
    approvalId,
    at,
    effects,
    auditSequence: entry.sequence,
  };
  await insertReceipt(connection, receipt, hash);
  if (approvalId !== null) await updateApproval(connection, approvalId, { state: "executed", receiptId: id });
  return receipt;
}

/** The log cannot forget: free text of a customer stays out of it, its hash is in `argumentsHash`. */
function forAudit(action: Action): Record<string, unknown> {
  if (action.name !== "hand-off") return { ...canonicalAction(action) };
  return { name: action.name, conversationId: action.conversationId };
}

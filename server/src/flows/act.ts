// The one way to an effect: state is gathered under lock, the guard decides, and what may run runs in the same transaction.
import {
  type Action,
  type Actor,
  type Approval,
  actionSchema,
  type BilingualText,
  type ClauseReference,
  type LiveEvent,
  type Proposal,
  type Receipt,
} from "@waremind/contract";
import type { Catalog } from "../catalog/index.ts";
import {
  argumentsHash,
  clauseIds,
  type Guard,
  isDeviceAction,
  mayAskOfDevices,
  maySign,
} from "../guard/index.ts";
import type { Orders } from "../orders/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Shipments } from "../shipments/index.ts";
import { runAction } from "./action-effects.ts";
import { type ConversationDesk, type Gathered, gatherState } from "./action-state.ts";
import { summarize } from "./action-summary.ts";
import type { DeviceNotice, DeviceSources } from "./device-effects.ts";
import type { DeviceHub } from "./device-hub.ts";
import { createPaymentLedger, type PaymentPort } from "./payment-port.ts";

export type { ConversationDesk } from "./action-state.ts";

export interface ActionDependencies {
  readonly database: Database;
  readonly guard: Guard;
  readonly orders: Orders;
  readonly shipments: Shipments;
  readonly catalog: Catalog;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Absent: no conversation can be handed off. */
  readonly conversations?: ConversationDesk;
  /** Absent: the in-house ledger, which records instructions and moves no money. */
  readonly payments?: PaymentPort;
  /** Runs after each closed approval is committed; it must be able to miss a call and must not throw. */
  readonly tellOutcomes?: () => Promise<unknown>;
  /** Absent: there are no devices to act on. */
  readonly deviceCommands?: DeviceSources["deviceCommands"];
  readonly deviceAttributes?: DeviceSources["deviceAttributes"];
  /** Told after each commit, never before; what it misses waits for the device's next connect. */
  readonly deviceHub?: Pick<DeviceHub, "dispatch" | "pushAttributes">;
}

type Person = Extract<Actor, { kind: "person" }>;

export interface ProposalInput {
  readonly actor: Actor;
  readonly action: Action;
  readonly conversationId: string | null;
  readonly evidenceRecordId: string | null;
}

export interface ApprovalDecision {
  readonly approval: Approval;
  /** Null when it was denied, or failed when it was checked again. */
  readonly receipt: Receipt | null;
}

export interface Actions {
  /**
   * Asks for an action: it runs at once with a receipt, waits for a person, or is denied with a reason. The same
   * arguments again answer the same receipt or the open approval, and within a day of a person's no, that no. Throws
   * `conflict` for an idempotency key that came with other arguments before.
   */
  propose(input: ProposalInput): Promise<Proposal>;
  /**
   * A person's word on an approval. A grant checks the state again and runs once; what no longer stands fails the
   * approval with its reason. Repeating the same word answers what it did. Throws `not-found`, `not-allowed`,
   * `approval-used`, `approval-expired`, `approval-altered`.
   */
  decide(input: {
    readonly approvalId: string;
    readonly person: Person;
    readonly verdict: "grant" | "deny";
    readonly note: string;
  }): Promise<ApprovalDecision>;
  /** Closes approvals past their time; call it every minute or so. Answers their ids. */
  expire(): Promise<readonly string[]>;
}

/** How long a person's no stands against asking the same again. */
const denialStandsMs = 24 * 3_600_000;

type Needs = ActionDependencies & { readonly payments: PaymentPort };

export function createActions(deps: ActionDependencies): Actions {
  const needs: Needs = { ...deps, payments: deps.payments ?? createPaymentLedger({ guard: deps.guard }) };
  const { database, guard, bus } = deps;
  const publish = (events: readonly LiveEvent[]): void => {
    for (const event of events) bus.publish(event);
  };
  const tell = (done: Told): void => {
    publish(done.events);
    for (const notice of done.notices) tellDevice(deps, notice);
  };
  return {
    propose: async (input) => {
      const action = parsed(input.action);
      const done = await database.transaction((connection) =>
        proposeWithin(needs, connection, { ...input, action }),
      );
      tell(done);
      return done.proposal;
    },
    decide: async (input) => {
      const done = await decideOnce(needs, input);
      tell(done);
      await deps.tellOutcomes?.();
      return { approval: done.approval, receipt: done.receipt };
    },
    expire: async () => {
      const ids = await guard.expireApprovals();
      publish(ids.map((approvalId) => ({ kind: "approval-changed", approvalId, state: "expired" })));
      if (ids.length > 0) await deps.tellOutcomes?.();
      return ids;
    },
  };
}

/** What observers and devices hear of after the commit. */
interface Told {
  readonly events: readonly LiveEvent[];
  readonly notices: readonly DeviceNotice[];
}

const nothingToTell: Told = { events: [], notices: [] };

function tellDevice({ deviceHub }: ActionDependencies, notice: DeviceNotice): void {
  if (notice.kind === "command") deviceHub?.dispatch(notice.deviceId);
  else deviceHub?.pushAttributes(notice.deviceId, notice.change);
}

/** A model's arguments are parsed here as well, whoever parsed them before. */
function parsed(action: Action): Action {
  const result = actionSchema.safeParse(action);
  if (result.success) return result.data;
  const fault = result.error.issues[0];
  const field = fault?.path.join(".") ?? "";
  throw new DomainError(
    "invalid-input",
    { en: `The action cannot be used: ${field} ${fault?.message ?? ""}.`, zh: `操作参数无效：${field}。` },
    { field },
  );
}

interface Proposed extends Told {
  readonly proposal: Proposal;
}

async function proposeWithin(needs: Needs, connection: Connection, input: ProposalInput): Promise<Proposed> {
  const { actor, action } = input;
  const gathered = await gatherState(needs, connection, action);
  const replay = (await mayAsk(needs, connection, input, gathered))
    ? await replayOf(needs, connection, input)
    : null;
  if (replay !== null) return { proposal: replay, ...nothingToTell };
  await refuseKeyOfOther(needs, connection, action);
  const decision = await needs.guard.decide(connection, { actor, action, state: gathered.state });
  switch (decision.verdict) {
    case "deny":
      return { proposal: { action, decision, approvalId: null, receiptId: null }, ...nothingToTell };
    case "allow": {
      const { receipt, ...told } = await runAction(needs, connection, {
        ...{ action, actor, gathered },
        requestedBy: actor,
        approvalId: null,
      });
      return { proposal: { action, decision, approvalId: null, receiptId: receipt.id }, ...told };
    }
    case "needs-approval": {
      const approval = await needs.guard.requestApproval(connection, {
        ...input,
        decision,
        summary: await summarize(needs.catalog, connection, { action, gathered }),
      });
      return {
        proposal: { action, decision, approvalId: approval.id, receiptId: null },
        events: [{ kind: "approval-changed", approvalId: approval.id, state: approval.state }],
        notices: [],
      };
    }
  }
}

/** Only who could act on these rows may learn what became of them. */
async function mayAsk(
  needs: Needs,
  connection: Connection,
  { actor, action }: ProposalInput,
  { state }: Gathered,
): Promise<boolean> {
  if (isDeviceAction(action)) return mayAskOfDevices(actor, await needs.guard.clauses(connection));
  if (actor.kind === "person") return maySign(actor.roles, "support");
  if (actor.kind !== "customer" && actor.kind !== "model") return false;
  return state.order !== undefined && state.order.customerId === actor.customerId;
}

/** A customer's key is theirs: another one who came with it learns nothing of what it did. */
function isAskers(actor: Actor, asker: Actor): boolean {
  if (actor.kind !== "customer" && actor.kind !== "model") return true;
  return "customerId" in asker && asker.customerId === actor.customerId;
}

/** A key stands for one set of arguments; with others it is a mistake of the caller's, and nothing runs. */
async function refuseKeyOfOther(needs: Needs, connection: Connection, action: Action): Promise<void> {
  if (!isDeviceAction(action)) return;
  const known = await needs.guard.findKeyUse(connection, action.idempotencyKey);
  if (known === null || known === argumentsHash(action)) return;
  throw new DomainError(
    "conflict",
    {
      en: `The idempotency key ${action.idempotencyKey} was used for another request; nothing was done. Use a new key.`,
      zh: `幂等键 ${action.idempotencyKey} 已用于另一请求，未执行任何操作。请使用新的键。`,
    },
    { idempotencyKey: action.idempotencyKey },
  );
}

/** What the same arguments led to before. A conversation may be handed off as often as it comes back. */
async function replayOf(
  needs: Needs,
  connection: Connection,
  { actor, action }: ProposalInput,
): Promise<Proposal | null> {
  if (action.name === "hand-off") return null;
  const approval = await needs.guard.findApprovalFor(connection, action);
  const receipt = await needs.guard.findReceiptFor(connection, action);
  const asker = approval?.requestedBy ?? receipt?.actor;
  if (isDeviceAction(action) && asker !== undefined && !isAskers(actor, asker)) return null;
  if (receipt !== null) {
    const clause = approval?.clause ?? (await clauseNow(needs, connection, action));
    const { id: receiptId, approvalId } = receipt;
    return { action, decision: { verdict: "allow", clause }, approvalId, receiptId };
  }
  if (approval === null) return null;
  const now = needs.clock.now();
  const { id: approvalId, clause, level, reason, state } = approval;
  if ((state === "waiting" || state === "granted") && now < approval.expiresAt)
    return {
      action,
      decision: { verdict: "needs-approval", level, reason, clause },
      approvalId,
      receiptId: null,
    };
  if (state !== "denied" || now - (approval.decidedAt ?? 0) >= denialStandsMs) return null;
  const decision = { verdict: "deny", code: "denied-by-person", reason: deniedByPerson, clause } as const;
  return { action, decision, approvalId, receiptId: null };
}

const deniedByPerson: BilingualText = {
  en: "A colleague looked at this request and declined it.",
  zh: "同事已查看该请求并予以拒绝。",
};

async function clauseNow(needs: Needs, connection: Connection, action: Action): Promise<ClauseReference> {
  const clauseId = isDeviceAction(action)
    ? clauseIds.deviceControl
    : action.name === "cancel-order"
      ? clauseIds.cancel
      : clauseIds.refund;
  const clause = (await needs.guard.clauses(connection)).find(({ id }) => id === clauseId);
  return { clauseId, version: clause?.version ?? 0 };
}

interface Decided extends ApprovalDecision, Told {}

type DecisionInput = Parameters<Actions["decide"]>[0];

async function decideOnce(needs: Needs, input: DecisionInput): Promise<Decided> {
  const known = await findOrRefuse(needs.guard, input.approvalId);
  const repeated = await repeatedWord(needs, known, input);
  if (repeated !== null) return { ...repeated, ...nothingToTell };
  try {
    const done = await needs.database.transaction((connection) =>
      decideWithin(needs, connection, { ...input, action: known.action }),
    );
    return await decided(needs, input.approvalId, done);
  } catch (error) {
    if (!(error instanceof RefusedEffect)) return repeatedMeanwhile(needs, input, error);
    // The grant was rolled back with the effect that did not stand; the failure is written on its own.
    const { sentence } = error.refusal;
    await needs.database.transaction((connection) =>
      needs.guard.failApproval(connection, input.approvalId, sentence),
    );
    return decided(needs, input.approvalId, { receipt: null, ...nothingToTell });
  }
}

/** An effect that a domain refused although the guard saw nothing against it. */
class RefusedEffect extends Error {
  readonly refusal: DomainError;

  constructor(refusal: DomainError) {
    super(refusal.message, { cause: refusal });
    this.name = "RefusedEffect";
    this.refusal = refusal;
  }
}

async function findOrRefuse(guard: Guard, approvalId: string): Promise<Approval> {
  const approval = await guard.findApproval(approvalId);
  if (approval !== null) return approval;
  const sentence = { en: `There is no approval ${approvalId}.`, zh: `没有审批 ${approvalId}。` };
  throw new DomainError("not-found", sentence, { approvalId });
}

/** A click that came twice, or whose answer was lost, answers what the first one did. */
async function repeatedWord(
  needs: Needs,
  approval: Approval,
  { person, verdict }: DecisionInput,
): Promise<ApprovalDecision | null> {
  if (!maySign(person.roles, approval.level)) return null;
  if (verdict === "deny") return approval.state === "denied" ? { approval, receipt: null } : null;
  if (approval.state !== "executed") return null;
  const taken = await needs.database.transaction((connection) =>
    needs.guard.takeApproval(connection, approval.id),
  );
  return taken.kind === "already-run" ? { approval, receipt: taken.receipt } : null;
}

/** Two clicks at once: the second waited for the first and found the approval used; throws what was no repetition. */
async function repeatedMeanwhile(needs: Needs, input: DecisionInput, error: unknown): Promise<Decided> {
  if (!(error instanceof DomainError) || error.code !== "approval-used") throw error;
  const repeated = await repeatedWord(needs, await findOrRefuse(needs.guard, input.approvalId), input);
  if (repeated === null) throw error;
  return { ...repeated, ...nothingToTell };
}

interface Outcome extends Told {
  readonly receipt: Receipt | null;
}

/** Locks in the order of all flows: the order's row, the approval's row, the audit log. */
async function decideWithin(
  needs: Needs,
  connection: Connection,
  input: DecisionInput & { readonly action: Action },
): Promise<Outcome> {
  const { guard } = needs;
  const gathered = await gatherState(needs, connection, input.action);
  const approval = await guard.decideApproval(connection, input);
  if (approval.state === "denied") return { receipt: null, ...nothingToTell };
  const taken = await guard.takeApproval(connection, approval.id);
  if (taken.kind === "already-run") return { receipt: taken.receipt, ...nothingToTell };
  const { action, requestedBy } = taken.approval;
  const decision = await guard.decide(connection, { actor: requestedBy, action, state: gathered.state });
  const fault =
    decision.verdict === "deny"
      ? decision.reason
      : decision.verdict === "needs-approval" && !maySign(input.person.roles, decision.level)
        ? decision.reason
        : null;
  if (fault !== null) {
    await guard.failApproval(connection, approval.id, fault);
    return { receipt: null, ...nothingToTell };
  }
  const running = { action, requestedBy, actor: input.person, approvalId: approval.id, gathered };
  return runAction(needs, connection, running).catch((error: unknown) => {
    throw error instanceof DomainError && error.code !== "store-unavailable"
      ? new RefusedEffect(error)
      : error;
  });
}

async function decided(needs: Needs, approvalId: string, outcome: Outcome): Promise<Decided> {
  const approval = await findOrRefuse(needs.guard, approvalId);
  const changed: LiveEvent = { kind: "approval-changed", approvalId, state: approval.state };
  return { ...outcome, approval, events: [...outcome.events, changed] };
}

import type {
  Action,
  Actor,
  Approval,
  AuditEntry,
  BilingualText,
  CommandDefinition,
  Decision,
  Receipt,
} from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export interface PolicyClause {
  readonly id: string;
  readonly version: number;
  readonly title: BilingualText;
  readonly text: BilingualText;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly validFrom: number;
}

/** What the guard must know to decide; gathered by the flow from the rows it is about to change, never from model text. */
export interface ActionState {
  readonly order?: {
    readonly id: string;
    readonly number: string;
    readonly customerId: string;
    readonly state: string;
    readonly currency: string;
    readonly capturedMinor: number;
    readonly refundedMinor: number;
    /** The most that one captured payment can still give back: a refund goes to one original payment. */
    readonly largestRefundableMinor: number;
    readonly lines: readonly { id: string; totalMinor: number; isRefunded: boolean }[];
  };
  readonly shipment?: {
    readonly id: string;
    readonly orderId: string;
    readonly orderLineIds: readonly string[];
    readonly state: string;
    readonly excursionMinutes: number;
    readonly excursionMinutesMax: number;
    /** Minutes of excursion that fell on custody legs of ours. */
    readonly excursionMinutesOnOurLegs: number;
    readonly conditionFactIds: readonly string[];
  };
  readonly conversation?: {
    readonly id: string;
    readonly customerId: string;
    readonly state: string;
  };
  readonly device?: {
    readonly id: number;
    readonly name: string;
    readonly state: "active" | "disabled";
    /** What its profile declares. */
    readonly commands: readonly CommandDefinition[];
  };
}

export interface UntoldOutcome {
  readonly approval: Approval;
  readonly conversationId: string;
}

export interface Guard {
  /** Pure over its input and the clauses in force; writes the decision to the audit log. */
  decide(
    connection: Connection,
    input: { actor: Actor; action: Action; state: ActionState },
  ): Promise<Decision>;
  /** Opens (or finds the open) approval over the canonical arguments: signed, single use, expiring. */
  requestApproval(
    connection: Connection,
    input: {
      actor: Actor;
      action: Action;
      decision: Extract<Decision, { verdict: "needs-approval" }>;
      summary: BilingualText;
      evidenceRecordId: string | null;
      conversationId: string | null;
    },
  ): Promise<Approval>;
  /** A person decides; checks role against level, signature, expiry and single use. */
  decideApproval(
    connection: Connection,
    input: {
      approvalId: string;
      person: Extract<Actor, { kind: "person" }>;
      verdict: "grant" | "deny";
      note: string;
    },
  ): Promise<Approval>;
  /** Takes a granted approval for execution: refuses altered (`approval-altered`), expired, denied; a used one answers its receipt. */
  takeApproval(
    connection: Connection,
    approvalId: string,
  ): Promise<{ kind: "run"; approval: Approval } | { kind: "already-run"; receipt: Receipt }>;
  /** The newest approval over exactly these arguments, whatever its state. */
  findApprovalFor(connection: Connection, action: Action): Promise<Approval | null>;
  /** Closes an approval whose execution was refused when it was checked again; the reason goes into its note. */
  failApproval(connection: Connection, approvalId: string, reason: BilingualText): Promise<Approval>;
  /** Records the effect, closes the approval, and writes the audit entry, all in the caller's transaction. */
  recordReceipt(
    connection: Connection,
    input: {
      id: string;
      action: Action;
      actor: Actor;
      approvalId: string | null;
      effects: Receipt["effects"];
    },
  ): Promise<Receipt>;
  /** The receipt of an action with exactly these arguments, if it ran: a replay returns it instead of acting twice. */
  findReceiptFor(connection: Connection, action: Action): Promise<Receipt | null>;
  /** The arguments' hash of the device action that came with this idempotency key before, run or awaiting consent. */
  findKeyUse(connection: Connection, idempotencyKey: string): Promise<string | null>;
  approvals(options: { state?: Approval["state"]; limit: number }): Promise<readonly Approval[]>;
  findApproval(id: string): Promise<Approval | null>;
  findReceipt(id: string): Promise<Receipt | null>;
  /** Closed approvals that came from a conversation whose customer was not told yet, oldest first. */
  untoldOutcomes(options: { limit: number }): Promise<readonly UntoldOutcome[]>;
  /** In the transaction that tells it; answers false when it was told before. */
  markTold(connection: Connection, approvalId: string): Promise<boolean>;
  /** Marks waiting approvals past their time as expired; answers their ids. */
  expireApprovals(): Promise<readonly string[]>;
  /** In force now, one version of each; inside a transaction pass its connection. */
  clauses(connection?: Connection): Promise<readonly PolicyClause[]>;
  putClause(connection: Connection, clause: PolicyClause): Promise<void>;
  /** Appends to the hash chain; one writer at a time through a lock in the store. */
  appendAudit(
    connection: Connection,
    entry: { kind: string; actor: Actor; body: Record<string, unknown> },
  ): Promise<AuditEntry>;
  audit(options: {
    limit: number;
    beforeSequence?: number;
  }): Promise<{ entries: readonly AuditEntry[]; total: number }>;
  /** Recomputes the whole chain; answers the first broken sequence or null. */
  proveAudit(): Promise<{ entryCount: number; firstBrokenSequence: number | null }>;
  /**
   * Proves for a screen, without reading a long chain each time: the entries shown, what was added since the last proof,
   * and the whole chain when it is short or was not proven whole for ten minutes.
   */
  proveShownAudit(shown: readonly AuditEntry[]): Promise<{ firstBrokenSequence: number | null }>;
}

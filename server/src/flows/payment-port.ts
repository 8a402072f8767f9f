// Where money goes back. A provider (WeChat Pay, Alipay, Stripe …) will stand behind this port; today the ledger does.
import type { Money } from "@waremind/contract";
import type { Guard } from "../guard/index.ts";
import type { Connection } from "../platform/database.ts";

export interface RefundInstruction {
  readonly refundId: string;
  readonly receiptId: string;
  readonly orderId: string;
  readonly paymentId: string;
  readonly method: string;
  readonly amount: Money;
}

export interface PaymentPort {
  /**
   * Instructs a refund inside the caller's transaction. An implementation writes the instruction down and sends it
   * after the commit, under `refundId` as its key: money must not move for a transaction that is rolled back.
   */
  refund(connection: Connection, instruction: RefundInstruction): Promise<{ readonly reference: string }>;
}

/** Records each instruction in the audit log, for a person to carry out. It moves no money itself. */
export function createPaymentLedger(deps: { readonly guard: Guard }): PaymentPort {
  return {
    refund: async (connection, instruction) => {
      const entry = await deps.guard.appendAudit(connection, {
        kind: "refund-instructed",
        actor: { kind: "system", name: "payment-ledger" },
        body: { ...instruction },
      });
      return { reference: `ledger-${entry.sequence}` };
    },
  };
}

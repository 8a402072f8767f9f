import type { Message, Proposal } from "@waremind/contract";
import { expect, test } from "vitest";
import { waitsForApproval } from "./waits-for-approval.ts";

const clause = { clauseId: "cold-chain-refund", version: 1 };
const reason = { en: "", zh: "" };
const decisions = {
  waits: { verdict: "needs-approval", level: "support", reason, clause },
  done: { verdict: "allow", clause },
  denied: { verdict: "deny", code: "denied-by-person", reason, clause },
} as const satisfies Record<string, Proposal["decision"]>;

const aMessage = (...proposals: readonly (readonly [string | null, keyof typeof decisions])[]): Message => ({
  id: "msg-1",
  conversationId: "cnv-1",
  author: "assistant",
  text: "",
  language: "en",
  at: 0,
  engine: null,
  evidenceRecordId: null,
  outcome: "answered",
  proposals: proposals.map(([approvalId, decision]) => ({
    action: { name: "cancel-order", orderId: "ord-1", reason: "no-longer-needed" },
    decision: decisions[decision],
    approvalId,
    receiptId: null,
  })),
});

test("a conversation waits from the request to the message that tells how it ended", () => {
  expect(waitsForApproval([])).toBe(false);
  expect(waitsForApproval([aMessage([null, "done"])])).toBe(false);
  expect(waitsForApproval([aMessage(["apr-1", "waits"]), aMessage()])).toBe(true);
  expect(waitsForApproval([aMessage(["apr-1", "waits"]), aMessage(["apr-1", "done"])])).toBe(false);
  expect(waitsForApproval([aMessage(["apr-1", "waits"]), aMessage(["apr-1", "denied"])])).toBe(false);
});

test("one that ended does not hide another that waits", () => {
  const messages = [aMessage(["apr-1", "waits"], ["apr-2", "waits"]), aMessage(["apr-1", "done"])];
  expect(waitsForApproval(messages)).toBe(true);
});

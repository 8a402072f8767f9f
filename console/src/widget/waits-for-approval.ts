import type { Message } from "@waremind/contract";

/**
 * Whether something that was asked for still waits for a person. The last message that names an approval says how it
 * stands: the one that told its outcome settles it.
 */
export function waitsForApproval(messages: readonly Message[]): boolean {
  const isWaiting = new Map<string, boolean>();
  for (const { approvalId, decision } of messages.flatMap(({ proposals }) => proposals))
    if (approvalId !== null) isWaiting.set(approvalId, decision.verdict === "needs-approval");
  return [...isWaiting.values()].includes(true);
}

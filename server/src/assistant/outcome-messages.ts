// Tells a customer, in their conversation, what became of a request that waited for a person.
import type { Approval, EngineLabel, Message, Receipt } from "@waremind/contract";
import type { Customer, Customers } from "../customers/index.ts";
import type { CheckText, EvidenceRecords } from "../evidence/index.ts";
import type { Guard, UntoldOutcome } from "../guard/index.ts";
import type { OrderDetail, Orders } from "../orders/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import type { Log } from "../platform/log.ts";
import {
  appendMessage,
  type ConversationRow,
  changeConversation,
  lockConversation,
  readMessages,
} from "./conversation-store.ts";
import { check, type Told } from "./deliver.ts";
import { readMemory } from "./memory.ts";
import { createFactLedger } from "./tools/fact-ledger.ts";
import { outcomeSheet, proposalOf } from "./tools/outcome-facts.ts";
import { askOffer } from "./wording/action-words.ts";
import { sayOutcomeLater, thereIsNews } from "./wording/outcome-words.ts";
import { createSpeech } from "./wording/speech.ts";

/** Outcomes told in one turn of the job; the next turn takes the rest. */
const outcomesPerTurn = 50;
/** A model may still be writing the answer that asked; the outcome is told after it, or after this long without it. */
const answerAwaitedMs = 2 * 60_000;
/** The answer that asked is among the last messages. */
const messagesSearchedMax = 40;

export interface OutcomeMessagesDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly guard: Pick<Guard, "untoldOutcomes" | "markTold" | "findReceipt">;
  readonly orders: Pick<Orders, "findOrder">;
  readonly customers: Pick<Customers, "findCustomer">;
  readonly checkText: CheckText;
  readonly evidenceRecords: EvidenceRecords;
  /** The label of the rule-based engine, which writes these messages. */
  readonly composer: { readonly label: EngineLabel };
}

export interface OutcomeMessages {
  /**
   * Writes one message for each closed approval that came from a conversation and was not told yet; answers how many.
   * The mark and the message are one transaction, so it may run at any time, in any number of processes, also after a
   * stop. Never throws: what could not be told is logged and tried at the next turn.
   */
  tell(): Promise<number>;
}

export function createOutcomeMessages(given: OutcomeMessagesDependencies): OutcomeMessages {
  const deps = { ...given, log: given.log.child({ component: "assistant" }) };
  return {
    tell: async () => {
      let toldCount = 0;
      try {
        for (const outcome of await deps.guard.untoldOutcomes({ limit: outcomesPerTurn }))
          toldCount += (await tellOrLog(deps, outcome)) ? 1 : 0;
      } catch (error) {
        deps.log.error({ err: error }, "Outcomes of approvals could not be read.");
      }
      return toldCount;
    },
  };
}

async function tellOrLog(deps: OutcomeMessagesDependencies, outcome: UntoldOutcome): Promise<boolean> {
  const { approval, conversationId } = outcome;
  try {
    const known = await readKnown(deps, approval);
    const isTold = await deps.database.transaction((connection) =>
      tellWithin(deps, connection, outcome, known),
    );
    if (isTold) deps.bus.publish({ kind: "conversation-changed", conversationId });
    return isTold;
  } catch (error) {
    deps.log.error({ err: error, approvalId: approval.id }, "The outcome of an approval could not be told.");
    return false;
  }
}

interface Known {
  readonly customer: Customer;
  readonly order: OrderDetail;
  readonly receipt: Receipt | null;
}

/** A closed approval does not change any more, so its rows are read before the transaction. */
async function readKnown(deps: OutcomeMessagesDependencies, approval: Approval): Promise<Known | null> {
  if (!("orderId" in approval.action)) return null;
  const order = await deps.orders.findOrder(approval.action.orderId);
  const customer = order === null ? null : await deps.customers.findCustomer(order.customerId);
  if (order === null || customer === null) return null;
  const receipt = approval.receiptId === null ? null : await deps.guard.findReceipt(approval.receiptId);
  return { order, customer, receipt };
}

/** Locks the conversation, then the approval's row; nothing takes them the other way round. */
async function tellWithin(
  deps: OutcomeMessagesDependencies,
  connection: Connection,
  { approval, conversationId }: UntoldOutcome,
  known: Known | null,
): Promise<boolean> {
  const row = await lockConversation(connection, conversationId);
  if (row !== null && (await isAnswerAwaited(deps, connection, row.id, approval))) return false;
  if (!(await deps.guard.markTold(connection, approval.id))) return false;
  // Nobody to tell, or a row that was altered: one customer's order is never spoken of in another's conversation.
  if (row === null || known === null || row.customerId !== known.order.customerId) {
    deps.log.warn(
      { approvalId: approval.id, conversationId },
      "An outcome has no conversation to be told in.",
    );
    return false;
  }
  await write(deps, connection, row, { approval, ...known });
  return true;
}

/** Whether the message that says "it waits" is still to come; it must not stand below the one that says "it is done". */
async function isAnswerAwaited(
  deps: OutcomeMessagesDependencies,
  connection: Connection,
  conversationId: string,
  approval: Approval,
): Promise<boolean> {
  if (deps.clock.now() - approval.requestedAt >= answerAwaitedMs) return false;
  const messages = await readMessages(connection, conversationId, messagesSearchedMax);
  return !messages.some(({ proposals }) => proposals.some(({ approvalId }) => approvalId === approval.id));
}

async function write(
  deps: OutcomeMessagesDependencies,
  connection: Connection,
  row: ConversationRow,
  outcome: Known & { readonly approval: Approval },
): Promise<void> {
  const at = deps.clock.now();
  const evidenceRecordId = newId("evd", at);
  const { approval, customer } = outcome;
  const speech = createSpeech({ language: row.language, timeZone: customer.timeZone, now: at });
  const told: Told = {
    language: row.language,
    ledger: createFactLedger(),
    customerWords: [],
    actionsDone: [],
    now: at,
    customer,
  };
  const sheet = outcomeSheet(told, outcome);
  // With people already, or done as asked: nothing to offer.
  const isOffered = approval.state !== "executed" && (row.state === "open" || row.state === "solved");
  const offer = {
    kind: "hand-off",
    reason: approval.summary[row.language],
    askedAt: at,
    evidenceRecordId,
  } as const;
  const draft = speech.join([
    ...sayOutcomeLater(speech, approval, sheet),
    isOffered ? askOffer(speech, offer, "") : "",
  ]);
  const { text, result } = supported(deps, told, [draft, thereIsNews(speech)]);
  await deps.evidenceRecords.save(connection, {
    id: evidenceRecordId,
    kind: "answer",
    language: row.language,
    text,
    sentences: [...result.sentences],
    facts: [...told.ledger.facts()],
    createdAt: at,
    withheld: [],
  });
  const message: Message = {
    id: newId("msg", at),
    conversationId: row.id,
    author: "assistant",
    text,
    language: row.language,
    at,
    engine: deps.composer.label,
    evidenceRecordId,
    outcome: "answered",
    proposals: [proposalOf(approval)],
  };
  await appendMessage(connection, message);
  // The newest message is the one a yes answers: an older offer must not be run by it.
  const memory = { ...readMemory(row.memory), offer: isOffered && text === draft ? offer : null };
  await changeConversation(connection, row.id, { updatedAt: at, memory });
}

/** The first text that the check passes; the last one claims nothing. */
function supported(
  deps: OutcomeMessagesDependencies,
  told: Told,
  texts: readonly [string, string],
): { readonly text: string; readonly result: ReturnType<typeof check> } {
  const [draft, plain] = texts;
  const result = check({ checkText: deps.checkText, turn: told }, draft);
  if (result.passes) return { text: draft, result };
  deps.log.error({ text: draft }, "The message about an outcome did not pass the check.");
  return { text: plain, result: check({ checkText: deps.checkText, turn: told }, plain) };
}

import type { Answer, Conversation, EvidenceRecord, Language, Message, Question } from "@waremind/contract";
import type { Customer, CustomerSession } from "../customers/index.ts";
import { identifyLanguage } from "../language/index.ts";
import type { Connection } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { Assistant, AssistantDependencies } from "./assistant-types.ts";
import { composeAnswer, offerHandOff, speechOf } from "./compose-answer.ts";
import {
  appendMessage,
  type ConversationRow,
  changeConversation,
  insertConversation,
  lockConversation,
  readMessages,
} from "./conversation-store.ts";
import { notFound } from "./conversations.ts";
import { type Checking, check, type Delivered, passAsIs, passWithoutUnsupported } from "./deliver.ts";
import { consentsTo, memoryAtFirst, openOffer, readMemory } from "./memory.ts";
import { modelAnswer } from "./model-answer.ts";
import { createFactLedger } from "./tools/fact-ledger.ts";
import { createToolbox } from "./tools/toolbox.ts";
import type { Turn } from "./turn.ts";
import { createTurnQueue } from "./turn-queue.ts";
import { cannotConfirm } from "./wording/talk-words.ts";

/** Messages read back for context and for what the customer said. */
const historyMax = 40;

export function createAssistant(given: AssistantDependencies): Assistant {
  const deps = { ...given, log: given.log.child({ component: "assistant" }) };
  const inTurn = createTurnQueue();
  return {
    engine: deps.model?.label ?? deps.composer.label,
    answerQuestion: async (session, question, options) => {
      const customer = await deps.customers.findCustomer(session.customerId);
      if (customer === null) {
        throw new DomainError("not-found", {
          en: "There is no customer for this session; sign in again.",
          zh: "找不到该会话对应的顾客，请重新登录。",
        });
      }
      const work = () => answer(deps, { session, question, customer, channel: options?.channel ?? "widget" });
      return question.conversationId === undefined ? work() : inTurn(question.conversationId, work);
    },
  };
}

interface Asked {
  readonly session: CustomerSession;
  readonly question: Question;
  readonly customer: Customer;
  readonly channel: Conversation["channel"];
}

async function answer(deps: AssistantDependencies, asked: Asked): Promise<Answer> {
  const stored = await deps.database.transaction((connection) => storeQuestion(deps, connection, asked));
  deps.bus.publish({ kind: "conversation-changed", conversationId: stored.row.id });
  if (stored.row.state === "with-person") return answerOfPerson(deps, stored);
  const history = await readMessages(deps.database, stored.row.id, historyMax);
  const turn = startTurn(deps, asked, stored, history);
  const delivered = await draft(deps, turn, history);
  return finish(deps, turn, stored, delivered);
}

interface StoredQuestion {
  readonly row: ConversationRow;
  readonly message: Message;
}

/** Writes the question down before anything is tried with it; the conversation must be the customer's own. */
async function storeQuestion(
  deps: AssistantDependencies,
  connection: Connection,
  { session, question, customer, channel }: Asked,
): Promise<StoredQuestion> {
  const at = deps.clock.now();
  const existing =
    question.conversationId === undefined
      ? null
      : await lockConversation(connection, question.conversationId);
  if (question.conversationId !== undefined && existing?.customerId !== session.customerId) throw notFound();
  const language =
    question.language ?? identifyLanguage(question.text, existing?.language ?? customer.language);
  const row = existing ?? newConversation(session, channel, language, at);
  if (existing === null) await insertConversation(connection, row);
  const message: Message = {
    id: newId("msg", at),
    conversationId: row.id,
    author: "customer",
    text: question.text,
    language,
    at,
    engine: null,
    evidenceRecordId: null,
    outcome: null,
    proposals: [],
  };
  await appendMessage(connection, message);
  const state = row.state === "solved" ? "open" : row.state;
  await changeConversation(connection, row.id, { updatedAt: at, language, state });
  return { row: { ...row, state, language }, message };
}

function newConversation(
  session: CustomerSession,
  channel: Conversation["channel"],
  language: Language,
  at: number,
): ConversationRow {
  return {
    id: newId("cnv", at),
    customerId: session.customerId,
    channel,
    language,
    state: "open",
    assignedTo: null,
    createdAt: at,
    updatedAt: at,
    memory: memoryAtFirst(session.provedBy),
  };
}

/** A person has the conversation: the question is theirs to answer. The notice is not stored. */
function answerOfPerson(deps: AssistantDependencies, { row, message }: StoredQuestion): Answer {
  const text =
    message.language === "zh"
      ? "您的消息已收到，正由人工同事处理。"
      : "Your message is here; a colleague has this conversation.";
  const at = deps.clock.now();
  return {
    conversationId: row.id,
    question: message,
    answer: {
      id: newId("msg", at),
      conversationId: row.id,
      author: "system",
      text,
      language: message.language,
      at,
      engine: null,
      evidenceRecordId: null,
      outcome: null,
      proposals: [],
    },
  };
}

function startTurn(
  deps: AssistantDependencies,
  asked: Asked,
  { row, message }: StoredQuestion,
  history: readonly Message[],
): Turn {
  const memory = readMemory(row.memory);
  const now = deps.clock.now();
  const offered = openOffer(memory, now);
  const understanding = deps.composer.understand({ text: message.text, language: message.language });
  return {
    session: asked.session,
    customer: asked.customer,
    conversationId: row.id,
    evidenceRecordId: newId("evd", now),
    language: message.language,
    questionText: message.text,
    customerWords: history.filter(({ author }) => author === "customer").map(({ text }) => text),
    understanding,
    now,
    ledger: createFactLedger(),
    offered,
    hasConsent: offered !== null && consentsTo(offered, understanding, message.text),
    // An offer lives for one answer: whatever comes next, an old yes consents to nothing.
    memory: { ...memory, offer: null, isAskingWhich: false },
    wasAskedWhich: memory.isAskingWhich,
    proposals: [],
    actionsDone: [],
    isHandedOff: false,
    engine: deps.composer.label,
  };
}

type TurnChecking = Checking & { readonly turn: Turn };

/** The model first, when there is one; then the composer; then an honest refusal. All of them pass the same check. */
async function draft(
  deps: AssistantDependencies,
  turn: Turn,
  history: readonly Message[],
): Promise<Delivered> {
  const checking: TurnChecking = { checkText: deps.checkText, turn };
  const tools = createToolbox(deps, turn);
  let withheld: Delivered["withheld"] = [];
  if (deps.model !== null) {
    const memory = turn.memory;
    turn.engine = deps.model.label;
    try {
      const attempt = await modelAnswer(deps, turn, { tools, checking, history });
      if (attempt.delivered !== null) return attempt.delivered;
      withheld = attempt.withheld;
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "engine-unavailable") throw error;
      deps.log.warn(
        { error, conversationId: turn.conversationId },
        "The model gave no answer; the composer does.",
      );
    }
    turn.engine = deps.composer.label;
    turn.memory = memory;
  }
  const composed = await composeAnswer(deps, turn, tools);
  const passed = passAsIs(checking, composed);
  if (passed.delivered !== null) return { ...passed.delivered, withheld };
  const trimmed = passWithoutUnsupported(checking, composed);
  deps.log.warn(
    { conversationId: turn.conversationId, withheld: trimmed.withheld.map(({ text }) => text) },
    "The composer drafted what its own facts do not support.",
  );
  return trimmed.delivered === null
    ? refuse(deps, checking, [...withheld, ...trimmed.withheld])
    : { ...trimmed.delivered, withheld: [...withheld, ...trimmed.delivered.withheld] };
}

/** "I cannot confirm that": a text without a claim, checked like every other. */
function refuse(
  deps: AssistantDependencies,
  checking: TurnChecking,
  withheld: Delivered["withheld"],
): Delivered {
  const { turn } = checking;
  const speech = speechOf(turn);
  offerHandOff(turn, speech);
  const text = cannotConfirm(speech);
  const result = check(checking, text);
  if (result.passes) return { text, outcome: "cannot-confirm", sentences: result.sentences, withheld };
  deps.log.error({ conversationId: turn.conversationId }, "The refusal itself did not pass the check.");
  const last = speech.say({ en: "I am sorry.", zh: "抱歉。" });
  return { text: last, outcome: "cannot-confirm", sentences: check(checking, last).sentences, withheld };
}

/** Stores the answer with its evidence, unless a person took the conversation over meanwhile. */
async function finish(
  deps: AssistantDependencies,
  turn: Turn,
  stored: StoredQuestion,
  delivered: Delivered,
): Promise<Answer> {
  const at = deps.clock.now();
  const message: Message = {
    id: newId("msg", at),
    conversationId: turn.conversationId,
    author: "assistant",
    text: delivered.text,
    language: turn.language,
    at,
    engine: turn.engine,
    evidenceRecordId: turn.evidenceRecordId,
    outcome: delivered.outcome,
    proposals: turn.proposals,
  };
  const isStored = await deps.database.transaction((connection) =>
    storeAnswer(deps, connection, turn, { message, delivered }),
  );
  deps.bus.publish({ kind: "conversation-changed", conversationId: turn.conversationId });
  if (!isStored) return answerOfPerson(deps, stored);
  return { conversationId: turn.conversationId, question: stored.message, answer: message };
}

async function storeAnswer(
  deps: AssistantDependencies,
  connection: Connection,
  turn: Turn,
  { message, delivered }: { readonly message: Message; readonly delivered: Delivered },
): Promise<boolean> {
  const row = await lockConversation(connection, turn.conversationId);
  if (row === null) throw notFound();
  // What was done must be told even then; a mere text waits for the person.
  if (row.state === "with-person" && turn.proposals.length === 0) return false;
  const record: EvidenceRecord = {
    id: turn.evidenceRecordId,
    kind: "answer",
    language: turn.language,
    text: delivered.text,
    sentences: [...delivered.sentences],
    facts: [...turn.ledger.facts()],
    createdAt: message.at,
    withheld: [...delivered.withheld],
  };
  await deps.evidenceRecords.save(connection, record);
  await appendMessage(connection, message);
  const state = turn.isHandedOff && row.state === "open" ? "waiting-for-person" : row.state;
  await changeConversation(connection, turn.conversationId, {
    updatedAt: message.at,
    state,
    memory: turn.memory,
  });
  return true;
}

import type { Conversation, Language, Message } from "@waremind/contract";
import type { Customers } from "../customers/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { ConversationDetail, Conversations, Person } from "./assistant-types.ts";
import {
  appendMessage,
  type ConversationRow,
  changeConversation,
  countInState,
  evidenceBelongsTo,
  listConversationRows,
  lockConversation,
  readConversation,
  readMessages,
  summarizeMessages,
} from "./conversation-store.ts";
import { emptyMemory } from "./memory.ts";

const conversationsListedMax = 200;
export const messagesShownMax = 300;
const replyCharactersMax = 4000;

export interface ConversationsDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly customers: Pick<Customers, "findCustomers">;
}

/** The inbox: people read conversations, take them over, answer in their own name and hand them back. */
export function createConversations(deps: ConversationsDependencies): Conversations {
  const { database } = deps;
  const find = async (id: string): Promise<ConversationDetail | null> => {
    const row = await readConversation(database, id);
    if (row === null) return null;
    const [conversation] = await describe(deps, [row]);
    return conversation === undefined
      ? null
      : { ...conversation, messages: await readMessages(database, id, messagesShownMax) };
  };
  return {
    find,
    findForCustomer: async (id, customerId) => {
      const conversation = await find(id);
      return conversation?.customerId === customerId ? conversation : null;
    },
    list: async (options) =>
      describe(
        deps,
        await listConversationRows(database, {
          ...options,
          limit: Math.min(options.limit, conversationsListedMax),
        }),
      ),
    countWaiting: () => countInState(database, "waiting-for-person"),
    ownsEvidence: (evidenceRecordId, customerId) => evidenceBelongsTo(database, evidenceRecordId, customerId),
    takeOver: (id, person) =>
      change(deps, id, async (connection, row) => {
        refuseOthers(row, person);
        await changeConversation(connection, id, {
          state: "with-person",
          assignedTo: person.userId,
          updatedAt: deps.clock.now(),
          // What the assistant had offered is void once a person speaks.
          memory: emptyMemory,
        });
      }),
    handBack: (id, person) =>
      change(deps, id, async (connection, row) => {
        refuseOthers(row, person);
        await changeConversation(connection, id, {
          state: "open",
          assignedTo: null,
          updatedAt: deps.clock.now(),
        });
      }),
    markSolved: (id, person) =>
      change(deps, id, async (connection, row) => {
        refuseOthers(row, person);
        await changeConversation(connection, id, {
          state: "solved",
          assignedTo: null,
          updatedAt: deps.clock.now(),
        });
      }),
    reply: (id, person, text, language) => reply(deps, { id, person, text, language }),
    lockForAction: lockConversation,
    handOff: async (connection, id) => {
      const row = await lockOrRefuse(connection, id);
      if (row.state === "waiting-for-person" || row.state === "with-person") return false;
      await changeConversation(connection, id, {
        state: "waiting-for-person",
        updatedAt: deps.clock.now(),
      });
      return true;
    },
  };
}

async function reply(
  deps: ConversationsDependencies,
  input: {
    readonly id: string;
    readonly person: Person;
    readonly text: string;
    readonly language: Language | undefined;
  },
): Promise<Message> {
  const text = input.text.trim().slice(0, replyCharactersMax);
  if (text === "") {
    throw new DomainError("invalid-input", { en: "A reply needs a text.", zh: "回复内容不能为空。" });
  }
  const at = deps.clock.now();
  const message = await deps.database.transaction(async (connection) => {
    const row = await lockOrRefuse(connection, input.id);
    refuseOthers(row, input.person);
    const written: Message = {
      id: newId("msg", at),
      conversationId: input.id,
      author: "person",
      text,
      language: input.language ?? row.language,
      at,
      engine: { kind: "person", name: input.person.name },
      evidenceRecordId: null,
      outcome: "answered",
      proposals: [],
    };
    await appendMessage(connection, written);
    await changeConversation(connection, input.id, {
      state: "with-person",
      assignedTo: input.person.userId,
      updatedAt: at,
      memory: emptyMemory,
    });
    return written;
  });
  deps.bus.publish({ kind: "conversation-changed", conversationId: input.id });
  return message;
}

async function change(
  deps: ConversationsDependencies,
  id: string,
  work: (connection: Connection, row: ConversationRow) => Promise<void>,
): Promise<Conversation> {
  await deps.database.transaction(async (connection) => work(connection, await lockOrRefuse(connection, id)));
  deps.bus.publish({ kind: "conversation-changed", conversationId: id });
  const row = await readConversation(deps.database, id);
  const [conversation] = row === null ? [] : await describe(deps, [row]);
  if (conversation === undefined) throw notFound();
  return conversation;
}

async function lockOrRefuse(connection: Connection, id: string): Promise<ConversationRow> {
  const row = await lockConversation(connection, id);
  if (row === null) throw notFound();
  return row;
}

function refuseOthers(row: ConversationRow, person: Person): void {
  if (row.state !== "with-person" || row.assignedTo === null || row.assignedTo === person.userId) return;
  throw new DomainError(
    "conflict",
    {
      en: "Another colleague has this conversation; ask them to hand it back.",
      zh: "这个会话正由另一位同事处理，请先让对方交还。",
    },
    { assignedTo: row.assignedTo },
  );
}

async function describe(
  deps: ConversationsDependencies,
  rows: readonly ConversationRow[],
): Promise<Conversation[]> {
  const customers = await deps.customers.findCustomers([
    ...new Set(rows.map(({ customerId }) => customerId)),
  ]);
  const nameOf = new Map(customers.map(({ id, name }) => [id, name]));
  const summaries = await summarizeMessages(
    deps.database,
    rows.map(({ id }) => id),
  );
  return rows.map(({ memory: _memory, ...row }) => ({
    ...row,
    customerName: nameOf.get(row.customerId) ?? "",
    lastText: summaries.get(row.id)?.lastText ?? "",
    messageCount: summaries.get(row.id)?.messageCount ?? 0,
  }));
}

export function notFound(): DomainError {
  return new DomainError("not-found", {
    en: "There is no such conversation.",
    zh: "没有这个会话。",
  });
}

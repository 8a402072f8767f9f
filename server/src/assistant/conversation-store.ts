import {
  type Conversation,
  conversationSchema,
  engineLabelSchema,
  type Language,
  type Message,
  messageSchema,
  proposalSchema,
} from "@waremind/contract";
import { z } from "zod";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { Memory } from "./memory.ts";
import type { AssistantTables } from "./tables.ts";

const tables = (connection: Connection) => tablesOf<AssistantTables>(connection);
const proposalsSchema = z.array(proposalSchema);

/** A conversation's own row; the customer's name and the counts are joined by the inbox. */
export interface ConversationRow {
  readonly id: string;
  readonly customerId: string;
  readonly channel: Conversation["channel"];
  readonly language: Language;
  readonly state: Conversation["state"];
  readonly assignedTo: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly memory: unknown;
}

const rowSchema = conversationSchema
  .pick({
    id: true,
    customerId: true,
    channel: true,
    language: true,
    state: true,
    assignedTo: true,
    createdAt: true,
    updatedAt: true,
  })
  .extend({ memory: z.unknown() });

export async function insertConversation(connection: Connection, row: ConversationRow): Promise<void> {
  await tables(connection)
    .insertInto("conversation")
    .values({ ...row, memory: JSON.stringify(row.memory) })
    .execute();
}

export async function readConversation(connection: Connection, id: string): Promise<ConversationRow | null> {
  const row = await tables(connection)
    .selectFrom("conversation")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : rowSchema.parse(row);
}

/** Reads for change: the row stays locked until the transaction ends, so positions and states do not race. */
export async function lockConversation(connection: Connection, id: string): Promise<ConversationRow | null> {
  const row = await tables(connection)
    .selectFrom("conversation")
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : rowSchema.parse(row);
}

export async function changeConversation(
  connection: Connection,
  id: string,
  change: {
    readonly updatedAt: number;
    readonly state?: Conversation["state"];
    readonly assignedTo?: string | null;
    readonly language?: Language;
    readonly memory?: Memory;
  },
): Promise<void> {
  const { memory, ...columns } = change;
  await tables(connection)
    .updateTable("conversation")
    .set({ ...columns, ...(memory === undefined ? {} : { memory: JSON.stringify(memory) }) })
    .where("id", "=", id)
    .execute();
}

/** Appends at the next position; the caller holds the conversation's lock. */
export async function appendMessage(connection: Connection, message: Message): Promise<void> {
  const last = await tables(connection)
    .selectFrom("message")
    .select(({ fn }) => fn.max("position").as("position"))
    .where("conversationId", "=", message.conversationId)
    .executeTakeFirst();
  await tables(connection)
    .insertInto("message")
    .values({
      ...message,
      position: (last?.position ?? 0) + 1,
      engine: message.engine === null ? null : JSON.stringify(message.engine),
      proposals: JSON.stringify(message.proposals),
    })
    .execute();
}

/** The last `limit` messages, oldest first. */
export async function readMessages(
  connection: Connection,
  conversationId: string,
  limit: number,
): Promise<Message[]> {
  const rows = await tables(connection)
    .selectFrom("message")
    .selectAll()
    .where("conversationId", "=", conversationId)
    .orderBy("position", "desc")
    .limit(limit)
    .execute();
  return rows.reverse().map((row) =>
    messageSchema.parse({
      ...row,
      engine: row.engine === null ? null : engineLabelSchema.parse(row.engine),
      proposals: proposalsSchema.parse(row.proposals),
    }),
  );
}

export async function listConversationRows(
  connection: Connection,
  options: { limit: number; state?: Conversation["state"]; customerId?: string },
): Promise<ConversationRow[]> {
  let query = tables(connection).selectFrom("conversation").selectAll();
  if (options.state !== undefined) query = query.where("state", "=", options.state);
  if (options.customerId !== undefined) query = query.where("customerId", "=", options.customerId);
  const rows = await query.orderBy("updatedAt", "desc").orderBy("id", "desc").limit(options.limit).execute();
  return rows.map((row) => rowSchema.parse(row));
}

/** Of each conversation: how many messages, and the text of the last. */
export async function summarizeMessages(
  connection: Connection,
  conversationIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly messageCount: number; readonly lastText: string }>> {
  if (conversationIds.length === 0) return new Map();
  const counts = await tables(connection)
    .selectFrom("message")
    .select(({ fn }) => ["conversationId", fn.countAll<number>().as("count"), fn.max("position").as("last")])
    .where("conversationId", "in", [...conversationIds])
    .groupBy("conversationId")
    .execute();
  const lasts = await tables(connection)
    .selectFrom("message")
    .distinctOn("conversationId")
    .select(["conversationId", "text"])
    .where("conversationId", "in", [...conversationIds])
    .orderBy("conversationId")
    .orderBy("position", "desc")
    .execute();
  const textOf = new Map(lasts.map(({ conversationId, text }) => [conversationId, text]));
  return new Map(
    counts.map(({ conversationId, count }) => [
      conversationId,
      { messageCount: Number(count), lastText: textOf.get(conversationId) ?? "" },
    ]),
  );
}

export async function countInState(connection: Connection, state: Conversation["state"]): Promise<number> {
  const row = await tables(connection)
    .selectFrom("conversation")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("state", "=", state)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

export async function evidenceBelongsTo(
  connection: Connection,
  evidenceRecordId: string,
  customerId: string,
): Promise<boolean> {
  const row = await tables(connection)
    .selectFrom("message")
    .innerJoin("conversation", "conversation.id", "message.conversationId")
    .select("message.id")
    .where("message.evidenceRecordId", "=", evidenceRecordId)
    .where("conversation.customerId", "=", customerId)
    .executeTakeFirst();
  return row !== undefined;
}

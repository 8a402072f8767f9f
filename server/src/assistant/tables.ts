import type { ColumnType } from "kysely";

/** jsonb: read as a value, written as its text. */
type Json<Value> = ColumnType<Value, string, string>;

export interface AssistantTables {
  conversation: {
    id: string;
    customerId: string;
    channel: string;
    language: string;
    state: string;
    assignedTo: string | null;
    createdAt: number;
    updatedAt: number;
    memory: Json<unknown>;
  };
  message: {
    id: string;
    conversationId: string;
    position: number;
    author: string;
    text: string;
    language: string;
    at: number;
    engine: Json<unknown> | null;
    evidenceRecordId: string | null;
    outcome: string | null;
    proposals: Json<unknown>;
  };
}

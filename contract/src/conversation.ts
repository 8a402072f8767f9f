import { z } from "zod";
import { actionSchema, decisionSchema } from "./action.ts";
import { instantSchema, languageSchema } from "./text.ts";

export const questionSchema = z.object({
  text: z.string().trim().min(1).max(2000),
  /** Absent: a new conversation. It must belong to the session's customer. */
  conversationId: z.string().max(64).optional(),
  /** Absent: the language of the text itself. */
  language: languageSchema.optional(),
});
export type Question = z.infer<typeof questionSchema>;

/** Which engine spoke; the screen always shows it. */
export const engineLabelSchema = z.object({
  kind: z.enum(["composer", "model", "person"]),
  name: z.string(),
});
export type EngineLabel = z.infer<typeof engineLabelSchema>;

/** A proposal that the assistant made and what the guard said to it. */
export const proposalSchema = z.object({
  action: actionSchema,
  decision: decisionSchema,
  approvalId: z.string().nullable(),
  receiptId: z.string().nullable(),
});
export type Proposal = z.infer<typeof proposalSchema>;

export const messageSchema = z.object({
  id: z.string(),
  conversationId: z.string(),
  author: z.enum(["customer", "assistant", "person", "system"]),
  text: z.string(),
  language: languageSchema,
  at: instantSchema,
  engine: engineLabelSchema.nullable(),
  evidenceRecordId: z.string().nullable(),
  outcome: z.enum(["answered", "cannot-confirm", "handed-off", "clarifying"]).nullable(),
  proposals: z.array(proposalSchema),
});
export type Message = z.infer<typeof messageSchema>;

export const answerSchema = z.object({
  conversationId: z.string(),
  question: messageSchema,
  answer: messageSchema,
});
export type Answer = z.infer<typeof answerSchema>;

export const conversationSchema = z.object({
  id: z.string(),
  customerId: z.string(),
  customerName: z.string(),
  channel: z.enum(["widget", "api"]),
  language: languageSchema,
  state: z.enum(["open", "waiting-for-person", "with-person", "solved"]),
  assignedTo: z.string().nullable(),
  createdAt: instantSchema,
  updatedAt: instantSchema,
  lastText: z.string(),
  messageCount: z.int(),
});
export type Conversation = z.infer<typeof conversationSchema>;

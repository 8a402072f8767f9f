export { createAssistant } from "./assistant.ts";
export type * from "./assistant-types.ts";
export { type ConversationsDependencies, createConversations } from "./conversations.ts";
export {
  createOutcomeMessages,
  type OutcomeMessages,
  type OutcomeMessagesDependencies,
} from "./outcome-messages.ts";

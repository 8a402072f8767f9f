import type { Conversation } from "@waremind/contract";
import type { HttpDependencies } from "../dependencies.ts";

/** The domain knows who has a conversation by their id; people read a name. */
export async function withNames<View extends Conversation>(
  needs: Pick<HttpDependencies, "people">,
  conversations: readonly View[],
): Promise<View[]> {
  if (conversations.every(({ assignedTo }) => assignedTo === null)) return [...conversations];
  const names = new Map((await needs.people.listUsers()).map((user) => [user.id, user.name]));
  return conversations.map((conversation) => ({
    ...conversation,
    assignedTo: conversation.assignedTo === null ? null : (names.get(conversation.assignedTo) ?? null),
  }));
}

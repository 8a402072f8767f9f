import { z } from "zod";

const text = z.string().max(255).nullable().optional();

/** What is absent is made up; see `NewCredential`. */
export const newCredentialSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("access-token"), token: z.string().max(255).optional() }),
  z.object({ kind: z.literal("basic"), clientId: text, userName: text, password: text }),
  z.object({ kind: z.literal("x509"), pem: z.string().min(1).max(32_768) }),
]);

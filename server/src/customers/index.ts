// The door of customers: who they are, and how they proved it.
export type * from "./customer.ts";
export { createCustomers, customerSessionLifetimeMs, customerSessionsMax } from "./customers.ts";
export { isSameEmail, normaliseEmail } from "./email.ts";
export {
  createIdentityTokens,
  type Identity,
  type IdentitySubject,
  type IdentityTokens,
  identityTokenLifetimeMs,
} from "./identity-token.ts";
export { createProofLimit, type ProofLimit, proofRefused } from "./proof-limit.ts";

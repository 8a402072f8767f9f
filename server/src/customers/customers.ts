import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { uniqueViolation } from "../platform/violations.ts";
import type { Customer, CustomerSession, Customers } from "./customer.ts";
import {
  endSession,
  insertCustomers,
  insertSession,
  selectCustomers,
  selectLiveSession,
} from "./customer-store.ts";

export const customerSessionLifetimeMs = 24 * 60 * 60_000;
/** Open sessions of one customer; a further one ends the oldest. */
export const customerSessionsMax = 20;
const tokenBytes = 32;
/** A longer text is no token of ours and is not worth hashing. */
const tokenLengthMax = 100;

export function createCustomers(deps: { readonly database: Database; readonly clock: Clock }): Customers {
  const { database, clock } = deps;
  return {
    createCustomers: (connection, customers) => createAll(connection, customers, clock.now()),
    findCustomer: async (id) => (await selectCustomers(database, { ids: [id] }))[0] ?? null,
    findCustomers: (ids) => selectCustomers(database, { ids }),
    findCustomerByEmail: async (email) => (await selectCustomers(database, { email }))[0] ?? null,
    startSession: (customerId, provedBy) => startSession(database, { customerId, provedBy, at: clock.now() }),
    sessionOf: async (token) =>
      token === "" || token.length > tokenLengthMax
        ? null
        : selectLiveSession(database, hashOf(token), clock.now()),
    endSession: (sessionId) => endSession(database, sessionId, clock.now()),
  };
}

const hashOf = (token: string): Buffer => createHash("sha256").update(token).digest();

async function createAll(connection: Connection, customers: readonly Customer[], at: number): Promise<void> {
  await insertCustomers(connection, customers, at).catch((error: unknown) => {
    if (uniqueViolation(error) === null) throw error;
    const en = "A customer with this id or e-mail exists already; nothing was written.";
    throw new DomainError("conflict", { en, zh: "已有相同编号或邮箱的顾客，未写入任何内容。" }, {}, error);
  });
}

async function startSession(
  database: Database,
  start: { readonly customerId: string; readonly provedBy: string; readonly at: number },
): Promise<{ session: CustomerSession; token: string }> {
  const { customerId, provedBy, at } = start;
  const token = randomBytes(tokenBytes).toString("base64url");
  const session = { id: newId("ses", at), customerId, provedBy, expiresAt: at + customerSessionLifetimeMs };
  await database.transaction((connection) =>
    insertSession(connection, { ...session, tokenHash: hashOf(token), createdAt: at }, customerSessionsMax),
  );
  return { session, token };
}

import type { Language } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly language: Language;
  readonly timeZone: string;
  readonly postcode: string;
}

/** A customer who proved who they are. Every tool of the assistant is bound to one. */
export interface CustomerSession {
  readonly id: string;
  readonly customerId: string;
  /** `order:NUMBER` (with its e-mail) or `identity-token`. */
  readonly provedBy: string;
  readonly expiresAt: number;
}

export interface Customers {
  createCustomers(connection: Connection, customers: readonly Customer[]): Promise<void>;
  findCustomer(id: string): Promise<Customer | null>;
  findCustomers(ids: readonly string[]): Promise<readonly Customer[]>;
  findCustomerByEmail(email: string): Promise<Customer | null>;
  /** Starts a session and returns its bearer token once; only the SHA-256 is stored. */
  startSession(customerId: string, provedBy: string): Promise<{ session: CustomerSession; token: string }>;
  /** Null when unknown, ended or expired. */
  sessionOf(token: string): Promise<CustomerSession | null>;
  endSession(sessionId: string): Promise<void>;
}

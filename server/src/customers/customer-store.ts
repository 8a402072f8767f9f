import { type Selectable, sql } from "kysely";
import { chunksOf } from "../platform/chunks.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { Customer, CustomerSession } from "./customer.ts";
import { normaliseEmail } from "./email.ts";
import type { CustomerTables } from "./tables.ts";

const tables = (connection: Connection) => tablesOf<CustomerTables>(connection);

export async function insertCustomers(
  connection: Connection,
  customers: readonly Customer[],
  createdAt: number,
): Promise<void> {
  for (const chunk of chunksOf(customers)) {
    const rows = chunk.map(({ id, name, email, phone, language, timeZone, postcode }) => {
      return { id, name, email: normaliseEmail(email), phone, language, timeZone, postcode, createdAt };
    });
    await tables(connection).insertInto("customer").values(rows).execute();
  }
}

export async function selectCustomers(
  connection: Connection,
  where: { readonly ids: readonly string[] } | { readonly email: string },
): Promise<readonly Customer[]> {
  const query = tables(connection).selectFrom("customer").selectAll();
  const rows =
    "ids" in where
      ? await query.where("id", "=", sql<string>`any(${where.ids}::text[])`).execute()
      : await query.where("email", "=", normaliseEmail(where.email)).execute();
  return rows.map(customerOf);
}

/** Stores a session, forgets the customer's ended ones and the oldest above `sessionsMax`. */
export async function insertSession(
  connection: Connection,
  session: Omit<Selectable<CustomerTables["customerSession"]>, "endedAt">,
  sessionsMax: number,
): Promise<void> {
  await tables(connection)
    .insertInto("customerSession")
    .values({ ...session, endedAt: null })
    .execute();
  const { customerId, createdAt } = session;
  await tables(connection)
    .deleteFrom("customerSession")
    .where("customerId", "=", customerId)
    .where((or) =>
      or.or([
        or("endedAt", "is not", null),
        or("expiresAt", "<=", createdAt),
        or("id", "not in", (select) =>
          select
            .selectFrom("customerSession")
            .select("id")
            .where("customerId", "=", customerId)
            .orderBy("createdAt", "desc")
            .orderBy("id", "desc")
            .limit(sessionsMax),
        ),
      ]),
    )
    .execute();
}

export async function selectLiveSession(
  connection: Connection,
  tokenHash: Buffer,
  now: number,
): Promise<CustomerSession | null> {
  const row = await tables(connection)
    .selectFrom("customerSession")
    .select(["id", "customerId", "provedBy", "expiresAt"])
    .where("tokenHash", "=", tokenHash)
    .where("endedAt", "is", null)
    .where("expiresAt", ">", now)
    .executeTakeFirst();
  return row ?? null;
}

export async function endSession(connection: Connection, id: string, endedAt: number): Promise<void> {
  await tables(connection)
    .updateTable("customerSession")
    .set({ endedAt })
    .where("id", "=", id)
    .where("endedAt", "is", null)
    .execute();
}

function customerOf({ createdAt: _, ...customer }: Selectable<CustomerTables["customer"]>): Customer {
  return customer;
}

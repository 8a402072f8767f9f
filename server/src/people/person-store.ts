import type { User } from "@waremind/contract";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { PeopleTables } from "./tables.ts";

const tables = (connection: Connection) => tablesOf<PeopleTables>(connection);

/** A person with their password account; the library finds the latter as provider `credential`. */
export async function insertPerson(
  connection: Connection,
  person: User & { readonly accountId: string; readonly passwordHash: string; readonly at: Date },
): Promise<void> {
  const { id, name, email, at } = person;
  const times = { createdAt: at, updatedAt: at };
  await tables(connection)
    .insertInto("person")
    .values({ id, name, email, emailVerified: true, image: null, roles: person.roles.join(","), ...times })
    .execute();
  const account = { id: person.accountId, accountId: id, userId: id, password: person.passwordHash };
  await tables(connection)
    .insertInto("personAccount")
    .values({ ...account, providerId: "credential", ...times })
    .execute();
}

export async function selectPeople(connection: Connection, limit: number): Promise<readonly User[]> {
  const rows = await tables(connection)
    .selectFrom("person")
    .select(["id", "name", "email", "roles"])
    .orderBy("email")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, roles: rolesOf(row.roles) }));
}

export async function deleteExpiredSessions(connection: Connection, now: Date): Promise<void> {
  await tables(connection).deleteFrom("personSession").where("expiresAt", "<=", now).execute();
}

export const rolesOf = (text: string): string[] => text.split(",").filter((role) => role !== "");

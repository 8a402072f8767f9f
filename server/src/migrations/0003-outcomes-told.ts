// When a customer was told what became of a request. Open until told, so a stop between the two loses nothing.
import { type Kysely, sql } from "kysely";

const statements = [
  "alter table approval add column told_at bigint",
  // What was closed before this version is old news.
  "update approval set told_at = coalesce(decided_at, expires_at) where state not in ('waiting', 'granted')",
  `create index approval_untold on approval (requested_at)
    where told_at is null and conversation_id is not null and state in ('denied', 'executed', 'expired', 'failed')`,
];

export const outcomesTold = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(database);
  },
};

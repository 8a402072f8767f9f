// A device that came behind another gateway leaves a line in its history.
import { type Kysely, sql } from "kysely";

const statements = [
  "alter table device_event drop constraint device_event_kind_check",
  `alter table device_event
    add constraint device_event_kind_check check (kind in ('connected', 'disconnected', 'moved')),
    add column gateway_name text, add column gateway_before text`,
];

export const childrenRoam = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(database);
  },
};

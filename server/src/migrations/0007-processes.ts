// Several processes on one store: who lives, who holds which work, how far each stream of readings is stored.
import { type Kysely, sql } from "kysely";
import { splitStatements } from "./split-statements.ts";

const statements = `
create table process (
  id text primary key,
  -- Names of roles, separated by commas.
  roles text not null, host text not null, pid int not null, started_at bigint not null,
  -- By the clock of the store: those of several machines differ.
  heartbeat_at bigint not null
);
-- Work that one process at a time may do. The epoch grows with each new hold, so that one that was lost is noticed.
create table lease (
  name text primary key, holder text, epoch bigint not null default 0, until_at bigint not null default 0
);
-- Of each publisher the number of its last batch that is stored, and how many of that batch's messages are.
create table intake_progress (
  partition int not null, publisher text not null, batch_number bigint not null, done_count int not null,
  updated_at bigint not null, primary key (partition, publisher)
);
-- Null: the one process of a server that needs no others.
alter table device_connection add column process_id text;
create index device_connection_process on device_connection (process_id) where is_connected;
`;

export const processes = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of splitStatements(statements)) await sql.raw(statement).execute(database);
  },
};

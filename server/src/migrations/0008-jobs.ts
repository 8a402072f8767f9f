// Work that must happen even when the process that noted it is gone: one row a job, claimed with SKIP LOCKED.
import { type Kysely, sql } from "kysely";

const statements = [
  `create table job (
    id text primary key,
    kind text not null,
    payload jsonb not null,
    state text not null check (state in ('queued', 'running', 'done', 'dead', 'cancelled')),
    run_at bigint not null,
    attempts integer not null default 0,
    attempts_max integer not null,
    locked_by text,
    locked_until bigint,
    last_error text,
    dedupe_key text,
    again_at bigint,
    is_cancel_asked boolean not null default false,
    progress jsonb,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    check ((state = 'running') = (locked_by is not null)),
    check ((state = 'running') = (locked_until is not null))
  )`,
  // One job a key, while it is not over.
  `create unique index job_key on job (kind, dedupe_key)
    where dedupe_key is not null and state in ('queued', 'running')`,
  "create index job_due on job (run_at, id) where state = 'queued'",
  "create index job_leased on job (locked_until) where state = 'running'",
  "create index job_over on job (finished_at) where state in ('done', 'dead', 'cancelled')",
  "create index job_by_state on job (state, id)",
];

export const jobs = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(database);
  },
};

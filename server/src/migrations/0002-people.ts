// Tables of the sign-in library (better-auth 1.7.25), as its own generator writes them for the names in people/auth.ts; the
// library compares them at its first use. Their times are timestamptz: it reads and writes dates.
import { type Kysely, sql } from "kysely";

const statements = [
  `create table person (
    id text not null primary key, name text not null, email text not null unique, email_verified boolean not null, image text,
    created_at timestamptz not null default current_timestamp, updated_at timestamptz not null default current_timestamp,
    roles text not null
  )`,
  `create table person_session (
    id text not null primary key, expires_at timestamptz not null, token text not null unique,
    created_at timestamptz not null default current_timestamp, updated_at timestamptz not null, ip_address text,
    user_agent text, user_id text not null references person on delete cascade
  )`,
  `create table person_account (
    id text not null primary key, account_id text not null, provider_id text not null,
    user_id text not null references person on delete cascade, access_token text, refresh_token text, id_token text,
    access_token_expires_at timestamptz, refresh_token_expires_at timestamptz, scope text, password text,
    created_at timestamptz not null default current_timestamp, updated_at timestamptz not null
  )`,
  `create table person_verification (
    id text not null primary key, identifier text not null, value text not null, expires_at timestamptz not null,
    created_at timestamptz not null default current_timestamp, updated_at timestamptz not null default current_timestamp
  )`,
  "create index person_session_user_id_idx on person_session (user_id)",
  "create index person_account_user_id_idx on person_account (user_id)",
  "create index person_verification_identifier_idx on person_verification (identifier)",
];

export const people = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(database);
  },
};

// Who is told of alarms: targets, ladders, where each alarm stands on its ladder, and the log of what was told.
import { type Kysely, sql } from "kysely";
import { splitStatements } from "./split-statements.ts";

const statements = `
create table notification_target (
  id text primary key, kind text not null check (kind in ('screen', 'email', 'webhook')),
  name_en text not null, name_zh text not null, language text not null check (language in ('en', 'zh')),
  addresses jsonb not null default '[]', url text, secret_revision int not null default 1,
  is_enabled boolean not null default true, per_minute_max int not null default 10,
  created_at bigint not null, updated_at bigint not null,
  check ((kind = 'webhook') = (url is not null))
);
create table escalation_policy (
  id text primary key, name_en text not null, name_zh text not null,
  min_severity text not null check (min_severity in ('info', 'warning', 'critical')),
  steps jsonb not null, schedule jsonb, profile_ids jsonb not null default '[]', rule_ids jsonb not null default '[]',
  is_enabled boolean not null default true, created_at bigint not null, updated_at bigint not null
);
create table alarm_escalation (
  alarm_id text primary key references alarm on delete cascade,
  policy_id text not null, policy_name_en text not null, policy_name_zh text not null,
  -- As they were when the alarm began: who changes a policy does not rewrite a ladder that is climbed.
  steps jsonb not null, next_step int, next_at bigint, stopped_at bigint,
  stopped_because text check (stopped_because in ('acknowledged', 'ended', 'withdrawn', 'finished')),
  check ((stopped_at is null) = (stopped_because is null))
);
create table notification_delivery (
  id text primary key, alarm_id text references alarm on delete cascade, step int not null,
  target_id text not null, target_kind text not null, target_name_en text not null, target_name_zh text not null,
  sent_to text not null, state text not null check (state in ('waiting', 'digest', 'sent', 'failed', 'cancelled')),
  noted_at bigint not null,
  -- When it took its place among the messages of a minute.
  claimed_at bigint, sent_at bigint, attempts int not null default 0, last_error text, digest_id text
);
create unique index notification_delivery_once on notification_delivery (alarm_id, step, target_id) where alarm_id is not null;
create index notification_delivery_claimed on notification_delivery (target_id, claimed_at) where claimed_at is not null;
create index notification_delivery_digest on notification_delivery (target_id, id) where state = 'digest';
alter table alarm add column acknowledged_note text, add column assigned_name text;
insert into notification_target (id, kind, name_en, name_zh, language, created_at, updated_at)
  values ('screen', 'screen', 'Screens of the console', '控制台屏幕', 'en', 0, 0);
insert into escalation_policy (id, name_en, name_zh, min_severity, steps, created_at, updated_at)
  values ('default', 'Default', '默认', 'warning',
    '[{"afterMinutes": 0, "targetIds": ["screen"]}, {"afterMinutes": 5, "targetIds": ["screen"]}, {"afterMinutes": 15, "targetIds": ["screen"]}]', 0, 0);
`;

export const escalation = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of splitStatements(statements)) await sql.raw(statement).execute(database);
  },
};

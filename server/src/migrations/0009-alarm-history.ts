// Alarms that follow the time of readings: when each was true, when that was learned, and how far each rule is judged.
import { type Kysely, sql } from "kysely";
import { splitStatements } from "./split-statements.ts";

const statements = `
alter table alarm
  -- Which kind of rule raised it; null: no rule of a profile or a binding did.
  add column rule_kind text check (rule_kind in ('threshold', 'rate-of-change', 'absence', 'geofence', 'count-in-window', 'expression')),
  -- When the condition had held for long enough.
  add column raised_at bigint,
  add column peak double precision,
  add column end_learned_at bigint,
  -- Readings that came late showed that it never was; it is kept, and has ended.
  add column withdrawn_at bigint,
  -- Of a silence: gateway-down, offline or silent.
  add column cause text check (cause in ('gateway-down', 'offline', 'silent')),
  -- How many others this one speaks for; they stand in alarm_suppressed.
  add column suppressed_count int not null default 0,
  add column assigned_to text,
  add column assigned_at bigint,
  add constraint alarm_withdrawn_ended check (withdrawn_at is null or ended_at is not null);
update alarm set rule_kind = 'threshold' where kind = 'rule' and rule_id not in ('', 'follower-failed');
create index alarm_rule on alarm (rule_id, began_at) where rule_id <> '';
create table alarm_suppressed (
  alarm_id text not null references alarm on delete cascade, device_id int not null references device on delete cascade,
  silent_from bigint not null, released_at bigint, primary key (alarm_id, device_id)
);
create index alarm_suppressed_device on alarm_suppressed (device_id) where released_at is null;
-- How far each rule is judged on each device. A state is all of the readings up to its folded_to, so that the rest gives the same.
create table alarm_rule_state (
  device_id int not null references device on delete cascade, rule_id text not null,
  -- Of the rule as it was judged; another one is judged anew.
  fingerprint text not null,
  -- Readings from here on are judged (null: all), and what ended up to known_from was before the rule.
  judged_from bigint, known_from bigint,
  -- Null: nothing is folded yet.
  state jsonb,
  -- The earliest reading that came late and is not judged; a job does it.
  stale_from bigint, revision int not null default 0,
  primary key (device_id, rule_id)
) with (fillfactor = 70);
create index alarm_rule_state_stale on alarm_rule_state (device_id) where stale_from is not null;
alter table binding add column alarm_rules jsonb not null default '[]';
`;

export const alarmHistory = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of splitStatements(statements)) await sql.raw(statement).execute(database);
  },
};

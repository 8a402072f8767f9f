// The SQL of jobs. Every write of a running job is fenced: it names who holds the lease and for which attempt.
import { type JobProgress, type JobState, jobStates } from "@waremind/contract";
import { sql } from "kysely";
import { type Connection, tablesOf } from "./database.ts";
import type { Job } from "./job.ts";

export interface JobRow extends Job {
  readonly againAt: number | null;
}

interface JobTables {
  readonly job: JobRow;
}

/** Who runs a job, and which attempt it is: a worker that lost its lease changes nothing any more. */
export interface Hold {
  readonly id: string;
  readonly lockedBy: string;
  readonly attempt: number;
}

const tables = (connection: Connection) => tablesOf<JobTables>(connection);

const held = ({ id, lockedBy, attempt }: Hold) =>
  sql`id = ${id} and state = 'running' and locked_by = ${lockedBy} and attempts = ${attempt}`;

/** Adds a job, or finds the one with its key that is not over. */
export async function insertJob(
  connection: Connection,
  job: {
    readonly id: string;
    readonly kind: string;
    readonly payload: unknown;
    readonly runAt: number;
    readonly attemptsMax: number;
    readonly dedupeKey: string | null;
    readonly runsAgain: boolean;
    readonly at: number;
  },
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const { rows } = await sql<{ id: string; isNew: boolean }>`
    insert into job (id, kind, payload, state, run_at, attempts_max, dedupe_key, created_at)
    values (${job.id}, ${job.kind}, ${JSON.stringify(job.payload)}::jsonb, 'queued', ${job.runAt}, ${job.attemptsMax},
      ${job.dedupeKey}, ${job.at})
    on conflict (kind, dedupe_key) where dedupe_key is not null and state in ('queued', 'running')
    do update set
      run_at = case when job.state = 'queued' then least(job.run_at, excluded.run_at) else job.run_at end,
      again_at = case when job.state = 'running' and ${job.runsAgain}::boolean
        then least(coalesce(job.again_at, excluded.run_at), excluded.run_at) else job.again_at end
    returning id, (xmax = 0) as is_new`.execute(tables(connection));
  const [row] = rows;
  if (row === undefined) throw new Error("The row of a job was not written.");
  return row;
}

/** Takes the job that is due longest, or answers undefined; never one that another worker takes this moment. */
export async function claimJob(
  connection: Connection,
  claim: {
    readonly kinds: readonly string[];
    readonly lockedBy: string;
    readonly lockedUntil: number;
    readonly at: number;
  },
): Promise<JobRow | undefined> {
  if (claim.kinds.length === 0) return undefined;
  const { rows } = await sql<JobRow>`
    with next as materialized (
      select id from job where state = 'queued' and run_at <= ${claim.at} and kind in (${sql.join(claim.kinds)})
      order by run_at, id limit 1 for update skip locked
    )
    update job set state = 'running', attempts = job.attempts + 1, locked_by = ${claim.lockedBy},
      locked_until = ${claim.lockedUntil}::int8, started_at = ${claim.at}::int8, finished_at = null
    from next where job.id = next.id returning job.*`.execute(tables(connection));
  return rows[0];
}

/** When the next job of these kinds is due, in epoch milliseconds; null when none waits. */
export async function selectNextRunAt(
  connection: Connection,
  kinds: readonly string[],
): Promise<number | null> {
  if (kinds.length === 0) return null;
  const row = await tables(connection)
    .selectFrom("job")
    .select("runAt")
    .where("state", "=", "queued")
    .where("kind", "in", kinds)
    .orderBy("runAt")
    .limit(1)
    .executeTakeFirst();
  return row?.runAt ?? null;
}

/** Undefined when the lease is not the caller's any more. */
export async function extendLease(
  connection: Connection,
  hold: Hold,
  lockedUntil: number,
): Promise<{ readonly isCancelAsked: boolean } | undefined> {
  const { rows } = await sql<{ isCancelAsked: boolean }>`
    update job set locked_until = ${lockedUntil}::int8 where ${held(hold)} returning is_cancel_asked`.execute(
    tables(connection),
  );
  return rows[0];
}

export async function writeProgress(
  connection: Connection,
  hold: Hold,
  progress: JobProgress,
): Promise<void> {
  await sql`update job set progress = ${JSON.stringify(progress)}::jsonb where ${held(hold)}`.execute(
    tables(connection),
  );
}

/** Done, or queued again when its key was asked for meanwhile. False when the lease was lost. */
export async function endDone(connection: Connection, hold: Hold, at: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update job set
      state = case when again_at is null then 'done' else 'queued' end,
      attempts = case when again_at is null then attempts else 0 end,
      run_at = coalesce(again_at, run_at),
      finished_at = case when again_at is null then ${at}::int8 end,
      last_error = null, again_at = null, is_cancel_asked = false, locked_by = null, locked_until = null
    where ${held(hold)}`.execute(tables(connection));
  return numAffectedRows === 1n;
}

/** After a failed attempt: queued for `runAt`, or dead where `runAt` is null (fresh again when asked for meanwhile). */
export async function endFailed(
  connection: Connection,
  hold: Hold,
  failure: { readonly error: string; readonly runAt: number | null; readonly at: number },
): Promise<boolean> {
  const { error, runAt, at } = failure;
  const isOver = runAt === null;
  const { numAffectedRows } = await sql`
    update job set
      state = case when is_cancel_asked then 'cancelled' when ${isOver}::boolean and again_at is null then 'dead' else 'queued' end,
      attempts = case when ${isOver}::boolean and again_at is not null and not is_cancel_asked then 0 else attempts end,
      run_at = case when ${isOver}::boolean then coalesce(again_at, run_at) else ${runAt}::int8 end,
      again_at = case when ${isOver}::boolean then null else again_at end,
      finished_at = case when is_cancel_asked or (${isOver}::boolean and again_at is null) then ${at}::int8 end,
      last_error = ${error}, locked_by = null, locked_until = null
    where ${held(hold)}`.execute(tables(connection));
  return numAffectedRows === 1n;
}

export async function endCancelled(connection: Connection, hold: Hold, at: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update job set state = 'cancelled', finished_at = ${at}::int8, again_at = null, locked_by = null, locked_until = null
    where ${held(hold)}`.execute(tables(connection));
  return numAffectedRows === 1n;
}

/** Gives an attempt back that the process itself broke off; it does not count. */
export async function giveBack(connection: Connection, hold: Hold, at: number): Promise<void> {
  await sql`
    update job set
      state = case when is_cancel_asked then 'cancelled' else 'queued' end,
      finished_at = case when is_cancel_asked then ${at}::int8 end,
      attempts = attempts - 1, run_at = ${at}::int8, locked_by = null, locked_until = null
    where ${held(hold)}`.execute(tables(connection));
}

/** What a process left running when it died: queued again, dead after its last attempt, cancelled where that was asked. */
export async function recoverExpired(connection: Connection, at: number): Promise<number> {
  const { numAffectedRows } = await sql`
    with lost as materialized (
      select id from job where state = 'running' and locked_until < ${at} for update skip locked
    )
    update job set
      state = case when is_cancel_asked then 'cancelled' when attempts >= attempts_max and again_at is null then 'dead' else 'queued' end,
      finished_at = case when is_cancel_asked or (attempts >= attempts_max and again_at is null) then ${at}::int8 end,
      attempts = case when attempts >= attempts_max and again_at is not null then 0 else attempts end,
      last_error = 'The process that ran it ended, or lost the store for too long.',
      run_at = ${at}::int8, locked_by = null, locked_until = null
    from lost where job.id = lost.id`.execute(tables(connection));
  return Number(numAffectedRows ?? 0n);
}

/** Removes jobs of one state that were over before `before`; at most `rowsMax`. */
export async function deleteOver(
  connection: Connection,
  options: { readonly states: readonly JobState[]; readonly before: number; readonly rowsMax: number },
): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from job where id in (
      select id from job where state in (${sql.join(options.states)}) and finished_at < ${options.before}
      order by finished_at limit ${options.rowsMax})`.execute(tables(connection));
  return Number(numAffectedRows ?? 0n);
}

export async function selectJob(
  connection: Connection,
  id: string,
  options: { readonly isLocked: boolean } = { isLocked: false },
): Promise<JobRow | undefined> {
  const query = tables(connection).selectFrom("job").selectAll().where("id", "=", id);
  return (options.isLocked ? query.forUpdate() : query).executeTakeFirst();
}

/** The id of the job that is not over and has this one's key. */
export async function selectLiveByKey(
  connection: Connection,
  { kind, dedupeKey }: Pick<JobRow, "kind" | "dedupeKey">,
): Promise<string | undefined> {
  const row = await tables(connection)
    .selectFrom("job")
    .select("id")
    .where("kind", "=", kind)
    .where("dedupeKey", "=", dedupeKey)
    .where("state", "in", ["queued", "running"])
    .executeTakeFirst();
  return row?.id;
}

/** Newest first. */
export async function selectJobs(
  connection: Connection,
  options: { readonly state?: JobState; readonly beforeId?: string; readonly limit: number },
): Promise<readonly JobRow[]> {
  let query = tables(connection).selectFrom("job").selectAll();
  if (options.state !== undefined) query = query.where("state", "=", options.state);
  if (options.beforeId !== undefined) query = query.where("id", "<", options.beforeId);
  return query.orderBy("id", "desc").limit(options.limit).execute();
}

export async function countJobs(connection: Connection): Promise<Readonly<Record<JobState, number>>> {
  const { rows } = await sql<{ state: JobState; count: number }>`
    select state, count(*)::int as count from job group by state`.execute(tables(connection));
  const counted = new Map(rows.map(({ state, count }) => [state, count]));
  return Object.fromEntries(jobStates.map((state) => [state, counted.get(state) ?? 0])) as Record<
    JobState,
    number
  >;
}

/** Queued once more with all its attempts. */
export async function queueAgain(connection: Connection, id: string, at: number): Promise<void> {
  await tables(connection)
    .updateTable("job")
    .set({ state: "queued", runAt: at, attempts: 0, finishedAt: null, isCancelAsked: false, againAt: null })
    .where("id", "=", id)
    .execute();
}

/** Ends a job that waits; asks one that runs to end. */
export async function markCancelled(
  connection: Connection,
  job: { readonly id: string; readonly isRunning: boolean },
  at: number,
): Promise<void> {
  await tables(connection)
    .updateTable("job")
    .set(job.isRunning ? { isCancelAsked: true, againAt: null } : { state: "cancelled", finishedAt: at })
    .where("id", "=", job.id)
    .execute();
}

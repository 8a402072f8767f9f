// How far each stream of readings is stored. It stands in the transaction that stores them, so that a batch that comes
// again, as all do that were not acknowledged before a worker died, is known by its publisher's own number and passed over.
import { sql } from "kysely";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { isHeld, storeNow } from "../platform/leases.ts";
import { leaseOfPartition } from "./partitions.ts";
import { TakenOver } from "./take-in-readings-commit.ts";

/** Publishers are starts of processes; of those that sent nothing for so long nothing can come again. */
const forgottenAfterMs = 30 * 86_400_000;

interface ProgressTables {
  readonly intakeProgress: {
    readonly partition: number;
    readonly publisher: string;
    readonly batchNumber: number;
    readonly doneCount: number;
    readonly updatedAt: number;
  };
}

/** Where a message stands: in which batch of which publisher, and as the how-manieth, from zero. */
export interface Place {
  readonly publisher: string;
  readonly number: number;
  readonly index: number;
}

export type Progress = Map<string, { readonly number: number; readonly doneCount: number }>;

export function isDone(progress: Progress, place: Place): boolean {
  const known = progress.get(place.publisher);
  if (known === undefined || place.number > known.number) return false;
  return place.number < known.number || place.index < known.doneCount;
}

export function noteDone(progress: Progress, place: Place): void {
  if (!isDone(progress, place))
    progress.set(place.publisher, { number: place.number, doneCount: place.index + 1 });
}

export async function readProgress(database: Database, partition: number): Promise<Progress> {
  const tables = tablesOf<ProgressTables>(database);
  await sql`delete from intake_progress
    where partition = ${partition} and updated_at < ${storeNow} - ${forgottenAfterMs}::bigint`.execute(
    tables,
  );
  const rows = await tables
    .selectFrom("intakeProgress")
    .select(["publisher", "batchNumber", "doneCount"])
    .where("partition", "=", partition)
    .execute();
  return new Map(
    rows.map(({ publisher, batchNumber, doneCount }) => [publisher, { number: batchNumber, doneCount }]),
  );
}

/** @throws TakenOver when another worker reads the partition now; until the transaction ends none can begin to. */
export async function writeProgress(
  connection: Connection,
  held: { readonly partition: number; readonly epoch: number },
  places: readonly Place[],
): Promise<void> {
  const { partition, epoch } = held;
  if (!(await isHeld(connection, { name: leaseOfPartition(partition), epoch })))
    throw new TakenOver(`another worker reads partition ${partition} now`);
  const last: Progress = new Map();
  for (const place of places) noteDone(last, place);
  const rows = [...last].map(([publisher, done]) => ({ publisher, ...done }));
  await sql`
    insert into intake_progress (partition, publisher, batch_number, done_count, updated_at)
    select ${partition}::int, publisher, batch_number, done_count, ${storeNow} from unnest(
      ${rows.map((row) => row.publisher)}::text[], ${rows.map((row) => row.number)}::bigint[],
      ${rows.map((row) => row.doneCount)}::int[]
    ) as done (publisher, batch_number, done_count)
    on conflict (partition, publisher) do update set
      batch_number = excluded.batch_number, done_count = excluded.done_count, updated_at = excluded.updated_at`.execute(
    tablesOf(connection),
  );
}

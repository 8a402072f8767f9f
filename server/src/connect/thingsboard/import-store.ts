// Where an import stands, in the store: a row for the run and one for each of its devices, so that a kill at any moment
// costs at most the page that was under way. A device's row moves in the transaction that stores its readings.
import { type BilingualText, type ImportCounts, importCountsSchema } from "@waremind/contract";
import { type Kysely, sql } from "kysely";
import { type Connection, type Database, tablesOf } from "../../platform/database.ts";
import { DomainError } from "../../platform/errors.ts";

interface ImportTables {
  importRun: {
    id: string;
    source: string;
    state: "running" | "finished" | "failed";
    /** jsonb: write text. */
    progress: unknown;
    startedAt: number;
    updatedAt: number;
  };
}

export interface RunProgress {
  readonly url: string;
  /** What was asked for; a run goes on only with the same. */
  readonly since: number | null;
  readonly devicePattern: string | null;
  /** As they stood when the run was last written; those of devices are counted from the devices' own rows. */
  readonly counts: ImportCounts;
  /** Of the run; a device's own stand in its row. */
  readonly problems: readonly BilingualText[];
  readonly problemCount: number;
  readonly failure: BilingualText | null;
}

export interface Run {
  readonly id: string;
  readonly state: "running" | "finished" | "failed";
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly progress: RunProgress;
}

export interface DeviceProgress {
  readonly sourceId: string;
  readonly name: string;
  readonly deviceId: number;
  /** By key: where its next page begins, or null when its whole history is here. */
  readonly nextAt: Readonly<Record<string, number | null>>;
  readonly isDone: boolean;
  /** Whether the import made it, or found it here under this name. */
  readonly isCreated: boolean;
  readonly isCredentialTaken: boolean;
  readonly problems: readonly BilingualText[];
  readonly attributesTaken: number;
  readonly pointsRead: number;
  readonly pointsStored: number;
  readonly pointsPresent: number;
  readonly pointsQuarantined: number;
  readonly sourceSum: string;
  readonly storeSum: string;
  /** Absent in a row of a version that left out of `sourceSum` what was held back. */
  readonly heldSum?: string;
  /** Grows with each write: a second import of the same device finds that it is not the only one. */
  readonly revision: number;
}

export const noCounts: ImportCounts = importCountsSchema.parse(
  Object.fromEntries(Object.keys(importCountsSchema.shape).map((name) => [name, 0])),
);

/** Devices stand under their own word, so that the runs of a source are found without them. */
const deviceSource = "thingsboard-device";
const sourceOf = (url: string): string => `thingsboard ${url}`;
const deviceRowId = (runId: string, sourceId: string): string => `${runId}/${sourceId}`;

const tablesIn = (connection: Connection): Kysely<ImportTables> => tablesOf<ImportTables>(connection);

export async function insertRun(
  connection: Connection,
  run: { readonly id: string; readonly at: number; readonly progress: RunProgress },
): Promise<void> {
  await tablesIn(connection)
    .insertInto("importRun")
    .values({
      ...{ id: run.id, source: sourceOf(run.progress.url), state: "running" },
      ...{ progress: JSON.stringify(run.progress), startedAt: run.at, updatedAt: run.at },
    })
    .execute();
}

export async function updateRun(
  connection: Connection,
  run: Pick<Run, "id" | "state" | "progress"> & { readonly at: number },
): Promise<void> {
  await tablesIn(connection)
    .updateTable("importRun")
    .set({ state: run.state, progress: JSON.stringify(run.progress), updatedAt: run.at })
    .where("id", "=", run.id)
    .execute();
}

/** The newest run that asked for the same and did not finish. */
export async function findUnfinished(
  connection: Connection,
  asked: Pick<RunProgress, "url" | "since" | "devicePattern">,
): Promise<Run | null> {
  const rows = await tablesIn(connection)
    .selectFrom("importRun")
    .select(["id", "state", "progress", "startedAt", "updatedAt"])
    .where("source", "=", sourceOf(asked.url))
    .where("state", "<>", "finished")
    .orderBy("startedAt", "desc")
    .orderBy("id", "desc")
    .execute();
  const runs = rows.map((row) => ({ ...row, progress: row.progress as RunProgress }));
  return (
    runs.find(
      ({ progress }) => progress.since === asked.since && progress.devicePattern === asked.devicePattern,
    ) ?? null
  );
}

export async function findRun(connection: Connection, id: string): Promise<Run | null> {
  const row = await tablesIn(connection)
    .selectFrom("importRun")
    .select(["id", "state", "progress", "startedAt", "updatedAt"])
    .where("id", "=", id)
    .where("source", "<>", deviceSource)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, progress: row.progress as RunProgress };
}

export async function insertDeviceProgress(
  connection: Connection,
  runId: string,
  progress: DeviceProgress,
  at: number,
): Promise<void> {
  await tablesIn(connection)
    .insertInto("importRun")
    .values({
      ...{ id: deviceRowId(runId, progress.sourceId), source: deviceSource, state: "running" },
      ...{ progress: JSON.stringify(progress), startedAt: at, updatedAt: at },
    })
    .execute();
}

/**
 * Moves a device on. `progress` bears the revision that was read; the row gets the next one.
 *
 * @throws DomainError `conflict` when another import moved it meanwhile.
 */
export async function updateDeviceProgress(
  connection: Connection,
  runId: string,
  progress: DeviceProgress,
  at: number,
): Promise<DeviceProgress> {
  const next = { ...progress, revision: progress.revision + 1 };
  const moved = await tablesIn(connection)
    .updateTable("importRun")
    .set({
      ...{ progress: JSON.stringify(next), updatedAt: at },
      state: next.isDone ? "finished" : "running",
    })
    .where("id", "=", deviceRowId(runId, progress.sourceId))
    .where(sql<boolean>`(progress ->> 'revision')::int = ${progress.revision}`)
    .returning("id")
    .executeTakeFirst();
  if (moved !== undefined) return next;
  throw new DomainError(
    "conflict",
    {
      en: `Another import of ${progress.name} is under way. Wait for its end.`,
      zh: `${progress.name} 的另一个导入正在进行,请等待其结束。`,
    },
    { deviceName: progress.name },
  );
}

/** In the order in which they were entered. */
export async function listDeviceProgress(
  database: Database | Connection,
  runId: string,
): Promise<readonly DeviceProgress[]> {
  const rows = await tablesIn(database)
    .selectFrom("importRun")
    .select("progress")
    .where("source", "=", deviceSource)
    .where(sql<boolean>`starts_with(id, ${`${runId}/`})`)
    .orderBy("startedAt")
    .orderBy("id")
    .execute();
  return rows.map((row) => row.progress as DeviceProgress);
}

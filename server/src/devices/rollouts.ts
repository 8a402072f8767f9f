// Rollouts as rows: who is to get a release, in which ring, and how far each device is. The steps are decided by a flow.
import type { BilingualText } from "@waremind/contract";
import { type Kysely, type Selectable, sql } from "kysely";
import { chunksOf } from "../platform/chunks.ts";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { int4Array, int8Array } from "../platform/wire-arrays.ts";
import type { DeviceRollouts, ReleaseKind, Rollout, RolloutDeviceState, RolloutPart } from "./release.ts";
import type { ReleaseTables } from "./release-tables.ts";
import { assignedColumn } from "./releases.ts";

type Tables = Kysely<ReleaseTables>;
const tablesIn = (connection: Connection): Tables => tablesOf<ReleaseTables>(connection);
const listedMax = 200;
/** A device reports on its newest rollouts; older ones are history. */
const takenPartMax = 20;
const errorLengthMax = 500;

export function createDeviceRollouts(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
}): DeviceRollouts {
  const { database, clock } = dependencies;
  const tables = tablesIn(database);
  return {
    candidates: (connection, profileId, kind) =>
      tablesIn(connection)
        .selectFrom("device")
        .select(["id as deviceId", `${assignedColumn[kind]} as assignedReleaseId`])
        .where("profileId", "=", profileId)
        .where("state", "=", "active")
        // What a gateway speaks for cannot fetch a package: there is no topic for that, and its ring would never end.
        .where(sql<boolean>`(gateway_id is null or exists (
          select from device_credential where device_id = device.id and revoked_at is null
        ))`)
        .orderBy("id")
        .execute(),
    create: (connection, rollout, devices) =>
      create(tablesIn(connection), { rollout, devices, at: clock.now() }),
    lock: async (connection, rolloutId) =>
      asRollout(
        await tablesIn(connection)
          .selectFrom("rollout")
          .selectAll()
          .where("id", "=", rolloutId)
          .forUpdate()
          .executeTakeFirst(),
      ),
    save: async (connection, rolloutId, change) => {
      const { stoppedReason, ...rest } = change;
      const reason = stoppedReason === undefined ? {} : { stoppedReason: JSON.stringify(stoppedReason) };
      await tablesIn(connection)
        .updateTable("rollout")
        .set({ ...rest, ...reason })
        .where("id", "=", rolloutId)
        .execute();
    },
    find: async (rolloutId, connection) =>
      asRollout(
        await tablesIn(connection ?? database)
          .selectFrom("rollout")
          .selectAll()
          .where("id", "=", rolloutId)
          .executeTakeFirst(),
      ),
    list: async () =>
      present(
        await tables
          .selectFrom("rollout")
          .selectAll()
          .orderBy("createdAt", "desc")
          .limit(listedMax)
          .execute(),
      ),
    open: () => selectOpen(tables),
    spread: () => selectSpread(tables),
    devicesOf: (rolloutId, connection) => selectParts(tablesIn(connection ?? database), rolloutId),
    ofDevice: (connection, deviceId, kind) => selectOfDevice(tablesIn(connection), deviceId, kind),
    moveDevices: (connection, rolloutId, deviceIds, change) =>
      moveDevices(tablesIn(connection), { rolloutId, deviceIds, ...change, at: clock.now() }),
    replacePrevious: async (connection, deviceIds, releaseId, to) => {
      if (deviceIds.length === 0) return;
      await tablesIn(connection)
        .updateTable("rolloutDevice")
        .set({ previousReleaseId: to })
        .where(sql<boolean>`device_id = any(${int4Array(deviceIds, (id) => id)}::int4[])`)
        .where("state", "=", "waiting")
        .where("previousReleaseId", "=", releaseId)
        .execute();
    },
    noteBytesSent: (sent) => noteBytes(tables, sent),
  };
}

async function create(
  tables: Tables,
  input: {
    readonly rollout: Parameters<DeviceRollouts["create"]>[1];
    readonly devices: Parameters<DeviceRollouts["create"]>[2];
    readonly at: number;
  },
): Promise<Rollout> {
  const { rollout, devices, at } = input;
  const release = await tables
    .selectFrom("release")
    .select(["profileId", "kind"])
    .where("id", "=", rollout.releaseId)
    .executeTakeFirstOrThrow();
  await refuseSecond(tables, release);
  const id = newId("rol", at);
  const row = await tables
    .insertInto("rollout")
    .values({
      ...{ id, state: "running", stoppedReason: null, createdAt: at, endedAt: null },
      releaseId: rollout.releaseId,
      rings: JSON.stringify(rollout.rings),
      failureShareMax: rollout.failureShareMax,
      failuresMin: rollout.failuresMin,
      soakMinutes: rollout.soakMinutes,
      createdBy: rollout.createdBy,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const rows = devices.map((device) => ({
    ...device,
    ...{ rolloutId: id, state: "waiting" as const, error: null, updatedAt: at },
  }));
  for (const chunk of chunksOf(rows)) await tables.insertInto("rolloutDevice").values(chunk).execute();
  const [created] = present([row]);
  if (created === undefined) throw new Error("A rollout that was written can be read.");
  return created;
}

/** Sorted, so that two writers never wait for each other crosswise. */
async function moveDevices(
  tables: Tables,
  move: {
    readonly rolloutId: string;
    readonly deviceIds: readonly number[];
    readonly from: readonly RolloutDeviceState[];
    readonly state: RolloutDeviceState;
    readonly error?: string | null;
    readonly at: number;
  },
): Promise<readonly number[]> {
  const { rolloutId, deviceIds, from, state, error, at } = move;
  if (deviceIds.length === 0) return [];
  const errorSet = error === undefined ? sql`` : sql`error = ${error?.slice(0, errorLengthMax) ?? null},`;
  const { rows } = await sql<{ deviceId: number }>`
    with chosen as (
      select device_id from rollout_device
      where rollout_id = ${rolloutId} and state = any(${[...from]}::text[])
        and device_id = any(${int4Array(deviceIds, (id) => id)}::int4[])
      order by device_id for update
    )
    update rollout_device set ${errorSet} state = ${state}, updated_at = ${at}
    from chosen where rollout_device.rollout_id = ${rolloutId} and rollout_device.device_id = chosen.device_id
    returning rollout_device.device_id`.execute(tables);
  return rows.map(({ deviceId }) => deviceId).toSorted((left, right) => left - right);
}

async function selectSpread(tables: Tables): ReturnType<DeviceRollouts["spread"]> {
  const { rows } = await sql<{ releaseId: string; assigned: string; confirmed: string }>`
    select release_id, count(*) as assigned, count(*) filter (where is_confirmed) as confirmed from (
      select chosen.release_id, exists (
        select from rollout_device as part join rollout on rollout.id = part.rollout_id
        where part.device_id = device.id and part.state = 'updated' and rollout.release_id = chosen.release_id
      ) as is_confirmed
      from device cross join lateral (values (firmware_release_id), (software_release_id)) as chosen (release_id)
      where chosen.release_id is not null
    ) as counted group by release_id`.execute(tables);
  return new Map(
    rows.map((row) => [row.releaseId, { assigned: Number(row.assigned), confirmed: Number(row.confirmed) }]),
  );
}

async function selectParts(tables: Tables, rolloutId: string): Promise<readonly RolloutPart[]> {
  const { rows } = await sql<RolloutPart>`
    select part.*,
      case release.kind when 'firmware' then device.firmware_release_id else device.software_release_id end
        as assigned_release_id,
      exists (
        select 1 from rollout_device as other
        join rollout as newer on newer.id = other.rollout_id
        join release as its on its.id = newer.release_id
        where other.device_id = part.device_id and other.state <> 'waiting' and its.kind = release.kind
          and (newer.created_at, newer.id) > (rollout.created_at, rollout.id)
      ) as is_superseded
    from rollout_device as part
    join rollout on rollout.id = part.rollout_id
    join release on release.id = rollout.release_id
    join device on device.id = part.device_id
    where part.rollout_id = ${rolloutId}
    order by part.ring, part.device_id`.execute(tables);
  return rows;
}

async function selectOfDevice(
  tables: Tables,
  deviceId: number,
  kind: ReleaseKind,
): ReturnType<DeviceRollouts["ofDevice"]> {
  return tables
    .selectFrom("rolloutDevice")
    .innerJoin("rollout", "rollout.id", "rolloutDevice.rolloutId")
    .innerJoin("release", "release.id", "rollout.releaseId")
    .leftJoin("release as previous", "previous.id", "rolloutDevice.previousReleaseId")
    .selectAll("rolloutDevice")
    .select([
      "release.kind",
      "release.title",
      "release.version",
      "previous.title as previousTitle",
      "previous.version as previousVersion",
    ])
    .where("rolloutDevice.deviceId", "=", deviceId)
    .where("release.kind", "=", kind)
    .orderBy("rollout.createdAt", "desc")
    .orderBy("rollout.id", "desc")
    .limit(takenPartMax)
    .execute();
}

async function refuseSecond(
  tables: Tables,
  release: { readonly profileId: string; readonly kind: ReleaseKind },
): Promise<void> {
  // Two that start at once for the same devices: the second waits here and then finds the first.
  await sql`select pg_advisory_xact_lock(hashtext(${`rollout/${release.profileId}/${release.kind}`}))`.execute(
    tables,
  );
  const other = await tables
    .selectFrom("rollout")
    .innerJoin("release", "release.id", "rollout.releaseId")
    .select(["rollout.id", "release.title", "release.version"])
    .where("release.profileId", "=", release.profileId)
    .where("release.kind", "=", release.kind)
    .where("rollout.state", "in", ["running", "paused"])
    .executeTakeFirst();
  if (other !== undefined) {
    const name = `${other.title} ${other.version}`;
    throw new DomainError(
      "conflict",
      {
        en: `${name} is being rolled out to these devices. Stop it, or wait until it has finished.`,
        zh: `${name} 正在向这些设备发布。请先停止或等待其完成。`,
      },
      { rolloutId: other.id },
    );
  }
}

async function selectOpen(tables: Tables): Promise<readonly Rollout[]> {
  const rows = await tables
    .selectFrom("rollout")
    .selectAll()
    .where((where) => where.or([where("state", "in", ["running", "paused"]), hasDevicesToSendBack]))
    .orderBy("createdAt")
    .execute();
  return present(rows);
}

const hasDevicesToSendBack = sql<boolean>`exists (
  select 1 from rollout_device as part join device on device.id = part.device_id
  where part.rollout_id = rollout.id
    and (device.firmware_release_id = rollout.release_id or device.software_release_id = rollout.release_id)
    and (part.state in ('failed', 'rolled-back') or (part.state = 'offered' and rollout.state = 'stopped'))
)`;

async function noteBytes(
  tables: Tables,
  sent: Parameters<DeviceRollouts["noteBytesSent"]>[0],
): Promise<void> {
  if (sent.length === 0) return;
  await sql`
    with chosen as (
      select part.rollout_id, part.device_id, news.bytes
      from unnest(
        ${int4Array(sent, ({ deviceId }) => deviceId)}::int4[],
        ${sent.map(({ releaseId }) => releaseId)}::text[],
        ${int8Array(sent, ({ bytes }) => bytes)}::int8[]
      ) as news (device_id, release_id, bytes)
      join rollout on rollout.release_id = news.release_id
      join rollout_device as part on part.rollout_id = rollout.id and part.device_id = news.device_id
      where part.bytes_sent < news.bytes
      order by part.device_id for update of part
    )
    update rollout_device set bytes_sent = chosen.bytes
    from chosen
    where rollout_device.rollout_id = chosen.rollout_id and rollout_device.device_id = chosen.device_id`.execute(
    tables,
  );
}

type RolloutRow = Selectable<ReleaseTables["rollout"]>;

function asRollout(row: RolloutRow | undefined): Rollout | null {
  return row === undefined
    ? null
    : {
        ...row,
        rings: row.rings as Rollout["rings"],
        stoppedReason: row.stoppedReason as BilingualText | null,
      };
}

function present(rows: readonly RolloutRow[]): Rollout[] {
  return rows.map((row) => asRollout(row)).filter((rollout) => rollout !== null);
}

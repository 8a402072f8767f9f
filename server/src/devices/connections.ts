// Whether a device is connected, when it was last heard, and the history of its connections.
import { sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { retryContention } from "../platform/contention.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import type { ConnectionChange, ConnectionEvent, Device, DeviceConnection, Devices } from "./device.ts";
import type { DeviceTables } from "./tables.ts";

/** Last heard is told to the second: a device that sends a hundred messages a second does not cost a hundred writes. */
export const heardResolutionMs = 1_000;
/** Events kept per device; some more stand between two prunings. */
export const connectionEventsKeptMax = 1_000;
/** One event in so many has its device's history pruned: chance spreads the work over a storm of reconnects. */
const eventsPerPruning = 50;

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

export type Connections = Pick<
  Devices,
  | "connections"
  | "markConnections"
  | "markConnected"
  | "markDisconnected"
  | "markAllDisconnected"
  | "markLeftBehind"
  | "markHeard"
  | "connectionHistory"
>;

export function createConnections(options: {
  readonly database: Database;
  readonly clock: Clock;
  /** Absent: the one process of a server that needs no others. */
  readonly processId?: string | undefined;
}): Connections {
  const { database, clock, processId = null } = options;
  const mark = (changes: readonly ConnectionChange[]) => markConnections(database, changes, processId);
  return {
    connections: () => selectConnections(database),
    markConnections: mark,
    markConnected: (deviceId, transport) =>
      mark([{ deviceId, isConnected: true, transport, reason: "", address: "", at: clock.now() }]),
    markDisconnected: (deviceId, reason) =>
      mark([{ deviceId, isConnected: false, transport: null, reason, address: "", at: clock.now() }]),
    markLeftBehind: (connection, reason) => markLeftBehind(connection, { reason, at: clock.now() }),
    markAllDisconnected: (reason) => markAllDisconnected(database, reason, clock.now()),
    markHeard,
    connectionHistory: (deviceId, limit) => selectHistory(database, deviceId, limit),
  };
}

function selectConnections(database: Database): Promise<DeviceConnection[]> {
  return tablesIn(database)
    .selectFrom("deviceConnection")
    .select(["deviceId", "isConnected", "transport", "connectedAt", "disconnectedAt", "lastHeardAt"])
    .orderBy("deviceId")
    .execute();
}

/** Another writer of the same devices may be in the way: the same work passes a moment later. */
async function markConnections(
  database: Database,
  changes: readonly ConnectionChange[],
  processId: string | null,
): Promise<void> {
  if (changes.length === 0) return;
  await retryContention(() =>
    database.transaction((connection) => writeChanges(connection, changes, processId)),
  );
}

async function writeChanges(
  connection: Connection,
  changes: readonly ConnectionChange[],
  processId: string | null,
): Promise<void> {
  // A device that was deleted meanwhile has no history; one that is being deleted waits for this, since it begins here too.
  const { rows } = await sql<Held>`
    select device_id, is_connected, process_id, connected_at from device_connection
    where device_id = any(${int4Array(changes, (change) => change.deviceId)}::int4[])
    order by device_id for no key update`.execute(tablesIn(connection));
  const known = ownChanges(changes, rows, processId);
  if (known.length === 0) return;
  await upsertStates(connection, lastStates(known), processId);
  await insertEvents(connection, known);
}

interface Held {
  readonly deviceId: number;
  readonly isConnected: boolean;
  readonly processId: string | null;
  readonly connectedAt: number | null;
}

/**
 * Without what comes too late of a device that has gone over to another process meanwhile: its older session ended, or
 * had begun before.
 */
function ownChanges(
  changes: readonly ConnectionChange[],
  rows: readonly Held[],
  processId: string | null,
): readonly ConnectionChange[] {
  const present = new Set(rows.map(({ deviceId }) => deviceId));
  const elsewhere = new Map(
    rows
      .filter((row) => row.isConnected && row.processId !== processId)
      .map(({ deviceId, connectedAt }) => [deviceId, connectedAt ?? 0]),
  );
  return changes.filter(({ deviceId, isConnected, at }) => {
    const since = elsewhere.get(deviceId);
    if (since === undefined) return present.has(deviceId);
    const isNewest = isConnected && at >= since;
    if (isNewest) elsewhere.delete(deviceId);
    return isNewest;
  });
}

interface State {
  readonly deviceId: number;
  readonly isConnected: boolean;
  readonly transport: string | null;
  readonly connectedAt: number | null;
  readonly disconnectedAt: number | null;
  readonly reason: string | null;
}

/** What the changes of each device come to, in their order. */
function lastStates(changes: readonly ConnectionChange[]): State[] {
  const states = new Map<number, State>();
  for (const { deviceId, isConnected, transport, reason, at } of changes) {
    const before = states.get(deviceId);
    states.set(deviceId, {
      deviceId,
      isConnected,
      transport: transport ?? before?.transport ?? null,
      connectedAt: isConnected ? at : (before?.connectedAt ?? null),
      disconnectedAt: isConnected ? (before?.disconnectedAt ?? null) : at,
      reason: isConnected ? (before?.reason ?? null) : reason,
    });
  }
  return [...states.values()].sort((left, right) => left.deviceId - right.deviceId);
}

async function upsertStates(
  connection: Connection,
  states: readonly State[],
  processId: string | null,
): Promise<void> {
  await sql`
    insert into device_connection as known
      (device_id, is_connected, transport, connected_at, disconnected_at, disconnect_reason, process_id)
    select change.*, ${processId}::text from unnest(
      ${int4Array(states, (state) => state.deviceId)}::int4[], ${states.map((state) => state.isConnected)}::boolean[],
      ${states.map((state) => state.transport)}::text[], ${states.map((state) => state.connectedAt)}::int8[],
      ${states.map((state) => state.disconnectedAt)}::int8[], ${states.map((state) => state.reason)}::text[]
    ) as change
    on conflict (device_id) do update set
      is_connected = excluded.is_connected,
      transport = coalesce(excluded.transport, known.transport),
      connected_at = coalesce(excluded.connected_at, known.connected_at),
      disconnected_at = coalesce(excluded.disconnected_at, known.disconnected_at),
      disconnect_reason = coalesce(excluded.disconnect_reason, known.disconnect_reason),
      process_id = excluded.process_id`.execute(tablesIn(connection));
}

async function insertEvents(connection: Connection, changes: readonly ConnectionChange[]): Promise<void> {
  const { rows } = await sql<{ id: number; deviceId: number }>`
    insert into device_event (device_id, at, kind, transport, reason, address)
    select change.device_id, change.at, change.kind, coalesce(change.transport, known.transport, ''), change.reason,
      change.address
    from unnest(
      ${int4Array(changes, (change) => change.deviceId)}::int4[], ${changes.map((change) => change.at)}::int8[],
      ${changes.map((change) => (change.isConnected ? "connected" : "disconnected"))}::text[],
      ${changes.map((change) => change.transport)}::text[], ${changes.map((change) => change.reason)}::text[],
      ${changes.map((change) => change.address)}::text[]
    ) with ordinality as change (device_id, at, kind, transport, reason, address, place)
    join device_connection as known on known.device_id = change.device_id
    order by change.place
    returning id, device_id`.execute(tablesIn(connection));
  const chosen = rows.filter((row) => row.id % eventsPerPruning === 0).map((row) => row.deviceId);
  if (chosen.length > 0) await pruneHistory(connection, chosen);
}

/** That another gateway speaks for a device now; for the transaction that says so. */
export async function noteMove(
  connection: Connection,
  move: { readonly device: Pick<Device, "id" | "gatewayId">; readonly gateway: Device; readonly at: number },
): Promise<void> {
  const { device, gateway, at } = move;
  const { rows } = await sql<{ id: number }>`
    insert into device_event (device_id, at, kind, transport, gateway_name, gateway_before)
    values (${device.id}, ${at}::int8, 'moved', '', ${gateway.name},
      (select name from device where id = ${device.gatewayId}::int4))
    returning id`.execute(tablesIn(connection));
  if (rows.some(({ id }) => id % eventsPerPruning === 0)) await pruneHistory(connection, [device.id]);
}

async function pruneHistory(connection: Connection, deviceIds: readonly number[]): Promise<void> {
  await sql`
    delete from device_event using (
      select device.id as device_id, border.at, border.id
      from device cross join lateral (
        select at, id from device_event as event where event.device_id = device.id
        order by at desc, id desc offset ${connectionEventsKeptMax - 1} limit 1
      ) as border
      where device.id = any(${int4Array([...new Set(deviceIds)], (id) => id)}::int4[])
    ) as border
    where device_event.device_id = border.device_id
      and (device_event.at, device_event.id) < (border.at, border.id)`.execute(tablesIn(connection));
}

async function markAllDisconnected(database: Database, reason: string, at: number): Promise<void> {
  await sql`
    with ended as (
      update device_connection set is_connected = false, disconnected_at = ${at}::int8, disconnect_reason = ${reason}
      where is_connected returning device_id, transport
    )
    insert into device_event (device_id, at, kind, transport, reason)
    select device_id, ${at}::int8, 'disconnected', coalesce(transport, ''), ${reason} from ended`.execute(
    tablesIn(database),
  );
}

/** Answers the names of the devices that a process held which lives no more (its row of `process` is gone). */
async function markLeftBehind(
  connection: Connection,
  { reason, at }: { readonly reason: string; readonly at: number },
): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    with ended as (
      update device_connection set is_connected = false, disconnected_at = ${at}::int8, disconnect_reason = ${reason}
      where is_connected and (process_id is null or process_id not in (select id from process))
      returning device_id, transport
    ), noted as (
      insert into device_event (device_id, at, kind, transport, reason)
      select device_id, ${at}::int8, 'disconnected', coalesce(transport, ''), ${reason} from ended
    )
    select device.name from ended join device on device.id = ended.device_id`.execute(tablesIn(connection));
  return rows.map(({ name }) => name);
}

/** A plain update: rows heard a moment ago are neither locked nor written. Sorted, so that two writers never cross. */
async function markHeard(connection: Connection, deviceIds: readonly number[], at: number): Promise<void> {
  if (deviceIds.length === 0) return;
  const sorted = [...new Set(deviceIds)].sort((left, right) => left - right);
  await sql`
    update device_connection set last_heard_at = ${at}
    where device_id = any(${int4Array(sorted, (id) => id)}::int4[])
      and (last_heard_at is null or last_heard_at <= ${at - heardResolutionMs})`.execute(
    tablesIn(connection),
  );
}

function selectHistory(
  database: Database,
  deviceId: number,
  limit: number,
): Promise<readonly ConnectionEvent[]> {
  return tablesIn(database)
    .selectFrom("deviceEvent")
    .select(["at", "kind", "transport", "reason", "address", "gatewayName", "gatewayBefore"])
    .where("deviceId", "=", deviceId)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(Math.min(limit, connectionEventsKeptMax))
    .execute();
}

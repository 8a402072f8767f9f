// What the cluster suite writes into its shop beforehand, and what it reads back at the end.
import { sql } from "kysely";
import { createDevices } from "../../server/src/devices/index.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";
import { type ClusterDevice, isMalformed, malformedPayload, observedAtOf, valueAt } from "./cluster-fleet.ts";

const failuresPerKindMax = 5;
export const command = "blink";

export async function makeDevices(
  database: Database,
  devices: readonly { readonly name: string; readonly token: string }[],
): Promise<void> {
  const registry = createDevices({ database, clock: systemClock });
  await database.transaction(async (connection) => {
    await registry.createProfile(connection, {
      ...{
        id: "cluster",
        nameEn: "Cluster proof",
        nameZh: "集群验证",
        keys: [],
        expectedIntervalSeconds: 60,
      },
      commands: [
        {
          ...{ method: command, name: { en: "Blink", zh: "闪烁" }, isPhysical: false, isOneWay: false },
          parameters: [],
        },
      ],
    });
    for (const { name, token } of devices) {
      const device = await registry.createDevice(connection, { name, label: "", profileId: "cluster" });
      await registry.issueAccessToken(connection, device.id, token);
    }
  });
}

export async function countReadings(database: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from reading`.execute(
    tablesOf(database),
  );
  return Number(rows[0]?.count ?? 0);
}

/** Readings of each device. */
export async function countByDevice(database: Database): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ name: string; count: number }>`
    select device.name, count(*) as count from reading
    join series on series.id = series_id join device on device.id = device_id group by device.name`.execute(
    tablesOf(database),
  );
  return new Map(rows.map(({ name, count }) => [name, Number(count)]));
}

export interface Holding {
  readonly name: string;
  readonly isConnected: boolean;
  readonly roles: string | null;
}

/** Who is connected, and whether the process that holds it lives. */
export async function readHoldings(database: Database): Promise<readonly Holding[]> {
  const { rows } = await sql<Holding>`
    select device.name, is_connected, process.roles from device_connection
    join device on device.id = device_id left join process on process.id = process_id`.execute(
    tablesOf(database),
  );
  return rows;
}

/** What is not as the devices remember it; empty when nothing is lost and nothing counted twice. */
export async function compare(
  database: Database,
  fleet: readonly ClusterDevice[],
): Promise<readonly string[]> {
  const tables = tablesOf(database);
  const { rows: readings } = await sql<{
    name: string;
    observedAt: number;
    number: number;
    sequence: number;
  }>`
    select device.name, observed_at, number, sequence from reading
    join series on series.id = series_id join device on device.id = device_id`.execute(tables);
  const { rows: held } = await sql<{ payload: string; count: number }>`
    select payload, count(*) as count from quarantine group by payload`.execute(tables);
  const { rows: rollups } = await sql<{ name: string; counted: number; stored: number }>`
    select device.name, (select coalesce(sum(minute.count), 0) from rollup_minute as minute where minute.series_id = series.id) as counted,
      (select count(*) from reading where series_id = series.id) as stored
    from series join device on device.id = device_id`.execute(tables);
  const stored = new Map<string, number>();
  for (const { name, observedAt, number } of readings) {
    const key = `${name} ${observedAt} ${number}`;
    stored.set(key, (stored.get(key) ?? 0) + 1);
  }
  const quarantined = new Map(held.map(({ payload, count }) => [payload, Number(count)]));
  return [
    ...some("is lost", lost(fleet, stored, quarantined)),
    ...some("is counted twice", twice(stored)),
    ...some("is in quarantine more often than it was sent", heldTooOften(fleet, quarantined)),
    ...some("was never sent", unsent(fleet, stored)),
    ...some(
      "has another count in its minutes than readings",
      rollups
        .filter(({ counted, stored: count }) => Number(counted) !== Number(count))
        .map(({ name, counted, stored: count }) => `${name} (${counted} of ${count})`),
    ),
  ];
}

function some(what: string, names: readonly string[]): string[] {
  const shown = names.slice(0, failuresPerKindMax).map((name) => `${name} ${what}`);
  return names.length > failuresPerKindMax ? [...shown, `${names.length} in all: ${what}`] : shown;
}

const keyOf = (name: string, counter: number): string =>
  `${name} ${observedAtOf(counter)} ${valueAt(counter)}`;

function lost(
  fleet: readonly ClusterDevice[],
  stored: ReadonlyMap<string, number>,
  quarantined: ReadonlyMap<string, number>,
): string[] {
  return fleet.flatMap(({ name, acknowledged }) =>
    [...acknowledged]
      .filter((counter) =>
        isMalformed(counter)
          ? !quarantined.has(malformedPayload(name, counter))
          : !stored.has(keyOf(name, counter)),
      )
      .map((counter) => `message ${counter} of ${name}`),
  );
}

const twice = (stored: ReadonlyMap<string, number>): string[] =>
  [...stored].filter(([, count]) => count > 1).map(([key]) => key);

function heldTooOften(fleet: readonly ClusterDevice[], quarantined: ReadonlyMap<string, number>): string[] {
  return fleet.flatMap(({ name, malformedSent }) =>
    [...malformedSent]
      .filter(([counter, times]) => (quarantined.get(malformedPayload(name, counter)) ?? 0) > times)
      .map(([counter]) => `message ${counter} of ${name}`),
  );
}

function unsent(fleet: readonly ClusterDevice[], stored: ReadonlyMap<string, number>): string[] {
  const sent = new Set(
    fleet.flatMap(({ name, nextCounter }) =>
      Array.from({ length: nextCounter }, (_, counter) => keyOf(name, counter)),
    ),
  );
  return [...stored.keys()].filter((key) => !sent.has(key));
}

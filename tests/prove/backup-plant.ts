// The product under the load of a fleet, and the backups that `waremind backup` takes of it meanwhile.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { migrations } from "../../server/src/migrations/index.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { openDatabase } from "../../server/src/platform/open-database.ts";
import { until } from "../support/until.ts";
import { type ClusterDevice, runClusterDevice } from "./cluster-fleet.ts";
import { createProcess } from "./cluster-process.ts";
import { makeDevices } from "./cluster-shop.ts";

const root = resolve(import.meta.dirname, "../..");
const deviceCount = 8;
/** Before each backup, so that it is taken under load and there is something new in it. */
const messagesBetween = 100;
export const passphrase = "only for this proof";

export interface TakenBackup {
  readonly number: number;
  readonly file: string;
  /** What each device knew to be acknowledged before the backup was asked for. */
  readonly acknowledged: readonly ReadonlySet<number>[];
  /** Audited changes that were made before it. */
  readonly auditedCount: number;
}

export interface BackupPlant {
  readonly directory: string;
  readonly dataDirectory: string;
  readonly backups: readonly TakenBackup[];
  readonly fleet: readonly ClusterDevice[];
  readonly administrator: { readonly email: string; readonly password: string };
  backUp(): Promise<void>;
  acknowledgedCount(): number;
  /** The server, by SIGKILL, under load; then the fleet. */
  kill(): Promise<void>;
  dispose(): Promise<void>;
}

export async function openPlant(options: {
  readonly kind: "embedded" | "postgresql";
  readonly directory: string;
  readonly databaseUrl: string | undefined;
  log(line: string): void;
}): Promise<BackupPlant> {
  const { kind, directory, databaseUrl, log } = options;
  const dataDirectory = join(directory, "data");
  mkdirSync(dataDirectory, { recursive: true });
  const names = Array.from({ length: deviceCount }, (_, index) => ({
    ...{ name: `cluster-${String(index).padStart(3, "0")}`, token: `cluster-token-${index}` },
  }));
  // Before the server holds the store.
  const database = await openDatabase({ databaseUrl, dataDirectory, log: silentLog });
  await database.migrate(migrations);
  await makeDevices(database, names);
  await database.close();
  const environment = { WAREMIND_DATABASE_URL: databaseUrl ?? "", WAREMIND_NATS_URL: "" };
  const server = await createProcess({ name: kind, roles: "ingest,worker,api", dataDirectory, environment });
  await server.start();
  const { administrator } = server;
  if (administrator === null) throw new Error(`The server made no administrator:\n${server.output()}`);
  const fleet = names.map((_, index) => runClusterDevice(index, [server.mqttPort]));
  const backups: TakenBackup[] = [];
  const acknowledgedCount = () => fleet.reduce((sum, device) => sum + device.acknowledged.size, 0);
  const stop = async () => {
    await server.kill();
    for (const device of fleet) await device.stop();
  };
  return {
    ...{ directory, dataDirectory, backups, fleet, administrator, acknowledgedCount },
    backUp: async () => {
      const before = acknowledgedCount();
      await until(
        () => (acknowledgedCount() >= before + messagesBetween ? true : undefined),
        `${messagesBetween} more messages are acknowledged`,
      );
      const number = backups.length + 1;
      await changeSomethingAudited(server.url, dataDirectory, number);
      const file = join(directory, `backup-${number}.waremind`);
      const acknowledged = fleet.map((device) => new Set(device.acknowledged));
      const begun = acknowledgedCount();
      const run = await runWaremind(["backup", file], { dataDirectory, databaseUrl });
      if (run.code !== 0) throw new Error(`waremind backup failed:\n${run.output}\n${server.output()}`);
      backups.push({ number, file, acknowledged, auditedCount: number });
      const { size, mode } = statSync(file);
      if ((mode & 0o777) !== 0o600) throw new Error(`The backup may be read by others: ${mode.toString(8)}`);
      const megabytes = (size / 1e6).toFixed(1);
      log(
        `${kind}, backup ${number}: ${megabytes} MB while ${acknowledgedCount() - begun} messages were acknowledged`,
      );
    },
    kill: stop,
    dispose: stop,
  };
}

async function changeSomethingAudited(url: string, dataDirectory: string, number: number): Promise<void> {
  const { control } = JSON.parse(readFileSync(join(dataDirectory, "keys.json"), "utf8")) as {
    control: string;
  };
  const response = await fetch(`${url}/api/devices/cluster-000/server-attributes`, {
    method: "POST",
    headers: { authorization: `Bearer ${control}`, "content-type": "application/json" },
    body: JSON.stringify({ values: { round: number } }),
  });
  if (!response.ok)
    throw new Error(`An attribute could not be noted: ${response.status} ${await response.text()}`);
}

/** The program as a person calls it. */
export async function runWaremind(
  parameters: readonly string[],
  place: {
    readonly dataDirectory: string;
    readonly databaseUrl: string | undefined;
    readonly passphrase?: string;
  },
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(root, "server/src/main.ts"), ...parameters],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ...{ WAREMIND_DATA_DIR: place.dataDirectory, WAREMIND_DATABASE_URL: place.databaseUrl ?? "" },
        ...{ WAREMIND_BACKUP_PASSPHRASE: place.passphrase ?? passphrase, WAREMIND_BASE_URL: "", LANG: "C" },
      },
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

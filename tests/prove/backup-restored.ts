// What is looked at in a backup that was restored, and in one that was damaged.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBackupFile } from "../../server/src/cli/backup-file.ts";
import { decodeBackup } from "../../server/src/platform/backup/decode.ts";
import { DomainError } from "../../server/src/platform/errors.ts";
import { loadKeys } from "../../server/src/platform/keys.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { openDatabase } from "../../server/src/platform/open-database.ts";
import { auditFaults, indexFaults, integrityFaults, rollupFaults } from "./backup-checks.ts";
import { type BackupPlant, passphrase, runWaremind, type TakenBackup } from "./backup-plant.ts";
import type { ClusterDevice } from "./cluster-fleet.ts";
import { createProcess } from "./cluster-process.ts";
import { compare } from "./cluster-shop.ts";

const damagedPlaces = 24;

interface Place {
  readonly directory: string;
  readonly databaseUrl: string | undefined;
}

/** `waremind restore` into an empty place, then every check on the store itself. */
export async function restoreAndJudge(
  plant: BackupPlant,
  taken: TakenBackup,
  place: Place,
): Promise<readonly string[]> {
  const target = { dataDirectory: place.directory, databaseUrl: place.databaseUrl };
  const restored = await runWaremind(["restore", taken.file], target);
  if (restored.code !== 0) return [`it was not restored: ${restored.output.trim()}`];
  const overwritten = taken.number === 1 ? await restoreOver(taken, target) : [];
  const database = await openDatabase({
    ...{ databaseUrl: place.databaseUrl, dataDirectory: place.directory, log: silentLog },
  });
  try {
    const { approvals } = await loadKeys(place.directory);
    return [
      ...overwritten,
      ...(await compare(database, asOf(plant.fleet, taken))),
      ...(await rollupFaults(database)),
      ...(await auditFaults(database, { signingSecret: approvals, entriesMin: taken.auditedCount })),
      ...(await indexFaults(database)),
      ...(await integrityFaults(database)),
    ];
  } finally {
    await database.close();
  }
}

async function restoreOver(
  taken: TakenBackup,
  target: { readonly dataDirectory: string; readonly databaseUrl: string | undefined },
): Promise<readonly string[]> {
  const { code } = await runWaremind(["restore", taken.file], target);
  return code === 0 ? ["a second restore went over the first"] : [];
}

/** The fleet as it was: what must be there is what was acknowledged before, what may be there all that was ever sent. */
function asOf(fleet: readonly ClusterDevice[], { acknowledged }: TakenBackup): readonly ClusterDevice[] {
  return fleet.map((device, index) => ({
    ...device,
    nextCounter: device.nextCounter,
    acknowledged: acknowledged[index] ?? new Set(),
  }));
}

/** The whole product on what was restored: a person signs in with the password of before, and the audit chain holds. */
export async function startRestored(plant: BackupPlant, place: Place): Promise<readonly string[]> {
  const server = await createProcess({
    ...{ name: "restored", roles: "ingest,worker,api", dataDirectory: place.directory },
    environment: { WAREMIND_DATABASE_URL: place.databaseUrl ?? "", WAREMIND_NATS_URL: "" },
  });
  try {
    await server.start();
    const signedIn = await fetch(`${server.url}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify(plant.administrator),
    });
    const faults = signedIn.ok ? [] : [`the administrator cannot sign in: ${signedIn.status}`];
    const proven = await runWaremind(["doctor", "--audit"], {
      ...{ dataDirectory: place.directory, databaseUrl: place.databaseUrl },
    });
    return proven.code === 0 ? faults : [...faults, `the audit chain: ${proven.output.trim()}`];
  } catch (error) {
    return [`it does not start: ${String(error)}`];
  } finally {
    await server.kill();
  }
}

/** In this process, since a new one for each place takes longer than the proof. */
async function faultOf(file: string, what: string): Promise<readonly string[]> {
  try {
    for await (const _ of decodeBackup(readBackupFile(file), { passphrase }));
    return [`${what} is taken for whole`];
  } catch (error) {
    const isTold = error instanceof DomainError && error.sentence.en.includes("damaged");
    return isTold ? [] : [`${what} is refused without saying why: ${String(error)}`];
  }
}

/** Every damaged copy must be refused with what is wrong, and so must a wrong passphrase. */
export async function proveDamageIsFound(
  plant: BackupPlant,
  taken: TakenBackup,
  seed: number,
): Promise<readonly string[]> {
  const whole = readFileSync(taken.file);
  const damaged = join(plant.directory, "damaged.waremind");
  const target = { dataDirectory: join(plant.directory, "never"), databaseUrl: undefined };
  const failures: string[] = [];
  const refuses = async (what: string, expected: RegExp, place: typeof target & { passphrase?: string }) => {
    const run = await runWaremind(["restore", "--check", damaged], place);
    if (run.code === 0) failures.push(`${what} is taken for whole`);
    else if (!expected.test(run.output))
      failures.push(`${what} is refused without saying why: ${run.output.trim()}`);
  };
  writeFileSync(damaged, whole);
  const good = await runWaremind(["restore", "--check", damaged], target);
  if (good.code !== 0) failures.push(`a whole one is refused: ${good.output.trim()}`);
  await refuses("a wrong passphrase", /not the passphrase/u, { ...target, passphrase: "something else" });
  for (let place = 0; place < damagedPlaces; place += 1) {
    const at = Math.floor(whole.length * ((place + 0.5) / damagedPlaces) + (seed % 1_000)) % whole.length;
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    writeFileSync(damaged, changed);
    failures.push(...(await faultOf(damaged, `byte ${at} changed`)));
  }
  writeFileSync(damaged, whole.subarray(0, whole.length - 5));
  await refuses("one without its end", /before it is complete/u, target);
  return failures;
}

// [prove: backup] The product is backed up under load and killed; each backup is restored elsewhere and everything looked at.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOwnDatabase } from "../support/postgresql.ts";
import { copyWhilePagesChange } from "./backup-pages.ts";
import { type BackupPlant, openPlant } from "./backup-plant.ts";
import { proveDamageIsFound, restoreAndJudge, startRestored } from "./backup-restored.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const sizes = {
  full: { pages: 25, embedded: 20, postgresql: 5 },
  everyDay: { pages: 1, embedded: 1, postgresql: 1 },
} as const;
const failuresToldMax = 20;

interface Tally {
  passed: number;
  failed: number;
  backups: number;
  acknowledged: number;
  readonly failures: string[];
}

export const backup: Suite = {
  name: "backup",
  title: { en: "A backup is whole, though taken under load", zh: "负载下的备份完整可用" },
  bar: "a backup taken under load restores to a state where every check passes: acknowledged readings there, once, indexes, keys, rollups and audit chain right, people sign in; damage and a wrong passphrase are refused",
  run: async (context): Promise<SuiteOutcome> => {
    const size = context.isFull ? sizes.full : sizes.everyDay;
    const tally: Tally = { passed: 0, failed: 0, backups: 0, acknowledged: 0, failures: [] };
    const directory = mkdtempSync(join(tmpdir(), "waremind-backup-"));
    try {
      await provePages(context, directory, size.pages, tally);
      await proveProduct(context, { kind: "embedded", directory, backups: size.embedded, tally });
      if (context.postgresqlUrl !== undefined)
        await proveProduct(context, { kind: "postgresql", directory, backups: size.postgresql, tally });
      else context.log("skipped: PostgreSQL (none was given)");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    return {
      ...{ passed: tally.passed, failed: tally.failed },
      skipped: context.postgresqlUrl === undefined ? size.postgresql : 0,
      figure: `${tally.backups} backups under load restored, ${tally.acknowledged} messages acknowledged meanwhile; ${tally.failures.length === 0 ? "every check passes" : `${tally.failures.length} faults`}`,
      failures: tally.failures.slice(0, failuresToldMax),
    };
  },
};

function note(tally: Tally, failures: readonly string[]): void {
  if (failures.length === 0) tally.passed += 1;
  else tally.failed += 1;
  tally.failures.push(...failures);
}

async function provePages(
  context: SuiteContext,
  directory: string,
  rounds: number,
  tally: Tally,
): Promise<void> {
  const { failures, movesDuringCopies } = await copyWhilePagesChange({ ...context, directory, rounds });
  tally.backups += rounds;
  note(tally, movesDuringCopies === 0 ? ["no page changed during any copy"] : failures);
}

interface Product {
  readonly kind: "embedded" | "postgresql";
  readonly directory: string;
  readonly backups: number;
  readonly tally: Tally;
}

async function proveProduct(context: SuiteContext, product: Product): Promise<void> {
  const { kind, tally } = product;
  const url = kind === "postgresql" ? context.postgresqlUrl : undefined;
  const own = url === undefined ? null : await createOwnDatabase(url, { isMigrated: false });
  const plant = await openPlant({
    ...{ kind, directory: join(product.directory, kind), log: context.log },
    databaseUrl: own?.url,
  });
  try {
    for (let round = 1; round <= product.backups; round += 1) {
      context.signal.throwIfAborted();
      await plant.backUp();
    }
    await plant.kill();
    tally.acknowledged += plant.acknowledgedCount();
    await proveBackups(context, plant, { ...product, url });
  } finally {
    await plant.dispose();
    await own?.drop();
  }
}

async function proveBackups(
  context: SuiteContext,
  plant: BackupPlant,
  { kind, tally, url }: Product & { readonly url: string | undefined },
): Promise<void> {
  const last = plant.backups.at(-1);
  for (const taken of plant.backups) {
    context.signal.throwIfAborted();
    const database = url === undefined ? null : await createOwnDatabase(url, { isMigrated: false });
    const place = {
      directory: join(plant.directory, `restored-${taken.number}`),
      databaseUrl: database?.url,
    };
    try {
      const failures = [...(await restoreAndJudge(plant, taken, place))];
      const isStarted = taken === last && (kind === "embedded" || context.isFull);
      if (isStarted && failures.length === 0) failures.push(...(await startRestored(plant, place)));
      tally.backups += 1;
      note(
        tally,
        failures.map((failure) => `${kind}, backup ${taken.number}: ${failure}`),
      );
      context.log(
        `${kind}, backup ${taken.number} of ${plant.backups.length}: ${failures[0] ?? "all there, once, every check passes"}`,
      );
    } finally {
      rmSync(place.directory, { recursive: true, force: true });
      await database?.drop();
    }
  }
  if (last !== undefined && kind === "embedded")
    note(tally, await proveDamageIsFound(plant, last, context.seed));
}

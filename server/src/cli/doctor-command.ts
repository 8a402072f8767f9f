import { mkdir } from "node:fs/promises";
import { auditPageSchema } from "@waremind/contract";
import { defineCommand } from "citty";
import { type Config, readConfig } from "../config.ts";
import { createGuard } from "../guard/index.ts";
import { migrations } from "../migrations/index.ts";
import { systemClock } from "../platform/clock.ts";
import { loadKeys } from "../platform/keys.ts";
import { silentLog } from "../platform/log.ts";
import { openDatabase } from "../platform/open-database.ts";
import { callServer } from "./control.ts";
import { complain, print } from "./print.ts";
import { findRunning } from "./running.ts";

/** `waremind doctor [--audit]`: looks at the store and the settings, and proves the audit chain. */
export const doctorCommand = defineCommand({
  meta: { name: "doctor", description: "Check the settings and the store, and prove the audit chain." },
  args: { audit: { type: "boolean", default: false, description: "Only prove the audit chain" } },
  async run({ args }) {
    const config = readConfig();
    if (!args.audit) {
      print(`node        ${process.versions.node}`);
      print(`data        ${config.dataDirectory}`);
      print(`store       ${config.databaseUrl === undefined ? "embedded" : "PostgreSQL"}`);
      print(`model       ${config.model?.name ?? "built-in composer"}`);
    }
    const running = await findRunning(config.dataDirectory);
    if (!args.audit) print(`server      ${running === null ? "not running" : `running at ${running.url}`}`);
    const audit = running === null ? await proveHere(config) : await proveThere(config);
    if (audit.firstBrokenSequence === null) {
      print(`audit chain holds: ${audit.total} entries`);
      return;
    }
    complain(
      `audit chain is BROKEN at entry ${audit.firstBrokenSequence} of ${audit.total}: that entry, or one before it, was changed or removed outside Waremind.`,
    );
    process.exitCode = 1;
  },
});

interface AuditProof {
  readonly total: number;
  readonly firstBrokenSequence: number | null;
}

/** A running server holds its store; it proves the chain itself. */
async function proveThere(config: Config): Promise<AuditProof> {
  return auditPageSchema.parse(
    await callServer(config.dataDirectory, "GET", "/api/audit?limit=1&proof=whole"),
  );
}

async function proveHere(config: Config): Promise<AuditProof> {
  await mkdir(config.dataDirectory, { recursive: true });
  const keys = await loadKeys(config.dataDirectory);
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDirectory: config.dataDirectory,
    log: silentLog,
  });
  try {
    await database.migrate(migrations);
    const proof = await createGuard({
      database,
      clock: systemClock,
      signingSecret: keys.approvals,
    }).proveAudit();
    return { total: proof.entryCount, firstBrokenSequence: proof.firstBrokenSequence };
  } finally {
    await database.close();
  }
}

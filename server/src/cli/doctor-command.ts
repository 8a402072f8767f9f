import { mkdir } from "node:fs/promises";
import type { Language } from "@waremind/contract";
import { defineCommand } from "citty";
import { type Config, readConfig, readLanguage } from "../config.ts";
import { migrations } from "../migrations/index.ts";
import { systemClock } from "../platform/clock.ts";
import { silentLog } from "../platform/log.ts";
import { openDatabase } from "../platform/open-database.ts";
import type { CheckLine, CheckState } from "./doctor/check.ts";
import { type AuditProof, examine, proveAudit, proveThere } from "./doctor/examine.ts";
import { complain, print } from "./print.ts";
import { findRunning } from "./running.ts";

/** `waremind doctor [--json] [--audit]`: looks at everything that must be right; the exit code is 1 when something is not. */
export const doctorCommand = defineCommand({
  meta: {
    name: "doctor",
    description: "Check settings, machine, store and what Waremind leans on, and prove the audit chain.",
  },
  args: {
    json: { type: "boolean", default: false, description: "Answer as JSON, in both languages" },
    audit: { type: "boolean", default: false, description: "Only prove the audit chain" },
  },
  async run({ args }) {
    if (args.audit) return proveOnly(readConfig());
    const lines = await examine(() => readConfig(), systemClock);
    const isGood = lines.every(({ state }) => state !== "fail");
    if (args.json) print(JSON.stringify({ ok: isGood, checks: lines }, null, 2));
    else for (const line of lines) for (const text of textOf(line, readLanguage())) print(text);
    if (!isGood) process.exitCode = 1;
  },
});

const stateWords: Readonly<Record<CheckState, { readonly en: string; readonly zh: string }>> = {
  ok: { en: "ok", zh: "正常" },
  info: { en: "info", zh: "信息" },
  warn: { en: "WARN", zh: "注意" },
  fail: { en: "FAIL", zh: "故障" },
  skip: { en: "skip", zh: "跳过" },
};
const stateWidth = 5;
const checkWidth = 15;

/** A line for what is so, and one below it for what to do. */
export function textOf(line: CheckLine, language: Language): string[] {
  // Chinese characters are two columns wide.
  const word = stateWords[line.state][language];
  const pad = " ".repeat(stateWidth - (language === "zh" ? 2 * word.length : word.length));
  const first = `${word}${pad}${line.check.padEnd(checkWidth)} ${line.message[language]}`;
  if (line.advice === undefined) return [first];
  return [first, `${" ".repeat(stateWidth + checkWidth + 1)}→ ${line.advice[language]}`];
}

async function proveOnly(config: Config): Promise<void> {
  const running = await findRunning(config.dataDirectory);
  const audit = running === null ? await proveHere(config) : await proveThere(config);
  if (audit.firstBrokenSequence === null) {
    print(`audit chain holds: ${audit.total} entries`);
    return;
  }
  complain(
    `audit chain is BROKEN at entry ${audit.firstBrokenSequence} of ${audit.total}: that entry, or one before it, was changed or removed outside Waremind.`,
  );
  process.exitCode = 1;
}

async function proveHere(config: Config): Promise<AuditProof> {
  const { databaseUrl, dataDirectory } = config;
  await mkdir(dataDirectory, { recursive: true });
  const database = await openDatabase({ databaseUrl, dataDirectory, log: silentLog });
  try {
    await database.migrate(migrations);
    return await proveAudit(config, systemClock, database);
  } finally {
    await database.close();
  }
}

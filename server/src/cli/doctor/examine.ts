// Everything `waremind doctor` looks at, in the order in which a person would.
import { auditPageSchema, type BilingualText } from "@waremind/contract";
import { sql } from "kysely";
import { type Config, ConfigError } from "../../config.ts";
import { createGuard } from "../../guard/index.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Database, tablesOf } from "../../platform/database.ts";
import { loadKeys } from "../../platform/keys.ts";
import { callServer } from "../control.ts";
import { findRunning, type Running } from "../running.ts";
import { type CheckLine, fail, info, ok, reasonOf, said, skip } from "./check.ts";
import { checkCertificate, checkDataFolder, checkPorts } from "./machine-checks.ts";
import { checkModel, checkNats } from "./network-checks.ts";
import { checkStore } from "./store-checks.ts";

const answerMsMax = 5_000;
/** Before the first release; a clock that says so was never set. */
const earliestAt = Date.UTC(2026, 0, 1);

export interface AuditProof {
  readonly total: number;
  readonly firstBrokenSequence: number | null;
}

/** @param read the settings; what it throws is a line of its own. Never rejects. */
export async function examine(read: () => Config, clock: Clock): Promise<readonly CheckLine[]> {
  let config: Config;
  try {
    config = read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = said(
      "Correct it; `waremind start --help` lists every setting.",
      "请更正；`waremind start --help` 列出全部设置。",
    );
    return [node(), fail("settings", said(error.message, error.message), advice)];
  }
  const running = await findRunning(config.dataDirectory);
  const now = clock.now();
  return [
    node(),
    ok("settings", said("They can be used.", "设置有效。")),
    ...judgeNow(now),
    ...(await checkDataFolder(config)),
    await judgeServer(running),
    ...(await checkPorts(config, running)),
    ...(await checkCertificate(config, now)),
    ...(await storeAndAudit(config, clock, running)),
    ...(await checkNats(config)),
    ...(await checkModel(config)),
  ];
}

const node = (): CheckLine =>
  info("node", said(`Node.js ${process.versions.node}`, `Node.js ${process.versions.node}`));

function judgeNow(at: number): CheckLine[] {
  if (at >= earliestAt) return [];
  const day = new Date(at).toISOString().slice(0, 10);
  return [
    fail(
      "clock",
      said(`The clock of this machine says ${day}.`, `本机时钟显示为 ${day}。`),
      said("Set it, and synchronise it with NTP.", "请校准时钟并通过 NTP 同步。"),
    ),
  ];
}

async function judgeServer(running: Running | null): Promise<CheckLine> {
  if (running === null)
    return info("server", said("It does not run on this data folder.", "未在此数据文件夹上运行。"));
  const advice = said("Look into the server's log.", "请查看服务器日志。");
  try {
    const response = await fetch(new URL("/readyz", running.url), {
      signal: AbortSignal.timeout(answerMsMax),
    });
    const body = (await response.json()) as {
      parts?: readonly { part: string; isReady: boolean; reason?: BilingualText }[];
    };
    const waiting = (body.parts ?? []).filter(({ isReady }) => !isReady);
    if (response.ok) return ok("server", said(`It runs at ${running.url}.`, `运行于 ${running.url}。`));
    const reasons = (language: "en" | "zh") =>
      waiting.map(({ part, reason }) => `${part}: ${reason?.[language] ?? ""}`).join(" ");
    return fail("server", said(`It is not ready. ${reasons("en")}`, `尚未就绪。${reasons("zh")}`), advice);
  } catch (error) {
    const reason = reasonOf(error);
    return fail(
      "server",
      said(
        `It runs at ${running.url} and does not answer: ${reason}`,
        `运行于 ${running.url}，但没有响应：${reason}`,
      ),
      advice,
    );
  }
}

/** The embedded store belongs to one process, so a running server speaks for it. */
async function storeAndAudit(
  config: Config,
  clock: Clock,
  running: Running | null,
): Promise<readonly CheckLine[]> {
  if (running === null) return checkStore(config, clock, (database) => auditHere(config, clock, database));
  const store =
    config.databaseUrl === undefined
      ? [skip("store", said("The running server holds it.", "由运行中的服务器持有。"))]
      : await checkStore(config, clock, () => Promise.resolve([]));
  const audit = await proveThere(config).then(judgeAudit, (error: unknown) => {
    const reason = reasonOf(error);
    return skip("audit", said(`It could not be proven: ${reason}`, `无法验证：${reason}`));
  });
  return [...store, audit];
}

export async function proveThere(config: Config): Promise<AuditProof> {
  return auditPageSchema.parse(
    await callServer(config.dataDirectory, "GET", "/api/audit?limit=1&proof=whole"),
  );
}

async function auditHere(config: Config, clock: Clock, database: Database): Promise<readonly CheckLine[]> {
  const { rows } = await sql<{ present: boolean }>`
    select to_regclass('audit_entry') is not null as present`.execute(tablesOf(database));
  if (rows[0]?.present !== true) return [];
  return [judgeAudit(await proveAudit(config, clock, database))];
}

export async function proveAudit(config: Config, clock: Clock, database: Database): Promise<AuditProof> {
  const { approvals } = await loadKeys(config.dataDirectory);
  const proof = await createGuard({ database, clock, signingSecret: approvals }).proveAudit();
  return { total: proof.entryCount, firstBrokenSequence: proof.firstBrokenSequence };
}

function judgeAudit({ total, firstBrokenSequence }: AuditProof): CheckLine {
  if (firstBrokenSequence === null)
    return ok("audit", said(`audit chain holds: ${total} entries`, `审计链完整：共 ${total} 条`));
  return fail(
    "audit",
    said(
      `audit chain is BROKEN at entry ${firstBrokenSequence} of ${total}: that entry, or one before it, was changed or removed outside Waremind.`,
      `审计链在第 ${firstBrokenSequence} 条（共 ${total} 条）处断裂：该条或之前的记录曾在 Waremind 之外被改动或删除。`,
    ),
    said(
      "Compare it with a backup, and find out who may write to the store.",
      "请与备份比对，并查明谁能写入存储。",
    ),
  );
}

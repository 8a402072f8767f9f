// Whether the store answers, is of a version that will do, has every migration, and agrees on the time.
import { existsSync } from "node:fs";
import { sql } from "kysely";
import type { Config } from "../../config.ts";
import { migrations } from "../../migrations/index.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Database, tablesOf } from "../../platform/database.ts";
import { clusterOf } from "../../platform/embedded-cluster.ts";
import { jobLimits } from "../../platform/jobs.ts";
import { silentLog } from "../../platform/log.ts";
import { openDatabase } from "../../platform/open-database.ts";
import { type CheckLine, fail, info, ok, reasonOf, said, warn } from "./check.ts";

const versionMin = 150_000;
const clockMsWarn = 2_000;

/** Looks, and changes nothing: a store that is not there is not made, and none is migrated. `look` sees the open store. */
export async function checkStore(
  config: Config,
  clock: Clock,
  look: (database: Database) => Promise<readonly CheckLine[]>,
): Promise<CheckLine[]> {
  const { databaseUrl, dataDirectory } = config;
  if (databaseUrl === undefined && !existsSync(clusterOf(dataDirectory)))
    return [
      info("store", said("There is none yet; the first start makes it.", "尚无存储，首次启动时会创建。")),
    ];
  let database: Database;
  try {
    database = await openDatabase({ databaseUrl, dataDirectory, log: silentLog });
  } catch (error) {
    return [cannotOpen(config, error)];
  }
  try {
    return [...(await checkOpen(database, clock)), ...(await look(database))];
  } catch (error) {
    return [cannotOpen(config, error)];
  } finally {
    await database.close();
  }
}

function cannotOpen({ databaseUrl }: Config, error: unknown): CheckLine {
  const reason = reasonOf(error);
  return fail(
    "store",
    said(`It does not answer: ${reason}`, `存储没有响应：${reason}`),
    databaseUrl === undefined
      ? said(
          "Stop whatever else holds the data folder; if it is damaged, put a backup in its place.",
          "请停止占用数据文件夹的其他程序；若数据已损坏，请用备份替换。",
        )
      : said(
          "Check the address, user and password in WAREMIND_DATABASE_URL, and that PostgreSQL runs.",
          "请检查 WAREMIND_DATABASE_URL 中的地址、用户和密码，并确认 PostgreSQL 正在运行。",
        ),
  );
}

async function checkOpen(database: Database, clock: Clock): Promise<CheckLine[]> {
  const askedAt = clock.now();
  const { rows } = await sql<{ version: string; number: number; now: number }>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now`.execute(tablesOf(database));
  const answeredAt = clock.now();
  const [row] = rows;
  if (row === undefined) throw new Error("The store gave no version.");
  const kind = database.kind === "embedded" ? said("embedded", "内置") : said("PostgreSQL", "PostgreSQL");
  const message = said(
    `It answers: ${kind.en}, version ${row.version}.`,
    `存储正常：${kind.zh}，版本 ${row.version}。`,
  );
  const version =
    row.number < versionMin
      ? fail("store", message, said("PostgreSQL 15 or later is needed.", "需要 PostgreSQL 15 或更高版本。"))
      : ok("store", message);
  return [
    version,
    await checkMigrations(database),
    ...(database.kind === "postgresql"
      ? [checkClock(row.now, { askedAt, answeredAt }), await checkTimescale(database)]
      : []),
  ];
}

async function checkMigrations(database: Database): Promise<CheckLine> {
  const { rows } = await sql<{ present: boolean }>`
    select to_regclass('kysely_migration') is not null as present`.execute(tablesOf(database));
  const done =
    rows[0]?.present === true
      ? (await sql<{ name: string }>`select name from kysely_migration`.execute(tablesOf(database))).rows
      : [];
  const names = new Set(done.map(({ name }) => name));
  const missing = Object.keys(migrations).filter((name) => !names.has(name));
  const unknown = [...names].filter((name) => !(name in migrations));
  if (unknown.length > 0)
    return fail(
      "migrations",
      said(
        `A later version of Waremind changed this store: ${unknown.join(", ")}.`,
        `此存储已被更高版本的 Waremind 修改：${unknown.join("、")}。`,
      ),
      said("Run that version or a later one.", "请运行该版本或更高版本。"),
    );
  if (missing.length === 0)
    return ok("migrations", said(`All ${names.size} are done.`, `全部 ${names.size} 项迁移已完成。`));
  return info(
    "migrations",
    said(
      `${missing.length} are left for the next start: ${missing.join(", ")}.`,
      `${missing.length} 项将在下次启动时执行：${missing.join("、")}。`,
    ),
  );
}

function checkClock(
  storeAt: number,
  { askedAt, answeredAt }: { askedAt: number; answeredAt: number },
): CheckLine {
  // Anywhere between the question and the answer counts as the same moment.
  const apartMs = Math.round(Math.max(0, askedAt - storeAt, storeAt - answeredAt));
  const message = said(
    `The clocks of this machine and of PostgreSQL are ${apartMs} ms apart.`,
    `本机与 PostgreSQL 的时钟相差 ${apartMs} 毫秒。`,
  );
  const advice = said("Synchronise both with NTP.", "请通过 NTP 同步两者的时钟。");
  if (apartMs >= jobLimits.leaseMs) return fail("clock", message, advice);
  return apartMs >= clockMsWarn ? warn("clock", message, advice) : ok("clock", message);
}

async function checkTimescale(database: Database): Promise<CheckLine> {
  const { rows } = await sql<{ installed: string | null; offered: string | null }>`
    select installed_version as installed, default_version as offered
    from pg_available_extensions where name = 'timescaledb'`.execute(tablesOf(database));
  const [row] = rows;
  if (row === undefined)
    return info(
      "timescaledb",
      said("It is not on this server; it is not needed.", "服务器上没有 TimescaleDB；并非必需。"),
    );
  return row.installed === null
    ? info(
        "timescaledb",
        said(`Version ${row.offered} could be added.`, `可启用 TimescaleDB ${row.offered}。`),
      )
    : info(
        "timescaledb",
        said(`Version ${row.installed} is there.`, `已启用 TimescaleDB ${row.installed}。`),
      );
}

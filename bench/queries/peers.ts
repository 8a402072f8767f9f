// The peers: each a process of its own with its own folder and port, filled with the same readings by its own bulk way.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Asker, openAsker } from "./ask.ts";
import { countOf, everyMsOf, hundredthsOf, seriesCount, startOf, type Workload } from "./workload.ts";

export interface Peer {
  readonly pid: number;
  readonly asker: Asker;
  stop(): Promise<void>;
}

const startMsMax = 15_000;
const stopMsMax = 30_000;
const influxBatchBytes = 2_000_000;
const victoriaPointsPerLine = 10_000;

/** Null when the program is not installed. */
export async function startInflux(folder: string): Promise<Peer | null> {
  const [port, rpcPort] = [await freePort(), await freePort()];
  await mkdir(folder, { recursive: true });
  const file = join(folder, "influxdb.conf");
  const lines = [
    "reporting-disabled = true",
    `bind-address = "127.0.0.1:${rpcPort}"`,
    ...["[meta]", `dir = "${join(folder, "meta")}"`],
    ...["[data]", `dir = "${join(folder, "data")}"`, `wal-dir = "${join(folder, "wal")}"`],
    // Written out and packed soon after the last write, as it would be in the long run.
    ...['cache-snapshot-write-cold-duration = "2s"', 'compact-full-write-cold-duration = "3s"'],
    ...["query-log-enabled = false", "[monitor]", "store-enabled = false"],
    ...["[http]", `bind-address = "127.0.0.1:${port}"`, "log-enabled = false"],
    ...["[continuous_queries]", "enabled = false", "[logging]", 'level = "error"', ""],
  ];
  await writeFile(file, lines.join("\n"));
  return start("influxd", ["-config", file], { port, health: "/ping" });
}

/** Null when the program is not installed. */
export async function startVictoria(folder: string): Promise<Peer | null> {
  const port = await freePort();
  const settings = [
    `-storageDataPath=${join(folder, "data")}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-retentionPeriod=100y",
    "-loggerLevel=ERROR",
    // The same question is asked again and again: what is measured is answering it, not remembering the answer.
    "-search.disableCache",
  ];
  return start("victoria-metrics", settings, { port, health: "/health" });
}

export async function fillInflux({ asker }: Peer, workload: Workload): Promise<void> {
  await asker.post("/query?q=CREATE%20DATABASE%20bench", "");
  let lines: string[] = [];
  let bytes = 0;
  const flush = async () => {
    await asker.post("/write?db=bench&precision=ms", lines.join("\n"));
    lines = [];
    bytes = 0;
  };
  for (let seriesId = 1; seriesId <= seriesCount; seriesId += 1) {
    const [startAt, everyMs] = [startOf(workload, seriesId), everyMsOf(workload, seriesId)];
    for (let index = 0; index < countOf(workload, seriesId); index += 1) {
      const line = `t,s=${seriesId} v=${hundredthsOf(seriesId, index) / 100} ${startAt + index * everyMs}`;
      lines.push(line);
      bytes += line.length + 1;
      if (bytes >= influxBatchBytes) await flush();
    }
  }
  if (lines.length > 0) await flush();
}

export async function fillVictoria({ asker }: Peer, workload: Workload): Promise<void> {
  for (let seriesId = 1; seriesId <= seriesCount; seriesId += 1) {
    const [startAt, everyMs] = [startOf(workload, seriesId), everyMsOf(workload, seriesId)];
    const count = countOf(workload, seriesId);
    for (let first = 0; first < count; first += victoriaPointsPerLine) {
      const places = Array.from(
        { length: Math.min(victoriaPointsPerLine, count - first) },
        (_, offset) => first + offset,
      );
      await asker.post(
        "/api/v1/import",
        `{"metric":{"__name__":"t","s":"${seriesId}"},"values":[${places.map((index) => hundredthsOf(seriesId, index) / 100).join()}],"timestamps":[${places.map((index) => startAt + index * everyMs).join()}]}\n`,
      );
    }
  }
  await asker.get("/internal/force_flush");
  await asker.get("/internal/force_merge");
}

async function start(
  program: string,
  settings: readonly string[],
  { port, health }: { readonly port: number; readonly health: string },
): Promise<Peer | null> {
  const child = spawn(program, settings, { stdio: ["ignore", "ignore", "ignore"] });
  const asker = openAsker(port, {});
  if (!(await isUp(child, asker, health))) return null;
  return {
    pid: child.pid ?? 0,
    asker,
    stop: async () => {
      asker.close();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const killer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
      await gone;
      clearTimeout(killer);
    },
  };
}

async function isUp(child: ChildProcess, asker: Asker, health: string): Promise<boolean> {
  let isGone = false;
  const gone = () => {
    isGone = true;
  };
  child.once("error", gone);
  child.once("exit", gone);
  const waitMs = 50;
  for (let waitedMs = 0; waitedMs < startMsMax && !isGone; waitedMs += waitMs) {
    const answer = await asker.get(health).catch(() => null);
    if (answer !== null) return true;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  if (!isGone) child.kill("SIGKILL");
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

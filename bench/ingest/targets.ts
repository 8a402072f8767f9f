// What is measured: each target runs in a process of its own and is asked for its port and its processor time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { startChild } from "../support/children.ts";
import { processorSeconds } from "../support/machine.ts";

export interface Target {
  readonly name: string;
  readonly isPeer: boolean;
  /** Whether PostgreSQL stores for it, so that PostgreSQL's processor time is part of the cost. */
  readonly usesPostgresql: boolean;
  readonly port: number;
  processorSeconds(): Promise<number>;
  /** Null for a target that stores nothing. */
  countReadings(): Promise<number | null>;
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export async function startNodeTarget(options: {
  readonly name: string;
  readonly isPeer: boolean;
  readonly usesPostgresql: boolean;
  readonly script: string;
  readonly settings: unknown;
}): Promise<Target> {
  const child = await startChild(options.script, options.settings);
  return {
    name: options.name,
    isPeer: options.isPeer,
    usesPostgresql: options.usesPostgresql,
    port: await child.ask<number>({ do: "port" }),
    processorSeconds: () => child.ask<number>({ do: "processorSeconds" }),
    countReadings: () => child.ask<number>({ do: "countReadings" }),
    settle: () => child.ask<void>({ do: "settle" }),
    stop: child.stop,
  };
}

const startTimeMsMax = 5_000;

/** Mosquitto accepting and dropping: nobody subscribes. Null when the program is not installed. */
export async function startMosquitto(folder: string): Promise<Target | null> {
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  await writeFile(
    file,
    [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "persistence false",
      "set_tcp_nodelay true",
      "max_inflight_messages 0",
      "max_queued_messages 0",
      "log_type error",
      "",
    ].join("\n"),
  );
  const program = spawnMosquitto(file);
  if (!(await isListening(program, port))) return null;
  const pid = program.pid ?? 0;
  return {
    name: "Mosquitto, dropping",
    isPeer: true,
    usesPostgresql: false,
    port,
    processorSeconds: () => Promise.resolve(processorSeconds(pid) ?? Number.NaN),
    countReadings: () => Promise.resolve(null),
    settle: () => Promise.resolve(),
    stop: async () => {
      if (program.exitCode !== null || program.signalCode !== null) return;
      const gone = once(program, "exit");
      program.kill("SIGTERM");
      await gone;
    },
  };
}

/** Debian puts it into /usr/sbin, which is not on everybody's path. */
function spawnMosquitto(configFile: string): ChildProcess {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin`;
  const program = spawn("mosquitto", ["-c", configFile], {
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "ignore", "inherit"],
  });
  program.on("error", () => undefined);
  return program;
}

async function isListening(program: ChildProcess, port: number): Promise<boolean> {
  let isGone = false;
  program.once("error", () => {
    isGone = true;
  });
  program.once("exit", () => {
    isGone = true;
  });
  const waitMs = 50;
  for (let waitedMs = 0; waitedMs < startTimeMsMax && !isGone; waitedMs += waitMs) {
    if (await answers(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return false;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

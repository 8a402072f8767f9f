// PostgreSQL and NATS of the cluster suite's own, which it may kill: each in a folder and on a port of its own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

const readyMsMax = 120_000;

/** What the suite needs of the machine; null where it is absent. */
export interface Programs {
  readonly nats: string | null;
  /** The folder of `initdb` and `postgres`. */
  readonly postgresql: string | null;
}

export function findPrograms(): Programs {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/bin"];
  const nats = folders.map((folder) => join(folder, "nats-server")).find((file) => existsSync(file));
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian)
    ? readdirSync(debian).toSorted((one, other) => Number(other) - Number(one))
    : [];
  const candidates = [...versions.map((version) => join(debian, version, "bin")), ...folders];
  const postgresql = candidates.find(
    (folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")),
  );
  return { nats: nats ?? null, postgresql: postgresql ?? null };
}

/** A server that is killed and started again on the same port, over the same data. */
export interface Service {
  readonly url: string;
  start(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** PostgreSQL refuses to run as root; the account that its package made is used then. */
function accountOf(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"]).toString());
  return { uid: id("-u"), gid: id("-g") };
}

export async function createPostgresql(programs: string, directory: string): Promise<Service> {
  const account = accountOf();
  mkdirSync(directory, { mode: 0o700 });
  if (account !== null) chownSync(directory, account.uid, account.gid);
  const as = { ...account, cwd: directory };
  execFileSync(
    join(programs, "initdb"),
    ["-D", directory, "-U", "waremind", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    { ...as, stdio: "ignore" },
  );
  const port = await freePort();
  const url = `postgresql://waremind@127.0.0.1:${port}/postgres`;
  return createService(url, {
    spawn: () =>
      spawn(
        join(programs, "postgres"),
        [
          ...["-D", directory, "-p", String(port), "-h", "127.0.0.1", "-k", directory],
          ...["-c", "max_connections=120", "-c", "shared_buffers=64MB"],
        ],
        { ...as, stdio: "ignore" },
      ),
    isReady: async () => {
      const client = new pg.Client({ connectionString: url });
      try {
        await client.connect();
        await client.query("select 1");
      } finally {
        await client.end();
      }
    },
  });
}

export async function createNats(program: string, directory: string): Promise<Service> {
  mkdirSync(directory);
  const port = await freePort();
  return createService(`nats://127.0.0.1:${port}`, {
    spawn: () =>
      spawn(program, ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", directory], { stdio: "ignore" }),
    isReady: () =>
      new Promise((resolve, reject) => {
        const socket = connect(port, "127.0.0.1");
        // It greets with INFO.
        socket.once("data", () => {
          socket.destroy();
          resolve();
        });
        socket.once("error", reject);
      }),
  });
}

function createService(url: string, how: { spawn(): ChildProcess; isReady(): Promise<void> }): Service {
  let child: ChildProcess | null = null;
  return {
    url,
    start: async () => {
      child = how.spawn();
      const startedAt = performance.now();
      for (;;) {
        const isThere = await how.isReady().then(
          () => true,
          () => false,
        );
        if (isThere) return;
        if (child.exitCode !== null || performance.now() - startedAt > readyMsMax)
          throw new Error(`The server of ${url} did not start.`);
        await pause(100);
      }
    },
    kill: async (signal) => {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port was given.");
  return address.port;
}

// The embedded store's own thread: PostgreSQL in WebAssembly is synchronous, and a scan must not hold up the sockets.
// Leans on internals of PGlite 0.5.16 (`stream_ops`, `startParams`); `countSyncsOfOneCommit` notices when they move.
import { fdatasyncSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";
import { clusterOf, prepareCluster } from "./embedded-cluster.ts";
import type { EmbeddedWorkerOptions, FromWorker, ToWorker } from "./embedded-messages.ts";

interface NodeStream {
  readonly nfd: number;
}

interface NodeFilesystem {
  readonly stream_ops: { fsync?: (stream: NodeStream) => number };
}

type PreRun = (module: never) => void;

interface EngineOptions {
  readonly preRun?: readonly PreRun[];
}

/** Memory for pages; the server as a whole stays under 700 MB. */
const sharedBuffers = "16MB";

const settings = [
  `shared_buffers=${sharedBuffers}`,
  "wal_buffers=4MB",
  "work_mem=8MB",
  "maintenance_work_mem=32MB",
  "jit=off",
  "track_counts=on",
];
const durableSettings = ["fsync=on", "wal_sync_method=fsync", "synchronous_commit=on", "full_page_writes=on"];

let syncCount = 0;

/** PGlite's node file system with the fsync it lacks: without it a power cut leaves a directory that will not open. */
class DurableNodeFs extends NodeFS {
  override async init(engine: PGlite, options: object): Promise<{ emscriptenOpts: object }> {
    const { emscriptenOpts } = await super.init(engine, options);
    const preRun = (emscriptenOpts as EngineOptions).preRun ?? [];
    const addSync = (module: { readonly NODEFS: NodeFilesystem }) => {
      module.NODEFS.stream_ops.fsync = (stream) => syncOrDie(stream.nfd);
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, addSync as PreRun] } };
  }
}

/** PostgreSQL must not go on after a failed fsync: the page cache may have dropped what was not written. */
function syncOrDie(descriptor: number): number {
  syncCount += 1;
  try {
    if (syncCount === (workerData as EmbeddedWorkerOptions).syncFailsAt) throw new Error("planted fault");
    fdatasyncSync(descriptor);
    return 0;
  } catch (error) {
    return die(`fdatasync failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function die(reason: string): never {
  post({ kind: "failed", reason });
  process.exit(1);
}

function post(message: FromWorker): void {
  if (message instanceof Uint8Array) parentPort?.postMessage(message, [message.buffer as ArrayBuffer]);
  else parentPort?.postMessage(message);
}

async function open(options: EmbeddedWorkerOptions): Promise<PGlite> {
  if (options.directory === undefined) {
    const template =
      options.templateFile === undefined
        ? {}
        : { loadDataDir: new Blob([await readFile(options.templateFile)]) };
    return PGlite.create({ ...template, startParams: startParams(false) });
  }
  const clusterDirectory = clusterOf(options.directory);
  return PGlite.create({ fs: new DurableNodeFs(clusterDirectory), startParams: startParams(true) });
}

async function createCluster(directory: string): Promise<void> {
  const engine = await PGlite.create({ fs: new DurableNodeFs(directory), startParams: startParams(true) });
  await engine.close();
}

function startParams(isDurable: boolean): string[] {
  const base = isDurable
    ? PGlite.defaultStartParams.filter((parameter) => parameter !== "-F")
    : PGlite.defaultStartParams;
  const chosen = isDurable ? [...settings, ...durableSettings] : settings;
  return [...base, ...chosen.flatMap((setting) => ["-c", setting])];
}

/** How often one small commit reached the disk. Zero means that the hook no longer holds and nothing is durable. */
async function countSyncsOfOneCommit(engine: PGlite): Promise<number> {
  const before = syncCount;
  await engine.query("select pg_logical_emit_message(true, 'waremind', 'durability check')");
  return syncCount - before;
}

/** Runs one piece of the wire and answers with everything the engine said. */
function answer(engine: PGlite, bytes: Uint8Array): void {
  const parts: Uint8Array[] = [];
  let length = 0;
  const work = engine.execProtocolRawStream(bytes, {
    syncToFs: false,
    onRawData: (part) => {
      parts.push(part.slice());
      length += part.length;
    },
  });
  work.catch((error: unknown) => die(`the engine broke: ${String(error)}`));
  const [first] = parts;
  post(parts.length === 1 && first !== undefined ? first : joined(parts, length));
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

async function obey(engine: PGlite, kind: "connect" | "close" | "dump"): Promise<void> {
  switch (kind) {
    case "connect":
      await engine.exec("rollback");
      await engine.exec("discard all");
      post({ kind: "connected" });
      break;
    case "dump": {
      const file = await engine.dumpDataDir("none");
      post({ kind: "dumped", tar: new Uint8Array(await file.arrayBuffer()) });
      break;
    }
    case "close":
      await engine.exec("checkpoint");
      await engine.close();
      post({ kind: "closed" });
      parentPort?.close();
  }
}

async function serve(options: EmbeddedWorkerOptions): Promise<void> {
  const engine = await open(options);
  const isDurable = options.directory !== undefined;
  const syncsPerCommit = isDurable ? await countSyncsOfOneCommit(engine) : 0;
  if (isDurable && syncsPerCommit === 0) {
    await engine.close();
    die("a commit did not reach the disk: this version of PGlite never calls the fsync hook");
  }
  parentPort?.on("message", (message: ToWorker) => {
    if (message instanceof Uint8Array) answer(engine, message);
    else obey(engine, message.kind).catch((error: unknown) => die(String(error)));
  });
  post({ kind: "ready", syncsPerCommit });
}

async function create(directory: string): Promise<void> {
  await prepareCluster(directory, createCluster);
  post({ kind: "created" });
}

const options = workerData as EmbeddedWorkerOptions;
const work =
  options.task === "create" && options.directory !== undefined ? create(options.directory) : serve(options);
work.catch((error: unknown) => {
  die(error instanceof Error ? (error.stack ?? error.message) : String(error));
});

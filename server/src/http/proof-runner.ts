// Runs the proof suites from the console: each in a process of its own, one at a time, cancellable, with its log.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BilingualText, type SuiteView, suiteResultSchema } from "@waremind/contract";
import { z } from "zod";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import { DomainError } from "../platform/errors.ts";

export interface ProofRunner {
  suites(): Promise<readonly SuiteView[]>;
  run(suite: string): Promise<void>;
  cancel(suite: string): Promise<void>;
  stop(): void;
}

const logLinesMax = 200;
const outputBytesMax = 4 * 1024 * 1024;
const listedSchema = z.array(
  z.object({ suite: z.string(), title: z.object({ en: z.string(), zh: z.string() }), bar: z.string() }),
);

interface Entry {
  readonly title: BilingualText;
  view: SuiteView;
}

/** `projectDirectory` holds `tests/prove`; an installation without it says so instead of listing nothing. */
export function createProofRunner({
  projectDirectory,
  bus,
  clock,
}: {
  readonly projectDirectory: string;
  readonly bus: Bus;
  readonly clock: Clock;
}): ProofRunner {
  const program = join(projectDirectory, "tests/prove/run.ts");
  const entries = new Map<string, Entry>();
  let running: { readonly suite: string; readonly child: ChildProcess } | undefined;

  async function load(): Promise<void> {
    if (entries.size > 0 || !existsSync(program)) return;
    const { stdout } = await promisify(execFile)(process.execPath, [program, "--list", "--json"], {
      cwd: projectDirectory,
    });
    for (const { suite, title, bar } of listedSchema.parse(JSON.parse(stdout))) {
      entries.set(suite, {
        title,
        view: { suite, title, bar, state: "idle", result: null, ranAt: null, log: [] },
      });
    }
  }

  function change(entry: Entry, view: Partial<SuiteView>): void {
    entry.view = { ...entry.view, ...view };
    bus.publish({ kind: "suite-changed", suite: entry.view.suite, state: entry.view.state });
  }

  function start(entry: Entry): void {
    const child = spawn(process.execPath, [program, entry.view.suite, "--json"], {
      cwd: projectDirectory,
      stdio: ["ignore", "pipe", "pipe"],
    });
    running = { suite: entry.view.suite, child };
    change(entry, { state: "running", log: [], result: null });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (output.length < outputBytesMax) output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      const lines = chunk
        .toString()
        .split("\n")
        .filter((line) => line.trim() !== "");
      change(entry, { log: [...entry.view.log, ...lines].slice(-logLinesMax) });
    });
    child.on("close", () => {
      running = undefined;
      const result = readResult(output);
      change(entry, { state: result === null ? "failed" : "done", result, ranAt: clock.now() });
    });
  }

  return {
    async suites() {
      await load();
      return [...entries.values()].map((entry) => entry.view);
    },
    async run(suite) {
      await load();
      const entry = entries.get(suite);
      if (entry === undefined)
        throw new DomainError("not-found", {
          en: `No proof suite is named ${suite}.`,
          zh: `没有名为 ${suite} 的自证套件。`,
        });
      if (running !== undefined) {
        throw new DomainError("conflict", {
          en: `The suite ${running.suite} is running; wait for it or cancel it.`,
          zh: `套件 ${running.suite} 正在运行,请等待或先取消。`,
        });
      }
      start(entry);
    },
    cancel(suite) {
      if (running?.suite === suite) running.child.kill("SIGTERM");
      return Promise.resolve();
    },
    stop: () => running?.child.kill("SIGKILL"),
  };
}

function readResult(output: string): SuiteView["result"] {
  try {
    return z.array(suiteResultSchema).parse(JSON.parse(output))[0] ?? null;
  } catch {
    // Cancelled or crashed: there is no result, and the log says why.
    return null;
  }
}

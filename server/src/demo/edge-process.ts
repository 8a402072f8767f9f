// One edge program in a process of its own, followed by its lines and never left behind.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import {
  type DeviceRunEvent,
  type DeviceScenarioInput,
  type DeviceTokens,
  deviceRunEventSchema,
} from "@waremind/contract";
import type { Log } from "../platform/log.ts";
import { writeSecret } from "./users.ts";

const edgeProgram = resolve(import.meta.dirname, "../../../edge/src/main.ts");
/** The program sends what it holds and takes leave; then it is ended. */
const stopMsMax = 5000;
const complaintLinesMax = 20;

export interface EdgeExit {
  /** The program ended by itself because every story was over. */
  readonly isFinished: boolean;
  /** Its last words, when it ended in any other way. */
  readonly complaint: string;
}

export interface EdgeProcess {
  readonly pid: number | undefined;
  /** Resolves when the process is gone, however it went. */
  readonly exited: Promise<EdgeExit>;
  /** Asks it to stop, waits, and ends it if it must. */
  stop(): Promise<void>;
}

/**
 * Starts the edge program on a run file written under `directory` (mode 0600). The tokens go in by standard input, which
 * stays open: when this server is gone, however it went, the input ends and the program stops.
 */
export async function startEdgeProcess(options: {
  readonly scenario: DeviceScenarioInput;
  readonly tokens: DeviceTokens;
  readonly address: { readonly host: string; readonly port: number };
  readonly directory: string;
  readonly log: Log;
  readonly onEvent?: (event: DeviceRunEvent) => void;
}): Promise<EdgeProcess> {
  const { scenario, tokens, address, directory, log } = options;
  const file = join(directory, `${scenario.name}.run.json`);
  await writeSecret(file, scenario);
  const parameters = ["--scenario", file, "--tokens", "-", "--until-stdin-ends"];
  const target = ["--host", address.host, "--port", String(address.port)];
  // An empty environment: the program needs none of the server's settings and keys.
  const child = spawn(process.execPath, [edgeProgram, ...parameters, ...target], { env: {} });
  child.stdin.on("error", (error) => log.debug({ error }, "the edge program closed its input"));
  child.stdin.write(`${JSON.stringify(tokens)}\n`);
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    complaints.push(line);
    if (complaints.length > complaintLinesMax) complaints.shift();
    log.debug({ scenario: scenario.name, line }, "edge program");
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = eventOf(line);
    if (event !== null) options.onEvent?.(event);
  });
  const exited = exitOf(child, complaints);
  return { pid: child.pid, exited, stop: () => stop(child, exited) };
}

function eventOf(line: string): DeviceRunEvent | null {
  try {
    return deviceRunEventSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

function exitOf(child: ChildProcessWithoutNullStreams, complaints: readonly string[]): Promise<EdgeExit> {
  return new Promise((resolveExit) => {
    child.once("error", (error) => resolveExit({ isFinished: false, complaint: error.message }));
    child.once("close", (code, signal) => {
      const complaint = complaints.join("\n") || `ended with ${signal ?? `code ${code}`}`;
      resolveExit(code === 0 ? { isFinished: true, complaint: "" } : { isFinished: false, complaint });
    });
  });
}

async function stop(child: ChildProcessWithoutNullStreams, exited: Promise<EdgeExit>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
  await exited;
  clearTimeout(timer);
}

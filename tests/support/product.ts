import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const startMsMax = 120_000;
const stopMsMax = 25_000;

export interface Product {
  readonly url: string;
  readonly mqttPort: number;
  readonly logins: readonly {
    readonly email: string;
    readonly password: string;
    readonly roles: readonly string[];
  }[];
  readonly dataDirectory: string;
  /** Everything printed so far. */
  output(): string;
  /** Stops as Ctrl-C does; answers the exit code. */
  stop(): Promise<number | null>;
  /** Stops and forgets the data. */
  dispose(): Promise<void>;
  /** The resident memory of the server process, bytes. */
  readonly pid: number;
}

export interface ProductOptions {
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly dataDirectory?: string;
}

/** Starts the whole product as a person would, on free ports and a data folder of its own; resolves when it is ready. */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "waremind-product-")));
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(root, "server/src/main.ts"),
      "start",
      ...(options.flags ?? []),
    ],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        WAREMIND_PORT: "0",
        WAREMIND_MQTT_PORT: "0",
        WAREMIND_COAP_PORT: "0",
        WAREMIND_DATA_DIR: dataDirectory,
        WAREMIND_LOG_LEVEL: "warn",
        WAREMIND_DATABASE_URL: "",
        WAREMIND_LLM_URL: "",
        ...options.environment,
      },
    },
  );
  let output = "";
  const ready = new Promise<void>((resolveReady, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes("Ctrl-C stops.")) resolveReady();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) =>
      reject(new Error(`The product ended with ${code} before it was ready:\n${output}`)),
    );
    setTimeout(
      () => reject(new Error(`The product was not ready after ${startMsMax} ms:\n${output}`)),
      startMsMax,
    ).unref();
  });
  try {
    await ready;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return {
    url: /is ready\s+(\S+)/.exec(output)?.[1] ?? "",
    mqttPort: Number(/mqtt:\/\/[^:]+:(\d+)/.exec(output)?.[1]),
    logins: [...output.matchAll(/^ {4}(\S+@\S+)\s+(\S+)\s+([a-z, ]+)$/gm)].map((match) => ({
      email: match[1] ?? "",
      password: match[2] ?? "",
      roles: (match[3] ?? "").split(", "),
    })),
    dataDirectory,
    output: () => output,
    pid: child.pid ?? 0,
    stop: () => stop(child),
    dispose: async () => {
      await stop(child);
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolveExit) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolveExit(code);
    });
    child.kill("SIGINT");
  });
}

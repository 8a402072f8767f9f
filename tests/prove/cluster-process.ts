// One of the several processes of the cluster suite: the product as a person starts it, killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./cluster-services.ts";

const root = resolve(import.meta.dirname, "../..");
const readyMsMax = 180_000;
const outputCharactersKept = 3_000;

export interface ClusterProcess {
  readonly name: string;
  readonly url: string;
  readonly mqttPort: number;
  start(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** The last of what it printed, for a failure to show. */
  output(): string;
  /** Of the first administrator; from the start that made them. */
  readonly administrator: { readonly email: string; readonly password: string } | null;
}

export async function createProcess(options: {
  readonly name: string;
  readonly roles: string;
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
}): Promise<ClusterProcess> {
  const { name, roles, dataDirectory } = options;
  // Its own: after a kill it comes back where its devices look for it.
  const ports = { http: await freePort(), mqtt: await freePort() };
  let child: ChildProcess | null = null;
  let output = "";
  let administrator: ClusterProcess["administrator"] = null;

  async function kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  return {
    name,
    url: `http://localhost:${ports.http}`,
    mqttPort: ports.mqtt,
    kill,
    output: () => output,
    get administrator() {
      return administrator;
    },
    start: async () => {
      const started = spawn(
        process.execPath,
        [
          ...["--disable-warning=ExperimentalWarning", join(root, "server/src/main.ts")],
          ...["start", "--empty", "--roles", roles],
        ],
        {
          cwd: root,
          stdio: ["ignore", "pipe", "pipe"],
          env: {
            ...process.env,
            ...{ WAREMIND_PORT: String(ports.http), WAREMIND_MQTT_PORT: String(ports.mqtt) },
            ...{ WAREMIND_COAP: "off", WAREMIND_DATA_DIR: dataDirectory, WAREMIND_LLM_URL: "" },
            ...{ WAREMIND_LOG_LEVEL: "warn", WAREMIND_BASE_URL: "" },
            ...options.environment,
          },
        },
      );
      child = started;
      let isReady = false;
      let own = "";
      const read = (chunk: Buffer): void => {
        output = (output + chunk.toString()).slice(-outputCharactersKept);
        if (!isReady) own += chunk.toString();
        isReady ||= own.includes("Ctrl-C stops.");
      };
      started.stdout.on("data", read);
      started.stderr.on("data", read);
      const startedAt = performance.now();
      while (!isReady) {
        if (started.exitCode !== null) throw new Error(`${name} ended before it was ready:\n${own}`);
        if (performance.now() - startedAt > readyMsMax)
          throw new Error(`${name} was not ready after ${readyMsMax} ms:\n${own}`);
        await pause(50);
      }
      const [, email, password] = /administrator (\S+), whose password is (\S+)/u.exec(own) ?? [];
      if (email !== undefined && password !== undefined) administrator = { email, password };
    },
  };
}

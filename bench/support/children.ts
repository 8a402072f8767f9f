// Processes of a bench: each measured thing runs in one of its own and talks over IPC.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

export interface Child {
  readonly process: ChildProcess;
  /** Sends a request and waits for its answer; rejects when the process ends first. */
  ask<Answer>(request: { readonly do: string } & Record<string, unknown>): Promise<Answer>;
  stop(): Promise<void>;
}

const stopTimeMsMax = 10_000;

/** Starts `bench/<script>` and waits until it says that it is ready. `onError` takes what it writes to standard error. */
export async function startChild(
  script: string,
  settings: unknown,
  onError?: (text: string) => void,
): Promise<Child> {
  const child = fork(join(import.meta.dirname, "..", script), [JSON.stringify(settings)], {
    stdio: ["ignore", "inherit", onError === undefined ? "inherit" : "pipe", "ipc"],
  });
  child.stderr?.on("data", (chunk: Buffer) => onError?.(chunk.toString()));
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`${script} ended early (${code ?? signal}).`)));
  });
  // Whoever is waiting hears of it; when nobody is, the end was asked for.
  ended.catch(() => undefined);
  let sequence = 0;
  const ask = <Answer>(request: { readonly do: string } & Record<string, unknown>): Promise<Answer> => {
    sequence += 1;
    const id = sequence;
    const answered = new Promise<Answer>((resolve, reject) => {
      const listen = (answer: { id: number; value?: Answer; error?: string }): void => {
        if (answer.id !== id) return;
        child.off("message", listen);
        if (answer.error === undefined) resolve(answer.value as Answer);
        else reject(new Error(`${script}: ${answer.error}`));
      };
      child.on("message", listen);
    });
    child.send({ ...request, id });
    return Promise.race([answered, ended]);
  };
  await ask({ do: "ready" });
  return {
    process: child,
    ask,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      const killer = setTimeout(() => child.kill("SIGKILL"), stopTimeMsMax);
      child.send({ do: "stop", id: 0 });
      await gone;
      clearTimeout(killer);
    },
  };
}

/** The other side: serves requests until it is told to stop or its parent goes. */
export function serveParent<Settings>(
  handle: (settings: Settings) => Promise<{
    readonly verbs: Readonly<Record<string, (request: Record<string, unknown>) => unknown>>;
    stop(): Promise<void>;
  }>,
): void {
  const settings = JSON.parse(process.argv[2] ?? "{}") as Settings;
  const serving = handle(settings);
  const stop = async (): Promise<void> => {
    const served = await serving;
    await served.stop();
    process.exit(0);
  };
  serving.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  process.on("disconnect", () => void stop());
  process.on("message", (request: { do: string; id: number }) => {
    if (request.do === "stop") {
      void stop();
      return;
    }
    void (async () => {
      try {
        const served = await serving;
        const verb = served.verbs[request.do];
        const value = verb === undefined ? null : await verb(request as unknown as Record<string, unknown>);
        process.send?.({ id: request.id, value });
      } catch (error) {
        process.send?.({ id: request.id, error: error instanceof Error ? error.stack : String(error) });
      }
    })();
  });
}

/** Seconds of processor time this process has used, all its threads together. */
export function ownProcessorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

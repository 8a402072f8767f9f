import { readLanguage } from "../config.ts";
import { DomainError } from "../platform/errors.ts";
import { CommandError } from "./control.ts";
import { complain, print } from "./print.ts";

const bytesPerMegabyte = 1_000_000;
/** At a terminal the line is written over; elsewhere one is enough now and then. */
const terminalStepBytes = 1_000_000;
const plainStepBytes = 100_000_000;

export const megabytes = (bytes: number): string => (bytes / bytesPerMegabyte).toFixed(1);

export function createByteProgress(what: string): {
  show(bytes: number, expected: number): void;
  end(): void;
} {
  const isTerminal = process.stdout.isTTY === true;
  const stepBytes = isTerminal ? terminalStepBytes : plainStepBytes;
  let shownBytes = 0;
  return {
    show: (bytes, expected) => {
      if (bytes - shownBytes < stepBytes) return;
      shownBytes = bytes;
      const line = `${what}: ${megabytes(bytes)} of about ${megabytes(Math.max(bytes, expected))} MB`;
      if (isTerminal) process.stdout.write(`\r\u001b[2K${line}`);
      else print(line);
    },
    end: () => {
      if (isTerminal) process.stdout.write("\r\u001b[2K");
    },
  };
}

/** The first Ctrl-C takes back what was begun, the second ends at once. What is refused is said in the person's language. */
export async function stoppable(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const cancel = new AbortController();
  const stop = (): void => {
    if (cancel.signal.aborted) process.exit(130);
    complain("\nStopping; nothing is left behind.");
    cancel.abort();
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, stop);
  try {
    await work(cancel.signal);
  } catch (error) {
    if (cancel.signal.aborted) {
      process.exitCode = 130;
      return;
    }
    throw error instanceof DomainError ? new CommandError(error.sentence[readLanguage()]) : error;
  } finally {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, stop);
  }
}

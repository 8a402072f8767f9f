import { type Logger, pino } from "pino";

export type Log = Logger;

/** Structured lines on standard error; secrets never reach it. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: ["token", "password", "authorization", "*.token", "*.password", "*.key"],
        censor: "[hidden]",
      },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

export const silentLog: Log = pino({ level: "silent" });

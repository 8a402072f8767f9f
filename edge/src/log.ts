export interface Log {
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Lines of JSON through `write` (standard error in the program). Never pass a token. */
export function createLog(write: (line: string) => void): Log {
  const at =
    (level: string) =>
    (message: string, details: Readonly<Record<string, unknown>> = {}): void =>
      write(`${JSON.stringify({ level, message, ...details })}\n`);
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

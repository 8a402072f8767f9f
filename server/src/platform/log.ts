import { AsyncLocalStorage } from "node:async_hooks";
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

/** Names of fields that hold what nobody may read, wherever they stand in what is logged, two levels deep. */
const secretFields = [
  ...["token", "password", "authorization", "cookie", "secret", "apiKey", "key", "credential", "privateKey"],
  ...["metricsToken", "controlToken", "setupToken", "connectionString", "databaseUrl"],
] as const;
const secretPaths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
/** What a URL may carry for the server it names. */
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/giu;
/** The credential of a device in the path of its HTTP and CoAP requests. */
const devicePath = /(\/api\/v1\/)(?!provision\b|integrations\b)[^/\s"]+/gu;
const hidden = "[hidden]";

const requestIds = new AsyncLocalStorage<string>();

/** Everything that is logged while `work` runs says which request it belongs to. */
export function withRequestId<Result>(requestId: string, work: () => Result): Result {
  return requestIds.run(requestId, work);
}

/** Structured lines on standard error, each with the part of the product it is from; secrets never reach it. */
export function createLog(level: string, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      redact: { paths: secretPaths, censor: hidden },
      mixin: (_line, _level, log) => ({
        ...("component" in log.bindings() ? {} : { component: "server" }),
        ...requestField(),
      }),
      hooks: { streamWrite: withoutSecrets },
    },
    destination ?? pino.destination({ dest: 2, sync: false }),
  );
}

function requestField(): { readonly requestId?: string } {
  const requestId = requestIds.getStore();
  return requestId === undefined ? {} : { requestId };
}

/** Secrets inside of texts: an error's message may hold the address that failed. */
function withoutSecrets(line: string): string {
  return line.replaceAll(urlPassword, `$1${hidden}@`).replaceAll(devicePath, `$1${hidden}`);
}

export const silentLog: Log = pino({ level: "silent" });

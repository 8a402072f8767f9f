// The connection to NATS: opened with patience, kept for ever, and whoever leans on it told when it comes back.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { AuthorizationError, connect, type NatsConnection } from "@nats-io/transport-node";
import type { Log } from "./log.ts";

export const natsLimits = {
  connectMsMax: 5_000,
  /** Between two attempts to reach it, at the start and later. */
  reconnectMs: 1_000,
  pingMs: 5_000,
  pingsUnansweredMax: 3,
} as const;

export interface Nats {
  readonly connection: NatsConnection;
  readonly stream: ReturnType<typeof jetstream>;
  readonly manager: Awaited<ReturnType<typeof jetstreamManager>>;
  readonly isUp: boolean;
  /** Calls after each loss of the connection, and after each return. Answers what ends it. */
  onChange(listener: (isUp: boolean) => void): () => void;
  /** Lets what was published leave, then closes. */
  close(): Promise<void>;
}

/**
 * Connects to one of the servers (`nats://user:password@host:port`, several separated by commas) and waits until one is
 * there. @throws Error at once when the server refuses who we are.
 */
export async function openNats(options: {
  readonly url: string;
  readonly name: string;
  readonly log: Log;
}): Promise<Nats> {
  const { log } = options;
  const connection = await connectPatiently(options);
  const listeners = new Set<(isUp: boolean) => void>();
  let isUp = true;
  const change = (next: boolean): void => {
    if (next === isUp) return;
    isUp = next;
    for (const listener of listeners) listener(next);
  };
  const watched = watch(connection, log, change).catch((error: unknown) =>
    log.error({ err: error }, "NATS is no longer watched"),
  );
  return {
    connection,
    stream: jetstream(connection),
    manager: await jetstreamManager(connection, { checkAPI: false }),
    get isUp() {
      return isUp;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      // A server that is away takes nothing more, and draining would wait for it.
      if (isUp) await connection.drain();
      else await connection.close();
      await watched;
    },
  };
}

async function connectPatiently(options: {
  readonly url: string;
  readonly name: string;
  readonly log: Log;
}): Promise<NatsConnection> {
  const { servers, ...account } = accessOf(options.url);
  for (let isTold = false; ; isTold = true) {
    try {
      return await connect({
        ...account,
        servers: [...servers],
        name: options.name,
        timeout: natsLimits.connectMsMax,
        maxReconnectAttempts: -1,
        reconnectTimeWait: natsLimits.reconnectMs,
        pingInterval: natsLimits.pingMs,
        maxPingOut: natsLimits.pingsUnansweredMax,
      });
    } catch (error) {
      if (error instanceof AuthorizationError) throw error;
      if (!isTold) options.log.warn({ err: error, servers }, "NATS does not answer yet; waiting for it");
      await new Promise((resolve) => setTimeout(resolve, natsLimits.reconnectMs));
    }
  }
}

interface NatsAccess {
  readonly servers: readonly string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly tls?: object;
}

/** What a URL says: a user with a password, or a name alone, which is a token; `tls://` asks for TLS. */
export function accessOf(urls: string): NatsAccess {
  const parsed = urls.split(",").map((url) => new URL(url.trim()));
  const [first] = parsed;
  const servers = parsed.map(({ host }) => host);
  const tls = first?.protocol === "tls:" ? { tls: {} } : {};
  if (first === undefined || first.username === "") return { servers, ...tls };
  const user = decodeURIComponent(first.username);
  if (first.password === "") return { servers, token: user, ...tls };
  return { servers, user, pass: decodeURIComponent(first.password), ...tls };
}

async function watch(connection: NatsConnection, log: Log, change: (isUp: boolean) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect") {
      log.warn("The connection to NATS is lost; it is sought again.");
      change(false);
    } else if (status.type === "reconnect") {
      log.info("NATS is connected again.");
      change(true);
    }
  }
}

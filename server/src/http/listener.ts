// The HTTP socket opens before the product is ready, so that a person who comes early is told so instead of refused.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Problem } from "@waremind/contract";

type Fetch = (request: Request, bindings: object) => Response | Promise<Response>;

export interface HttpListener {
  /** Answers the port in use; rejects with EADDRINUSE when it is taken. */
  listen(port: number, host: string): Promise<number>;
  /** From now on requests go here. */
  serve(fetch: Fetch): void;
  /** Refuses new requests, lets those under way have their answers, ends the open streams and closes. */
  stop(): Promise<void>;
  /** Requests whose answer has not left and whose connection is still there. */
  readonly answersUnderway: number;
}

export const listenerLimits = {
  /** How long a client may take to send its headers, and its whole request; then it is cut off with a 408. */
  headersMsMax: 15_000,
  requestMsMax: 60_000,
  /** How often those are looked at. */
  slownessCheckMs: 2_000,
  connectionsMax: 2_000,
  /** How long a stop waits for answers under way. */
  answersMsMax: 5_000,
} as const satisfies Record<string, number>;

const stopping: Problem = {
  code: "overloaded",
  message: {
    en: "Waremind is stopping. Please try again in a moment.",
    zh: "Waremind 正在停止,请稍后重试。",
  },
  details: { retryAfterSeconds: 5 },
};
const starting: Problem = {
  code: "overloaded",
  message: { en: "Waremind is starting. Please wait a moment.", zh: "Waremind 正在启动,请稍候。" },
  details: { retryAfterSeconds: 2 },
};

/** @param replaced single limits, for tests. */
export function createHttpListener(
  replaced: Partial<{ readonly [Name in keyof typeof listenerLimits]: number }> = {},
): HttpListener {
  const limits = { ...listenerLimits, ...replaced };
  let fetch: Fetch = (request) => notReady(request, starting, "2");
  const underway = createUnderway();
  const listener = getRequestListener((request, bindings) => fetch(request, bindings));
  const server: Server = createServer({ connectionsCheckingInterval: limits.slownessCheckMs });
  server.on("request", (incoming, outgoing) => {
    underway.add(incoming.socket, outgoing);
    void listener(incoming, outgoing);
  });
  server.headersTimeout = limits.headersMsMax;
  server.requestTimeout = limits.requestMsMax;
  server.maxConnections = limits.connectionsMax;
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          const address = server.address();
          resolve(typeof address === "object" && address !== null ? address.port : port);
        });
      }),
    serve: (next) => {
      fetch = next;
    },
    stop: async () => {
      if (!server.listening) return;
      fetch = (request) => notReady(request, stopping, "5");
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await untilAnswered(underway.all(), limits.answersMsMax);
      server.closeAllConnections();
      await closed;
    },
    get answersUnderway() {
      return underway.all().length;
    },
  };
}

interface Underway {
  add(socket: Socket, outgoing: ServerResponse): void;
  all(): readonly ServerResponse[];
}

/**
 * The answers under way, by the connection they go to. Node closes a connection on which a CONNECT comes, and tells only
 * the answer whose turn it is: those behind it would be kept, with their requests, for as long as the server runs.
 */
function createUnderway(): Underway {
  const ofSockets = new Map<Socket, Set<ServerResponse>>();

  function open(socket: Socket): Set<ServerResponse> {
    const answers = new Set<ServerResponse>();
    ofSockets.set(socket, answers);
    socket.once("close", () => {
      ofSockets.delete(socket);
      for (const outgoing of answers) if (outgoing.socket === null) abandon(outgoing);
    });
    return answers;
  }

  return {
    add: (socket, outgoing) => {
      const answers = ofSockets.get(socket) ?? open(socket);
      answers.add(outgoing);
      outgoing.once("close", () => answers.delete(outgoing));
    },
    all: () => [...ofSockets.values()].flatMap((answers) => [...answers]),
  };
}

/** Tells an answer what Node tells the one whose turn it is. */
function abandon(outgoing: ServerResponse): void {
  outgoing.destroy();
  outgoing.emit("close");
}

/** The process lives, and says so to whoever would start it anew; everything else has to wait. */
function notReady(request: Request, problem: Problem, retryAfterSeconds: string): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/healthz") return Response.json({ ok: true });
  const isAskedForParts = pathname === "/readyz";
  const parts = [{ part: "server", isReady: false, reason: problem.message }];
  return Response.json(isAskedForParts ? { ready: false, parts } : problem, {
    status: 503,
    headers: { "Retry-After": retryAfterSeconds },
  });
}

/** Resolves when every answer but the streams has left, or after `timeMsMax`. */
async function untilAnswered(underway: readonly ServerResponse[], timeMsMax: number): Promise<void> {
  const answers = underway.filter((outgoing) => !isStream(outgoing));
  const left = answers.map((outgoing) => new Promise<void>((resolve) => outgoing.once("close", resolve)));
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeMsMax);
  });
  await Promise.race([Promise.all(left), isLate]);
  clearTimeout(timer);
}

/** Its head has left and its end is not in sight: a live screen (or a file, which a browser asks for again). */
function isStream(outgoing: ServerResponse): boolean {
  return outgoing.headersSent && !outgoing.writableEnded;
}

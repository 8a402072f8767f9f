// Calls to a ThingsBoard's REST API: signed in, a few at a time, and again after what passes by itself.
import { DomainError } from "../../platform/errors.ts";
import { createGate } from "./gate.ts";
import {
  notPermitted,
  notThingsboard,
  redirected,
  signInFailed,
  unreachable,
  wrongKey,
} from "./source-problems.ts";

export const clientLimits = {
  requestsAtOnceMax: 4,
  attemptsMax: 8,
  /** The first wait; each further one is twice as long. */
  retryDelayMs: 250,
  retryDelayMsMax: 15_000,
  /** What a 429 or 503 may ask us to wait. */
  retryAfterMsMax: 60_000,
  requestMsMax: 60_000,
  answerBytesMax: 128 * 1024 * 1024,
} as const;

export type ThingsboardLogin =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "api-key"; readonly key: string };

export interface ClientOptions {
  /** As `sourceUrlOf` answers it: no slash at the end. */
  readonly url: string;
  readonly login: ThingsboardLogin;
  readonly signal: AbortSignal;
  /** Milliseconds; tests pass one that does not wait. */
  readonly wait: (ms: number) => Promise<void>;
}

export type Query = Readonly<Record<string, string | number | boolean>>;

export interface ThingsboardClient {
  /** Signs in and sees that a ThingsBoard answers. @throws DomainError with what is wrong and what to do. */
  begin(): Promise<void>;
  /** The answer's JSON as text. Null for what is not there (any more). @throws DomainError */
  get(path: string, query?: Query): Promise<string | null>;
}

/** How one attempt ended. */
type Attempt =
  | { readonly kind: "answered"; readonly text: string }
  | { readonly kind: "absent" }
  | { readonly kind: "signed-out" }
  | { readonly kind: "again"; readonly afterMs: number | null; readonly cause: string };

export function createThingsboardClient(options: ClientOptions): ThingsboardClient {
  const { url, login, signal, wait } = options;
  const pass = createGate(clientLimits.requestsAtOnceMax);
  const session = createSession(options);

  async function attempt(address: URL): Promise<Attempt> {
    const token = session.token();
    const answer = await request(address, { headers: { "X-Authorization": token } }, signal);
    if (answer.kind === "again") return answer;
    if (answer.status === 401) {
      session.expire(token);
      return { kind: "signed-out" };
    }
    if (answer.status === 404) return { kind: "absent" };
    if (answer.status === 403) throw notPermitted(url, address.pathname);
    if (answer.status >= 400) throw notThingsboard(url, address.pathname, answer.status);
    return { kind: "answered", text: answer.text };
  }

  /** Refused again and again with a token that was just given: it is not the token's age. */
  function signedOutFor(times: number): void {
    if (login.kind === "api-key") throw wrongKey(url);
    if (times > signOutsMax) throw signInFailed(url, login.user);
  }

  async function get(path: string, query: Query = {}): Promise<string | null> {
    const address = addressOf(url, path, query);
    const patience = createPatience(wait);
    for (let signOuts = 0; ; ) {
      signal.throwIfAborted();
      const ended = await pass(async () => {
        await session.renew();
        return attempt(address);
      });
      if (ended.kind === "answered") return ended.text;
      if (ended.kind === "absent") return null;
      if (ended.kind === "signed-out") {
        signOuts += 1;
        signedOutFor(signOuts);
      } else if (!(await patience(ended.afterMs))) throw unreachable(url, ended.cause);
    }
  }

  /** One small question, so that a wrong key or account is known before anything begins. */
  async function begin(): Promise<void> {
    await session.renew();
    const path = "/api/deviceProfiles";
    const text = await get(path, { pageSize: 1, page: 0 });
    if (text === null || !text.trimStart().startsWith("{")) throw notThingsboard(url, path, 404);
  }

  return { begin, get };
}

const signOutsMax = 2;

function addressOf(url: string, path: string, query: Query): URL {
  const address = new URL(`${url}${path}`);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value));
  return address;
}

/** Waits before the next attempt; answers false when there were enough. */
function createPatience(wait: ClientOptions["wait"]): (askedMs: number | null) => Promise<boolean> {
  let attempts = 0;
  return async (askedMs) => {
    attempts += 1;
    if (attempts >= clientLimits.attemptsMax) return false;
    const grown = Math.min(
      clientLimits.retryDelayMs * 2 ** (attempts - 1) * (0.5 + Math.random()),
      clientLimits.retryDelayMsMax,
    );
    await wait(Math.max(grown, Math.min(askedMs ?? 0, clientLimits.retryAfterMsMax)));
    return true;
  };
}

interface Session {
  /** Signs in when there is no valid token; callers at once share one sign-in. */
  renew(): Promise<void>;
  token(): string;
  /** Said of the token that was refused, so that a newer one is not thrown away. */
  expire(token: string): void;
}

function createSession(options: ClientOptions): Session {
  const { login } = options;
  if (login.kind === "api-key") {
    const token = `ApiKey ${login.key}`;
    return { renew: () => Promise.resolve(), token: () => token, expire: () => undefined };
  }
  let current: { readonly token: string; readonly refreshToken: string | null } | null = null;
  let refreshToken: string | null = null;
  let underWay: Promise<void> | null = null;
  const signIn = async (): Promise<void> => {
    current = (await refreshed(options, refreshToken)) ?? (await signedIn(options, login));
    refreshToken = current.refreshToken;
  };
  return {
    renew: async () => {
      if (current !== null) return;
      underWay ??= signIn().finally(() => {
        underWay = null;
      });
      await underWay;
    },
    token: () => `Bearer ${current?.token ?? ""}`,
    expire: (token) => {
      if (token === `Bearer ${current?.token ?? ""}`) current = null;
    },
  };
}

type Tokens = { readonly token: string; readonly refreshToken: string | null };

/** Null when there is none, or it ran out as well: then the password is asked for. */
async function refreshed(options: ClientOptions, refreshToken: string | null): Promise<Tokens | null> {
  if (refreshToken === null) return null;
  const answer = await post(options, "/api/auth/token", { refreshToken });
  return answer.status === 200 ? tokensIn(answer.text) : null;
}

async function signedIn(
  options: ClientOptions,
  login: Extract<ThingsboardLogin, { kind: "password" }>,
): Promise<Tokens> {
  const path = "/api/auth/login";
  const answer = await post(options, path, { username: login.user, password: login.password });
  if (answer.status === 401 || answer.status === 403) throw signInFailed(options.url, login.user);
  const tokens = answer.status === 200 ? tokensIn(answer.text) : null;
  if (tokens === null) throw notThingsboard(options.url, path, answer.status);
  return tokens;
}

function tokensIn(text: string): Tokens | null {
  try {
    const { token, refreshToken } = JSON.parse(text) as { token?: unknown; refreshToken?: unknown };
    if (typeof token !== "string") return null;
    return { token, refreshToken: typeof refreshToken === "string" ? refreshToken : null };
  } catch {
    // A page for people, not an answer of a ThingsBoard.
    return null;
  }
}

async function post(options: ClientOptions, path: string, body: object): Promise<Answered> {
  const patience = createPatience(options.wait);
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await request(
      new URL(`${options.url}${path}`),
      { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
      options.signal,
    );
    if (answer.kind === "answered") return answer;
    if (!(await patience(answer.afterMs))) throw unreachable(options.url, answer.cause);
  }
}

interface Answered {
  readonly kind: "answered";
  readonly status: number;
  readonly text: string;
}

/** One request. What may pass by itself (no connection, 429, 5xx, an answer cut off) is `again`. */
async function request(
  address: URL,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Answered | Extract<Attempt, { kind: "again" }>> {
  const timeLimit = AbortSignal.timeout(clientLimits.requestMsMax);
  try {
    const response = await fetch(address, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.any([signal, timeLimit]),
    });
    if (response.status === 429 || response.status >= 500) {
      await response.body?.cancel();
      return { kind: "again", afterMs: retryAfterMs(response), cause: `HTTP ${response.status}` };
    }
    if (response.status >= 300 && response.status < 400)
      throw redirected(address.origin, response.headers.get("location"));
    return { kind: "answered", status: response.status, text: await textOf(response) };
  } catch (error) {
    if (error instanceof DomainError) throw error;
    signal.throwIfAborted();
    return { kind: "again", afterMs: null, cause: causeOf(error) };
  }
}

function retryAfterMs(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > clientLimits.answerBytesMax)
      throw new DomainError(
        "payload-too-large",
        {
          en: `The ThingsBoard answered more than ${clientLimits.answerBytesMax} bytes to one request.`,
          zh: `ThingsBoard 对单个请求的响应超过 ${clientLimits.answerBytesMax} 字节。`,
        },
        { bytesMax: clientLimits.answerBytesMax },
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `fetch failed` says nothing; what lies beneath it does. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return code === "" ? error.message : code;
}

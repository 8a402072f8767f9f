// A ThingsBoard as its REST API answers: profiles, devices, attributes, credentials and history, with faults on demand.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** `json`: the value as it stands in the answer, digit by digit. */
export interface StubPoint {
  readonly ts: number;
  readonly json: string;
}

export interface StubDevice {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly profileId: string;
  readonly additionalInfo: Record<string, unknown> | null;
  readonly credentials: { credentialsType: string; credentialsId: string; credentialsValue: string | null };
  readonly attributes: Readonly<Record<string, readonly { key: string; value: unknown }[]>>;
  /** Oldest first. */
  readonly history: Readonly<Record<string, readonly StubPoint[]>>;
}

export interface StubProfile {
  readonly id: string;
  readonly name: string;
  readonly profileData?: unknown;
}

export interface ThingsboardStub {
  readonly url: string;
  readonly profiles: StubProfile[];
  readonly devices: StubDevice[];
  /** What each request came with; a test may look for what must not be there. */
  readonly requests: { readonly path: string; readonly authorization: string }[];
  faults: StubFaults;
  /** While set, requests for history wait for it. */
  hold: Promise<void> | null;
  stop(): Promise<void>;
}

export interface StubFaults {
  /** One in so many requests is answered with 429, 500, or cut off in the middle; 0: none. */
  tooManyEvery: number;
  brokenEvery: number;
  cutOffEvery: number;
  /** A token is good for so many requests; 0: for ever. */
  requestsPerToken: number;
  isForbidden: boolean;
}

export const stubAccount = { user: "tenant@thingsboard.org", password: "tenant-password" } as const;
export const stubApiKey = "tb_a-key-of-the-tenant";

export const noFaults: StubFaults = {
  ...{ tooManyEvery: 0, brokenEvery: 0, cutOffEvery: 0, requestsPerToken: 0 },
  isForbidden: false,
};

export async function startThingsboardStub(content: {
  readonly profiles: readonly StubProfile[];
  readonly devices: readonly StubDevice[];
}): Promise<ThingsboardStub> {
  const state = { requestCount: 0, tokens: new Map<string, number>(), refresh: new Set<string>() };
  const server = createServer((request, response) => {
    void answer(stub, state, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stub: ThingsboardStub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    profiles: [...content.profiles],
    devices: [...content.devices],
    requests: [],
    faults: { ...noFaults },
    hold: null,
    stop: () => closed(server),
  };
  return stub;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

interface State {
  requestCount: number;
  /** Requests a token has left. */
  readonly tokens: Map<string, number>;
  readonly refresh: Set<string>;
}

async function answer(
  stub: ThingsboardStub,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", stub.url);
  const authorization = String(request.headers["x-authorization"] ?? "");
  stub.requests.push({ path: url.pathname + url.search, authorization });
  state.requestCount += 1;
  const { faults } = stub;
  const isTurn = (every: number) => every > 0 && state.requestCount % every === 0;
  if (isTurn(faults.tooManyEvery)) return send(response, 429, '{"status":429}', { "Retry-After": "0" });
  if (isTurn(faults.brokenEvery)) return send(response, 500, '{"status":500}');
  if (!url.pathname.startsWith("/api/")) return send(response, 404, "<html>Nothing here</html>");
  if (url.pathname === "/api/auth/login" || url.pathname === "/api/auth/token")
    return signIn(stub, state, request, response);
  if (!isLetIn(state, authorization))
    return send(response, 401, '{"status":401,"message":"Authentication failed","errorCode":10}');
  if (faults.isForbidden) return send(response, 403, '{"status":403,"errorCode":20}');
  const body = await contentOf(stub, url);
  if (body === null) return send(response, 404, '{"status":404,"errorCode":32}');
  if (isTurn(faults.cutOffEvery)) return cutOff(response, body);
  send(response, 200, body);
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
}

function cutOff(response: ServerResponse, body: string): void {
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body) + 1,
  });
  response.write(body, () => response.destroy());
}

async function signIn(
  stub: ThingsboardStub,
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as Record<string, string>;
  const isRight =
    (body["username"] === stubAccount.user && body["password"] === stubAccount.password) ||
    state.refresh.delete(body["refreshToken"] ?? "");
  if (!isRight) return send(response, 401, '{"status":401,"message":"Invalid username or password"}');
  const token = `token-${state.requestCount}`;
  const refreshToken = `refresh-${state.requestCount}`;
  state.tokens.set(token, stub.faults.requestsPerToken || Number.POSITIVE_INFINITY);
  state.refresh.add(refreshToken);
  send(response, 200, JSON.stringify({ token, refreshToken }));
}

function isLetIn(state: State, authorization: string): boolean {
  if (authorization === `ApiKey ${stubApiKey}`) return true;
  const token = authorization.replace(/^Bearer /u, "");
  const left = state.tokens.get(token) ?? 0;
  if (left <= 0) return false;
  state.tokens.set(token, left - 1);
  return true;
}

async function contentOf(stub: ThingsboardStub, url: URL): Promise<string | null> {
  const parts = url.pathname.split("/").slice(2);
  if (url.pathname === "/api/deviceProfiles")
    return page(url, stub.profiles, ({ id, name, profileData }) => ({
      ...{ id: { entityType: "DEVICE_PROFILE", id }, name, type: "DEFAULT" },
      profileData: profileData ?? null,
    }));
  if (url.pathname === "/api/tenant/devices")
    return page(url, stub.devices, ({ id, name, label, profileId, additionalInfo }) => ({
      ...{ id: { entityType: "DEVICE", id }, name, label, additionalInfo, type: "default" },
      deviceProfileId: { entityType: "DEVICE_PROFILE", id: profileId },
    }));
  const device = stub.devices.find(({ id }) => parts.includes(id));
  if (device === undefined) return null;
  if (parts.at(-1) === "credentials") return JSON.stringify({ deviceId: device.id, ...device.credentials });
  if (url.pathname.endsWith("/keys/timeseries")) return JSON.stringify(Object.keys(device.history));
  if (url.pathname.endsWith("/values/timeseries")) {
    await stub.hold;
    return historyOf(device, url);
  }
  if (parts.includes("attributes"))
    return JSON.stringify(
      (device.attributes[parts.at(-1) ?? ""] ?? []).map((one) => ({ lastUpdateTs: 1, ...one })),
    );
  return null;
}

function page<Item>(url: URL, items: readonly Item[], shown: (item: Item) => unknown): string {
  const size = Number(url.searchParams.get("pageSize"));
  const number = Number(url.searchParams.get("page"));
  const data = items.slice(number * size, (number + 1) * size).map(shown);
  return JSON.stringify({
    ...{ data, totalElements: items.length, totalPages: Math.ceil(items.length / size) },
    hasNext: (number + 1) * size < items.length,
  });
}

function historyOf(device: StubDevice, url: URL): string {
  const ask = (name: string) => url.searchParams.get(name);
  const [from, to, limit] = [Number(ask("startTs")), Number(ask("endTs")), Number(ask("limit") ?? 100)];
  const isStrict = ask("useStrictDataTypes") === "true";
  const series = (ask("keys") ?? "").split(",").flatMap((key) => {
    const all = (device.history[key] ?? []).filter(({ ts }) => ts >= from && ts < to);
    const ordered = ask("orderBy") === "ASC" ? all : [...all].reverse();
    // Not strict: every value as text, as ThingsBoard does.
    const shown = (json: string) => (isStrict || json.startsWith('"') ? json : JSON.stringify(json));
    const points = ordered.slice(0, limit).map(({ ts, json }) => `{"ts":${ts},"value":${shown(json)}}`);
    return points.length === 0 ? [] : [`${JSON.stringify(key)}:[${points.join(",")}]`];
  });
  return `{${series.join(",")}}`;
}

// ThingsBoard's HTTP device API. A 200 means that what was sent is on disk.

import { problemStatuses } from "@waremind/contract";
import { type Context, Hono } from "hono";
import type { DeviceIdentity, ReleaseKind } from "../../devices/index.ts";
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { IntakeSink } from "../../flows/intake-sink.ts";
import { type Bindings, clientAddressOf } from "../../platform/client-address.ts";
import type { Clock } from "../../platform/clock.ts";
import { DomainError } from "../../platform/errors.ts";
import { type Log, silentLog } from "../../platform/log.ts";
import { payloadTooLarge, retryAfterSeconds, wholeNumber } from "../device-refusals.ts";
import { createDeviceRequests, type DeviceRequests, deviceRequestLimits } from "../device-requests.ts";
import { telemetryLimits } from "../telemetry-json.ts";
import { readBoundedBody } from "./bounded-body.ts";
import { createLongPolls, type LongPolls, type PollOutcome } from "./long-polls.ts";
import { createReleaseAnswers, type ReleaseAnswers } from "./release-answers.ts";

export const deviceApiLimits = {
  ...deviceRequestLimits,
  /** What a device is told to wait. */
  retryAfterSeconds: 1,
  retryAfterFailureSeconds: 5,
  /** Long polls of all devices and of one. */
  pollsMax: 1_500,
  pollsPerDeviceMax: 4,
  pollMsDefault: 20_000,
  pollMsMax: 300_000,
  chunkBytesMax: 1_048_576,
  partBytes: 262_144,
  downloadsMax: 200,
  standstillMsMax: 60_000,
} as const satisfies Record<string, number>;
type DeviceApiLimits = { readonly [Name in keyof typeof deviceApiLimits]: number };

export interface DeviceApiDependencies {
  readonly desk: DeviceDesk;
  readonly sink: IntakeSink;
  readonly clock: Clock;
  readonly log?: Log;
  /** Replaces single limits, for tests. */
  readonly limits?: Partial<DeviceApiLimits>;
}

export interface DeviceApi {
  /** Routes under `/api/v1/`: no cookie, no session; the token in the path is the credential. */
  readonly routes: Hono;
  /** Long polls and downloads on their way. */
  readonly waitingCount: number;
  /** Ends long polls and downloads at once; call it before the listener stops. Other requests are still answered. */
  stop(): void;
}

interface Parts {
  readonly requests: DeviceRequests;
  readonly polls: LongPolls;
  readonly releases: ReleaseAnswers;
  readonly limits: DeviceApiLimits;
}

export function createDeviceApi(deps: DeviceApiDependencies): DeviceApi {
  const { desk, sink, clock } = deps;
  const log = (deps.log ?? silentLog).child({ component: "device-http" });
  const limits = { ...deviceApiLimits, ...deps.limits };
  const requests = createDeviceRequests({ desk, sink, clock, log, transport: "http", limits });
  const polls = createLongPolls(desk, limits);
  const releases = createReleaseAnswers(
    (identity, ask) => requests.stored(desk.readRelease(identity, ask)),
    limits,
  );
  const routes = new Hono();
  addMessages(routes, requests);
  addPolls(routes, { requests, polls, releases, limits });
  addReleases(routes, { requests, polls, releases, limits });
  routes.onError((error, context) => {
    if (!(error instanceof DomainError)) throw error;
    const seconds = retryAfterSeconds(error, {
      soon: limits.retryAfterSeconds,
      afterFailure: limits.retryAfterFailureSeconds,
    });
    if (seconds !== null) context.header("Retry-After", String(seconds));
    return context.json(error.toProblem(), problemStatuses[error.code]);
  });
  return {
    routes,
    get waitingCount() {
      return polls.count + releases.downloadCount;
    },
    stop: () => {
      polls.stop();
      releases.stop();
    },
  };
}

function addMessages(routes: Hono, requests: DeviceRequests): void {
  /** Identifies the device, counts the request in, does the work, counts it out. */
  const serve =
    (work: (identity: DeviceIdentity, context: Context) => Promise<Response>) =>
    async (context: Context): Promise<Response> => {
      const identity = await requests.identify(context.req.param("token") ?? "", addressOf(context));
      const leave = requests.enter(identity.device.id);
      try {
        return await work(identity, context);
      } finally {
        leave();
      }
    };
  const take = (work: (identity: DeviceIdentity, payload: Uint8Array, context: Context) => Promise<void>) =>
    serve(async (identity, context) => {
      await work(identity, await bodyOf(context, requests, identity), context);
      return context.body(null, 200);
    });

  routes.post("/api/v1/:token/telemetry", take(requests.takeInTelemetry));
  routes.post("/api/v1/:token/attributes", take(requests.takeInAttributes));
  routes.post("/api/v1/:token/claim", take(requests.openClaim));
  routes.post(
    "/api/v1/:token/rpc/:number",
    take((identity, payload, context) =>
      requests.answerCommand(identity, context.req.param("number") ?? "", payload),
    ),
  );
  routes.post(
    "/api/v1/:token/rpc",
    serve(async (identity, context) => {
      const called = await requests.call(identity, await bodyOf(context, requests, identity));
      return called === null ? context.json({ error: "timeout" }, 408) : context.json(called.answer);
    }),
  );
  routes.get(
    "/api/v1/:token/attributes",
    serve(async (identity, context) => {
      const listed = (...names: readonly string[]) =>
        names.flatMap((name) => context.req.queries(name) ?? []).join(",");
      // The Python client writes its lists with an underscore.
      const keys = {
        client: listed("clientKeys", "client_keys"),
        shared: listed("sharedKeys", "shared_keys"),
      };
      return context.json(await requests.readAttributes(identity, keys));
    }),
  );
  routes.post("/api/v1/provision", async (context) => {
    const payload = await readBoundedBody(context.req.raw, telemetryLimits.payloadBytesMax).catch(brokenOff);
    if (payload === null) throw payloadTooLarge();
    return context.json(await requests.provision(payload, addressOf(context)));
  });
}

function addPolls(routes: Hono, { requests, polls, limits }: Parts): void {
  const poll = (listensTo: "commands" | "attributes") => async (context: Context) => {
    // A HEAD would take a command whose body nobody sees.
    if (context.req.method !== "GET") throw onlyGet();
    const asked = wholeNumber("timeout", context.req.query("timeout"), Number.MAX_SAFE_INTEGER);
    const timeoutMs = Math.min(asked === 0 ? limits.pollMsDefault : asked, limits.pollMsMax);
    const identity = await requests.identify(context.req.param("token") ?? "", addressOf(context));
    requests.admit(identity, { kind: "other", points: 0 });
    const { signal } = context.req.raw;
    const address = addressOf(context);
    return answerPoll(context, await polls.wait(identity, { listensTo, timeoutMs, signal, address }));
  };
  routes.get("/api/v1/:token/attributes/updates", poll("attributes"));
  routes.get("/api/v1/:token/rpc", poll("commands"));
}

function answerPoll(context: Context, outcome: PollOutcome): Response {
  switch (outcome.kind) {
    case "refused":
      throw outcome.error;
    case "nothing":
      return context.body(null, 408);
    case "command":
      whenWritten(context, outcome.settle);
      return context.json(outcome.body);
    case "attributes":
      return context.json(outcome.body);
  }
}

/** Tells whether the answer was handed to the connection whole; an answer that broke off goes back into the queue. */
function whenWritten(context: Context, settle: (isWritten: boolean) => void): void {
  const outgoing = (context.env as { outgoing?: import("node:http").ServerResponse } | undefined)?.outgoing;
  if (outgoing === undefined || outgoing.destroyed) {
    settle(outgoing === undefined);
  } else {
    outgoing.once("finish", () => settle(true));
    outgoing.once("close", () => settle(outgoing.writableFinished));
  }
}

function addReleases(routes: Hono, { requests, releases }: Parts): void {
  const fetch = (kind: ReleaseKind) => async (context: Context) => {
    const identity = await requests.identify(context.req.param("token") ?? "", addressOf(context));
    const leave = requests.enter(identity.device.id);
    try {
      return await releases.answer(identity, kind, (name) => context.req.query(name));
    } finally {
      leave();
    }
  };
  routes.get("/api/v1/:token/firmware", fetch("firmware"));
  routes.get("/api/v1/:token/software", fetch("software"));
}

async function bodyOf(
  context: Context,
  requests: DeviceRequests,
  identity: DeviceIdentity,
): Promise<Uint8Array> {
  const bytesMax = telemetryLimits.payloadBytesMax;
  const payload = await readBoundedBody(context.req.raw, bytesMax).catch(brokenOff);
  if (payload !== null) return payload;
  const announced = Number(context.req.header("content-length") ?? 0);
  throw requests.tooLarge(identity, Math.max(bytesMax + 1, announced || 0));
}

function addressOf(context: Context): string {
  return clientAddressOf(context.env as Bindings | undefined) ?? "unknown";
}

function brokenOff(error: unknown): never {
  throw new DomainError(
    "invalid-input",
    {
      en: "The body broke off before its end; nothing was stored. Send it again.",
      zh: "请求正文中途断开，未保存任何内容；请重新发送。",
    },
    undefined,
    error,
  );
}

const onlyGet = (): DomainError =>
  new DomainError("invalid-input", {
    en: "A device waits for commands and attributes with GET only.",
    zh: "设备只能使用 GET 等待命令和属性。",
  });

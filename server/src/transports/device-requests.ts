// What a device may ask by request and answer, in words of no protocol: HTTP and CoAP only carry it. Whatever these
// verbs resolve is on disk; whatever they refuse is a DomainError with a sentence for the device's maker.
import type { JsonValue } from "@waremind/contract";
import { attributeLimits, type DeviceIdentity, hashOfToken, type Transport } from "../devices/index.ts";
import type { DeviceDesk } from "../flows/device-desk.ts";
import type { MessageCost } from "../flows/device-limits.ts";
import type { IntakeSink } from "../flows/intake-sink.ts";
import { createAttemptLimit } from "../platform/attempt-limit.ts";
import type { Clock } from "../platform/clock.ts";
import { DomainError } from "../platform/errors.ts";
import type { Log } from "../platform/log.ts";
import {
  attributeRequestOf,
  decodeAttributes,
  decodeCall,
  decodeClaim,
  decodeJson,
  decodeProvision,
  provisionReply,
  splitKeys,
} from "./device-json.ts";
import * as refusal from "./device-refusals.ts";
import { decodeTelemetry, isMalformed, type MalformedPayload, telemetryLimits } from "./telemetry-json.ts";

export const deviceRequestLimits = {
  /** Requests that are not answered yet, of all devices and of one. */
  requestsMax: 2_000,
  requestsPerDeviceMax: 32,
  /** Provisioning requests under way; they come without a token. */
  provisionsMax: 32,
  /** Refused provisioning requests of one address in a minute, and how many addresses are remembered. */
  provisionsRefusedMax: 60,
  provisionAddressesMax: 10_000,
  /** Unknown tokens from one address in a minute; as many as MQTT refuses connections. */
  tokensRefusedMax: 3_000,
  /** Tokens known to be right, which that limit leaves alone. */
  tokensRememberedMax: 20_000,
  /** How long a call of a device may take to be answered. */
  callMsMax: 60_000,
} as const satisfies Record<string, number>;
export type DeviceRequestLimits = { readonly [Name in keyof typeof deviceRequestLimits]: number };

const guessWindowMs = 60_000;

export interface DeviceRequests {
  /**
   * `address` bounds guessing: after too many unknown tokens no new one from there is looked up for the rest of a
   * minute. A token that was right before is not disturbed by what its neighbours try.
   *
   * @throws DomainError `token-unknown`, `rate-limited`, `store-unavailable`
   */
  identify(token: string, address: string): Promise<DeviceIdentity>;
  /** Counts a request in, or throws why it may not come in (`overloaded`, `rate-limited`); call the answer at its end. */
  enter(deviceId: number): () => void;
  /** Counts a message against the limits of its device. @throws DomainError `rate-limited` with `retryAfterMs`. */
  admit(identity: DeviceIdentity, cost: MessageCost): void;
  takeInTelemetry(identity: DeviceIdentity, payload: Uint8Array): Promise<void>;
  takeInAttributes(identity: DeviceIdentity, payload: Uint8Array): Promise<void>;
  /** `keys`: lists separated by commas, absent or empty for none. Parts and keys that do not exist are absent. */
  readAttributes(
    identity: DeviceIdentity,
    keys: { readonly client: string; readonly shared: string },
  ): Promise<{ [part: string]: JsonValue }>;
  answerCommand(identity: DeviceIdentity, number: string, payload: Uint8Array): Promise<void>;
  /** Answers null when it took longer than a call may. */
  call(identity: DeviceIdentity, payload: Uint8Array): Promise<{ readonly answer: JsonValue } | null>;
  openClaim(identity: DeviceIdentity, payload: Uint8Array): Promise<void>;
  /** In ThingsBoard's form, a refusal too. `address` bounds guessing. */
  provision(payload: Uint8Array, address: string): Promise<JsonValue>;
  /** Notes a payload that its transport refused for its size, and answers what to throw. */
  tooLarge(identity: DeviceIdentity, bytes: number): DomainError;
  /** Runs work of the desk: what is no refusal is the store's fault, and the device may come back. */
  stored<Result>(work: Promise<Result>): Promise<Result>;
}

export interface DeviceRequestDependencies {
  readonly desk: DeviceDesk;
  readonly sink: IntakeSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  readonly limits: DeviceRequestLimits;
}

export function createDeviceRequests(deps: DeviceRequestDependencies): DeviceRequests {
  const { desk } = deps;
  const means = createMeans(deps);
  const { stored } = means;
  return {
    identify: createIdentify(deps, stored),
    enter: createGate(deps),
    admit: means.admit,
    ...createReports(deps, means),
    ...createDialogue(deps, means),
    provision: createProvision(deps, stored),
    tooLarge: (identity, bytes) => {
      const bytesMax = telemetryLimits.payloadBytesMax;
      desk.limiter.note(identity.device.id, "payload-bytes", String(bytesMax), bytes);
      return refusal.payloadTooLarge(bytesMax);
    },
    stored,
  };
}

type Means = ReturnType<typeof createMeans>;

function createMeans({ desk, sink, clock, log, transport }: DeviceRequestDependencies) {
  async function stored<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof DomainError) throw error;
      log.warn({ err: error, transport }, "a device's request could not be served");
      throw refusal.storeUnavailable(error);
    }
  }
  return {
    stored,
    admit: (identity: DeviceIdentity, cost: MessageCost): void => {
      const admission = desk.limiter.admit(identity, cost);
      if (!admission.isAdmitted) throw refusal.overLimit(admission);
    },
    /** What cannot be read is kept where its owner sees it, and refused. */
    refuse: async (
      identity: DeviceIdentity,
      payload: Uint8Array,
      fault: MalformedPayload,
    ): Promise<never> => {
      const { reason, detail } = fault;
      const receivedAt = clock.now();
      await stored(
        sink.appendMalformed({ identity, transport, receivedAt, payload, reason, detail: detail.en }),
      );
      throw refusal.payloadMalformed(fault);
    },
  };
}

const aMessage: MessageCost = { kind: "other", points: 0 };

/** What a device says of itself, and reads of itself. */
function createReports(
  { desk, sink, clock, transport }: DeviceRequestDependencies,
  { stored, admit, refuse }: Means,
): Pick<DeviceRequests, "takeInTelemetry" | "takeInAttributes" | "readAttributes"> {
  return {
    takeInTelemetry: async (identity, payload) => {
      const receivedAt = clock.now();
      const points = decodeTelemetry(payload);
      const isFault = "reason" in points;
      admit(identity, { kind: "telemetry", points: isFault ? 0 : points.length });
      if (isFault) return refuse(identity, payload, points);
      await stored(sink.append({ identity, transport, receivedAt, payload, points }));
    },
    takeInAttributes: async (identity, payload) => {
      const values = decodeAttributes(payload);
      admit(identity, aMessage);
      if (isMalformed(values)) return refuse(identity, payload, values);
      if (Object.keys(values).length === 0) return;
      await stored(desk.reportAttributes(identity, values, transport));
    },
    readAttributes: async (identity, keys) => {
      const client = splitKeys(keys.client);
      const shared = splitKeys(keys.shared);
      const keysMax = attributeLimits.keysPerScopeMax;
      if (Math.max(client.length, shared.length) > keysMax) throw refusal.tooManyKeys(keysMax);
      admit(identity, aMessage);
      const read = await stored(desk.readAttributes(identity, attributeRequestOf(client, shared)));
      const parts = Object.entries(read).filter(([, values]) => Object.keys(values).length > 0);
      return Object.fromEntries(parts);
    },
  };
}

/** Commands, calls and claims. */
function createDialogue(
  { desk, limits }: DeviceRequestDependencies,
  { stored, admit }: Means,
): Pick<DeviceRequests, "answerCommand" | "call" | "openClaim"> {
  return {
    answerCommand: async (identity, number, payload) => {
      const answer = decodeJson(payload);
      admit(identity, aMessage);
      if ("reason" in answer) throw refusal.payloadMalformed(answer);
      const isNumber = /^\d{1,15}$/u.test(number);
      if (!isNumber || !(await stored(desk.answerCommand(identity, Number(number), answer.value)))) {
        throw refusal.noSuchCommand(number.slice(0, 40));
      }
    },
    call: async (identity, payload) => {
      const call = decodeCall(payload);
      admit(identity, aMessage);
      if ("reason" in call) throw refusal.payloadMalformed(call);
      return within(limits.callMsMax, stored(desk.call(identity, call)));
    },
    openClaim: async (identity, payload) => {
      const claim = decodeClaim(payload);
      admit(identity, aMessage);
      if ("reason" in claim) throw refusal.payloadMalformed(claim);
      await stored(desk.openClaim(identity, claim));
    },
  };
}

function createGate({ desk, sink, limits }: DeviceRequestDependencies): DeviceRequests["enter"] {
  const underway = new Map<number, number>();
  let underwayTotal = 0;
  return (deviceId) => {
    if (underwayTotal >= limits.requestsMax || sink.pendingCount >= sink.pendingCountMax) {
      throw refusal.overloaded();
    }
    const ofDevice = underway.get(deviceId) ?? 0;
    const ofDeviceMax = limits.requestsPerDeviceMax;
    if (ofDevice >= ofDeviceMax) {
      desk.limiter.note(deviceId, "requests-under-way", String(ofDeviceMax), ofDevice + 1);
      throw refusal.tooManyRequests(ofDeviceMax);
    }
    underway.set(deviceId, ofDevice + 1);
    underwayTotal += 1;
    return () => {
      underwayTotal -= 1;
      const left = (underway.get(deviceId) ?? 1) - 1;
      if (left > 0) underway.set(deviceId, left);
      else underway.delete(deviceId);
    };
  };
}

function createIdentify(
  { desk, clock, limits }: DeviceRequestDependencies,
  stored: DeviceRequests["stored"],
): DeviceRequests["identify"] {
  const guesses = createAttemptLimit({
    clock,
    attemptsMax: limits.tokensRefusedMax,
    windowMs: guessWindowMs,
    keysMax: limits.provisionAddressesMax,
  });
  const right = createRecent(limits.tokensRememberedMax);
  return async (token, address) => {
    const hash = hashOfToken(token);
    const name = hash.toString("latin1");
    const waitSeconds = right.has(name) ? 0 : guesses.retryAfterSeconds(address);
    if (waitSeconds > 0) throw refusal.tooManyTokens(waitSeconds * 1_000);
    const identity = await stored(desk.authenticate({ kind: "access-token", token, hash }));
    if (identity !== null) {
      right.add(name);
      return identity;
    }
    right.remove(name);
    guesses.take(address);
    throw refusal.tokenUnknown();
  };
}

/** The last `max` names; the one added first is forgotten first. */
function createRecent(max: number) {
  const names = new Set<string>();
  return {
    has: (name: string): boolean => names.has(name),
    add: (name: string): void => {
      if (names.has(name)) return;
      names.add(name);
      const [oldest] = names;
      if (names.size > max && oldest !== undefined) names.delete(oldest);
    },
    remove: (name: string): void => void names.delete(name),
  };
}

function createProvision(
  { desk, clock, limits }: DeviceRequestDependencies,
  stored: DeviceRequests["stored"],
): DeviceRequests["provision"] {
  const guesses = createAttemptLimit({
    clock,
    attemptsMax: limits.provisionsRefusedMax,
    windowMs: guessWindowMs,
    keysMax: limits.provisionAddressesMax,
  });
  let underway = 0;
  return async (payload, address) => {
    const request = decodeProvision(payload);
    if ("reason" in request) throw refusal.payloadMalformed(request);
    if (underway >= limits.provisionsMax) throw refusal.overloaded();
    if (!guesses.take(address)) throw refusal.tooManyGuesses(guesses.retryAfterSeconds(address) * 1_000);
    underway += 1;
    try {
      const answer = await stored(desk.provision(request));
      if (answer.status === "SUCCESS") guesses.forget(address);
      return provisionReply(answer);
    } finally {
      underway -= 1;
    }
  };
}

async function within(
  msMax: number,
  work: Promise<JsonValue>,
): Promise<{ readonly answer: JsonValue } | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), msMax);
  });
  try {
    return await Promise.race([work.then((answer) => ({ answer })), late]);
  } finally {
    clearTimeout(timer);
    // Whatever comes of it later has nobody to tell.
    work.catch(() => undefined);
  }
}

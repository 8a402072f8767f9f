// A desk, a hub and a limiter in memory, for tests of transports: what devices ask is kept in lists a test can look
// at, and a test can send commands and attributes down, refuse by a limit, and hold its hand on when a commit happens.
import { createHash } from "node:crypto";
import type { JsonValue } from "@waremind/contract";
import type {
  AttributeChange,
  AttributeRequest,
  AttributeValues,
  Device,
  DeviceIdentity,
  LimitName,
  Presented,
  ProvisionAnswer,
  ProvisionRequest,
  Release,
  ReleaseKind,
  Transport,
} from "../../server/src/devices/index.ts";
import type { DeviceDesk, ReleaseAnswer } from "../../server/src/flows/device-desk.ts";
import type {
  Delivered,
  DeviceChannel,
  DeviceHub,
  OutgoingCommand,
} from "../../server/src/flows/device-hub.ts";
import type {
  Admission,
  DeviceLimiter,
  MessageCost,
  SessionLimits,
} from "../../server/src/flows/device-limits.ts";
import { loggerIdentity } from "./profile.ts";

type CloseReason = Parameters<DeviceChannel["close"]>[0];

export interface MemoryDesk extends DeviceDesk {
  /** `connected 1`, `disconnected 1 keep-alive-timeout` … in the order they became true. */
  readonly marks: string[];
  /** Resolves when a mark that begins with `prefix` is there (at or after position `from`). */
  marked(prefix: string, from?: number): Promise<string>;
  /** Transport and address of everything that attached. */
  readonly attached: { readonly deviceId: number; readonly transport: Transport; readonly address: string }[];
  readonly reported: {
    readonly deviceId: number;
    readonly values: AttributeValues;
    readonly transport: Transport;
  }[];
  readonly answers: { readonly deviceId: number; readonly number: number; readonly answer: JsonValue }[];
  readonly calls: { readonly deviceId: number; readonly method: string; readonly params: JsonValue }[];
  readonly claims: {
    readonly deviceId: number;
    readonly secret: string;
    readonly durationMs: number | null;
  }[];
  readonly provisions: ProvisionRequest[];
  readonly releaseAsks: (Parameters<DeviceDesk["readRelease"]>[1] & { readonly deviceId: number })[];
  readonly children: {
    readonly gatewayId: number;
    readonly name: string;
    readonly profileName: string | null;
  }[];
  readonly presented: Presented[];
  readonly admitted: {
    readonly deviceId: number;
    readonly cost: MessageCost;
    readonly viaId: number | null;
  }[];
  readonly notes: {
    readonly deviceId: number;
    readonly limitName: LimitName;
    readonly allowed: string;
    readonly observed: number;
  }[];
  /** Every look-up of a device fails, as when the store is down. */
  isDown: boolean;
  /** "by-hand": reports and answers wait for `commit` or `fail`. */
  mode: "at-once" | "by-hand";
  commit(): void;
  fail(error: Error): void;
  /** Resolves when `holds` answers true; asked again after everything that reaches the desk. */
  until(holds: () => boolean): Promise<void>;
  revoke(token: string): void;
  /** Changes what is known of a device from its next look-up on; answers the changed identity. */
  change(
    deviceId: number,
    change: { readonly device?: Partial<Device>; readonly profile?: Partial<DeviceIdentity["profile"]> },
  ): DeviceIdentity;
  identity(deviceId: number): DeviceIdentity;
  addBasic(
    deviceId: number,
    basic: { readonly clientId?: string; readonly userName?: string; readonly password?: string },
  ): void;
  /** A certificate is known by its SHA-256 (hex), or by its common name. */
  addCertificate(deviceId: number, known: { readonly sha256?: string; readonly commonName?: string }): void;
  /** What the device finds when it asks for its attributes. */
  setAttributes(deviceId: number, scope: "client" | "shared", values: AttributeValues): void;
  setRelease(
    kind: ReleaseKind,
    release: { readonly title: string; readonly version: string; readonly bytes: Buffer },
  ): void;
  /** Answers calls in place of the built-in words. */
  onCall: ((method: string, params: JsonValue) => Promise<JsonValue>) | null;
  provisionAnswer: ProvisionAnswer;
  /** Asked for every message; null (or an answer of null) admits it. */
  refusing: ((identity: DeviceIdentity, cost: MessageCost, via?: DeviceIdentity) => Admission | null) | null;
  limits: SessionLimits;
  /** Delivers now; "not-taken" when no channel listens. */
  sendCommand(deviceId: number, command: Partial<OutgoingCommand>): Promise<Delivered>;
  /** Waits until the device listens for commands, then delivers; answers what became of it. */
  queueCommand(deviceId: number, command: Partial<OutgoingCommand>): Promise<Delivered>;
  channelsOf(deviceId: number): readonly DeviceChannel[];
}

interface Attached {
  readonly channel: DeviceChannel;
  readonly isSession: boolean;
}

/** Devices named after their tokens: token `token-3` is device 3, `logger-3`, of the profile `logger`. */
export function createMemoryDesk(count = 20): MemoryDesk {
  const watch = createWatch();
  const registry = createRegistry(count);
  const held = createHeld();
  const { hub, marks, ...hubParts } = createMemoryHub(watch.changed);
  const stored = new Map<string, AttributeValues>();
  const releases = new Map<ReleaseKind, { title: string; version: string; bytes: Buffer }>();
  const limiter: DeviceLimiter = {
    admit: (identity, cost, via) => {
      const refusal = desk.refusing?.(identity, cost, via) ?? null;
      if (refusal === null)
        desk.admitted.push({ deviceId: identity.device.id, cost, viaId: via?.device.id ?? null });
      watch.changed();
      return refusal ?? { isAdmitted: true };
    },
    note: (deviceId, limitName, allowed, observed) => {
      desk.notes.push({ deviceId, limitName, allowed, observed });
      watch.changed();
    },
    sessionLimits: () => desk.limits,
  };

  /** Notes an arrival, then waits for the commit when it is by hand. */
  function arrive<T>(list: T[], entry: T): Promise<void> {
    list.push(entry);
    watch.changed();
    return desk.mode === "at-once" ? Promise.resolve() : held.hold();
  }

  const desk: MemoryDesk = {
    ...{ marks, hub, limiter, isDown: false, mode: "at-once", onCall: null, refusing: null },
    ...{ reported: [], answers: [], calls: [], claims: [], provisions: [], releaseAsks: [], children: [] },
    ...{ presented: [], admitted: [], notes: [], attached: hubParts.attached },
    provisionAnswer: { status: "NOT_FOUND" },
    limits: {
      maxPayloadSize: 65_536,
      maxInflightMessages: 100,
      rateLimits: { messages: "", telemetryMessages: "", telemetryDataPoints: "" },
    },
    ...registry,
    ...held,
    until: watch.until,
    marked: async (prefix, from = 0) => {
      const find = (): string | undefined => marks.slice(from).find((text) => text.startsWith(prefix));
      await watch.until(() => find() !== undefined);
      return find() ?? "";
    },
    authenticate: (presented) => {
      desk.presented.push(presented);
      watch.changed();
      return desk.isDown
        ? Promise.reject(new Error("store down"))
        : Promise.resolve(registry.find(presented));
    },
    reportAttributes: (identity, values, transport) => {
      const deviceId = identity.device.id;
      const name = `${deviceId} client`;
      return arrive(desk.reported, { deviceId, values, transport }).then(() => {
        stored.set(name, { ...stored.get(name), ...values });
      });
    },
    readAttributes: (identity, request) => {
      const of = (scope: "client" | "shared"): AttributeValues =>
        picked(stored.get(`${identity.device.id} ${scope}`) ?? {}, request[scope]);
      return Promise.resolve({ client: of("client"), shared: of("shared") });
    },
    answerCommand: async (identity, number, answer) => {
      await arrive(desk.answers, { deviceId: identity.device.id, number, answer });
      return true;
    },
    call: async (identity, call) => {
      await arrive(desk.calls, { deviceId: identity.device.id, ...call });
      if (desk.onCall !== null) return desk.onCall(call.method, call.params);
      if (call.method === "getSessionLimits") return JSON.parse(JSON.stringify(desk.limits)) as JsonValue;
      return { error: `The method ${call.method} is not served.` };
    },
    openClaim: (identity, claim) => arrive(desk.claims, { deviceId: identity.device.id, ...claim }),
    provision: async (request) => {
      await arrive(desk.provisions, request);
      return desk.provisionAnswer;
    },
    readRelease: (identity, ask) => {
      desk.releaseAsks.push({ ...ask, deviceId: identity.device.id });
      watch.changed();
      return Promise.resolve(releaseAnswer(releases.get(ask.kind), ask));
    },
    openChild: (gateway, child) => {
      desk.children.push({ gatewayId: gateway.device.id, ...child });
      watch.changed();
      return Promise.resolve(registry.child(gateway, child.name));
    },
    sessionLimits: () => desk.limits,
    setAttributes: (deviceId, scope, values) => {
      stored.set(`${deviceId} ${scope}`, values);
    },
    setRelease: (kind, release) => {
      releases.set(kind, release);
    },
    sendCommand: hubParts.sendCommand,
    queueCommand: hubParts.queueCommand,
    channelsOf: hubParts.channelsOf,
  };
  return desk;
}

function createWatch() {
  let watchers: { holds: () => boolean; resolve: () => void }[] = [];
  return {
    changed: (): void => {
      const due = watchers.filter((watcher) => watcher.holds());
      watchers = watchers.filter((watcher) => !due.includes(watcher));
      for (const watcher of due) watcher.resolve();
    },
    until: (holds: () => boolean): Promise<void> =>
      holds() ? Promise.resolve() : new Promise((resolve) => watchers.push({ holds, resolve })),
  };
}

function createHeld() {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const take = (): typeof waiting => waiting.splice(0);
  return {
    hold: () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject })),
    commit: () => {
      for (const one of take()) one.resolve();
    },
    fail: (error: Error) => {
      for (const one of take()) one.reject(error);
    },
  };
}

function createRegistry(count: number) {
  const identities = new Map<number, DeviceIdentity>();
  const tokens = new Map<string, number>();
  const basics: { deviceId: number; clientId?: string; userName?: string; password?: string }[] = [];
  const certificates: { deviceId: number; sha256?: string; commonName?: string }[] = [];
  const children = new Map<string, DeviceIdentity>();
  for (let id = 1; id <= count; id += 1) {
    identities.set(id, loggerIdentity(id, `logger-${id}`));
    tokens.set(`token-${id}`, id);
  }
  const identity = (deviceId: number): DeviceIdentity => {
    const found = identities.get(deviceId);
    if (found === undefined) throw new Error(`There is no device ${deviceId}.`);
    return found;
  };
  const deviceIdOf = (presented: Presented): number | undefined => {
    if (presented.kind === "access-token") return tokens.get(presented.token);
    if (presented.kind === "certificate") {
      const sha256 = createHash("sha256").update(presented.der).digest("hex");
      return certificates.find(
        (one) =>
          one.sha256 === sha256 || (one.commonName !== undefined && one.commonName === presented.commonName),
      )?.deviceId;
    }
    const { clientId, userName, password } = presented;
    const basic = basics.find(
      (one) =>
        (one.clientId === undefined || one.clientId === clientId) &&
        (one.userName ?? null) === userName &&
        (one.password ?? null) === password,
    );
    return basic?.deviceId ?? (password === null ? tokens.get(userName ?? "") : undefined);
  };
  return {
    identity,
    find: (presented: Presented): DeviceIdentity | null =>
      identities.get(deviceIdOf(presented) ?? -1) ?? null,
    revoke: (token: string) => {
      tokens.delete(token);
    },
    change: (deviceId: number, change: Parameters<MemoryDesk["change"]>[1]) => {
      const before = identity(deviceId);
      const after = {
        device: { ...before.device, ...change.device },
        profile: { ...before.profile, ...change.profile },
      };
      identities.set(deviceId, after);
      return after;
    },
    addBasic: (deviceId: number, basic: Parameters<MemoryDesk["addBasic"]>[1]) => {
      basics.push({ deviceId, ...basic });
    },
    addCertificate: (deviceId: number, known: Parameters<MemoryDesk["addCertificate"]>[1]) => {
      certificates.push({ deviceId, ...known });
    },
    /** Children count up from 1001. */
    child: (gateway: DeviceIdentity, name: string): DeviceIdentity => {
      const known = children.get(name);
      if (known !== undefined) return known;
      const made = loggerIdentity(1_001 + children.size, name);
      const child = { ...made, device: { ...made.device, gatewayId: gateway.device.id } };
      children.set(name, child);
      identities.set(child.device.id, child);
      return child;
    },
  };
}

function createMemoryHub(changed: () => void) {
  const byDevice = new Map<number, Set<Attached>>();
  const sessions = new Map<number, Attached>();
  const marks: string[] = [];
  const attached: MemoryDesk["attached"] = [];
  const queued = new Map<number, (() => void)[]>();
  const channelsOf = (deviceId: number): readonly DeviceChannel[] =>
    [...(byDevice.get(deviceId) ?? [])].map((one) => one.channel);
  const mark = (text: string): void => {
    marks.push(text);
    changed();
  };
  const sendCommand = (deviceId: number, command: Partial<OutgoingCommand>): Promise<Delivered> => {
    const channel = channelsOf(deviceId).find((one) => one.wantsCommands);
    const whole = { number: 1, method: "blink", params: {}, isOneWay: false, ...command };
    return channel === undefined ? Promise.resolve("not-taken") : channel.deliverCommand(whole);
  };
  const hub: DeviceHub = {
    attach: (identity, channel, { isSession, address }) => {
      const deviceId = identity.device.id;
      const own: Attached = { channel, isSession };
      byDevice.set(deviceId, (byDevice.get(deviceId) ?? new Set()).add(own));
      attached.push({ deviceId, transport: channel.transport, address });
      if (isSession) {
        sessions.set(deviceId, own);
        mark(`connected ${deviceId}`);
      }
      changed();
      return {
        commandsWanted: () => {
          hub.dispatch(deviceId);
          changed();
        },
        detach: (reason) => {
          const isGone = byDevice.get(deviceId)?.delete(own) === true;
          if (isGone && sessions.get(deviceId) === own) {
            sessions.delete(deviceId);
            mark(`disconnected ${deviceId} ${reason}`);
          }
          changed();
        },
      };
    },
    pushAttributes: (deviceId, change: AttributeChange) => {
      for (const channel of channelsOf(deviceId))
        if (channel.wantsAttributes) channel.deliverAttributes(change);
    },
    dispatch: (deviceId) => {
      const due = queued.get(deviceId) ?? [];
      queued.delete(deviceId);
      for (const send of due) send();
    },
    close: (deviceId, reason: CloseReason) => {
      for (const channel of channelsOf(deviceId)) channel.close(reason);
    },
    get connectedCount() {
      return sessions.size;
    },
    settled: () => Promise.resolve(),
  };
  return {
    ...{ hub, marks, attached, channelsOf, sendCommand },
    queueCommand: (deviceId: number, command: Partial<OutgoingCommand>): Promise<Delivered> =>
      new Promise((resolve, reject) => {
        const send = (): void => void sendCommand(deviceId, command).then(resolve, reject);
        queued.set(deviceId, [...(queued.get(deviceId) ?? []), send]);
        if (channelsOf(deviceId).some((one) => one.wantsCommands)) hub.dispatch(deviceId);
      }),
  };
}

function picked(values: AttributeValues, keys: AttributeRequest["client"]): AttributeValues {
  if (keys === "all") return values;
  if (keys === "none") return {};
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}

function releaseAnswer(
  known: { readonly title: string; readonly version: string; readonly bytes: Buffer } | undefined,
  ask: Parameters<DeviceDesk["readRelease"]>[1],
): ReleaseAnswer {
  if (known === undefined) return { kind: "none-assigned" };
  if ((ask.title ?? known.title) !== known.title || (ask.version ?? known.version) !== known.version)
    return { kind: "not-this-one" };
  const size = ask.chunkBytes === 0 ? known.bytes.length : ask.chunkBytes;
  const from = ask.chunk * size;
  if (from >= known.bytes.length) return { kind: "no-such-chunk" };
  const bytes = known.bytes.subarray(from, from + size);
  return {
    kind: "bytes",
    bytes,
    release: releaseOf(ask.kind, known),
    isLast: from + bytes.length === known.bytes.length,
  };
}

function releaseOf(
  kind: ReleaseKind,
  known: { readonly title: string; readonly version: string; readonly bytes: Buffer },
): Release {
  return {
    ...{ id: `release-${kind}`, kind, title: known.title, version: known.version, tag: "" },
    ...{
      profileId: "logger",
      fileName: `${known.title}-${known.version}.bin`,
      sizeBytes: known.bytes.length,
    },
    checksumAlgorithm: "SHA256",
    checksum: createHash("sha256").update(known.bytes).digest("hex"),
    signature: Buffer.alloc(64),
    ...{ keyId: "key", createdAt: 0, createdBy: "test" },
  };
}

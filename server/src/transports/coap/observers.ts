// Devices that observe: changes of their shared attributes and commands go to them until they are gone.
import type { JsonValue } from "@waremind/contract";
import type { AttributeChange, DeviceIdentity } from "../../devices/index.ts";
import type { Attachment, Delivered, DeviceChannel, DeviceHub } from "../../flows/device-hub.ts";
import type { DeviceLimiter } from "../../flows/device-limits.ts";
import type { Clock } from "../../platform/clock.ts";
import { deviceClosed, stopping } from "../device-refusals.ts";
import { content, refusalAnswer } from "./answers.ts";
import type { Blocks } from "./blocks.ts";
import type { Sent } from "./confirmables.ts";
import type { CoapLimits } from "./limits.ts";
import type { MessageLayer } from "./message-layer.ts";
import { type CoapAnswer, type CoapRequest, numberOption, type Peer } from "./packets.ts";

/** Sequence numbers of notifications are of 24 bits. */
const sequencesMax = 0x1000000;

export type Feature = "commands" | "attributes";

export interface Observers {
  /**
   * Registers the observer of a request, in place of its earlier registration. It hears nothing until `begin`, which is
   * called when the answer to its registration has left. Null when there are too many: the device is answered once.
   */
  register(identity: DeviceIdentity, request: CoapRequest, feature: Feature): Observation | null;
  /** Ends the observer that a request names; whether there was one. */
  cancel(request: CoapRequest): void;
  /** Asks those that were silent for long whether they are there. */
  sweep(): void;
  readonly count: number;
  /** Tells all of them, once, that they must register again. */
  stop(): void;
}

export interface Observation {
  /** The answer to the registration, marked as the first of its notifications. */
  first(answer: CoapAnswer): CoapAnswer;
  begin(): void;
  end(): void;
}

interface Observer extends Observation {
  readonly deviceId: number;
  readonly peer: Peer;
  /** When it last proved to be there. */
  heardAt: number;
  isPinged: boolean;
  endWith(answer: CoapAnswer): void;
}

interface ObserverDependencies {
  readonly hub: DeviceHub;
  readonly limiter: DeviceLimiter;
  readonly layer: Pick<MessageLayer, "sendConfirmable" | "sendOnce" | "ping">;
  readonly blocks: Blocks;
  readonly clock: Clock;
  readonly limits: CoapLimits;
}

export function createObservers(deps: ObserverDependencies): Observers {
  const { clock, limits, layer } = deps;
  // Oldest registration first.
  const observers = new Map<string, Observer>();
  const ofDevices = new Map<number, Set<string>>();
  let pinging = 0;

  function forget(key: string, deviceId: number): void {
    observers.delete(key);
    const keys = ofDevices.get(deviceId);
    keys?.delete(key);
    if (keys?.size === 0) ofDevices.delete(deviceId);
  }

  function makeRoom(deviceId: number): void {
    const keys = ofDevices.get(deviceId);
    const [oldest] = keys ?? [];
    if (oldest === undefined || (keys?.size ?? 0) < limits.observersPerDeviceMax) return;
    // A device that restarts registers anew from another port, and never ends what it forgot.
    deps.limiter.note(deviceId, "connections", String(limits.observersPerDeviceMax), (keys?.size ?? 0) + 1);
    observers.get(oldest)?.end();
  }

  function ping(observer: Observer): void {
    observer.isPinged = true;
    pinging += 1;
    void layer.ping(observer.peer).then((sent) => {
      pinging -= 1;
      observer.isPinged = false;
      if (sent === "lost") observer.end();
      else observer.heardAt = clock.now();
    });
  }

  return {
    register: (identity, request, feature) => {
      const key = keyOf(request);
      const deviceId = identity.device.id;
      observers.get(key)?.end();
      makeRoom(deviceId);
      if (observers.size >= limits.observersMax) return null;
      const observer = createObserver(deps, { identity, request, feature }, () => forget(key, deviceId));
      observers.set(key, observer);
      ofDevices.set(deviceId, (ofDevices.get(deviceId) ?? new Set()).add(key));
      return observer;
    },
    cancel: (request) => observers.get(keyOf(request))?.end(),
    sweep: () => {
      const silentSince = clock.now() - limits.pingAfterMs;
      for (const observer of observers.values()) {
        if (pinging >= limits.pingsAtOnceMax) return;
        if (observer.heardAt <= silentSince && !observer.isPinged) ping(observer);
      }
    },
    get count() {
      return observers.size;
    },
    stop: () => {
      const answer = refusalAnswer(stopping(), limits);
      for (const observer of [...observers.values()]) observer.endWith(answer);
    },
  };
}

const keyOf = ({ peer, token }: CoapRequest): string => `${peer.key}/${token.toString("hex")}`;

function createObserver(
  deps: ObserverDependencies,
  registration: Registration,
  forget: () => void,
): Observer {
  const { layer, clock } = deps;
  const { identity, request, feature } = registration;
  const { peer, token } = request;
  const state = { isOpen: true, hasBegun: false };
  const notifier = createNotifier(deps, request, (sent) => {
    if (sent === "acknowledged") observer.heardAt = clock.now();
    else observer.end();
  });
  const outlet = createOutlet(deps, {
    feature,
    state,
    notifier,
    endWith: (answer) => observer.endWith(answer),
  });
  let attachment: Attachment | null = null;
  const observer: Observer = {
    deviceId: identity.device.id,
    peer,
    heardAt: clock.now(),
    isPinged: false,
    first: notifier.mark,
    begin: () => {
      if (!state.isOpen) return;
      state.hasBegun = true;
      outlet.flush();
      if (feature === "commands") attachment?.commandsWanted();
    },
    end: () => {
      if (!state.isOpen) return;
      state.isOpen = false;
      forget();
      attachment?.detach("observation-ended");
    },
    endWith: (answer) => {
      if (state.isOpen && state.hasBegun) layer.sendOnce(peer, answer, token);
      observer.end();
    },
  };
  attachment = deps.hub.attach(identity, outlet.channel, { isSession: false, address: peer.address });
  return observer;
}

interface Registration {
  readonly identity: DeviceIdentity;
  readonly request: CoapRequest;
  readonly feature: Feature;
}

interface Notifier {
  /** Marks an answer as a notification. */
  mark(answer: CoapAnswer): CoapAnswer;
  /** Tells a body in turn: one message to a device at a time [NSTART]. `body` null, when its turn comes: nothing. */
  notify(body: () => JsonValue | null): Promise<Delivered>;
}

function createNotifier(
  { layer, blocks, limits }: ObserverDependencies,
  request: CoapRequest,
  onSent: (sent: Sent) => void,
): Notifier {
  let sequence = 1;
  let tail: Promise<unknown> = Promise.resolve();
  const mark = (answer: CoapAnswer): CoapAnswer => {
    sequence = (sequence + 1) % sequencesMax;
    const options = [
      ...answer.options,
      numberOption("Observe", sequence),
      numberOption("Max-Age", limits.notificationMaxAgeSeconds),
    ];
    return { ...answer, options };
  };
  return {
    mark,
    notify: (body) => {
      const done = tail.then(async (): Promise<Delivered> => {
        const told = body();
        if (told === null) return "not-taken";
        const answer = blocks.cut(request, mark(content(told)));
        const sent = await layer.sendConfirmable(request.peer, answer, request.token);
        onSent(sent);
        return sent === "acknowledged" ? "acknowledged" : "not-taken";
      });
      tail = done;
      return done;
    },
  };
}

/** The observer as the hub sees it. */
function createOutlet(
  { limits }: ObserverDependencies,
  {
    feature,
    state,
    notifier,
    endWith,
  }: {
    readonly feature: Feature;
    readonly state: { readonly isOpen: boolean; readonly hasBegun: boolean };
    readonly notifier: Notifier;
    readonly endWith: (answer: CoapAnswer) => void;
  },
): { readonly channel: DeviceChannel; flush(): void } {
  let commandsUnderway = 0;
  let pendingChange: AttributeChange | null = null;

  /** Changes that come while one is on its way are told together. */
  function flush(): void {
    if (!state.hasBegun || pendingChange === null) return;
    void notifier.notify(() => {
      const change = pendingChange;
      pendingChange = null;
      return change === null || !state.isOpen ? null : changeBody(change);
    });
  }

  const channel: DeviceChannel = {
    transport: "coap",
    get wantsCommands() {
      return state.isOpen && state.hasBegun && feature === "commands";
    },
    get wantsAttributes() {
      return state.isOpen && feature === "attributes";
    },
    deliverCommand: async ({ number, method, params }) => {
      if (!channel.wantsCommands || commandsUnderway >= limits.commandsPerObserverMax) return "not-taken";
      commandsUnderway += 1;
      try {
        return await notifier.notify(() => (state.isOpen ? { id: number, method, params } : null));
      } finally {
        commandsUnderway -= 1;
      }
    },
    deliverAttributes: (change) => {
      if (!channel.wantsAttributes) return;
      const isFirst = pendingChange === null;
      pendingChange = pendingChange === null ? change : merged(pendingChange, change);
      if (isFirst) flush();
    },
    close: (reason) => endWith(refusalAnswer(deviceClosed(reason), limits)),
  };
  return { channel, flush };
}

/** The later change wins, key by key. */
function merged(earlier: AttributeChange, later: AttributeChange): AttributeChange {
  const values = Object.entries({ ...earlier.values, ...later.values });
  const deletedKeys = new Set([...earlier.deletedKeys, ...later.deletedKeys]);
  for (const key of Object.keys(later.values)) deletedKeys.delete(key);
  return {
    values: Object.fromEntries(values.filter(([key]) => !deletedKeys.has(key))),
    deletedKeys: [...deletedKeys],
  };
}

const changeBody = ({ values, deletedKeys }: AttributeChange): JsonValue =>
  deletedKeys.length === 0 ? { ...values } : { ...values, deleted: [...deletedKeys] };

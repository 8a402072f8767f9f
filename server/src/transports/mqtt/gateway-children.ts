// The devices behind one gateway connection: opened on first sight, attached to the hub while the connection lasts.
import type { DeviceIdentity } from "../../devices/index.ts";
import type { Attachment, DeviceChannel } from "../../flows/device-hub.ts";
import { DomainError } from "../../platform/errors.ts";
import { createGate, createGatewayDownlink, type GatewayDownlink } from "./gateway-downlink.ts";
import { gatewayTopics } from "./gateway-topics.ts";
import type { PublishOrigin } from "./origin.ts";

const gatewayChildLimits = {
  /** Children that one connection holds attached; the quota of the profile is usually far below. */
  childrenMax: 20_000,
  /** Children that are looked up or made at once. */
  openingsMax: 4,
  /** How long a child is taken as it was looked up: a changed profile or a disabled device is seen after this. */
  freshMs: 60_000,
} as const;

/** MQTT 5: an administrative action ended the session. ThingsBoard's gateway is told by the same number. */
const administrativeAction = 0x98;

export interface GatewayChildren {
  /**
   * The device behind the gateway, made and attached on first sight.
   * @throws DomainError `limit-reached` (the quota), `not-allowed` (somebody else's device, or disabled).
   */
  open(name: string, profileName: string | null): Promise<DeviceIdentity>;
  /** Runs what is said of one device in the order in which it was said. */
  inTurn<T>(name: string, task: () => Promise<T>): Promise<T>;
  /** The gateway says that the device is gone. */
  disconnect(name: string): void;
}

interface Child {
  opened: Promise<DeviceIdentity>;
  openedAt: number;
  deviceId: number | null;
  attachment: Attachment | null;
}

const childrenByOrigin = new WeakMap<PublishOrigin, GatewayChildren>();

/** The children of a connection; they are detached when it ends. */
export function childrenOf(origin: PublishOrigin): GatewayChildren {
  const known = childrenByOrigin.get(origin);
  if (known !== undefined) return known;
  const made = createGatewayChildren(origin);
  childrenByOrigin.set(origin, made);
  return made;
}

function createGatewayChildren(origin: PublishOrigin): GatewayChildren {
  const children = new Map<string, Child>();
  const opening = createGate(gatewayChildLimits.openingsMax);
  const downlink = createGatewayDownlink(origin);
  let isEnded = false;

  let isListening = origin.grantedQos(gatewayTopics.rpc) !== null;
  origin.onSubscriptions(() => {
    const wasListening = isListening;
    isListening = origin.grantedQos(gatewayTopics.rpc) !== null;
    // Each child that is woken asks the store, so a subscription repeated wakes none.
    if (isListening && !wasListening) for (const child of children.values()) wakeCommands(child);
  });
  origin.onEnd((reason) => {
    isEnded = true;
    for (const child of children.values()) child.attachment?.detach(reason);
    children.clear();
  });

  function open(name: string, profileName: string | null): Promise<DeviceIdentity> {
    const known = children.get(name);
    const isFresh = known !== undefined && origin.clock.now() - known.openedAt < gatewayChildLimits.freshMs;
    if (isFresh) return known.opened;
    if (known === undefined && children.size >= gatewayChildLimits.childrenMax) return refuseSurplus();
    const opened = opening(() => origin.desk.openChild(origin.identity, { name, profileName }));
    const child: Child = known ?? { opened, openedAt: 0, deviceId: null, attachment: null };
    child.openedAt = origin.clock.now();
    child.opened = opened.then((identity) => settle(name, child, identity));
    children.set(name, child);
    child.opened.catch(() => forget(name, child, "refused"));
    return child.opened;
  }

  function settle(name: string, child: Child, identity: DeviceIdentity): DeviceIdentity {
    if (identity.device.state === "disabled") throw disabledError(name);
    const isAttached = child.attachment !== null && child.deviceId === identity.device.id;
    if (isAttached || isEnded || children.get(name) !== child) return identity;
    child.attachment?.detach("replaced");
    child.deviceId = identity.device.id;
    child.attachment = origin.desk.hub.attach(
      identity,
      channelOf(origin, downlink, name, (reason) => forget(name, child, reason)),
      {
        isSession: true,
        address: origin.address,
      },
    );
    wakeCommands(child);
    return identity;
  }

  function wakeCommands(child: Child): void {
    if (origin.grantedQos(gatewayTopics.rpc) !== null) child.attachment?.commandsWanted();
  }

  function forget(name: string, child: Child, reason: string): void {
    child.attachment?.detach(reason);
    child.attachment = null;
    if (children.get(name) === child) children.delete(name);
  }

  function refuseSurplus(): Promise<never> {
    const { childrenMax } = gatewayChildLimits;
    const observed = children.size + 1;
    origin.desk.limiter.note(origin.identity.device.id, "devices-per-gateway", String(childrenMax), observed);
    return Promise.reject(surplusError());
  }

  return {
    open,
    inTurn: createTurns(),
    disconnect: (name) => {
      const child = children.get(name);
      if (child !== undefined) forget(name, child, "gateway-disconnected");
    },
  };
}

/** How the shop reaches the device: through its gateway, as far as the gateway listens. */
function channelOf(
  origin: PublishOrigin,
  downlink: GatewayDownlink,
  name: string,
  forget: (reason: string) => void,
): DeviceChannel {
  return {
    transport: "gateway",
    get wantsCommands() {
      return origin.grantedQos(gatewayTopics.rpc) !== null;
    },
    get wantsAttributes() {
      return origin.grantedQos(gatewayTopics.attributes) !== null;
    },
    deliverCommand: (command) => downlink.sendCommand(name, command),
    deliverAttributes: (change) => downlink.sendChange(name, change),
    close: (reason) => {
      forget(reason);
      if (origin.traits.protocolVersion !== 5) return;
      const message = { device: name, reason: administrativeAction };
      origin.reply(gatewayTopics.disconnect, JSON.stringify(message));
    },
  };
}

/** Runs the tasks of one name one after the other. What waits is bounded by the messages under way. */
function createTurns(): GatewayChildren["inTurn"] {
  const turns = new Map<string, Promise<unknown>>();
  return (name, task) => {
    const turn = (turns.get(name) ?? Promise.resolve()).then(task, task);
    turns.set(name, turn);
    const leave = (): void => {
      if (turns.get(name) === turn) turns.delete(name);
    };
    turn.then(leave, leave);
    return turn;
  };
}

function disabledError(name: string): DomainError {
  return new DomainError("not-allowed", {
    en: `The device ${name} is disabled; enable it in the console first.`,
    zh: `设备 ${name} 已停用；请先在控制台启用。`,
  });
}

function surplusError(): DomainError {
  const { childrenMax } = gatewayChildLimits;
  return new DomainError("limit-reached", {
    en: `One gateway connection serves at most ${childrenMax} devices; connect a second gateway for the others.`,
    zh: `一个网关连接最多服务 ${childrenMax} 台设备；其余设备请使用另一个网关。`,
  });
}

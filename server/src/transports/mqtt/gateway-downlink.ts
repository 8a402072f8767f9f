// What goes down through a gateway for all the devices behind it. One connection carries it, so a change for ten thousand
// devices waits here, joined per device, and goes out as fast as the gateway acknowledges.
import type { AttributeChange } from "../../devices/index.ts";
import type { Delivered, OutgoingCommand } from "../../flows/device-hub.ts";
import { gatewayTopics } from "./gateway-topics.ts";
import type { PublishOrigin } from "./origin.ts";

const gatewayDownlinkLimits = {
  /** Messages of one gateway that are not acknowledged yet; below what the connection itself allows. */
  pushesMax: 10,
  /** Commands that wait for their turn; more are left with the shop, which tries again. */
  commandsWaitingMax: 5_000,
} as const;

export interface GatewayDownlink {
  /** `{"device","data":{"id","method","params"}}`. */
  sendCommand(name: string, command: OutgoingCommand): Promise<Delivered>;
  /** `{"device","data":{…,"deleted":[…]}}`; changes that wait are joined per device. */
  sendChange(name: string, change: AttributeChange): void;
}

export function createGatewayDownlink(origin: PublishOrigin): GatewayDownlink {
  const pushing = createGate(gatewayDownlinkLimits.pushesMax);
  const changes = new Map<string, AttributeChange>();
  let commandsWaiting = 0;

  async function push(topic: string, message: object): Promise<Delivered> {
    const qos = origin.grantedQos(topic);
    return qos === null ? "not-taken" : origin.push(topic, JSON.stringify(message), qos);
  }

  function pushChange(name: string): Promise<Delivered> {
    const { values, deletedKeys } = changes.get(name) ?? { values: {}, deletedKeys: [] };
    changes.delete(name);
    const data = deletedKeys.length === 0 ? values : { ...values, deleted: deletedKeys };
    return push(gatewayTopics.attributes, { device: name, data });
  }

  return {
    sendCommand: async (name, { number, method, params }) => {
      if (commandsWaiting >= gatewayDownlinkLimits.commandsWaitingMax) return "not-taken";
      commandsWaiting += 1;
      return pushing(() => {
        commandsWaiting -= 1;
        return push(gatewayTopics.rpc, { device: name, data: { id: number, method, params } });
      });
    },
    sendChange: (name, change) => {
      const waiting = changes.get(name);
      changes.set(name, waiting === undefined ? change : joinChanges(waiting, change));
      if (waiting === undefined) void pushing(() => pushChange(name));
    },
  };
}

/** Both changes as one: of a key that both name, the newer one counts. */
export function joinChanges(older: AttributeChange, newer: AttributeChange): AttributeChange {
  const isNewer = (key: string): boolean =>
    Object.hasOwn(newer.values, key) || newer.deletedKeys.includes(key);
  const kept = Object.entries(older.values).filter(([key]) => !isNewer(key));
  return {
    values: Object.fromEntries([...kept, ...Object.entries(newer.values)]),
    deletedKeys: [...older.deletedKeys.filter((key) => !isNewer(key)), ...newer.deletedKeys],
  };
}

/** Runs at most `tasksMax` tasks at once, in the order asked. What waits is bounded by what its callers hold. */
export function createGate(tasksMax: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  const leave = (): void => {
    const next = waiting.shift();
    // The place is handed on, so that nobody slips in between.
    if (next === undefined) running -= 1;
    else next();
  };
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (running < tasksMax) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return task().finally(leave);
  };
}

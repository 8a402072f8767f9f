// ThingsBoard's CoAP device API over UDP. A 2.01 means that what was sent is on disk.
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { IntakeSink } from "../../flows/intake-sink.ts";
import type { Clock } from "../../platform/clock.ts";
import { DomainError } from "../../platform/errors.ts";
import type { Log } from "../../platform/log.ts";
import { overloaded } from "../device-refusals.ts";
import { createDeviceRequests } from "../device-requests.ts";
import { createAnswering } from "./answer-request.ts";
import { refusalAnswer } from "./answers.ts";
import { createBlocks } from "./blocks.ts";
import { type CoapLimits, coapLimits } from "./limits.ts";
import { createMessageLayer } from "./message-layer.ts";
import { createObservers } from "./observers.ts";
import type { CoapAnswer, CoapRequest } from "./packets.ts";
import { createReleaseBlocks } from "./release-blocks.ts";
import { createResources } from "./resources.ts";

export interface CoapServerDependencies {
  readonly desk: DeviceDesk;
  readonly sink: IntakeSink;
  readonly clock: Clock;
  readonly log: Log;
  /** Replaces single limits, for tests. */
  readonly limits?: Partial<CoapLimits>;
}

export interface CoapServer {
  /** Answers the port in use; rejects with EADDRINUSE when it is taken. */
  start(options: { readonly port: number; readonly host: string }): Promise<{ readonly port: number }>;
  /** What is held in memory, for whoever watches it. */
  readonly counts: {
    readonly observers: number;
    readonly exchanges: number;
    readonly confirmables: number;
    readonly assemblies: number;
    readonly keptBodies: number;
  };
  /** Tells observers to register again, answers what is under way, closes the socket. */
  stop(): Promise<void>;
}

export function createCoapServer(deps: CoapServerDependencies): CoapServer {
  const { desk, sink, clock } = deps;
  const log = deps.log.child({ component: "coap" });
  const limits = { ...coapLimits, ...deps.limits };
  const requests = createDeviceRequests({ desk, sink, clock, log, transport: "coap", limits });
  const blocks = createBlocks({ clock, limits });
  const layer = createMessageLayer({
    clock,
    log,
    limits,
    answer: (request) => answerAlways(request),
    overloaded: () => refusalAnswer(overloaded(), limits),
  });
  const { hub, limiter } = desk;
  const observers = createObservers({ hub, limiter, layer, blocks, clock, limits });
  const releases = createReleaseBlocks({
    readRelease: (identity, ask) => requests.stored(desk.readRelease(identity, ask)),
    clock,
    limits,
  });
  const routeOf = createResources({ requests, observers, releases });
  const answer = createAnswering({ requests, blocks, routeOf });
  let timer: NodeJS.Timeout | undefined;

  async function answerAlways(request: CoapRequest): Promise<CoapAnswer> {
    try {
      return await answer(request);
    } catch (error) {
      if (!(error instanceof DomainError)) log.error({ err: error }, "a CoAP request failed");
      return refusalAnswer(error, limits);
    }
  }

  function sweep(): void {
    blocks.sweep();
    releases.sweep();
    observers.sweep();
  }

  return {
    start: async (options) => {
      const port = await layer.start(options);
      timer = setInterval(sweep, limits.sweepIntervalMs);
      return { port };
    },
    get counts() {
      const { assemblies, kept } = blocks.counts;
      return { observers: observers.count, ...layer.counts, assemblies, keptBodies: kept };
    },
    stop: async () => {
      clearInterval(timer);
      observers.stop();
      await layer.stop();
    },
  };
}

// One request, from its path to its answer: who asks, the body from its blocks, the resource, the answer into blocks.
import type { DeviceIdentity } from "../../devices/index.ts";
import { overloaded, payloadTooLarge } from "../device-refusals.ts";
import type { DeviceRequests } from "../device-requests.ts";
import { telemetryLimits } from "../telemetry-json.ts";
import { plain } from "./answers.ts";
import type { Blocks } from "./blocks.ts";
import { blockOption, type CoapAnswer, type CoapRequest } from "./packets.ts";
import type { Route, Serve } from "./resources.ts";

/** @throws DomainError for every refusal that has a sentence. */
export function createAnswering(deps: {
  readonly requests: DeviceRequests;
  readonly blocks: Blocks;
  readonly routeOf: (path: readonly string[]) => Route | null;
}): (request: CoapRequest) => Promise<CoapAnswer> {
  const { requests, blocks } = deps;

  /** The request with its whole body, or the answer to a block of it. */
  function assembled(request: CoapRequest, identity: DeviceIdentity | null): CoapRequest | CoapAnswer {
    const { block1: block } = request;
    if (block === null) return request;
    const taken = blocks.assemble(request, block, identity !== null);
    switch (taken.kind) {
      case "whole":
        return { ...request, payload: taken.payload };
      case "more":
        return { ...plain("2.31"), options: [blockOption("Block1", block)] };
      case "incomplete":
        return plain("4.08", "A block is missing; begin again with block 0.");
      case "no-room":
        throw overloaded();
      case "too-large":
        throw tooLarge(identity, taken.bytes);
    }
  }

  function tooLarge(identity: DeviceIdentity | null, bytes: number): Error {
    return identity === null ? payloadTooLarge() : requests.tooLarge(identity, bytes);
  }

  async function serve(
    work: Serve,
    request: CoapRequest,
    identity: DeviceIdentity | null,
  ): Promise<CoapAnswer> {
    const { length } = request.payload;
    if (length > telemetryLimits.payloadBytesMax) throw tooLarge(identity, length);
    const leave = identity === null ? null : requests.enter(identity.device.id);
    try {
      return await work(request, identity);
    } finally {
      leave?.();
    }
  }

  return async (request) => {
    const route = deps.routeOf(request.path);
    if (route === null) return plain("4.04", "There is no such resource.");
    const work = workOf(route, request.method);
    if (work === undefined) return plain("4.05", "The resource has no such method.");
    const identity = route.token === null ? null : await requests.identify(route.token, request.peer.address);
    const later = route.cutsItself ? null : laterBlock(blocks, request);
    if (later !== null) return later;
    const whole = assembled(request, identity);
    if ("code" in whole) return whole;
    return finished(blocks, route, request, await serve(work, whole, identity));
  };
}

const workOf = (route: Route, method: string): Serve | undefined =>
  Object.hasOwn(route.serve, method) ? route.serve[method] : undefined;

function finished(blocks: Blocks, route: Route, request: CoapRequest, given: CoapAnswer): CoapAnswer {
  const cut = route.cutsItself ? given : cutToAsked(blocks, request, given);
  if (request.block1 === null) return cut;
  return { ...cut, options: [...cut.options, blockOption("Block1", request.block1)] };
}

/** The asked block of an answer given before; null when the request must be served. */
function laterBlock(blocks: Blocks, request: CoapRequest): CoapAnswer | null {
  if ((request.block2?.number ?? 0) === 0) return null;
  const next = blocks.next(request);
  // Only reading may be done anew.
  if (next !== null || request.method === "GET") return next;
  return plain("4.08", "The answer is not kept any more; ask again.");
}

/** Cuts an answer; one that was read anew because it was not kept any more is continued where it was asked for. */
function cutToAsked(blocks: Blocks, request: CoapRequest, given: CoapAnswer): CoapAnswer {
  const first = blocks.cut(request, given);
  if ((request.block2?.number ?? 0) === 0) return first;
  return blocks.next(request) ?? plain("4.02", "The answer has fewer blocks.");
}

// Block-wise transfer (RFC 7959): bodies that arrive in blocks, and bodies that are fetched in blocks.
import type { Clock } from "../../platform/clock.ts";
import { telemetryLimits } from "../telemetry-json.ts";
import type { CoapLimits } from "./limits.ts";
import { type Block, blockOption, type CoapAnswer, type CoapRequest, numberOption } from "./packets.ts";

export type Assembled =
  | { readonly kind: "whole"; readonly payload: Buffer }
  | { readonly kind: "more" }
  /** A block in between is missing: the device begins again. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "too-large"; readonly bytes: number }
  | { readonly kind: "no-room" };

export interface Blocks {
  /** Takes the block of a request and keeps it: of devices that are known, and of few that ask to be provisioned. */
  assemble(request: CoapRequest, block: Block, isKnown: boolean): Assembled;
  /** Cuts an answer that is larger than a block, and keeps it for the blocks that will be asked for. */
  cut(request: Pick<CoapRequest, "peer" | "path" | "query" | "block2">, answer: CoapAnswer): CoapAnswer;
  /** The asked block of an answer that was cut; null when it is not kept any more. */
  next(request: CoapRequest): CoapAnswer | null;
  readonly counts: { readonly assemblies: number; readonly kept: number };
  sweep(): void;
}

interface Assembly {
  readonly isKnown: boolean;
  readonly parts: Buffer[];
  bytes: number;
  touchedAt: number;
}

export function createBlocks({
  clock,
  limits,
}: {
  readonly clock: Clock;
  readonly limits: CoapLimits;
}): Blocks {
  const assemblies = new Map<string, Assembly>();
  const kept = new Map<string, { readonly answer: CoapAnswer; readonly keptAt: number }>();
  const bytesMax = telemetryLimits.payloadBytesMax;

  function begin(key: string, isKnown: boolean): Assembly | null {
    assemblies.delete(key);
    if (assemblies.size >= limits.assembliesMax || (!isKnown && isFullOfStrangers())) return null;
    const assembly: Assembly = { isKnown, parts: [], bytes: 0, touchedAt: clock.now() };
    assemblies.set(key, assembly);
    return assembly;
  }

  function isFullOfStrangers(): boolean {
    let count = 0;
    for (const { isKnown } of assemblies.values()) count += isKnown ? 0 : 1;
    return count >= limits.assembliesOfStrangersMax;
  }

  /** Whether the block continues the body; one that came before in another message changes nothing. */
  function add(assembly: Assembly, block: Block, payload: Buffer): boolean {
    const at = block.number * block.size;
    const last = assembly.parts.at(-1);
    if (last !== undefined && at + payload.length === assembly.bytes && last.equals(payload)) return true;
    if (at !== assembly.bytes || (block.hasMore && payload.length !== block.size)) return false;
    // A copy: the datagram's memory may be shared with others.
    assembly.parts.push(Buffer.from(payload));
    assembly.bytes += payload.length;
    assembly.touchedAt = clock.now();
    return true;
  }

  function keep(key: string, answer: CoapAnswer): void {
    kept.delete(key);
    for (const oldest of kept.keys()) {
      if (kept.size < limits.keptBodiesMax) break;
      kept.delete(oldest);
    }
    kept.set(key, { answer, keptAt: clock.now() });
  }

  return {
    assemble: (request, block, isKnown) => {
      const key = `${request.method} ${keyOf(request)}`;
      const announced = Math.max(request.size1 ?? 0, block.number * block.size + request.payload.length);
      if (announced > bytesMax) {
        assemblies.delete(key);
        return { kind: "too-large", bytes: announced };
      }
      const assembly = block.number === 0 ? begin(key, isKnown) : assemblies.get(key);
      if (assembly === null) return { kind: "no-room" };
      if (assembly === undefined || !add(assembly, block, request.payload)) {
        assemblies.delete(key);
        return { kind: "incomplete" };
      }
      if (block.hasMore) return { kind: "more" };
      assemblies.delete(key);
      return { kind: "whole", payload: Buffer.concat(assembly.parts, assembly.bytes) };
    },
    cut: (request, answer) => {
      const size = Math.min(request.block2?.size ?? limits.blockBytesMax, limits.blockBytesMax);
      if (answer.payload.length <= size) return answer;
      keep(keyOf(request), { ...answer, afterSent: undefined });
      return blockOfAnswer(answer, 0, size);
    },
    next: (request) => {
      const key = keyOf(request);
      const entry = kept.get(key);
      if (entry === undefined || request.block2 === null) return null;
      const size = Math.min(request.block2.size, limits.blockBytesMax);
      if (request.block2.number * size >= entry.answer.payload.length) return null;
      return blockOfAnswer(entry.answer, request.block2.number, size);
    },
    get counts() {
      return { assemblies: assemblies.size, kept: kept.size };
    },
    sweep: () => {
      const now = clock.now();
      for (const [key, { touchedAt }] of assemblies) {
        if (now - touchedAt >= limits.assemblyMsMax) assemblies.delete(key);
      }
      for (const [key, { keptAt }] of kept) {
        if (now - keptAt >= limits.keptBodyMsMax) kept.delete(key);
      }
    },
  };
}

/** Blocks of one body may bear different tokens, but come from one peer and name one resource. */
function keyOf({ peer, path, query }: Pick<CoapRequest, "peer" | "path" | "query">): string {
  return JSON.stringify([peer.key, path, [...query]]);
}

function blockOfAnswer(answer: CoapAnswer, number: number, size: number): CoapAnswer {
  const from = number * size;
  const hasMore = from + size < answer.payload.length;
  const options = [
    // A later block is an answer of its own, not a notification.
    ...answer.options.filter(({ name }) => number === 0 || name !== "Observe"),
    blockOption("Block2", { number, hasMore, size }),
  ];
  if (number === 0) options.push(numberOption("Size2", answer.payload.length));
  return { ...answer, payload: answer.payload.subarray(from, from + size), options };
}

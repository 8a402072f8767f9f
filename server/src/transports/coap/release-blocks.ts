// A device fetches its release block by block. Blocks are cut from parts that are read from the store once each.
import { createHash } from "node:crypto";
import type { NamedOption } from "coap-packet";
import type { DeviceIdentity, ReleaseKind } from "../../devices/index.ts";
import type { DeviceDesk, ReleaseAnswer } from "../../flows/device-desk.ts";
import type { Clock } from "../../platform/clock.ts";
import { noRelease, noSuchChunk, otherRelease, wholeNumber } from "../device-refusals.ts";
import type { CoapLimits } from "./limits.ts";
import { blockOption, type CoapAnswer, type CoapRequest, contentFormats, numberOption } from "./packets.ts";

export interface ReleaseBlocks {
  answer(identity: DeviceIdentity, kind: ReleaseKind, request: CoapRequest): Promise<CoapAnswer>;
  sweep(): void;
}

type Part = Extract<ReleaseAnswer, { kind: "bytes" }>;
interface Ask {
  readonly kind: ReleaseKind;
  readonly title: string | null;
  readonly version: string | null;
  readonly chunkBytes: number;
  readonly chunk: number;
}

const chunkNumberMax = 1_000_000;

export function createReleaseBlocks(deps: {
  readonly readRelease: DeviceDesk["readRelease"];
  readonly clock: Clock;
  readonly limits: CoapLimits;
}): ReleaseBlocks {
  const { clock, limits } = deps;
  const parts = new Map<string, { readonly part: Part; readonly readAt: number }>();

  async function read(identity: DeviceIdentity, ask: Ask): Promise<Part> {
    const key = JSON.stringify([identity.device.id, ask]);
    const known = parts.get(key);
    if (known !== undefined && clock.now() - known.readAt < limits.releasePartMsMax) return known.part;
    const answer = await deps.readRelease(identity, ask);
    if (answer.kind === "none-assigned") throw noRelease(ask.kind);
    if (answer.kind === "not-this-one") throw otherRelease(ask.kind);
    if (answer.kind === "no-such-chunk") throw noSuchChunk(ask.chunk);
    parts.delete(key);
    for (const oldest of parts.keys()) {
      if (parts.size < limits.releasePartsMax) break;
      parts.delete(oldest);
    }
    parts.set(key, { part: answer, readAt: clock.now() });
    return answer;
  }

  return {
    answer: async (identity, kind, request) => {
      const wanted = wantedOf(request, limits);
      const { named, number, size, isWhole } = wanted;
      const ask = { kind, ...named, chunkBytes: wanted.partBytes, chunk: wanted.part };
      const { bytes, release, isLast } = await read(identity, ask);
      if (wanted.from > 0 && wanted.from >= bytes.length) throw noSuchChunk(number);
      const hasMore = wanted.from + size < bytes.length || (isWhole && !isLast);
      const options: NamedOption[] = [
        { name: "ETag", value: entityTag(release) },
        numberOption("Content-Format", contentFormats.octets),
      ];
      if (hasMore || request.block2 !== null) options.push(blockOption("Block2", { number, hasMore, size }));
      if (number === 0) options.push(numberOption("Size2", isWhole ? release.sizeBytes : bytes.length));
      return { code: "2.05", payload: bytes.subarray(wanted.from, wanted.from + size), options };
    },
    sweep: () => {
      const now = clock.now();
      for (const [key, { readAt }] of parts) {
        if (now - readAt >= limits.releasePartMsMax) parts.delete(key);
      }
    },
  };
}

/** Which part of the package holds the asked block, and where. */
function wantedOf({ query, block2 }: CoapRequest, limits: CoapLimits) {
  const chunkBytes = wholeNumber("size", query.get("size"), limits.releasePartBytes);
  const chunk = wholeNumber("chunk", query.get("chunk"), chunkNumberMax);
  const isWhole = chunkBytes === 0;
  if (isWhole && chunk > 0) throw noSuchChunk(chunk);
  const named = { title: query.get("title") ?? null, version: query.get("version") ?? null };
  const size = Math.min(block2?.size ?? limits.blockBytesMax, limits.blockBytesMax);
  const number = block2?.number ?? 0;
  const offset = number * size;
  // A chunk is a body of its own; without one the body is the whole package, read in parts.
  if (!isWhole) return { named, number, size, isWhole, partBytes: chunkBytes, part: chunk, from: offset };
  const partBytes = limits.releasePartBytes;
  const part = Math.floor(offset / partBytes);
  return { named, number, size, isWhole, partBytes, part, from: offset - part * partBytes };
}

/** Another release has another tag: a device whose release changed halfway sees that its blocks do not fit. */
const entityTag = (release: Part["release"]): Buffer =>
  createHash("sha256").update(release.id).digest().subarray(0, 8);

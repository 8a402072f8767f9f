// A device fetches its release: whole, or in chunks of the size it asks for.
import type { DeviceIdentity, Release, ReleaseKind } from "../../devices/index.ts";
import type { DeviceDesk, ReleaseAnswer } from "../../flows/device-desk.ts";
import { noRelease, noSuchChunk, otherRelease, overloaded, wholeNumber } from "../device-refusals.ts";

export interface ReleaseAnswerLimits {
  /** The largest chunk; a whole package is read and sent in parts of `partBytes`. */
  readonly chunkBytesMax: number;
  readonly partBytes: number;
  /** Whole packages on their way, and how long one may stand still because its device does not read. */
  readonly downloadsMax: number;
  readonly standstillMsMax: number;
}

type Query = (name: string) => string | undefined;
type ReadRelease = DeviceDesk["readRelease"];

export interface ReleaseAnswers {
  answer(identity: DeviceIdentity, kind: ReleaseKind, query: Query): Promise<Response>;
  /** Breaks off the downloads on their way; a device resumes by chunks or asks again. */
  stop(): void;
  readonly downloadCount: number;
}

const chunkNumberMax = 1_000_000;

export function createReleaseAnswers(readRelease: ReadRelease, limits: ReleaseAnswerLimits): ReleaseAnswers {
  const downloads = new Set<() => void>();

  async function whole(
    identity: DeviceIdentity,
    kind: ReleaseKind,
    named: { readonly title: string | null; readonly version: string | null },
  ): Promise<Response> {
    if (downloads.size >= limits.downloadsMax) throw overloaded();
    const first = bytesOf(
      await readRelease(identity, { kind, ...named, chunkBytes: limits.partBytes, chunk: 0 }),
      kind,
      0,
    );
    const { release } = first;
    if (first.isLast) return packaged(new Uint8Array(first.bytes), release, first.bytes.length);
    // Pinned: what is assigned may change while it is on its way, and must not change halfway through its bytes.
    const { title, version } = release;
    const part = (chunk: number) =>
      chunk === 0
        ? Promise.resolve<ReleaseAnswer>(first)
        : readRelease(identity, { kind, title, version, chunkBytes: limits.partBytes, chunk });
    return packaged(streamOf(part, downloads, limits.standstillMsMax), release, release.sizeBytes);
  }

  return {
    answer: async (identity, kind, query) => {
      const named = { title: query("title") ?? null, version: query("version") ?? null };
      const chunkBytes = wholeNumber("size", query("size"), limits.chunkBytesMax);
      const chunk = wholeNumber("chunk", query("chunk"), chunkNumberMax);
      if (chunkBytes === 0) {
        if (chunk > 0) throw noSuchChunk(chunk);
        return whole(identity, kind, named);
      }
      const { bytes, release } = bytesOf(
        await readRelease(identity, { kind, ...named, chunkBytes, chunk }),
        kind,
        chunk,
      );
      return packaged(new Uint8Array(bytes), release, bytes.length);
    },
    stop: () => {
      for (const breakOff of [...downloads]) breakOff();
    },
    get downloadCount() {
      return downloads.size;
    },
  };
}

function bytesOf(
  answer: ReleaseAnswer,
  kind: ReleaseKind,
  chunk: number,
): Extract<ReleaseAnswer, { kind: "bytes" }> {
  if (answer.kind === "bytes") return answer;
  if (answer.kind === "none-assigned") throw noRelease(kind);
  throw answer.kind === "not-this-one" ? otherRelease(kind) : noSuchChunk(chunk);
}

function packaged(
  body: Uint8Array<ArrayBuffer> | ReadableStream,
  release: Release,
  length: number,
): Response {
  // A header carries ASCII; other names are percent-encoded as in a URL.
  const fileName = encodeURI(release.fileName).replace(/[;,"\\]/gu, encodeURIComponent);
  return new Response(body, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Length": String(length),
      "Content-Disposition": `attachment; filename="${fileName}"`,
      "x-filename": fileName,
    },
  });
}

function streamOf(
  part: (chunk: number) => Promise<ReleaseAnswer>,
  downloads: Set<() => void>,
  standstillMsMax: number,
): ReadableStream<Uint8Array> {
  let chunk = 0;
  let timer: NodeJS.Timeout | undefined;
  let breakOff = (): void => undefined;
  const leave = (): void => {
    clearTimeout(timer);
    downloads.delete(breakOff);
  };
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => breakOff(), standstillMsMax);
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        breakOff = () => {
          leave();
          controller.error(new Error("The download was broken off."));
        };
        downloads.add(breakOff);
        watch();
      },
      pull: async (controller) => {
        watch();
        try {
          const answer = await part(chunk);
          if (!downloads.has(breakOff)) return;
          if (answer.kind !== "bytes") return breakOff();
          chunk += 1;
          controller.enqueue(answer.bytes);
          if (!answer.isLast) return;
          leave();
          controller.close();
        } catch {
          // The head has left; a body shorter than announced tells the device that it is not whole.
          if (downloads.has(breakOff)) breakOff();
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

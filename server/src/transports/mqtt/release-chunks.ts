// Packages over MQTT ("OTA"): a device asks for chunks by request id and number; raw bytes come back.
import { type ReleaseKind, releasePrefixes } from "../../devices/index.ts";
import type { ReleaseAnswer } from "../../flows/device-desk.ts";
import { endings } from "./endings.ts";
import type { Publish } from "./frames.ts";
import type { Held } from "./in-order.ts";
import type { PublishOrigin } from "./origin.ts";
import { messageHead } from "./packets.ts";
import type { Line } from "./role.ts";
import type { Route } from "./topics.ts";

type ChunkRoute = Extract<Route, { kind: "release-chunk" }>;
type Bytes = Extract<ReleaseAnswer, { kind: "bytes" }>;

/** What a request id stands for: ThingsBoard's clients give the size with the first chunk only. */
interface Remembered {
  chunkBytes: number;
  /** Fixed by the first chunk, so that no package is put together from two versions. */
  title: string | null;
  version: string | null;
}

/** A length that MQTT can state. */
const packetBytesMax = 268_435_455;
const chunkSizePattern = /^\d{0,9}$/;

/** The chunks of one connection, one after the other. */
export class ReleaseChunks {
  private readonly origin: PublishOrigin;
  private readonly line: Line;
  private readonly remembered = new Map<string, Remembered>();
  private turn: Promise<void> = Promise.resolve();

  constructor(origin: PublishOrigin, line: Line) {
    this.origin = origin;
    this.line = line;
  }

  /** Acknowledged at once: what follows is the chunk, or the reason on the error topic and the end of the connection. */
  handle(held: Held, publish: Publish, route: ChunkRoute): void {
    this.origin.done(held);
    const size = publish.payload.toString("latin1").trim();
    const served = this.turn.then(() => this.serve(size, route));
    this.turn = served.catch(() => undefined);
    this.origin.serve(served);
  }

  private async serve(size: string, route: ChunkRoute): Promise<void> {
    const { chunkBytesMax } = this.origin.limits;
    if (!chunkSizePattern.test(size)) {
      this.refuse(
        route.releaseKind,
        "The chunk size must be a whole number of bytes, or nothing for the whole package.",
      );
      return;
    }
    const request = this.requestOf(route, Number(size));
    if (request.chunkBytes > chunkBytesMax) {
      this.refuse(
        route.releaseKind,
        `The chunk size is larger than ${chunkBytesMax} bytes; ask for smaller chunks.`,
      );
      return;
    }
    if (request.chunkBytes === 0 && route.chunk > 0) {
      this.refuse(route.releaseKind, "The whole package is chunk 0; give a chunk size to get others.");
      return;
    }
    const isWhole = request.chunkBytes === 0;
    const answer = await this.read(
      route,
      request,
      isWhole ? this.origin.limits.pieceBytes : request.chunkBytes,
    );
    if (answer.kind !== "bytes") {
      this.refuse(route.releaseKind, refusals[answer.kind]);
      return;
    }
    request.title = answer.release.title;
    request.version = answer.release.version;
    await this.send(route, request, { first: answer, isWhole });
  }

  private read(
    { releaseKind, chunk }: ChunkRoute,
    { title, version }: Remembered,
    chunkBytes: number,
  ): Promise<ReleaseAnswer> {
    const { desk, identity } = this.origin;
    return desk.readRelease(identity, { kind: releaseKind, title, version, chunkBytes, chunk });
  }

  private async send(
    route: ChunkRoute,
    request: Remembered,
    { first, isWhole }: { readonly first: Bytes; readonly isWhole: boolean },
  ): Promise<void> {
    const { traits } = this.line;
    const length = isWhole ? first.release.sizeBytes : first.bytes.length;
    const topic = `v2/${releasePrefixes[route.releaseKind]}/response/${route.requestId}/chunk/${route.chunk}`;
    const head = messageHead(traits, topic, length);
    if (head.length + length > Math.min(traits.packetBytesMax, packetBytesMax)) {
      this.refuse(
        route.releaseKind,
        "The chunk is larger than the maximum packet size; ask for smaller chunks.",
      );
      return;
    }
    const isBroken = await this.line.stream(this.pieces(head, route, request, first, isWhole)).then(
      () => false,
      (error: unknown) => {
        this.origin.log.warn(
          { err: error, device: this.origin.identity.device.name },
          "A package broke off.",
        );
        return true;
      },
    );
    if (isBroken) this.line.end(endings.releaseChanged);
  }

  /** The packet in pieces; throws when the package is not there to its end, as when another one was assigned meanwhile. */
  private async *pieces(
    head: Buffer,
    route: ChunkRoute,
    request: Remembered,
    first: Bytes,
    isWhole: boolean,
  ): AsyncGenerator<Buffer> {
    yield head;
    yield first.bytes;
    let piece = first;
    for (let chunk = 1; isWhole && !piece.isLast; chunk += 1) {
      const next = await this.read({ ...route, chunk }, request, this.origin.limits.pieceBytes);
      if (next.kind !== "bytes") throw new Error(`The rest of the package was refused: ${next.kind}.`);
      piece = next;
      yield piece.bytes;
    }
  }

  private requestOf(route: ChunkRoute, chunkBytes: number): Remembered {
    const name = `${route.releaseKind} ${route.requestId}`;
    const known = this.remembered.get(name);
    // The first chunk begins a download, also of a newer version under an id that was used before.
    if (known !== undefined && route.chunk > 0) {
      if (chunkBytes > 0) known.chunkBytes = chunkBytes;
      return known;
    }
    const request: Remembered = {
      chunkBytes: chunkBytes > 0 ? chunkBytes : (known?.chunkBytes ?? 0),
      title: null,
      version: null,
    };
    this.remembered.set(name, request);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > this.origin.limits.releaseRequestsMax && oldest !== undefined)
      this.remembered.delete(oldest);
    return request;
  }

  /** As ThingsBoard does: the reason as text, then the end of the connection. */
  private refuse(kind: ReleaseKind, sentence: string): void {
    this.origin.reply(`v2/${releasePrefixes[kind]}/error`, sentence);
    this.origin.end({ ...endings.release, detail: sentence });
  }
}

const refusals = {
  "none-assigned": "No package is assigned to this device.",
  "not-this-one": "Another package was assigned to this device; read its attributes and start again.",
  "no-such-chunk": "The package has no such chunk.",
} as const satisfies Record<Exclude<ReleaseAnswer["kind"], "bytes">, string>;

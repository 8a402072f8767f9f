import { createHash, type Hash } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";
import {
  type BackupEntry,
  type BackupEntryEnd,
  type BackupEvent,
  type BackupFacts,
  type BackupHeader,
  dataBytesMax,
  type FrameKind,
  isCompressedFlag,
  magic,
  tagBytes,
  writeHead,
} from "./format.ts";
import { newSeal, type Seal } from "./seal.ts";

const compress = promisify(zstdCompress);

export interface EncodeOptions {
  /** Off where the reader is on this machine. */
  readonly isCompressed: boolean;
  readonly passphrase?: string | undefined;
}

/** The bytes of the file. What is written is complete only when this ends by itself. */
export async function* encodeBackup(
  events: AsyncIterable<BackupEvent>,
  options: EncodeOptions,
): AsyncGenerator<Buffer> {
  const encoder = new Encoder(
    options.isCompressed,
    options.passphrase === undefined ? null : await newSeal(options.passphrase),
  );
  yield* encoder.begin();
  for await (const event of events) yield* encoder.write(event);
  yield* encoder.finish();
}

class Encoder {
  readonly #isCompressed: boolean;
  readonly #seal: Seal | null;
  readonly #whole = createHash("sha256");
  readonly #entries: (BackupEntry & BackupEntryEnd)[] = [];
  #number = 0;
  #header: BackupHeader | undefined;
  #facts: BackupFacts = {};
  #open: { readonly entry: BackupEntry; readonly hash: Hash; bytes: number } | undefined;

  constructor(isCompressed: boolean, seal: Seal | null) {
    this.#isCompressed = isCompressed;
    this.#seal = seal;
  }

  *begin(): Generator<Buffer> {
    yield this.#note(magic);
    if (this.#seal === null) return;
    const lock = Buffer.from(JSON.stringify(this.#seal.lock));
    yield this.#note(Buffer.concat([writeHead("K", 0, lock.length, lock.length), lock]));
  }

  async *write(event: BackupEvent): AsyncGenerator<Buffer> {
    switch (event.kind) {
      case "header":
        this.#header = event.header;
        yield this.#frame("H", json(event.header), 0);
        break;
      case "entry":
        this.#open = { entry: event.entry, hash: createHash("sha256"), bytes: 0 };
        yield this.#frame("E", json(event.entry), 0);
        break;
      case "data":
        for (let from = 0; from < event.bytes.length; from += dataBytesMax)
          yield await this.#data(event.bytes.subarray(from, from + dataBytesMax));
        break;
      case "end":
        yield this.#end();
        break;
      case "facts":
        this.#facts = event.facts;
    }
  }

  *finish(): Generator<Buffer> {
    if (this.#header === undefined || this.#open !== undefined) throw new Error("The backup ended midway.");
    yield this.#frame("M", json({ header: this.#header, entries: this.#entries, facts: this.#facts }), 0);
    yield this.#frame("Z", this.#whole.copy().digest(), 0);
  }

  #end(): Buffer {
    if (this.#open === undefined) throw new Error("An entry ends that never began.");
    const { entry, hash, bytes } = this.#open;
    this.#open = undefined;
    const end = { bytes, sha256: hash.digest("hex") };
    this.#entries.push({ ...entry, ...end });
    return this.#frame("F", json(end), 0);
  }

  async #data(bytes: Uint8Array): Promise<Buffer> {
    if (this.#open === undefined) throw new Error("Data that belongs to no entry.");
    this.#open.hash.update(bytes);
    this.#open.bytes += bytes.length;
    if (!this.#isCompressed) return this.#frame("D", bytes, 0);
    const packed = await compress(bytes);
    return packed.length < bytes.length
      ? this.#frame("D", packed, isCompressedFlag, bytes.length)
      : this.#frame("D", bytes, 0);
  }

  #frame(kind: FrameKind, content: Uint8Array, flags: number, length = content.length): Buffer {
    const storedLength = content.length + (this.#seal === null ? 0 : tagBytes);
    const head = writeHead(kind, flags, length, storedLength);
    const stored = this.#seal === null ? content : this.#seal.close(this.#number, head, content);
    this.#number += 1;
    return this.#note(Buffer.concat([head, stored]));
  }

  #note(bytes: Buffer): Buffer {
    this.#whole.update(bytes);
    return bytes;
  }
}

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

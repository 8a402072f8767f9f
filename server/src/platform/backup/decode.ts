import { createHash, type Hash } from "node:crypto";
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import type { z } from "zod";
import { DomainError } from "../errors.ts";
import {
  type BackupEntry,
  type BackupEntryEnd,
  type BackupEvent,
  type BackupHeader,
  damaged,
  dataBytesMax,
  entriesMax,
  entryEndSchema,
  entrySchema,
  type FrameKind,
  frameHeadBytes,
  frameKinds,
  headerSchema,
  isCompressedFlag,
  jsonBytesMax,
  lockSchema,
  magic,
  manifestSchema,
  tagBytes,
} from "./format.ts";
import { type Seal, sealOf } from "./seal.ts";

const decompress = promisify(zstdDecompress);

/**
 * Reads a backup and proves it on the way: every hash, the manifest, and that nothing is missing at its end. What it
 * yields counts only once it ended by itself.
 *
 * @throws DomainError `payload-malformed` with what is wrong, `credentials-wrong` for the passphrase.
 */
export async function* decodeBackup(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly passphrase?: string | undefined } = {},
): AsyncGenerator<BackupEvent> {
  const source = new ByteSource(chunks);
  try {
    yield* new Decoder(source, options.passphrase).read();
  } finally {
    await source.close();
  }
}

interface Frame {
  readonly kind: FrameKind;
  readonly content: Buffer;
}

class Decoder {
  readonly #source: ByteSource;
  readonly #passphrase: string | undefined;
  readonly #entries: (BackupEntry & BackupEntryEnd)[] = [];
  #seal: Seal | null = null;
  #number = 0;
  #header: BackupHeader | undefined;
  #open: { readonly entry: BackupEntry; readonly hash: Hash; bytes: number } | undefined;

  constructor(source: ByteSource, passphrase: string | undefined) {
    this.#source = source;
    this.#passphrase = passphrase;
  }

  async *read(): AsyncGenerator<BackupEvent> {
    await this.#readMagic();
    for (;;) {
      const hashBefore = this.#source.hash();
      const frame = await this.#frame();
      if (frame.kind === "Z") {
        if (!hashBefore.equals(frame.content)) throw damaged("its last hash differs.", "末尾的校验和不符。");
        break;
      }
      const event = await this.#eventOf(frame);
      if (event !== null) yield event;
    }
    if (this.#manifest === undefined) throw damaged("it has no manifest.", "缺少清单。");
    if (!(await this.#source.isAtEnd())) throw damaged("something follows its end.", "末尾之后还有内容。");
    yield this.#manifest;
  }

  #manifest: Extract<BackupEvent, { kind: "facts" }> | undefined;

  async #readMagic(): Promise<void> {
    const found = await this.#source.take(magic.length).catch(() => null);
    if (found === null || !found.equals(magic))
      throw new DomainError("payload-malformed", {
        en: "This file is no backup of Waremind, or one of a version that this Waremind does not know.",
        zh: "此文件不是 Waremind 的备份，或其格式版本不被当前 Waremind 支持。",
      });
  }

  async #eventOf({ kind, content }: Frame): Promise<BackupEvent | null> {
    if (this.#manifest !== undefined) throw damaged("something follows its manifest.", "清单之后还有内容。");
    switch (kind) {
      case "K":
        if (this.#seal !== null || this.#header !== undefined) throw wrongOrder(kind);
        this.#seal = await sealOf(this.#passphrase, parse(lockSchema, content));
        return null;
      case "H":
        if (this.#header !== undefined) throw wrongOrder(kind);
        this.#header = parse(headerSchema, content);
        return { kind: "header", header: this.#header };
      case "E":
        return this.#begin(content);
      case "D":
        return this.#data(content);
      case "F":
        return this.#end(content);
      case "M":
        return this.#compare(content);
      case "Z":
        throw wrongOrder(kind);
    }
  }

  #begin(content: Buffer): BackupEvent {
    if (this.#header === undefined || this.#open !== undefined) throw wrongOrder("E");
    if (this.#entries.length >= entriesMax) throw damaged("it has too many entries.", "条目过多。");
    const entry = parse(entrySchema, content);
    this.#open = { entry, hash: createHash("sha256"), bytes: 0 };
    return { kind: "entry", entry };
  }

  #data(bytes: Buffer): BackupEvent {
    if (this.#open === undefined) throw wrongOrder("D");
    this.#open.hash.update(bytes);
    this.#open.bytes += bytes.length;
    return { kind: "data", bytes };
  }

  #end(content: Buffer): BackupEvent {
    if (this.#open === undefined) throw wrongOrder("F");
    const { entry, hash, bytes } = this.#open;
    const end = parse(entryEndSchema, content);
    if (end.bytes !== bytes || end.sha256 !== hash.digest("hex"))
      throw damaged(`${entry.name} is not as it was written.`, `${entry.name} 与写入时不一致。`);
    this.#entries.push({ ...entry, ...end });
    this.#open = undefined;
    return { kind: "end" };
  }

  #compare(content: Buffer): null {
    if (this.#open !== undefined) throw wrongOrder("M");
    const { header, entries, facts } = parse(manifestSchema, content);
    const isSame = JSON.stringify([header, entries]) === JSON.stringify([this.#header, this.#entries]);
    if (!isSame) throw damaged("its manifest names other entries than it has.", "清单与实际条目不符。");
    this.#manifest = { kind: "facts", facts };
    return null;
  }

  async #frame(): Promise<Frame> {
    const head = await this.#source.take(frameHeadBytes);
    const letter = String.fromCharCode(head.readUInt8(0));
    const kind = frameKinds.find((known) => known === letter);
    const [flags, length, stored] = [head.readUInt8(1), head.readUInt32BE(2), head.readUInt32BE(6)];
    const lengthMax = kind === "D" ? dataBytesMax : jsonBytesMax;
    if (kind === undefined || flags > isCompressedFlag || length > lengthMax || stored > length + tagBytes)
      throw damaged(
        `at byte ${this.#source.position} there is no frame.`,
        `第 ${this.#source.position} 字节处不是数据帧。`,
      );
    const bytes = await this.#source.take(stored);
    if (kind === "K") return { kind, content: bytes };
    const opened = this.#seal === null ? bytes : this.#seal.open(this.#number, head, bytes);
    this.#number += 1;
    const content = flags === isCompressedFlag ? await unpack(opened, length) : opened;
    if (content.length !== length) throw damaged("a frame has another length.", "数据帧长度不符。");
    return { kind, content };
  }
}

const wrongOrder = (kind: FrameKind): DomainError =>
  damaged(`a frame ${kind} stands where none may.`, `数据帧 ${kind} 的位置不对。`);

async function unpack(bytes: Buffer, length: number): Promise<Buffer> {
  try {
    return await decompress(bytes, { maxOutputLength: Math.max(1, length) });
  } catch (error) {
    throw damaged("a frame cannot be unpacked.", "有数据帧无法解压。", error);
  }
}

function parse<Shape>(schema: z.ZodType<Shape>, content: Buffer): Shape {
  try {
    return schema.parse(JSON.parse(content.toString()));
  } catch (error) {
    throw damaged("what stands in a frame is not understood.", "数据帧内容无法识别。", error);
  }
}

/** Takes exact lengths from chunks of any, and hashes what was taken. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #hash = createHash("sha256");
  #rest: Buffer = Buffer.alloc(0);
  position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts = [this.#rest];
    let have = this.#rest.length;
    while (have < length) {
      const next = await this.#chunks.next();
      if (next.done === true)
        throw damaged(
          `it ends after ${this.position + have} bytes, before it is complete.`,
          `在 ${this.position + have} 字节处提前结束，内容不完整。`,
        );
      parts.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength));
      have += next.value.length;
    }
    const all = parts.length === 1 ? this.#rest : Buffer.concat(parts);
    this.#rest = all.subarray(length);
    this.position += length;
    const taken = all.subarray(0, length);
    this.#hash.update(taken);
    return taken;
  }

  /** Of everything taken so far. */
  hash(): Buffer {
    return this.#hash.copy().digest();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return true;
      this.#rest = Buffer.from(next.value);
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

// The one file of a backup: a line that names it, then frames. What each means is said in docs/operations.en.md.
//
//   magic line · [K] how it is locked · H header · (E entry · D data … · F size and hash)… · M manifest · Z hash of all before
//
// A frame is ten bytes (kind, flags, length of its content, length as stored; big-endian) and what is stored. With a
// passphrase the content of every frame after K is sealed by AES-256-GCM; its number is the nonce, so none can be
// moved, left out or repeated.
import { z } from "zod";
import { DomainError } from "../errors.ts";

export const magic = Buffer.from("WAREMIND BACKUP 1\n");
export const frameHeadBytes = 10;
export const tagBytes = 16;
/** One piece of an entry; what is larger is several. */
export const dataBytesMax = 256 * 1024;
/** The manifest names every entry: some 150 bytes each. */
export const jsonBytesMax = 64 * 1024 * 1024;
export const entriesMax = 200_000;
export const isCompressedFlag = 1;

export const frameKinds = ["K", "H", "E", "D", "F", "M", "Z"] as const;
export type FrameKind = (typeof frameKinds)[number];

/** What it costs to try one passphrase: some 100 ms and 64 MiB. */
export const lockDefaults = { kdf: "scrypt", n: 65_536, r: 8, p: 1 } as const;
const lockMemoryMax = 1024 * 1024 * 1024;
export const lockSchema = z
  .object({
    kdf: z.literal("scrypt"),
    n: z.int().min(1_024).max(1_048_576),
    r: z.int().min(1).max(32),
    p: z.int().min(1).max(16),
    salt: z.base64().max(100),
    /** Tells a wrong passphrase from a damaged file. */
    check: z.base64().max(100),
  })
  .refine(({ n, r }) => 128 * n * r <= lockMemoryMax, "asks for too much memory");
export type Lock = z.infer<typeof lockSchema>;

export const headerSchema = z.object({
  format: z.literal(1),
  product: z.string().max(100),
  /** A copy of one kind of store goes back into that kind only. */
  engine: z.enum(["embedded", "postgresql"]),
  engineVersion: z.string().max(200),
  /** Epoch milliseconds. */
  createdAt: z.number(),
  /** Names of the migrations that are done, in their order. */
  migrations: z.array(z.string().max(200)).max(10_000),
  /** What is about to come, as far as it was known beforehand. */
  bytesExpected: z.number(),
});
export type BackupHeader = z.infer<typeof headerSchema>;

/** `file` and `folder` belong to the embedded store, `table` to PostgreSQL, `data` to the data folder beside the store. */
export const entryTypes = ["file", "folder", "table", "data"] as const;
export const entrySchema = z.object({
  type: z.enum(entryTypes),
  name: z.string().min(1).max(4_000),
  /** Of a table, in the order of its rows. */
  columns: z.array(z.string().max(200)).max(2_000).optional(),
});
export type BackupEntry = z.infer<typeof entrySchema>;

export const entryEndSchema = z.object({ bytes: z.number(), sha256: z.string().length(64) });
export type BackupEntryEnd = z.infer<typeof entryEndSchema>;

/** A sequence and the last number it gave. */
export const sequenceSchema = z.object({
  name: z.string().max(200),
  value: z.string().max(30),
  isCalled: z.boolean(),
});
export const factsSchema = z.object({
  /** Embedded: everything up to this position of the log is in the backup. */
  walUntil: z.string().max(40).optional(),
  sequences: z.array(sequenceSchema).max(10_000).optional(),
});
export type BackupFacts = z.infer<typeof factsSchema>;

export const manifestSchema = z.object({
  header: headerSchema,
  entries: z.array(entrySchema.extend(entryEndSchema.shape)).max(entriesMax),
  facts: factsSchema,
});
export type BackupManifest = z.infer<typeof manifestSchema>;

/** A backup as it is made or read, piece by piece: the header first, the facts last. */
export type BackupEvent =
  | { readonly kind: "header"; readonly header: BackupHeader }
  | { readonly kind: "entry"; readonly entry: BackupEntry }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "facts"; readonly facts: BackupFacts };

/** The backup cannot be read: what is wrong, and where. */
export function damaged(en: string, zh: string, cause?: unknown): DomainError {
  return new DomainError(
    "payload-malformed",
    {
      en: `This backup is damaged and nothing was restored: ${en}`,
      zh: `此备份已损坏，未恢复任何内容：${zh}`,
    },
    undefined,
    cause,
  );
}

export function writeHead(kind: FrameKind, flags: number, length: number, stored: number): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt8(kind.charCodeAt(0), 0);
  head.writeUInt8(flags, 1);
  head.writeUInt32BE(length, 2);
  head.writeUInt32BE(stored, 6);
  return head;
}

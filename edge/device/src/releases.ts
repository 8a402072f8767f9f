// Firmware and software from the shop: fetched in chunks, resumed, and installed only when checksum and signature hold.
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { ReceivedValues } from "./values.ts";

export type ReleaseKind = "firmware" | "software";

/** What the shop offers, from the shared attributes `fw_…` or `sw_…`. */
export interface OfferedRelease {
  readonly kind: ReleaseKind;
  readonly title: string;
  readonly version: string;
  readonly sizeBytes: number;
  readonly checksumAlgorithm: string;
  readonly checksum: string;
  /** Ed25519 over `releaseManifest`, base64. */
  readonly signature: string | null;
}

export type ReleaseState = "DOWNLOADING" | "DOWNLOADED" | "VERIFIED" | "UPDATING" | "UPDATED" | "FAILED";

export interface ReleaseOptions {
  /** Where packages are kept while they are fetched. */
  readonly directory: string;
  /** SPKI PEM of the Ed25519 keys whose packages this device installs; no other package is ever installed. */
  readonly trustedKeys: readonly string[];
  /** What runs now; null when unknown. Called at start and after each installation. */
  readonly current: (kind: ReleaseKind) => { readonly title: string; readonly version: string } | null;
  /**
   * Installs the verified package; throws when it fails and the device still runs what it ran before. It may end or restart
   * the program: the next start tells the server which of the two `current` then says. The file is removed when another
   * package of its kind is fetched.
   */
  readonly install: (release: OfferedRelease, file: string) => Promise<void> | void;
  /** Bytes per request, at most 262,144. */
  readonly chunkBytes?: number;
  /** A larger package is refused before anything is fetched; 64 MiB when absent. */
  readonly sizeBytesMax?: number;
}

export const prefixes = { firmware: "fw", software: "sw" } as const satisfies Record<ReleaseKind, string>;
export const releaseAttributeKeys: readonly string[] = Object.values(prefixes).flatMap((prefix) =>
  ["title", "version", "size", "checksum", "checksum_algorithm", "signature"].map(
    (name) => `${prefix}_${name}`,
  ),
);
const chunkBytesDefault = 16_384;
const sizeBytesMaxDefault = 64 * 1024 * 1024;

/** Null when nothing is offered, or not enough is known of it. */
export function offeredRelease(kind: ReleaseKind, attributes: ReceivedValues): OfferedRelease | null {
  const of = (name: string): unknown => attributes[`${prefixes[kind]}_${name}`];
  const [title, version, size, checksum] = [of("title"), of("version"), of("size"), of("checksum")];
  const algorithm = of("checksum_algorithm");
  if (typeof title !== "string" || typeof version !== "string" || typeof size !== "number") return null;
  if (typeof checksum !== "string" || typeof algorithm !== "string") return null;
  const signature = of("signature");
  return {
    ...{ kind, title, version, sizeBytes: size, checksum, checksumAlgorithm: algorithm },
    signature: typeof signature === "string" ? signature : null,
  };
}

/**
 * What is signed: name, version and size stand beside the SHA-256 of the bytes, so that an old package can not be passed
 * off as a new one. UTF-8, lines ended by LF.
 */
export function releaseManifest(release: {
  readonly kind: ReleaseKind;
  readonly title: string;
  readonly version: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}): Buffer {
  const { kind, title, version, sizeBytes, sha256 } = release;
  return Buffer.from(`waremind-release/1\n${kind}\n${title}\n${version}\n${sizeBytes}\n${sha256}\n`);
}

/**
 * Fetches the package into the directory and answers its path; goes on where an earlier attempt was cut off.
 *
 * @param read asks for one chunk by its number
 * @throws Error when size, checksum or signature do not fit; the file is gone then
 */
export async function fetchRelease(
  release: OfferedRelease,
  options: ReleaseOptions,
  read: (chunk: number, chunkBytes: number) => Promise<Buffer>,
): Promise<string> {
  const chunkBytes = options.chunkBytes ?? chunkBytesDefault;
  refuseOffer(release, options.sizeBytesMax ?? sizeBytesMaxDefault);
  await mkdir(options.directory, { recursive: true });
  const name = createHash("sha256").update(
    `${release.kind}\n${release.title}\n${release.version}\n${release.checksum}`,
  );
  const whole = join(options.directory, `${release.kind}-${name.digest("hex").slice(0, 16)}`);
  const part = `${whole}.part`;
  await removeOthers(options.directory, release.kind, [whole, part]);
  // A program that ended between check and installation has it whole already.
  if (await holds(release, whole, options.trustedKeys)) return whole;
  await download(release, part, chunkBytes, read);
  try {
    await check(release, part, options.trustedKeys);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await rename(part, whole);
  return whole;
}

/** @throws Error for a name that could stand for another one in what is signed, and for a size beyond reason. */
function refuseOffer({ title, version, sizeBytes }: OfferedRelease, sizeBytesMax: number): void {
  if (/\p{Cc}/u.test(title + version)) throw new Error("The name of the release holds a control character.");
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1 || sizeBytes > sizeBytesMax)
    throw new Error(`The release has ${sizeBytes} bytes; this device takes 1 to ${sizeBytesMax}.`);
}

/** Packages of this kind that were fetched before: the device keeps room for one. */
async function removeOthers(directory: string, kind: ReleaseKind, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (name.startsWith(`${kind}-`) && !kept.includes(path)) await rm(path, { force: true });
  }
}

async function holds(
  release: OfferedRelease,
  path: string,
  trustedKeys: readonly string[],
): Promise<boolean> {
  try {
    await check(release, path, trustedKeys);
    return true;
  } catch {
    // Absent, or not what it should be: it is fetched.
    return false;
  }
}

async function download(
  release: OfferedRelease,
  part: string,
  chunkBytes: number,
  read: (chunk: number, chunkBytes: number) => Promise<Buffer>,
): Promise<void> {
  const present = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  // A torn last chunk is fetched again.
  let chunk = Math.floor(Math.min(present, release.sizeBytes) / chunkBytes);
  const file = await open(part, present === 0 ? "w" : "r+");
  try {
    await file.truncate(chunk * chunkBytes);
    for (let at = chunk * chunkBytes; at < release.sizeBytes; chunk += 1) {
      const bytes = await read(chunk, chunkBytes);
      const expected = Math.min(chunkBytes, release.sizeBytes - at);
      if (bytes.length !== expected)
        throw new Error(`Chunk ${chunk} has ${bytes.length} bytes instead of ${expected}.`);
      await file.write(bytes, 0, bytes.length, at);
      at += bytes.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function check(release: OfferedRelease, path: string, trustedKeys: readonly string[]): Promise<void> {
  const { sha256, checksum } = await digestsOf(path, release.checksumAlgorithm);
  if (checksum !== release.checksum.toLowerCase())
    throw new Error(`The checksum is ${checksum}; the offer says ${release.checksum}.`);
  if (release.signature === null) throw new Error("The package is not signed.");
  const manifest = releaseManifest({ ...release, sha256 });
  const signature = Buffer.from(release.signature, "base64");
  const isTrusted = trustedKeys
    .map((pem) => createPublicKey(pem))
    .some((key) => isEd25519(key, manifest, signature));
  if (!isTrusted) throw new Error("The signature is of no key that this device trusts.");
}

function isEd25519(key: KeyObject, manifest: Buffer, signature: Buffer): boolean {
  return (
    key.asymmetricKeyType === "ed25519" && signature.length === 64 && verify(null, manifest, key, signature)
  );
}

const nodeHashes: Readonly<Record<string, string>> = {
  MD5: "md5",
  SHA256: "sha256",
  SHA384: "sha384",
  SHA512: "sha512",
};

async function digestsOf(path: string, algorithm: string): Promise<{ sha256: string; checksum: string }> {
  const sha256 = createHash("sha256");
  const named = nodeHashes[algorithm];
  const other = named === undefined ? null : createHash(named);
  if (other === null && algorithm !== "CRC32")
    throw new Error(`This device cannot compute a checksum by ${algorithm}; use SHA256.`);
  let crc = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    other?.update(chunk);
    if (other === null) crc = crc32(chunk, crc);
  }
  return {
    sha256: sha256.digest("hex"),
    checksum: other === null ? crc.toString(16).padStart(8, "0") : other.digest("hex"),
  };
}

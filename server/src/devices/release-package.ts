/// <reference path="../platform/murmurhash3js-revisited.d.ts" />
// What makes a package the one it claims to be: its checksum, and a signature over its manifest.
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { crc32 } from "node:zlib";
import murmurHash3 from "murmurhash3js-revisited";
import { DomainError } from "../platform/errors.ts";
import { type ChecksumAlgorithm, type PackageDigests, type ReleaseKind, releaseLimits } from "./release.ts";

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = [
  "SHA256",
  "SHA384",
  "SHA512",
  "MD5",
  "CRC32",
  "MURMUR3_32",
  "MURMUR3_128",
];

/** Hexadecimal, lower case, as ThingsBoard writes it in `fw_checksum`. */
export function checksumOf(bytes: Buffer, algorithm: ChecksumAlgorithm): string {
  switch (algorithm) {
    case "MD5":
    case "SHA256":
    case "SHA384":
    case "SHA512":
      return createHash(algorithm.toLowerCase()).update(bytes).digest("hex");
    case "CRC32":
      return crc32(bytes).toString(16).padStart(8, "0");
    case "MURMUR3_32":
      return murmurHash3.x86.hash32(bytes).toString(16).padStart(8, "0");
    case "MURMUR3_128":
      return murmurHash3.x64.hash128(bytes);
  }
}

export interface DigestRequest {
  readonly bytes: Uint8Array;
  readonly algorithm: ChecksumAlgorithm;
}

export function digestsOf({ bytes, algorithm }: DigestRequest): PackageDigests {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { checksum: checksumOf(buffer, algorithm), sha256: checksumOf(buffer, "SHA256") };
}

/** Without control characters: a line break would let one manifest stand for two names. */
export function isReleaseName(text: string): boolean {
  return text.length > 0 && text.length <= releaseLimits.nameLengthMax && !/\p{Cc}/u.test(text);
}

/**
 * What is signed. Kind, title, version and size stand beside the SHA-256 of the bytes, so that an old package cannot be
 * passed off as a new one. UTF-8, lines ended by LF. The device client builds the same bytes.
 */
export function releaseManifest(
  release: { readonly kind: ReleaseKind; readonly title: string; readonly version: string },
  bytes: Buffer,
): Buffer {
  return manifestOf(release, { sizeBytes: bytes.length, sha256: checksumOf(bytes, "SHA256") });
}

/** The same, of bytes whose SHA-256 is known. */
export function manifestOf(
  { kind, title, version }: { readonly kind: ReleaseKind; readonly title: string; readonly version: string },
  { sizeBytes, sha256 }: { readonly sizeBytes: number; readonly sha256: string },
): Buffer {
  return Buffer.from(`waremind-release/1\n${kind}\n${title}\n${version}\n${sizeBytes}\n${sha256}\n`);
}

export function isSignedBy(publicPem: string, manifest: Buffer, signature: Buffer): boolean {
  return signature.length === 64 && verify(null, manifest, publicKeyOf(publicPem), signature);
}

/** @throws DomainError `invalid-input` when it is no Ed25519 public key. */
export function publicKeyOf(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "ed25519" && !pem.includes("PRIVATE")) return key;
  } catch {
    // Said below, in the same words as for a key of another kind.
  }
  throw new DomainError("invalid-input", {
    en: "This is no Ed25519 public key in PEM form; `openssl pkey -in key.pem -pubout` writes one.",
    zh: "这不是 PEM 格式的 Ed25519 公钥；可用 `openssl pkey -in key.pem -pubout` 导出。",
  });
}

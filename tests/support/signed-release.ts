import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { type ReleaseKind, releaseManifest } from "../../server/src/devices/index.ts";

export interface SignedRelease {
  readonly title: string;
  readonly version: string;
  readonly bytes: Buffer;
  readonly publicPem: string;
  readonly signature: Buffer;
}

/** A package of random bytes, signed with a key of its own. */
export function makeSignedRelease(kind: ReleaseKind, sizeBytes: number): SignedRelease {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const title = `package-${randomBytes(4).toString("hex")}`;
  const version = "1.2.0";
  const bytes = randomBytes(sizeBytes);
  const signature = sign(null, releaseManifest({ kind, title, version }, bytes), privateKey);
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return { title, version, bytes, publicPem, signature };
}

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  fetchRelease,
  type OfferedRelease,
  offeredRelease,
  type ReleaseOptions,
  releaseManifest,
} from "./releases.ts";

const keys = generateKeyPairSync("ed25519");
const bytes = Buffer.from(Array.from({ length: 100_003 }, (_, index) => (index * 31) % 251));
const sha256 = createHash("sha256").update(bytes).digest("hex");
const named = { kind: "firmware", title: "Logger", version: "2.0", sizeBytes: bytes.length } as const;
const offer: OfferedRelease = {
  ...named,
  checksumAlgorithm: "SHA256",
  checksum: sha256,
  signature: sign(null, releaseManifest({ ...named, sha256 }), keys.privateKey).toString("base64"),
};
let directory: string;
let options: ReleaseOptions;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "waremind-release-"));
  options = {
    directory,
    trustedKeys: [keys.publicKey.export({ type: "spki", format: "pem" }).toString()],
    current: () => null,
    install: () => undefined,
    chunkBytes: 4_096,
  };
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const chunkOf = (chunk: number, size: number): Buffer => bytes.subarray(chunk * size, (chunk + 1) * size);

test("a download that was cut off goes on where it was", async () => {
  const asked: number[] = [];
  const cut = fetchRelease(offer, options, (chunk, size) => {
    if (chunk === 10) return Promise.reject(new Error("connection lost"));
    asked.push(chunk);
    return Promise.resolve(chunkOf(chunk, size));
  });
  await expect(cut).rejects.toThrow("connection lost");
  const file = await fetchRelease(offer, options, (chunk, size) => {
    asked.push(chunk);
    return Promise.resolve(chunkOf(chunk, size));
  });
  expect(asked).toEqual(Array.from({ length: 25 }, (_, chunk) => chunk));
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

const whole = (chunk: number, size: number): Promise<Buffer> => Promise.resolve(chunkOf(chunk, size));
const refusals: readonly (readonly [string, Partial<OfferedRelease>, RegExp])[] = [
  [
    "a wrong checksum",
    { checksum: sha256.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) },
    /checksum/,
  ],
  ["no signature", { signature: null }, /not signed/],
  [
    "a signature of other bytes",
    { signature: Buffer.alloc(64, 7).toString("base64") },
    /no key that this device trusts/,
  ],
  ["an old package under a new version", { version: "3.0" }, /no key that this device trusts/],
  ["an algorithm it cannot compute", { checksumAlgorithm: "MURMUR3_32" }, /MURMUR3_32/],
];
for (const [what, change, reason] of refusals) {
  test(`${what} is refused and nothing stays`, async () => {
    await expect(fetchRelease({ ...offer, ...change }, options, whole)).rejects.toThrow(reason);
  });
}

test("an offer needs a title, a version, a size and a checksum", () => {
  const attributes = {
    fw_title: "Logger",
    fw_version: "2.0",
    fw_size: 5,
    fw_checksum: "ab",
    fw_checksum_algorithm: "SHA256",
  };
  expect(offeredRelease("firmware", attributes)).toMatchObject({ title: "Logger", signature: null });
  expect(offeredRelease("firmware", { ...attributes, fw_size: "5" })).toBeNull();
  expect(offeredRelease("software", attributes)).toBeNull();
});

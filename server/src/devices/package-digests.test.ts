import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { digestPackage } from "./package-digests.ts";
import { checksumAlgorithms, digestsOf } from "./release-package.ts";

/** Far above what a few turns of the loop could hide: the slowest takes half a second over it. */
const bytes = randomBytes(16 * 1024 * 1024);

test("the event loop turns while the checksum of a large package is computed", async () => {
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  turn();
  await digestPackage({ bytes, algorithm: "MURMUR3_128" });
  isDone = true;
  expect(turns).toBeGreaterThan(10);
});

test.each(checksumAlgorithms)("%s is the same in a thread, also of a part of a buffer", async (algorithm) => {
  const part = bytes.subarray(1, 600_001);
  expect(await digestPackage({ bytes: part, algorithm })).toEqual(digestsOf({ bytes: part, algorithm }));
});

test("several packages at once each get their own sums", async () => {
  const parts = [300_000, 400_000, 10].map((length) => bytes.subarray(0, length));
  const sums = await Promise.all(parts.map((part) => digestPackage({ bytes: part, algorithm: "CRC32" })));
  expect(sums).toEqual(parts.map((part) => digestsOf({ bytes: part, algorithm: "CRC32" })));
});

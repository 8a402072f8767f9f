// Sums over a package, taken beside the event loop: the slowest takes seconds over 64 MiB.
import { Worker } from "node:worker_threads";
import type { PackageDigests } from "./release.ts";
import { type DigestRequest, digestsOf } from "./release-package.ts";

/** Takes less than ten milliseconds; starting a thread takes longer. */
const inlineBytesMax = 256 * 1024;

/** Threads at once: each has a copy of its package. */
let last: Promise<unknown> = Promise.resolve();

/** What `digestsOf` computes, for a package of any size, one after another; devices and people are served meanwhile. */
export function digestPackage(request: DigestRequest): Promise<PackageDigests> {
  if (request.bytes.byteLength <= inlineBytesMax) return Promise.resolve(digestsOf(request));
  const mine = last.then(() => inThread(request));
  last = mine.catch(() => undefined);
  return mine;
}

async function inThread(request: DigestRequest): Promise<PackageDigests> {
  const worker = new Worker(new URL("./package-digests-worker.ts", import.meta.url));
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`The thread of the checksums ended (${code}).`)));
      worker.postMessage(request);
    });
  } finally {
    await worker.terminate();
  }
}

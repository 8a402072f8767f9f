import { Writable } from "node:stream";
import { writeToStream } from "mqtt-packet";
import { expect, test } from "vitest";
import { writeLengthsTogether } from "./length-bytes.ts";

/** The second write of a PUBLISH is its length, in the very bytes that the library keeps. */
function keptBytesOf(length: number): Buffer {
  const written: Buffer[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      done();
    },
  });
  const payload = Buffer.alloc(length - 2);
  writeToStream({ cmd: "publish", topic: "", payload, qos: 0, dup: false, retain: false }, stream);
  stream.end();
  return written[1] ?? Buffer.alloc(0);
}

test("lengths that are written far apart in time share a few blocks of memory", () => {
  writeLengthsTogether();
  const blocks = new Set<ArrayBufferLike>();
  for (let length = 2; length < 16_384; length += 64) {
    // What a server does between two answers: the open block is used up and left.
    for (let time = 0; time < 4; time += 1) Buffer.allocUnsafe(30_000);
    const bytes = keptBytesOf(length);
    expect(bytes[0]).toBe((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
    blocks.add(bytes.buffer);
  }
  expect(blocks.size).toBeLessThan(16);
});

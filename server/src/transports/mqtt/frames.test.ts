import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { Framer, readPublish } from "./frames.ts";

const sizeMax = 100_000;

/** Every whole packet of a stream that arrives in pieces cut at `cuts`. */
function framesOf(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [...new Set(cuts.map((cut) => cut % (stream.length + 1))), 0, stream.length];
  edges.sort((left, right) => left - right);
  const framer = new Framer();
  const frames: Buffer[] = [];
  for (let index = 1; index < edges.length; index += 1) {
    const piece = stream.subarray(edges[index - 1], edges[index]);
    if (piece.length === 0) continue;
    framer.add(piece);
    while (framer.next(sizeMax) === "whole") {
      frames.push(Buffer.from(framer.bytes.subarray(framer.start, framer.end)));
    }
  }
  return frames;
}

const publish = fc.record({
  topic: fc.string({ minLength: 1, maxLength: 40 }),
  payload: fc.uint8Array({ maxLength: 20_000 }),
  messageId: fc.integer({ min: 0, max: 65_535 }),
});

function packetOf(one: { topic: string; payload: Uint8Array; messageId: number }): Packet {
  const qos = one.messageId === 0 ? 0 : 1;
  return { cmd: "publish", ...one, payload: Buffer.from(one.payload), qos, dup: false, retain: false };
}

test("wherever the stream is cut, the same packets come out", () => {
  const cuts = fc.array(fc.nat({ max: 200_000 }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(publish, { minLength: 1, maxLength: 8 }), cuts, (messages, positions) => {
      const packets = messages.map((message) => generate(packetOf(message)));
      expect(framesOf(Buffer.concat(packets), positions)).toEqual(packets);
    }),
  );
});

test("a PUBLISH read by hand says what the codec wrote, in every version", () => {
  fc.assert(
    fc.property(publish, fc.constantFrom(3, 4, 5), (message, protocolVersion) => {
      const framer = new Framer();
      framer.add(generate(packetOf(message), { protocolVersion }));
      expect(framer.next(sizeMax)).toBe("whole");
      expect(readPublish(framer, protocolVersion)).toEqual({
        topic: message.topic,
        payload: Buffer.from(message.payload),
        qos: message.messageId === 0 ? 0 : 1,
        messageId: message.messageId,
      });
    }),
  );
});

test("a size above the limit is known from the first bytes, before anything is buffered", () => {
  const framer = new Framer();
  framer.add(Buffer.from([0x30, 0xff, 0xff, 0x7f]));
  expect(framer.next(sizeMax)).toBe("too-large");
});

test("a length of five bytes is no length", () => {
  const framer = new Framer();
  framer.add(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]));
  expect(framer.next(Number.MAX_SAFE_INTEGER)).toBe("malformed");
});

test("a PUBLISH that lies about its parts is malformed", () => {
  const lies = [
    [0x32, 0x02, 0x00, 0x05],
    [0x32, 0x04, 0x00, 0x01, 0x61, 0x00],
    [0x32, 0x05, 0x00, 0x01, 0x61, 0x00, 0x00],
    [0x36, 0x03, 0x00, 0x01, 0x61],
    [0x30, 0x00],
  ];
  for (const bytes of lies) {
    const framer = new Framer();
    framer.add(Buffer.from(bytes));
    expect(framer.next(sizeMax)).toBe("whole");
    expect(readPublish(framer, 4)).toBe("malformed");
  }
});

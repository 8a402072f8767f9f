import type { ReadingValue } from "@waremind/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBatch, encodeBatch, type StreamedMessage, UnreadableBatch } from "./reading-batch.ts";

const values: fc.Arbitrary<ReadingValue> = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => ({ type: "number" as const, number })),
  fc
    .record({ number: fc.double({ noNaN: true, noDefaultInfinity: true }), literal: fc.string() })
    .map((parts) => ({ type: "number" as const, ...parts })),
  fc.string({ unit: "grapheme" }).map((text) => ({ type: "text" as const, text })),
  fc.boolean().map((boolean) => ({ type: "boolean" as const, boolean })),
  fc.constantFrom<ReadingValue>(
    { type: "json", json: { deep: [1, null, "温度", { a: true }] } },
    { type: "json", json: null },
    { type: "json", json: 5 },
  ),
);

const messages: fc.Arbitrary<StreamedMessage> = fc.record({
  deviceId: fc.nat(),
  transport: fc.constantFrom("mqtt", "http", "coap", "gateway"),
  receivedAt: fc.nat(),
  points: fc.array(
    fc.record({ key: fc.string(), value: values, observedAt: fc.option(fc.integer(), { nil: undefined }) }),
  ),
  payload: fc.uint8Array(),
  fault: fc.option(fc.record({ reason: fc.string(), detail: fc.string() }), { nil: undefined }),
});

test("a batch arrives as it was sent: every value, digit, instant and payload byte", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.array(messages), (publisher, number, sent) => {
      const received = decodeBatch(encodeBatch({ publisher, number, messages: sent }));
      expect({ ...received, messages: received.messages.map(plain) }).toEqual({
        publisher,
        number,
        messages: sent.map(plain),
      });
    }),
  );
});

const plain = (message: StreamedMessage) => ({ ...message, payload: [...message.payload] });

test("what is no batch, or a part of one, is told as unreadable and never as something else", () => {
  const whole = encodeBatch({
    publisher: "p",
    number: 1,
    messages: [
      {
        ...{ deviceId: 1, transport: "mqtt", receivedAt: 5, payload: Buffer.from("abc"), fault: undefined },
        points: [{ key: "t", value: { type: "number", number: 1 }, observedAt: 4 }],
      },
    ],
  });
  for (let length = 0; length < whole.length; length += 1)
    expect(() => decodeBatch(whole.subarray(0, length))).toThrow(UnreadableBatch);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        decodeBatch(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableBatch);
      }
    }),
  );
  for (const header of [
    "[]",
    '[2,"p",1,[]]',
    '[1,"p",1,[[1]]]',
    '[1,"p",1,[[1,"mqtt",1,0,[["k",null,{"n":"x"}]]]]]',
  ]) {
    const bytes = Buffer.from(header);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    expect(() => decodeBatch(Buffer.concat([length, bytes]))).toThrow(UnreadableBatch);
  }
});

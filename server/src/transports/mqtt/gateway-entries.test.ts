import fc from "fast-check";
import { expect, test } from "vitest";
import { isMalformed } from "../telemetry-json.ts";
import { cutEntries, gatewayEntryLimits, isDeviceName } from "./gateway-entries.ts";

function cut(text: string): [string, string][] {
  const entries = cutEntries(Buffer.from(text));
  if (isMalformed(entries)) throw new Error(`Refused: ${entries.detail.en}`);
  return entries.map(({ name, bytes, position }) => {
    const part = Buffer.from(bytes).toString();
    expect(
      Buffer.from(text)
        .subarray(position, position + bytes.length)
        .toString(),
    ).toBe(part);
    return [name, part];
  });
}

test("each part of a message is cut out byte for byte", () => {
  expect(
    cut(' { "a" : [ {"t":4.50} ] , "b\\"\\u4e2d" : {"x":"}],\\"{"},"c":1e3,"d":"[","e":null,"温度":[] } '),
  ).toEqual([
    ["a", '[ {"t":4.50} ]'],
    ['b"中', '{"x":"}],\\"{"}'],
    ["c", "1e3"],
    ["d", '"["'],
    ["e", "null"],
    ["温度", "[]"],
  ]);
  expect(cut("{}")).toEqual([]);
  expect(cut('{"a":1,"a":2}')).toEqual([
    ["a", "1"],
    ["a", "2"],
  ]);
  expect(cut('{"a":{"b":"\\\\"}}')).toEqual([["a", '{"b":"\\\\"}']]);
});

test("what is no object, or names too many devices, is refused at its byte", () => {
  expect(cutEntries(Buffer.alloc(0))).toMatchObject({ reason: "payload-empty" });
  expect(cutEntries(Buffer.from("[]"))).toMatchObject({ reason: "gateway-not-an-object", position: 0 });
  expect(cutEntries(Buffer.from('{"a":[}'))).toMatchObject({ reason: "json-syntax", position: 6 });
  const { devicesPerMessageMax } = gatewayEntryLimits;
  const naming = (count: number): Buffer =>
    Buffer.from(`{${Array.from({ length: count }, (_, index) => `"d${index}":[]`).join(",")}}`);
  expect(cutEntries(naming(devicesPerMessageMax))).toHaveLength(devicesPerMessageMax);
  expect(cutEntries(naming(devicesPerMessageMax + 1))).toMatchObject({ reason: "gateway-too-many-devices" });
});

test("a device name has characters that can be stored and shown", () => {
  for (const name of ["logger-1", "冷库 2", "a".repeat(255)]) expect(isDeviceName(name)).toBe(true);
  for (const name of ["", "a".repeat(256), "a\0b", "a\nb", "\ud800"]) expect(isDeviceName(name)).toBe(false);
});

test("whatever object is sent, its parts say what its members say", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()),
      fc.nat(3),
      (members, space) => {
        const text = JSON.stringify(members, null, space);
        const read = cut(text).map(([name, part]) => [name, JSON.parse(part)]);
        expect(Object.fromEntries(read)).toEqual(JSON.parse(text));
      },
    ),
  );
});

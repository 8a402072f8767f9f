import type { Point } from "@waremind/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeTelemetry, type MalformedPayload, telemetryLimits } from "./telemetry-json.ts";

function decode(text: string): readonly Point[] | MalformedPayload {
  return decodeTelemetry(Buffer.from(text));
}

function points(text: string): readonly Point[] {
  const decoded = decode(text);
  if (!Array.isArray(decoded)) throw new Error(`Refused: ${JSON.stringify(decoded)}`);
  return decoded;
}

function fault(text: string): { reason: string; position: number } {
  const decoded = decode(text);
  if (!("reason" in decoded)) throw new Error("Expected a refusal.");
  expect(decoded.detail.en).not.toBe("");
  expect(decoded.detail.zh).not.toBe("");
  return { reason: decoded.reason, position: decoded.position };
}

test("every ThingsBoard form is read, alone and mixed in one array", () => {
  const plain: Point = { key: "t", value: { type: "number", number: 4.5 }, observedAt: undefined };
  const timed: Point = { key: "t", value: { type: "number", number: 4.5 }, observedAt: 1_700_000_000_000 };
  expect(points('{"t":4.5}')).toEqual([plain]);
  expect(points('[{"t":4.5}]')).toEqual([plain]);
  expect(points('{"ts":1700000000000,"values":{"t":4.5}}')).toEqual([timed]);
  expect(points('{"ts":"1700000000000","values":{"t":4.5}}')).toEqual([timed]);
  expect(points('[{"t":4.5},{"ts":1700000000000,"values":{"t":4.5}}]')).toEqual([plain, timed]);
  expect(points("{}")).toEqual([]);
  expect(points("[]")).toEqual([]);
  expect(points('[{},{"ts":1,"values":{}}]')).toEqual([]);
});

test("a key called ts alone is an ordinary key", () => {
  expect(points('{"ts":5}')).toEqual([
    { key: "ts", value: { type: "number", number: 5 }, observedAt: undefined },
  ]);
});

test("quoted values stay text and nothing becomes a number", () => {
  for (const text of ["00012345600012", "241408E4", "1e3", "3.70", "true", "null", ""]) {
    expect(points(JSON.stringify({ k: text }))[0]?.value).toEqual({ type: "text", text });
  }
});

test("null is dropped, booleans and JSON values keep their type", () => {
  expect(points('{"a":null,"b":false,"c":{"x":[1,null]},"d":[]}').map((point) => point.value)).toEqual([
    { type: "boolean", boolean: false },
    { type: "json", json: { x: [1, null] } },
    { type: "json", json: [] },
  ]);
});

test("a number whose digits a double does not give back carries them", () => {
  const read = points(
    '{"sscc":106141412345678908,"big":1e18,"exact":9007199254740992,"power":9223372036854775808,"pi":3.14159265358979324}',
  );
  expect(read.map((point) => point.value)).toEqual([
    { type: "number", number: Number("106141412345678908"), literal: "106141412345678908" },
    { type: "number", number: 1e18 },
    { type: "number", number: 9007199254740992 },
    { type: "number", number: 2 ** 63, literal: "9223372036854775808" },
    { type: "number", number: Math.PI, literal: "3.14159265358979324" },
  ]);
  expect(points('{"t":1e-400}')[0]?.value).toEqual({ type: "number", number: 0, literal: "1e-400" });
});

test("within a JSON value an integer that a double would alter is the text of its digits", () => {
  expect(points('{"j":[9223372036854775808,0.1234567890123456789,0.30000000000000004]}')[0]?.value).toEqual({
    type: "json",
    json: ["9223372036854775808", "0.1234567890123456789", 0.30000000000000004],
  });
  expect(points('{"j":{"n":106141412345678908,"list":[9007199254740993,0.5]}}')[0]?.value).toEqual({
    type: "json",
    json: { n: "106141412345678908", list: ["9007199254740993", 0.5] },
  });
});

test("a time with more digits than a double holds is still a time", () => {
  expect(points('{"ts":1700000000000.1234567,"values":{"t":1}}')[0]?.observedAt).toBe(1_700_000_000_000);
});

test("an emoji and a text of sixty thousand characters come out as they went in", () => {
  const long = "长".repeat(20_000);
  expect(points(JSON.stringify({ e: "👩🏽‍🚀", long })).map((point) => point.value)).toEqual([
    { type: "text", text: "👩🏽‍🚀" },
    { type: "text", text: long },
  ]);
});

test("a refusal names its reason and the byte where it stands", () => {
  expect(fault("")).toEqual({ reason: "payload-empty", position: 0 });
  expect(fault('{"t":}')).toEqual({ reason: "json-syntax", position: 5 });
  expect(fault('{"t":4.5')).toEqual({ reason: "json-syntax", position: 8 });
  expect(fault('{"t":4.5}x')).toEqual({ reason: "json-syntax", position: 9 });
  expect(fault('{"温度":4.5,,}')).toEqual({ reason: "json-syntax", position: 14 });
  expect(fault('{"t":"a\nb"}')).toEqual({ reason: "json-syntax", position: 7 });
  expect(fault("{t:1}")).toEqual({ reason: "json-syntax", position: 1 });
  expect(fault("5")).toEqual({ reason: "not-an-object", position: 0 });
  expect(fault('[{"a":1}, [1]]')).toEqual({ reason: "not-an-object", position: 10 });
  expect(fault('{"ts":"today","values":{}}')).toEqual({ reason: "ts-invalid", position: 6 });
  expect(fault('{"ts":1e300,"values":{}}')).toEqual({ reason: "ts-invalid", position: 6 });
  expect(fault('{"ts":1,"values":[1]}')).toEqual({ reason: "values-not-an-object", position: 17 });
  expect(fault('{"":1}')).toEqual({ reason: "key-empty", position: 4 });
  expect(fault('{"a":1,"b":1e999}')).toEqual({ reason: "number-not-finite", position: 11 });
  expect(fault('{"a":106141412345678908,"b":1e999}')).toEqual({ reason: "number-not-finite", position: 28 });
});

test("bytes that are not UTF-8 are refused, a genuine replacement character is not", () => {
  const broken = decodeTelemetry(
    Buffer.concat([Buffer.from('{"k":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
  );
  expect(broken).toMatchObject({ reason: "not-utf8", position: 6 });
  expect(points('{"k":"\uFFFD"}')[0]?.value).toEqual({ type: "text", text: "\uFFFD" });
});

test("text that PostgreSQL cannot hold is refused wherever it hides", () => {
  for (const payload of [
    '{"k":"\\u0000"}',
    '{"k\\ud800":1}',
    '{"k":{"a":["\\udfff"]}}',
    '{"k":{"\\u0000":1}}',
  ]) {
    expect(fault(payload).reason).toBe("text-unstorable");
  }
  expect(points('{"k":"\\ud83d\\ude00"}')[0]?.value).toEqual({ type: "text", text: "😀" });
});

test("each limit holds at its edge", () => {
  const limits = telemetryLimits;
  const many = (count: number) => `[${Array.from({ length: count }, () => '{"k":1}').join(",")}]`;
  expect(points(many(limits.pointsPerMessageMax))).toHaveLength(limits.pointsPerMessageMax);
  expect(fault(many(limits.pointsPerMessageMax + 1)).reason).toBe("too-many-points");
  const nested = (depth: number) => `{"k":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  expect(points(nested(limits.jsonDepthMax))).toHaveLength(1);
  expect(fault(nested(limits.jsonDepthMax + 1))).toEqual({ reason: "nesting-too-deep", position: 5 });
  expect(fault(nested(20_000)).reason).toBe("nesting-too-deep");
  expect(fault("[".repeat(60_000)).reason).toBe("json-syntax");
  expect(points(`{"${"k".repeat(limits.keyLengthMax)}":1}`)).toHaveLength(1);
  expect(fault(`{"${"k".repeat(limits.keyLengthMax + 1)}":1}`).reason).toBe("key-too-long");
  const sized = (size: number) => `{"k":"${"x".repeat(size - 8)}"}`;
  expect(points(sized(limits.payloadBytesMax))).toHaveLength(1);
  expect(fault(sized(limits.payloadBytesMax + 1)).reason).toBe("payload-too-large");
});

test("a key named __proto__ is data like any other", () => {
  expect(points('{"__proto__":{"polluted":1}}')).toEqual([
    { key: "__proto__", value: { type: "json", json: { polluted: 1 } }, observedAt: undefined },
  ]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("whatever JSON arrives, it is decoded or refused at a byte within it, and never thrown at", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: "binary" })), (text) => {
      const bytes = Buffer.from(text);
      const decoded = decodeTelemetry(bytes);
      if ("reason" in decoded) {
        expect(decoded.position).toBeGreaterThanOrEqual(0);
        expect(decoded.position).toBeLessThanOrEqual(bytes.length);
      }
    }),
  );
});

test("numbers come out exactly as they went in", () => {
  const key = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text !== "ts" && text !== "values");
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(fc.dictionary(key, number), (values) => {
      const read = points(JSON.stringify(values));
      const expected = Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          name,
          { type: "number", number: value === 0 ? 0 : value },
        ]),
      );
      expect(Object.fromEntries(read.map((point) => [point.key, point.value]))).toEqual(expected);
    }),
  );
});

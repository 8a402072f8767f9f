import type { JsonValue, Point, ProfileTransport } from "@waremind/contract";
import fc from "fast-check";
import protobuf from "protobufjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DomainError } from "../../platform/errors.ts";
import { isMalformed, telemetryLimits } from "../telemetry-json.ts";
import { checkProtoSchemas, codecLimits, type ProtobufCodec, protobufCodecOf } from "./codec.ts";
import { builtInSchemas } from "./schemas.ts";

type Schemas = NonNullable<ProfileTransport["protobuf"]>;
const noSchemas: Schemas = { telemetry: "", attributes: "", commandRequest: "", commandResponse: "" };
let version = 0;

function codecOf(schemas: Partial<Schemas> = {}): ProtobufCodec {
  version += 1;
  const transport = { payloadType: "protobuf" as const, protobuf: { ...noSchemas, ...schemas } };
  return protobufCodecOf({ id: "logger", version, transport });
}

/** What a device does: the library's own encoder, which the product does not use. */
function encode(schema: string, name: string, value: object): Uint8Array {
  const type = protobuf.parse(schema, { keepCase: true }).root.lookupType(name);
  return type.encode(type.fromObject(value)).finish();
}

function decode(schema: string, name: string, bytes: Uint8Array): unknown {
  const type = protobuf.parse(schema, { keepCase: true }).root.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: String, defaults: false });
}

function points(decoded: ReturnType<ProtobufCodec["decodeTelemetry"]>): readonly Point[] {
  if (isMalformed(decoded)) throw new Error(`Refused: ${decoded.detail.en}`);
  return decoded;
}

const plain = (list: readonly Point[]): Record<string, unknown> =>
  Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[1]]));

const telemetrySchema = `syntax = "proto3";
package shop.devices;
enum Door { CLOSED = 0; OPEN = 1; }
message Inner { optional int32 depth = 1; repeated string tags = 2; }
message Reading {
  optional double temperature = 1;
  optional float probe = 2;
  int32 count = 3;
  optional int64 serial = 4;
  optional uint64 large = 5;
  optional bytes raw = 6;
  Door door = 7;
  Inner inner = 8;
  repeated sint32 steps = 9;
  map<string, double> extra = 10;
  oneof place { string dock = 11; int32 slot = 12; }
  optional bool isOpen = 13;
  optional sfixed64 offset = 14;
  optional fixed32 mask = 15;
}`;

test("our own schema carries every kind of value, and long integers digit by digit", () => {
  const bytes = encode(builtInSchemas.telemetry, "Telemetry", {
    points: [
      { key: "t", number: 4.5, ts: 1_700_000_000_000 },
      { key: "gtin", text: "00012345600012" },
      { key: "open", boolean: false },
      { key: "set", json: '{"a":[1,null],"n":9223372036854775808}' },
      { key: "count", integer: 7 },
      { key: "sscc", integer: "9223372036854775807" },
      { key: "nothing" },
    ],
  });
  expect(points(codecOf().decodeTelemetry(bytes))).toEqual([
    { key: "t", value: { type: "number", number: 4.5 }, observedAt: 1_700_000_000_000 },
    { key: "gtin", value: { type: "text", text: "00012345600012" }, observedAt: undefined },
    { key: "open", value: { type: "boolean", boolean: false }, observedAt: undefined },
    {
      key: "set",
      value: { type: "json", json: { a: [1, null], n: "9223372036854775808" } },
      observedAt: undefined,
    },
    { key: "count", value: { type: "number", number: 7 }, observedAt: undefined },
    { key: "sscc", value: { type: "text", text: "9223372036854775807" }, observedAt: undefined },
  ]);
  expect(points(codecOf().decodeTelemetry(Buffer.alloc(0)))).toEqual([]);
});

test("a schema of the profile makes its fields keys", () => {
  const bytes = encode(telemetrySchema, "shop.devices.Reading", {
    ...{ temperature: 0, probe: 23.1, serial: "9007199254740993", large: "18446744073709551615" },
    ...{ raw: Buffer.from("AQI=", "base64"), door: 1, inner: { depth: 2, tags: ["a", "b"] } },
    ...{ steps: [-1, 2], extra: { x: 1.5 }, slot: 3, offset: "-9223372036854775808", mask: 4_294_967_295 },
  });
  expect(plain(points(codecOf({ telemetry: telemetrySchema }).decodeTelemetry(bytes)))).toEqual({
    temperature: 0,
    probe: 23.1,
    count: 0,
    serial: "9007199254740993",
    large: "18446744073709551615",
    raw: "AQI=",
    door: "OPEN",
    inner: { depth: 2, tags: ["a", "b"] },
    steps: [-1, 2],
    extra: { x: 1.5 },
    slot: 3,
    offset: "-9223372036854775808",
    mask: 4_294_967_295,
  });
});

test("an unset optional field is absent, an unset plain one is zero", () => {
  const read = plain(points(codecOf({ telemetry: telemetrySchema }).decodeTelemetry(Buffer.alloc(0))));
  expect(read).toEqual({ count: 0, door: "CLOSED" });
});

test("the last member of a oneof on the wire is the one that counts", () => {
  const both = Buffer.concat([
    encode(telemetrySchema, "shop.devices.Reading", { dock: "A1" }),
    encode(telemetrySchema, "shop.devices.Reading", { slot: 4 }),
  ]);
  const read = plain(points(codecOf({ telemetry: telemetrySchema }).decodeTelemetry(both)));
  expect(read).toMatchObject({ slot: 4 });
  expect(read).not.toHaveProperty("dock");
});

test("an integer ts beside a message values is the time of the values", () => {
  const schema = `syntax = "proto3";
    message Values { optional double t = 1; optional string code = 2; }
    message Timed { int64 ts = 1; Values values = 2; optional double battery = 3; }`;
  const codec = codecOf({ telemetry: schema });
  const timed = encode(schema, "Timed", {
    ts: 1_700_000_000_000,
    values: { t: 4, code: "1e3" },
    battery: 3.5,
  });
  expect(points(codec.decodeTelemetry(timed)).map(({ key, observedAt }) => [key, observedAt])).toEqual([
    ["battery", 1_700_000_000_000],
    ["t", 1_700_000_000_000],
    ["code", 1_700_000_000_000],
  ]);
  const untimed = encode(schema, "Timed", { values: { t: 4 } });
  expect(points(codec.decodeTelemetry(untimed))).toEqual([
    { key: "t", value: { type: "number", number: 4 }, observedAt: undefined },
  ]);
  const absurd = encode(schema, "Timed", { ts: "9223372036854775807", values: { t: 4 } });
  expect(codec.decodeTelemetry(absurd)).toMatchObject({ reason: "protobuf-ts-invalid" });
});

test("attributes go up by the profile's schema and come down by ours, with what is gone", () => {
  const schema = `syntax = "proto3"; message Own { optional string model = 1; optional bool relay = 2; }`;
  expect(codecOf({ attributes: schema }).decodeAttributes(encode(schema, "Own", { model: "x" }))).toEqual({
    model: "x",
  });
  const codec = codecOf({ attributes: schema });
  const values = { relay: true, level: 4.5, name: "00012", set: { a: [1, null] }, none: null };
  const down = codec.encodeAttributes({ values, deletedKeys: ["old"] });
  expect(decode(builtInSchemas.attributes, "Attributes", down)).toEqual({
    values: [
      { key: "relay", boolean: true },
      { key: "level", number: 4.5 },
      { key: "name", text: "00012" },
      { key: "set", json: '{"a":[1,null]}' },
      { key: "none", json: "null" },
    ],
    deleted: ["old"],
  });
  const up = codecOf().decodeAttributes(
    encode(builtInSchemas.attributes, "Attributes", { values: [{ key: "reason", text: "x" }] }),
  );
  expect(up).toEqual({ reason: "x" });
  expect(isMalformed(up)).toBe(false);
});

test("requests for attributes and their answers", () => {
  const codec = codecOf();
  const request = encode(builtInSchemas.attributeRequest, "AttributeRequest", { shared_keys: ["relay"] });
  expect(codec.decodeAttributeRequest(request)).toEqual({ client: "none", shared: ["relay"] });
  expect(codec.decodeAttributeRequest(Buffer.alloc(0))).toEqual({ client: "all", shared: "all" });
  const answer = codec.encodeAttributeAnswer({ client: {}, shared: { relay: true } });
  expect(decode(builtInSchemas.attributeAnswer, "AttributeAnswer", answer)).toEqual({
    shared: [{ key: "relay", boolean: true }],
  });
});

test("a command goes down in ThingsBoard's own form, its answer is read as JSON or text", () => {
  const codec = codecOf();
  const command = { number: 7, method: "setPoint", params: { celsius: 4 }, isOneWay: false };
  expect(
    decode(builtInSchemas.commandRequest, "RpcRequestMsg", codec.encodeCommand(command) ?? Buffer.alloc(0)),
  ).toEqual({ method: "setPoint", requestId: 7, params: '{"celsius":4}' });
  const answer = (payload: string) =>
    codec.decodeCommandAnswer(encode(builtInSchemas.commandResponse, "RpcResponseMsg", { payload }));
  expect(answer('{"ok":true}')).toEqual({ value: { ok: true } });
  expect(answer("done")).toEqual({ value: "done" });
  expect(answer('{"ok":')).toMatchObject({ reason: "protobuf-json-invalid" });
});

test("a command that the profile's schema cannot say is not sent in part", () => {
  const schema = `syntax = "proto3";
    message Params { optional int32 door = 1; }
    message Request { string method = 1; int32 requestId = 2; Params params = 3; }`;
  const codec = codecOf({ commandRequest: schema });
  const open = (params: JsonValue) =>
    codec.encodeCommand({ number: 1, method: "open", params, isOneWay: true });
  expect(decode(schema, "Request", open({ door: 3 }) ?? Buffer.alloc(0))).toEqual({
    ...{ method: "open", requestId: 1, params: { door: 3 } },
  });
  expect(decode(schema, "Request", open({}) ?? Buffer.alloc(0))).toEqual({ method: "open", requestId: 1 });
  for (const params of [
    { door: "three" },
    { door: 2.5 },
    { door: 3, force: true },
    5,
    [1],
    { door: 2 ** 31 },
  ]) {
    expect(open(params)).toBeNull();
  }
});

test("calls and their answers", () => {
  const codec = codecOf();
  const call = encode(builtInSchemas.call, "Call", { method: "getServerTime" });
  expect(codec.decodeCall(call)).toEqual({ method: "getServerTime", params: {} });
  expect(codec.decodeCall(Buffer.alloc(0))).toMatchObject({ reason: "call-malformed" });
  expect(decode(builtInSchemas.callAnswer, "CallAnswer", codec.encodeCallAnswer({ at: 1 }))).toEqual({
    payload: '{"at":1}',
  });
});

test("a refusal says what is wrong", () => {
  const codec = codecOf({ telemetry: telemetrySchema });
  const cases: [number[], string][] = [
    [[0x09], "protobuf-wire"],
    [[0x08, 0x01], "protobuf-schema-mismatch"],
    [[0x5a, 0x02, 0xc3, 0x28], "not-utf8"],
    [[0x5a, 0x01, 0x00], "text-unstorable"],
    [[0x5a, 0x7f, 0x41], "protobuf-wire"],
    [[0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], "number-not-finite"],
    [[0x00, 0x00], "protobuf-wire"],
    [[0x42, 0x02, 0x08, 0xff], "protobuf-wire"],
  ];
  for (const [bytes, reason] of cases) {
    expect(codec.decodeTelemetry(Buffer.from(bytes)), String(bytes)).toMatchObject({ reason });
  }
  const large = Buffer.alloc(telemetryLimits.payloadBytesMax + 1);
  expect(codec.decodeTelemetry(large)).toMatchObject({ reason: "payload-too-large" });
});

test("messages within messages end at a limit, as do values that cost the sender nothing", () => {
  const self = `syntax = "proto3"; message Self { Self inner = 1; optional int32 leaf = 2; }`;
  const nested = (depth: number): Uint8Array => {
    let bytes: Uint8Array = Buffer.from([0x10, 0x01]);
    for (let level = 0; level < depth; level += 1) bytes = Buffer.from([0x0a, bytes.length, ...bytes]);
    return bytes;
  };
  const codec = codecOf({ telemetry: self });
  expect(isMalformed(codec.decodeTelemetry(nested(16)))).toBe(false);
  expect(codec.decodeTelemetry(nested(17))).toMatchObject({ reason: "protobuf-too-deep" });
  const fields = Array.from({ length: 100 }, (_, index) => `int32 f${index} = ${index + 1};`).join(" ");
  const wide = `syntax = "proto3"; message Row { ${fields} } message Rows { repeated Row rows = 1; }`;
  const empties = Buffer.from(Array.from({ length: 10_000 }, () => [0x0a, 0x00]).flat());
  expect(codecOf({ telemetry: wide }).decodeTelemetry(empties)).toMatchObject({
    reason: "protobuf-too-many-values",
  });
});

test("a schema that cannot be used is refused when its profile is saved, and named", () => {
  const check = (schemas: Partial<Schemas>) => () =>
    checkProtoSchemas({ protobuf: { ...noSchemas, ...schemas } });
  expect(() => checkProtoSchemas({ protobuf: null })).not.toThrow();
  expect(check({})).not.toThrow();
  expect(check({ telemetry: telemetrySchema })).not.toThrow();
  const faulty = [
    'syntax = "proto3"; import "other.proto"; message A { int32 a = 1; }',
    'syntax = "proto3"; import weak "other.proto"; message A { int32 a = 1; }',
    'syntax = "proto3"; message A { B b = 1; }',
    'syntax = "proto3"; message A { int32 a = 1; int32 b = 1; }',
    'syntax = "proto3"; enum E { A = 0; }',
    'syntax = "proto2"; message A { required int32 a = 1; }',
    'syntax = "proto3"; message A { required int32 a = 1; }',
    'syntax = "proto3"; message A { int32 __proto__ = 1; }',
    'syntax = "proto3"; message A {',
    "message A { int32 a = 1; }",
    `syntax = "proto3"; message A { ${Array.from({ length: 1_001 }, (_, i) => `int32 f${i}=${i + 1};`).join("")} }`.slice(
      0,
      30_000,
    ),
  ];
  for (const telemetry of faulty) {
    let thrown: unknown;
    try {
      check({ telemetry })();
    } catch (error) {
      thrown = error;
    }
    expect(thrown, telemetry.slice(0, 80)).toBeInstanceOf(DomainError);
    expect(thrown).toMatchObject({
      code: "invalid-input",
      details: { field: "transport.protobuf.telemetry" },
    });
  }
  expect(check({ commandRequest: 'syntax = "proto3"; message R { string method = 1; }' })).toThrow(/params/);
  const broken = codecOf({ telemetry: "nonsense" });
  expect(broken.decodeTelemetry(Buffer.alloc(2))).toMatchObject({ reason: "protobuf-schema-broken" });
});

test("codecs are kept per version, and only so many of them", () => {
  const profile = {
    id: "kept",
    version: 1,
    transport: { payloadType: "protobuf" as const, protobuf: noSchemas },
  };
  const first = protobufCodecOf(profile);
  expect(protobufCodecOf({ ...profile })).toBe(first);
  expect(
    protobufCodecOf({
      ...profile,
      transport: { ...profile.transport, protobuf: { ...noSchemas, telemetry: telemetrySchema } },
    }),
  ).not.toBe(first);
  const second = protobufCodecOf(profile);
  for (let index = 0; index < codecLimits.codecsMax; index += 1) codecOf();
  expect(protobufCodecOf(profile)).not.toBe(second);
});

test("what our schema encodes comes back as it was, whatever it holds", () => {
  const codec = codecOf();
  const key = fc
    .string({ minLength: 1, maxLength: 20, unit: "grapheme" })
    .filter((text) => !text.includes("\0"));
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
    fc.boolean(),
    fc.array(fc.integer()),
  );
  fc.assert(
    fc.property(fc.dictionary(key, value), (values) => {
      const bytes = codec.encodeAttributes({ values: { ...values }, deletedKeys: [] });
      const expected = Object.entries(values).map(([name, inner]) => [
        name,
        inner === 0 && 1 / inner < 0 ? -0 : inner,
      ]);
      expect(codec.decodeAttributes(bytes)).toEqual(Object.fromEntries(expected));
    }),
  );
});

test("whatever bytes arrive, they are decoded or refused at a byte within them, and never thrown at", () => {
  const own = codecOf();
  const custom = codecOf({ telemetry: telemetrySchema });
  const valid = encode(telemetrySchema, "shop.devices.Reading", {
    ...{ temperature: 1, serial: "9007199254740993", inner: { tags: ["a"] }, steps: [1, 2], extra: { x: 1 } },
  });
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
    .map(([at, byte, length]) =>
      Buffer.from(valid)
        .fill(byte, at, at + 1)
        .subarray(0, length),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (bytes) => {
      for (const decoded of [
        ...[own.decodeTelemetry(bytes), own.decodeAttributes(bytes), own.decodeCall(bytes)],
        ...[own.decodeAttributeRequest(bytes), own.decodeCommandAnswer(bytes), custom.decodeTelemetry(bytes)],
      ]) {
        if (isMalformed(decoded)) expect(decoded.position).toBeLessThanOrEqual(bytes.length);
      }
    }),
  );
});

/** The library writes programs from the names of a schema when its own coders are used; the product must not. */
const { codegen } = protobuf.util;
let generated = 0;
beforeAll(() => {
  protobuf.util.codegen = Object.assign(
    (...input: Parameters<typeof codegen>) => {
      generated += 1;
      return codegen(...input);
    },
    { verbose: false },
  ) as typeof codegen;
});
afterAll(() => {
  protobuf.util.codegen = codegen;
});

test("no program text is made from a schema", () => {
  const bytes = encode(telemetrySchema, "shop.devices.Reading", { temperature: 1 });
  const before = generated;
  expect(before).toBeGreaterThan(0);
  const codec = codecOf({ telemetry: `${telemetrySchema} ` });
  expect(plain(points(codec.decodeTelemetry(bytes)))).toMatchObject({ temperature: 1 });
  codec.encodeAttributes({ values: { a: 1 }, deletedKeys: [] });
  checkProtoSchemas({ protobuf: { ...noSchemas, telemetry: telemetrySchema } });
  expect(generated).toBe(before);
});

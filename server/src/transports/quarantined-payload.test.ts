import { expect, test } from "vitest";
import { wholeProfile } from "../../../tests/support/profile.ts";
import type { Device } from "../devices/index.ts";
import { decodeQuarantined } from "./quarantined-payload.ts";

const device: Device = {
  ...{ id: 1, name: "d", label: "", profileId: "p", state: "active", isGateway: false },
  ...{ gatewayId: null, firmwareReleaseId: null, softwareReleaseId: null },
} as Device;
const profile = (payloadType: "json" | "protobuf") =>
  wholeProfile({
    ...{ id: "p", nameEn: "P", nameZh: "P", keys: [], expectedIntervalSeconds: 60 },
    transport: { payloadType },
  });
const read = (payloadType: "json" | "protobuf", payload: string) =>
  decodeQuarantined({
    identity: { device, profile: profile(payloadType) },
    transport: "mqtt",
    payload: Buffer.from(payload),
  });

test("JSON is read as JSON whatever the profile's usual form, also the part of a gateway's message", () => {
  const point = { key: "t", value: { type: "number", number: 1 }, observedAt: undefined };
  expect(read("json", ' {"t":1}')).toEqual([point]);
  expect(read("protobuf", '{"t":1}')).toEqual([point]);
  expect(read("json", '[{"t":1}]')).toEqual([point]);
});

test("a message in Protobuf whose first field is as long as a bracket's number is not taken for JSON", () => {
  const key = "k".repeat(0x7b - 2 - 9);
  const point = Buffer.concat([
    Buffer.from([0x0a, key.length]),
    Buffer.from(key),
    Buffer.from([0x11]),
    Buffer.alloc(8),
  ]);
  const payload = Buffer.concat([Buffer.from([0x0a, point.length]), point]).toString();
  expect(payload.slice(0, 2)).toBe("\n{");
  expect(read("protobuf", payload)).toEqual([
    { key, value: { type: "number", number: 0 }, observedAt: undefined },
  ]);
});

test("what cannot be read says why", () => {
  expect(read("json", '{"t":')).toMatchObject({ reason: "json-syntax" });
  expect(read("json", "hello")).toMatchObject({ reason: "json-syntax" });
  expect(read("protobuf", "hello")).toHaveProperty("reason");
});

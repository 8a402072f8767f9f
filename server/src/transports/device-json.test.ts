import type { JsonValue } from "@waremind/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  attributeRequestOf,
  decodeAttributeRequest,
  decodeAttributes,
  decodeCall,
  decodeClaim,
  decodeJson,
  decodeProvision,
  provisionReply,
  splitKeys,
} from "./device-json.ts";
import { type MalformedPayload, telemetryLimits } from "./telemetry-json.ts";

const bytes = (text: string): Buffer => Buffer.from(text);

function fault(decoded: object): { reason: string; position: number } {
  if (!("reason" in decoded && "position" in decoded)) {
    throw new Error(`Expected a refusal, got ${JSON.stringify(decoded)}.`);
  }
  const { reason, detail, position } = decoded as MalformedPayload;
  expect(detail.en).not.toBe("");
  expect(detail.zh).not.toBe("");
  return { reason, position };
}

test("attributes are one object, nulls say nothing, values keep their kind", () => {
  const text = '{"relay":true,"gtin":"00012345600012","gone":null,"set":{"a":[1,null]},"t":4.50}';
  expect(decodeAttributes(bytes(text))).toEqual({
    ...{ relay: true, gtin: "00012345600012", set: { a: [1, null] }, t: 4.5 },
  });
  expect(decodeAttributes(bytes("{}"))).toEqual({});
  expect(fault(decodeAttributes(bytes('[{"a":1}]')))).toEqual({
    ...{ reason: "attributes-not-an-object", position: 0 },
  });
  expect(fault(decodeAttributes(bytes("")))).toEqual({ reason: "payload-empty", position: 0 });
  expect(fault(decodeAttributes(bytes('{"a":1,"":2}')))).toEqual({ reason: "key-empty", position: 10 });
  expect(fault(decodeAttributes(bytes(`{"${"k".repeat(256)}":1}`))).reason).toBe("key-too-long");
  expect(fault(decodeAttributes(bytes('{"a":"\\u0000"}')))).toEqual({
    reason: "text-unstorable",
    position: 5,
  });
  expect(fault(decodeAttributes(bytes('{"a":1e999}'))).reason).toBe("number-not-finite");
  expect(fault(decodeAttributes(bytes('{"a":[1,}'))).reason).toBe("json-syntax");
  expect(fault(decodeAttributes(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).reason).toBe("not-utf8");
});

test("digits that a double cannot give back stay the text that was sent, others are numbers", () => {
  const text =
    '{"big":9223372036854775808,"sscc":106141412345678908,"fine":1e18,"pi":3.14159265358979312,"c":0.12345678901234567,"n":[-9223372036854775809],"tiny":1e-400,"zeros":1.10000000000000000}';
  expect(decodeAttributes(bytes(text))).toEqual({
    big: "9223372036854775808",
    sscc: "106141412345678908",
    fine: 1e18,
    pi: "3.14159265358979312",
    c: "0.12345678901234567",
    n: ["-9223372036854775809"],
    tiny: "1e-400",
    zeros: 1.1,
  });
});

test("a key named __proto__ is data like any other", () => {
  const decoded = decodeAttributes(bytes('{"__proto__":{"polluted":1}}'));
  expect(Object.keys(decoded)).toEqual(["__proto__"]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("a request for neither kind of attributes is one for all of both", () => {
  const all = { client: "all", shared: "all" };
  expect(decodeAttributeRequest(bytes(""))).toEqual(all);
  expect(decodeAttributeRequest(bytes("{}"))).toEqual(all);
  expect(decodeAttributeRequest(bytes('{"clientKeys":"","sharedKeys":null}'))).toEqual(all);
  expect(decodeAttributeRequest(bytes('{"clientKeys":"a, b,a","sharedKeys":"c"}'))).toEqual({
    ...{ client: ["a", "b"], shared: ["c"] },
  });
  expect(decodeAttributeRequest(bytes('{"sharedKeys":"relay"}'))).toEqual({
    ...{ client: "none", shared: ["relay"] },
  });
  expect(decodeAttributeRequest(bytes('{"clientKeys":["a"]}'))).toEqual({ client: ["a"], shared: "none" });
  expect(attributeRequestOf(splitKeys("x,y"), [])).toEqual({ client: ["x", "y"], shared: "none" });
  expect(fault(decodeAttributeRequest(bytes('{"clientKeys":5}')))).toEqual({
    ...{ reason: "request-malformed", position: 14 },
  });
  expect(fault(decodeAttributeRequest(bytes("[]"))).reason).toBe("request-malformed");
  const many = Array.from({ length: 501 }, (_, index) => `k${index}`).join(",");
  expect(fault(decodeAttributeRequest(bytes(JSON.stringify({ sharedKeys: many })))).reason).toBe(
    "too-many-keys",
  );
});

test("an answer is any JSON, or plain text, but never half an object", () => {
  expect(decodeJson(bytes('{"ok":true}'))).toEqual({ value: { ok: true } });
  expect(decodeJson(bytes("4.5"))).toEqual({ value: 4.5 });
  expect(decodeJson(bytes("null"))).toEqual({ value: null });
  expect(decodeJson(bytes("done, relay on"))).toEqual({ value: "done, relay on" });
  expect(decodeJson(bytes(""))).toEqual({ value: "" });
  expect(decodeJson(bytes("9223372036854775807"))).toEqual({ value: "9223372036854775807" });
  expect(fault(decodeJson(bytes('{"ok":')))).toEqual({ reason: "json-syntax", position: 6 });
  expect(fault(decodeJson(Buffer.from([0x61, 0x00])))).toEqual({ reason: "text-unstorable", position: 1 });
  expect(fault(decodeJson(Buffer.from([0xff]))).reason).toBe("not-utf8");
  expect(fault(decodeJson(bytes("[".repeat(18) + "]".repeat(18)))).reason).toBe("nesting-too-deep");
  expect(fault(decodeJson(bytes("x".repeat(telemetryLimits.payloadBytesMax + 1)))).reason).toBe(
    "payload-too-large",
  );
});

test("a call has a method, its params may be absent", () => {
  expect(decodeCall(bytes('{"method":"getServerTime"}'))).toEqual({ method: "getServerTime", params: {} });
  expect(decodeCall(bytes('{"method":"m","params":[1]}'))).toEqual({ method: "m", params: [1] });
  for (const text of ["", "[]", '{"method":5}', '{"method":""}', `{"method":"${"m".repeat(101)}"}`]) {
    expect(fault(decodeCall(bytes(text))).reason).toBe("call-malformed");
  }
});

test("a claim may be empty", () => {
  expect(decodeClaim(bytes(""))).toEqual({ secret: "", durationMs: null });
  expect(decodeClaim(bytes("{}"))).toEqual({ secret: "", durationMs: null });
  expect(decodeClaim(bytes('{"secretKey":"s","durationMs":60000}'))).toEqual({
    ...{ secret: "s", durationMs: 60_000 },
  });
  for (const text of [
    "[]",
    '{"secretKey":1}',
    '{"durationMs":-1}',
    '{"durationMs":1.5}',
    '{"durationMs":"9"}',
  ]) {
    expect(fault(decodeClaim(bytes(text))).reason).toBe("claim-malformed");
  }
});

test("a provisioning request names each kind of credential as ThingsBoard does", () => {
  const request = (more: Record<string, JsonValue>) =>
    decodeProvision(bytes(JSON.stringify({ provisionDeviceKey: "k", provisionDeviceSecret: "s", ...more })));
  const base = { deviceName: null, key: "k", secret: "s", credential: null, isGateway: false };
  expect(request({})).toEqual(base);
  expect(request({ deviceName: "logger-1", gateway: true })).toEqual({
    ...{ ...base, deviceName: "logger-1", isGateway: true },
  });
  expect(request({ credentialsType: "ACCESS_TOKEN", token: "t" })).toMatchObject({
    credential: { kind: "access-token", token: "t" },
  });
  expect(request({ credentialsType: "MQTT_BASIC", username: "u", password: "p" })).toMatchObject({
    credential: { kind: "basic", clientId: null, userName: "u", password: "p" },
  });
  expect(request({ credentialsType: "MQTT_BASIC" })).toMatchObject({ credential: { kind: "basic" } });
  expect(request({ credentialsType: "X509_CERTIFICATE", hash: "-----BEGIN" })).toMatchObject({
    credential: { kind: "x509", pem: "-----BEGIN" },
  });
  expect(fault(request({ credentialsType: "X509_CERTIFICATE" })).reason).toBe("credentials-incomplete");
  expect(fault(request({ credentialsType: "ACCESS_TOKEN" })).reason).toBe("credentials-incomplete");
  expect(fault(request({ credentialsType: "LWM2M" })).reason).toBe("credentials-type-unknown");
  expect(fault(request({ deviceName: 5 })).reason).toBe("provision-malformed");
  expect(fault(request({ token: "t".repeat(256) })).reason).toBe("provision-malformed");
  expect(fault(decodeProvision(bytes('{"provisionDeviceKey":"k"}'))).reason).toBe("provision-malformed");
  expect(fault(decodeProvision(bytes(""))).reason).toBe("provision-malformed");
});

test("the answer to provisioning is ThingsBoard's, for new and old clients", () => {
  expect(provisionReply({ status: "NOT_FOUND" })).toEqual({
    status: "NOT_FOUND",
    provisionDeviceStatus: "NOT_FOUND",
    errorMsg: "Provision data was not found!",
  });
  expect(provisionReply({ status: "FAILURE", reason: "Taken." })).toMatchObject({
    ...{ status: "FAILURE", errorMsg: "Taken." },
  });
  const device = {
    ...{ id: 1, name: "a", label: "", profileId: "p", state: "active" as const, isGateway: false },
    ...{ gatewayId: null, firmwareReleaseId: null, softwareReleaseId: null },
  };
  const basic = { clientId: "c", userName: null, password: "p" };
  expect(
    provisionReply({
      ...{ status: "SUCCESS", device },
      credential: { kind: "access-token", id: 1, token: "tok", hint: "ok" },
    }),
  ).toEqual({
    status: "SUCCESS",
    provisionDeviceStatus: "SUCCESS",
    credentialsType: "ACCESS_TOKEN",
    credentialsValue: "tok",
  });
  expect(
    provisionReply({ status: "SUCCESS", device, credential: { kind: "basic", id: 1, hint: "c", ...basic } }),
  ).toMatchObject({ credentialsType: "MQTT_BASIC", credentialsValue: basic });
});

test("whatever bytes arrive, no decoder throws", () => {
  const decoders = [
    ...[decodeAttributes, decodeAttributeRequest, decodeJson, decodeCall, decodeClaim, decodeProvision],
  ];
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(payload, (input) => {
      for (const decode of decoders) {
        const decoded = decode(input);
        if ("reason" in decoded && "position" in decoded) {
          expect(decoded.position).toBeLessThanOrEqual(input.length);
        }
      }
    }),
  );
});

test("every double and every text comes back as it went in", () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(
    fc.property(value, (input) => {
      const expected = input === 0 ? 0 : input;
      expect(decodeJson(bytes(JSON.stringify(input)))).toEqual({ value: expected });
    }),
  );
});

// MQTT packets of every kind that a device, a gateway or a stranger may send.
import {
  byte,
  type Property,
  property,
  type Shape,
  text,
  u16,
  u32,
  userProperty,
  type Version,
  varint,
  when5,
} from "./fuzz-mqtt-fields.ts";
import { type Random, weighted } from "./fuzz-random.ts";

export type SessionRole = "device" | "gateway" | "protobuf" | "provisioning";

/** A CONNECT; `isFull` with a will, a password and, on 5, every property. */
export function connectShape(version: Version, userName: string, isFull = false): Shape {
  const all = [
    ...[property(0x11, u32(0)), property(0x21, u16(20)), property(0x27, u32(100_000))],
    ...[property(0x22, u16(0)), property(0x19, byte(1)), property(0x17, byte(1)), userProperty],
  ];
  const willProperties = when5(
    version,
    ...[property(0x18, u32(5)), property(0x01, byte(1)), property(0x02, u32(60))],
    ...[property(0x03, text("application/json")), property(0x08, text("answers")), userProperty],
    property(0x09, text("correlation")),
  );
  return {
    ...{ first: 0x10, weight: 2 },
    fields: [
      text(version === 3 ? "MQIsdp" : "MQTT"),
      ...[byte(version), byte(isFull ? 0xce : 0x82), u16(0)],
      ...when5(version, ...(isFull ? all : [])),
      text("fuzz"),
      ...(isFull ? [...willProperties, text("v1/devices/me/telemetry"), text('{"dead":1}')] : []),
      text(userName),
      ...(isFull ? [text("")] : []),
    ],
  };
}

/** A CONNECT on 5 that asks for an authentication of several steps, which is not offered. */
const authenticatingShape = (userName: string): Shape => {
  const shape = connectShape(5, userName);
  const fields = shape.fields.map((field) =>
    field.kind === "properties"
      ? { ...field, items: [property(0x15, text("SCRAM-SHA-1")), property(0x16, text("data"))] }
      : field,
  );
  return { ...shape, fields };
};

function publishShape(
  version: Version,
  topic: string,
  payload: string | Buffer,
  options: { readonly weight?: number; readonly qos?: number; readonly items?: readonly Property[] } = {},
): Shape {
  const { weight = 2, qos = 1, items = [] } = options;
  const isText = typeof payload === "string";
  return {
    ...{ first: 0x30 | (qos << 1), weight },
    fields: [
      ...[text(topic), ...(qos > 0 ? [u16(7)] : [])],
      ...when5(version, ...items),
      { kind: "payload", bytes: Buffer.from(payload), json: isText && payload !== "" ? payload : null },
    ],
  };
}

const at = 1_760_000_000_000;
const telemetryTexts = [
  '{"temperature":4.5,"door":true,"serial":"00012345600012"}',
  '[{"temperature":4.5},{"humidity":60}]',
  `{"ts":${at},"values":{"temperature":5,"note":"ok","list":[1,2],"object":{"a":null}}}`,
  `[{"ts":${at},"values":{"temperature":5}},{"temperature":6},{"ts":${at + 1},"values":{"humidity":1e3}}]`,
] as const;
const publishProperties = [
  ...[property(0x01, byte(1)), property(0x02, u32(60)), property(0x03, text("application/json"))],
  ...[property(0x08, text("v1/answers")), property(0x09, text("c")), userProperty],
];

function telemetryShapes(version: Version): Shape[] {
  return [
    ...telemetryTexts.flatMap((one) => [
      publishShape(version, "v1/devices/me/telemetry", one, { weight: 9 }),
      publishShape(version, "v1/devices/me/telemetry", one, { weight: 4, qos: 0 }),
    ]),
    publishShape(version, "v2/t", telemetryTexts[0], { weight: 4 }),
    publishShape(version, "v2/t/j", telemetryTexts[1], { weight: 4 }),
    publishShape(version, "v2/t/p", protobufTelemetry, { weight: 4 }),
    publishShape(version, "v1/devices/me/telemetry", telemetryTexts[2], {
      weight: 3,
      items: publishProperties,
    }),
    publishShape(version, "v1/devices/me/telemetry", telemetryTexts[2], { weight: 1, qos: 2 }),
  ];
}

/** Everything else of the device API; what asks the store for each message comes seldom. */
function deviceShapes(version: Version): Shape[] {
  const publish = (topic: string, payload: string | Buffer, weight = 1) =>
    publishShape(version, topic, payload, { weight });
  return [
    publish("v1/devices/me/attributes", '{"model":"x","limits":{"low":1},"firmware":"1.2"}'),
    publish("v2/a", '{"model":"x"}'),
    publish("v1/devices/me/attributes/request/1", '{"clientKeys":"model,limits","sharedKeys":"n"}'),
    publish("v2/a/req/2", "{}"),
    publish("v1/devices/me/rpc/request/3", '{"method":"getSessionLimits","params":{}}', 3),
    publish("v2/r/req/4", '{"method":"unknownMethod","params":[1]}'),
    publish("v1/devices/me/rpc/response/5", '{"ok":true}'),
    publish("v2/r/res/j/6", '{"ok":true}'),
    publish("v1/devices/me/claim", '{"secretKey":"open","durationMs":60000}'),
    publish("v2/fw/request/1/chunk/0", Buffer.from("512")),
    publish("v2/sw/request/a/chunk/1", Buffer.alloc(0)),
    publish("v1/gateway/telemetry", '{"other":[{"a":1}]}', 3),
    publish("spBv1.0/group/NDATA/node", Buffer.from([8, 1]), 3),
    publish("/provision/request", provisionText("fuzz-new"), 3),
    publish("some/other/topic", "x", 4),
    ...controlShapes(version, [
      "v1/devices/me/attributes",
      "v1/devices/me/rpc/request/+",
      "v1/devices/me/attributes/response/+",
      "v2/fw/response/+",
      "v1/devices/me/rpc/response/+",
      "unknown/#",
    ]),
  ];
}

/** Packets without a message in them. */
function controlShapes(version: Version, filters: readonly string[]): Shape[] {
  const id = u16(9);
  const identifier = when5(version, property(0x0b, varint(300)), userProperty);
  const some = filters.flatMap((filter) => [text(filter), byte(1)]);
  const reason = when5(version, property(0x1f, text("because")), userProperty);
  const answer = version === 5 ? [byte(0), ...reason] : [];
  return [
    ...filters.slice(0, 3).map(
      (filter): Shape => ({
        ...{ first: 0x82, weight: 3 },
        fields: [id, ...when5(version), text(filter), byte(1)],
      }),
    ),
    { first: 0x82, weight: 1, fields: [id, ...identifier, ...some] },
    {
      ...{ first: 0xa2, weight: 4 },
      fields: [id, ...when5(version), ...filters.map((filter) => text(filter))],
    },
    { first: 0xc0, weight: 2, fields: [] },
    { first: 0x40, weight: 4, fields: [id, ...answer] },
    // What only a server sends, or what belongs to QoS 2.
    ...[0x20, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0].map((first): Shape => ({ first, weight: 0, fields: [id] })),
    { first: 0x62, weight: 1, fields: [id, ...answer] },
    { first: 0xe0, weight: 1, fields: answer },
    {
      ...{ first: 0xf0, weight: version === 5 ? 1 : 0 },
      fields: [byte(0x18), ...when5(version, property(0x15, text("SCRAM-SHA-1")), property(0x16, text("x")))],
    },
  ];
}

function gatewayShapes(version: Version): Shape[] {
  const publish = (topic: string, payload: string, weight = 1) =>
    publishShape(version, topic, payload, { weight });
  const measured = `{"child-1":[{"ts":${at},"values":{"a":1}},{"b":2}],"child-2":[{"a":1}]}`;
  return [
    publish("v1/gateway/telemetry", measured, 12),
    publish("v1/gateway/telemetry", '{"child-3":[{"values":{"a":1},"metadata":{"connector":"c"}}]}', 6),
    publish("v1/gateway/connect", '{"device":"child-1","type":"default"}', 3),
    publish("v1/gateway/disconnect", '{"device":"child-1"}', 3),
    publish("v1/gateway/attributes", '{"child-1":{"model":"x"},"child-2":{"a":[1]}}', 2),
    publish("v1/gateway/attributes/request", '{"id":1,"device":"child-1","client":true,"key":"model"}', 2),
    publish(
      "v1/gateway/attributes/request",
      '{"id":2,"device":"child-2","client":false,"keys":["a","b"]}',
      2,
    ),
    publish("v1/gateway/rpc", '{"device":"child-1","id":1,"data":{"ok":true}}', 2),
    publish("v1/gateway/claim", '{"child-1":{"secretKey":"s","durationMs":1000}}', 1),
    publish("v1/gateway/unknown", "{}", 2),
    ...controlShapes(version, ["v1/gateway/rpc", "v1/gateway/attributes", "v1/gateway/attributes/response"]),
  ];
}

/** Telemetry and attributes of the schemas that stand built in: key, one value, time. */
export const protobufTelemetry = Buffer.concat([
  protobufPoint("temperature", Buffer.from([0x11, 0, 0, 0, 0, 0, 0, 0x12, 0x40])),
  protobufPoint("note", Buffer.from([0x1a, 2, 0x6f, 0x6b])),
  protobufPoint("door", Buffer.from([0x20, 1, 0x38, 0x80, 0xc0, 0xa8, 0xca, 0x9c, 0x33])),
]);

function protobufPoint(key: string, value: Buffer): Buffer {
  const point = Buffer.concat([Buffer.from([0x0a, key.length]), Buffer.from(key), value]);
  return Buffer.concat([Buffer.from([0x0a, point.length]), point]);
}

function protobufShapes(version: Version): Shape[] {
  const call = Buffer.concat([Buffer.from([0x0a, 16]), Buffer.from("getSessionLimits")]);
  return [
    publishShape(version, "v1/devices/me/telemetry", protobufTelemetry, { weight: 20 }),
    publishShape(version, "v2/t/p", protobufTelemetry, { weight: 8, qos: 0 }),
    publishShape(version, "v1/devices/me/attributes", protobufTelemetry, { weight: 1 }),
    publishShape(version, "v1/devices/me/rpc/request/1", call, { weight: 2 }),
    publishShape(version, "v2/a/req/p/1", Buffer.from([0x0a, 1, 0x61, 0x12, 1, 0x62]), { weight: 1 }),
    publishShape(version, "v2/r/res/p/9", Buffer.from([0x0a, 2, 0x7b, 0x7d]), { weight: 1 }),
  ];
}

export const provisionKey = "fuzz-provision-key-of-the-proof";
/** The key is right, the secret is not, so that nothing may come of it. */
export const provisionText = (deviceName: string): string =>
  `{"deviceName":"${deviceName}","provisionDeviceKey":"${provisionKey}","provisionDeviceSecret":"not-the-secret-of-it"}`;

function provisioningShapes(version: Version): Shape[] {
  const publish = (topic: string, payload: string, weight: number) =>
    publishShape(version, topic, payload, { weight });
  return [
    publish("/provision/request", provisionText("fuzz-new"), 6),
    publish(
      "/provision/request",
      provisionText("fuzz-new").replace("}", ',"credentialsType":"X509_CERTIFICATE"}'),
      2,
    ),
    publish("v1/devices/me/telemetry", telemetryTexts[0], 2),
    ...controlShapes(version, ["/provision/response", "v1/devices/me/attributes"]),
  ];
}

/**
 * Telemetry comes most often: it is what is written together. What asks the store by itself comes less often, and what
 * ends the session however it is mutated least: a connection costs more than many packets.
 */
function asOften(shape: Shape): Shape {
  const isEnding = shape.first === 0x34 || [1, 2, 5, 6, 7, 9, 11, 13, 14, 15].includes(shape.first >> 4);
  const [topic] = shape.fields;
  const isTelemetry = topic?.kind === "text" && /telemetry$|^v2\/t/.test(topic.bytes.toString());
  const factor = isEnding ? 1 : isTelemetry ? 14 : 2;
  return { ...shape, weight: shape.weight * factor };
}

/** Picks from what may be sent in a session of that role. */
export function corpusOf(version: Version, role: SessionRole): (random: Random) => Shape {
  const more = [connectShape(version, "fuzz-second-connect")].map((shape) => ({ ...shape, weight: 1 }));
  const shapes = {
    device: () => [...telemetryShapes(version), ...deviceShapes(version)],
    gateway: () => [...gatewayShapes(version), ...telemetryShapes(version)],
    protobuf: () => [...protobufShapes(version), ...deviceShapes(version)],
    provisioning: () => provisioningShapes(version),
  }[role]();
  return weighted([...shapes, ...more].map(asOften));
}

/** What a stranger begins with: every kind of packet, most often a CONNECT. */
export function strangerCorpus(version: Version, userNames: readonly string[]): (random: Random) => Shape {
  const connects = userNames.flatMap((name) => [
    { ...connectShape(version, name), weight: 6 },
    { ...connectShape(version, name, true), weight: 12 },
    ...(version === 5 ? [{ ...authenticatingShape(name), weight: 3 }] : []),
  ]);
  return weighted([
    ...connects,
    ...telemetryShapes(version),
    ...deviceShapes(version),
    ...gatewayShapes(version),
  ]);
}

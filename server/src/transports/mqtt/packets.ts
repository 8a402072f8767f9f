// The packets this server sends. Reasons and properties exist on MQTT 5 only.
import { generate, type IConnectPacket, type Packet } from "mqtt-packet";
import type { MqttLimits } from "./limits.ts";

/** Why a connection ends, as MQTT 5 codes it. */
export const disconnectReasons = {
  unspecified: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationError: 0x83,
  notAuthorized: 0x87,
  serverBusy: 0x89,
  serverShuttingDown: 0x8b,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  qosNotSupported: 0x9b,
} as const;

/** Why a CONNECT is refused: the return code of MQTT 3 and the reason code of MQTT 5. */
export const connectRefusals = {
  "protocol-version": { v3: 1, v5: 0x84 },
  "client-id": { v3: 2, v5: 0x85 },
  unavailable: { v3: 3, v5: 0x88 },
  "token-unknown": { v3: 5, v5: 0x86 },
  busy: { v3: 3, v5: 0x89 },
  "authentication-method": { v3: 5, v5: 0x8c },
  "connect-rate": { v3: 3, v5: 0x9f },
} as const satisfies Record<string, { v3: number; v5: number }>;
export type ConnectRefusal = keyof typeof connectRefusals;

/** What a client said about itself that shapes the answers to it. */
export interface ClientTraits {
  readonly protocolVersion: number;
  /** MQTT 5: whether reason strings may be sent. */
  readonly wantsReasons: boolean;
  /** MQTT 5: the largest packet it takes. */
  readonly packetBytesMax: number;
  /** MQTT 5: how many messages at QoS 1 it takes before it acknowledges. */
  readonly receiveMaximum: number;
}

export function traitsOf(connect: IConnectPacket): ClientTraits {
  return {
    protocolVersion: connect.protocolVersion ?? 4,
    wantsReasons: connect.properties?.requestProblemInformation !== false,
    packetBytesMax: connect.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    receiveMaximum: connect.properties?.receiveMaximum ?? Number.POSITIVE_INFINITY,
  };
}

export const pingResponse = Buffer.from([0xd0, 0x00]);

/** Refuses an unreadable protocol version in the oldest form, which every client understands. */
export const versionRefusal = Buffer.from([0x20, 0x02, 0x00, connectRefusals["protocol-version"].v3]);

export function connectRefused(traits: ClientTraits, refusal: ConnectRefusal): Buffer {
  const { v3, v5 } = connectRefusals[refusal];
  if (traits.protocolVersion !== 5) return Buffer.from([0x20, 0x02, 0x00, v3]);
  return encode({ cmd: "connack", sessionPresent: false, reasonCode: v5 }, traits);
}

/** No session outlives its connection, QoS ends at 1, nothing is retained. */
export function connectAccepted(
  connect: IConnectPacket,
  traits: ClientTraits,
  options: { readonly limits: MqttLimits; readonly assignedClientId: string },
): Buffer {
  if (traits.protocolVersion !== 5) return Buffer.from([0x20, 0x02, 0x00, 0x00]);
  const asksForSession = (connect.properties?.sessionExpiryInterval ?? 0) > 0;
  return encode(
    {
      cmd: "connack",
      sessionPresent: false,
      reasonCode: 0,
      properties: {
        receiveMaximum: options.limits.inflightMax,
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: options.limits.packetBytesMax,
        sharedSubscriptionAvailable: false,
        subscriptionIdentifiersAvailable: false,
        ...(asksForSession ? { sessionExpiryInterval: 0 } : {}),
        ...(connect.clientId === "" ? { assignedClientIdentifier: options.assignedClientId } : {}),
      },
    },
    traits,
  );
}

export function acknowledgeRefused(
  traits: ClientTraits,
  publish: { readonly messageId: number },
  refusal: { readonly reasonCode: number; readonly detail: string },
): Buffer {
  return encodeWithReason(
    { cmd: "puback", messageId: publish.messageId, reasonCode: refusal.reasonCode },
    refusal.detail,
    traits,
  );
}

export function disconnect(traits: ClientTraits, reasonCode: number, detail: string): Buffer {
  return encodeWithReason({ cmd: "disconnect", reasonCode }, detail, traits);
}

/** `granted`: a QoS per filter, or why it is refused. */
export function subscribed(
  traits: ClientTraits,
  messageId: number,
  granted: readonly (0 | 1 | "unknown" | "too-many")[],
): Buffer {
  const { unknown, tooMany } =
    traits.protocolVersion === 5 ? { unknown: 0x8f, tooMany: 0x97 } : { unknown: 0x80, tooMany: 0x80 };
  const codes = granted.map((one) => (one === "unknown" ? unknown : one === "too-many" ? tooMany : one));
  return encode({ cmd: "suback", messageId, granted: codes }, traits);
}

export function unsubscribed(traits: ClientTraits, messageId: number, existed: readonly boolean[]): Buffer {
  return encode(
    { cmd: "unsuback", messageId, granted: existed.map((isKnown) => (isKnown ? 0 : 0x11)) },
    traits,
  );
}

/** A message to the device; `messageId` 0 makes it QoS 0. */
export function messageTo(
  traits: ClientTraits,
  message: { readonly topic: string; readonly payload: string | Uint8Array; readonly messageId: number },
): Buffer {
  const { topic, messageId } = message;
  const payload = typeof message.payload === "string" ? message.payload : Buffer.from(message.payload);
  const common = { cmd: "publish", topic, payload, dup: false, retain: false } as const;
  return encode(messageId === 0 ? { ...common, qos: 0 } : { ...common, qos: 1, messageId }, traits);
}

/** What stands before the payload of a PUBLISH at QoS 0 whose payload is sent in pieces. */
export function messageHead(traits: ClientTraits, topic: string, payloadBytes: number): Buffer {
  const name = Buffer.from(topic);
  const properties = traits.protocolVersion === 5 ? [0] : [];
  const length: number[] = [];
  let left = 2 + name.length + properties.length + payloadBytes;
  do {
    const rest = Math.floor(left / 128);
    length.push((left % 128) + (rest > 0 ? 128 : 0));
    left = rest;
  } while (left > 0);
  const nameLength = [name.length >> 8, name.length & 0xff];
  return Buffer.concat([Buffer.from([0x30, ...length, ...nameLength]), name, Buffer.from(properties)]);
}

function encodeWithReason(
  packet: Packet & ({ cmd: "puback" } | { cmd: "disconnect" }),
  detail: string,
  traits: ClientTraits,
): Buffer {
  if (!traits.wantsReasons && packet.cmd !== "disconnect") return encode(packet, traits);
  const explained = encode({ ...packet, properties: { reasonString: detail } }, traits);
  return explained.length <= traits.packetBytesMax ? explained : encode(packet, traits);
}

function encode(packet: Packet, traits: ClientTraits): Buffer {
  return generate(packet, { protocolVersion: traits.protocolVersion });
}

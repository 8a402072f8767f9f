// How the payloads of a topic are written and read: JSON, or Protobuf where topic or profile says so.
import type { JsonValue, Point } from "@waremind/contract";
import type { AttributeChange, AttributeRequest, AttributeValues, Profile } from "../../devices/index.ts";
import type { OutgoingCommand } from "../../flows/device-hub.ts";
import { decodeAttributeRequest, decodeAttributes, decodeCall, decodeJson } from "../device-json.ts";
import { protobufCodecOf } from "../protobuf/index.ts";
import { decodeTelemetry, type MalformedPayload } from "../telemetry-json.ts";
import type { PayloadForm } from "./topics.ts";

export interface PayloadCodec {
  telemetry(bytes: Uint8Array): readonly Point[] | MalformedPayload;
  attributes(bytes: Uint8Array): AttributeValues | MalformedPayload;
  attributeRequest(bytes: Uint8Array): AttributeRequest | MalformedPayload;
  call(bytes: Uint8Array): { readonly method: string; readonly params: JsonValue } | MalformedPayload;
  commandAnswer(bytes: Uint8Array): { readonly value: JsonValue } | MalformedPayload;
  /** The answer to an attribute request; a part without values is absent. */
  writeAttributes(answer: { readonly client: AttributeValues; readonly shared: AttributeValues }): Payload;
  writeChange(change: AttributeChange): Payload;
  /** Null when the profile's schema cannot say it: then it is not sent. */
  writeCommand(command: OutgoingCommand): Payload | null;
  writeCallAnswer(answer: JsonValue): Payload;
}
export type Payload = string | Uint8Array;

export const jsonCodec: PayloadCodec = {
  telemetry: decodeTelemetry,
  attributes: decodeAttributes,
  attributeRequest: decodeAttributeRequest,
  call: decodeCall,
  commandAnswer: decodeJson,
  writeAttributes: ({ client, shared }) =>
    JSON.stringify({
      ...(Object.keys(client).length === 0 ? {} : { client }),
      ...(Object.keys(shared).length === 0 ? {} : { shared }),
    }),
  writeChange: ({ values, deletedKeys }) =>
    JSON.stringify(deletedKeys.length === 0 ? values : { ...values, deleted: deletedKeys }),
  writeCommand: ({ method, params }) => JSON.stringify({ method, params }),
  writeCallAnswer: (answer) => JSON.stringify(answer),
};

export function codecOf(form: PayloadForm, profile: Profile): PayloadCodec {
  const isProtobuf =
    form === "protobuf" || (form === "profile" && profile.transport.payloadType === "protobuf");
  return isProtobuf ? protobufOf(profile) : jsonCodec;
}

const protobufByProfile = new WeakMap<Profile, PayloadCodec>();

function protobufOf(profile: Profile): PayloadCodec {
  const known = protobufByProfile.get(profile);
  if (known !== undefined) return known;
  const protobuf = protobufCodecOf(profile);
  const codec: PayloadCodec = {
    telemetry: protobuf.decodeTelemetry,
    attributes: protobuf.decodeAttributes,
    attributeRequest: protobuf.decodeAttributeRequest,
    call: protobuf.decodeCall,
    commandAnswer: protobuf.decodeCommandAnswer,
    writeAttributes: protobuf.encodeAttributeAnswer,
    writeChange: protobuf.encodeAttributes,
    writeCommand: protobuf.encodeCommand,
    writeCallAnswer: protobuf.encodeCallAnswer,
  };
  protobufByProfile.set(profile, codec);
  return codec;
}

// Reads a payload again that was quarantined: JSON where it begins as JSON, else Protobuf by the profile's schemas.
import type { Point } from "@waremind/contract";
import type { PayloadDecoder } from "../flows/quarantine-desk.ts";
import { protobufCodecOf } from "./protobuf/index.ts";
import { decodeTelemetry, type MalformedPayload } from "./telemetry-json.ts";

/**
 * No message in Protobuf begins with a bracket: as a tag it opens a group, which Protobuf gave up. With space before it,
 * it may: a line feed is the tag of a first field, and the bracket its length.
 */
const beginsAsJson = /^\s*[[{]/;
const beginsWithSpace = /^\s/;

/** What came through a gateway was kept as the part of its device, so it is read like a message of the device itself. */
export const decodeQuarantined: PayloadDecoder = ({ identity, payload }) => {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const start = bytes.toString("latin1", 0, 64);
  const isJson = beginsAsJson.test(start);
  const { profile } = identity;
  const isJsonProfile = profile.transport.payloadType === "json";
  const decoded: readonly Point[] | MalformedPayload =
    isJson || isJsonProfile ? decodeTelemetry(bytes) : protobufCodecOf(profile).decodeTelemetry(bytes);
  if (!("reason" in decoded)) return decoded;
  if (isJsonProfile ? !isJson : isJson && beginsWithSpace.test(start)) {
    const protobuf = protobufCodecOf(profile).decodeTelemetry(bytes);
    if (!("reason" in protobuf)) return protobuf;
  }
  return { reason: decoded.reason, detail: decoded.detail.en };
};

import { disconnectReasons } from "./packets.ts";

/** Why a connection ends: what the registry keeps, what MQTT 5 is told, and in which words. */
export interface Ending {
  readonly reason: string;
  readonly reasonCode: number;
  readonly detail: string;
}

export const endings = {
  malformed: {
    reason: "malformed-packet",
    reasonCode: disconnectReasons.malformedPacket,
    detail: "The packet is not MQTT.",
  },
  protocol: {
    reason: "protocol-error",
    reasonCode: disconnectReasons.protocolError,
    detail: "This packet may not be sent now.",
  },
  packetTooLarge: {
    reason: "packet-too-large",
    reasonCode: disconnectReasons.packetTooLarge,
    detail: "The packet is larger than the maximum packet size.",
  },
  qos: {
    reason: "qos-not-supported",
    reasonCode: disconnectReasons.qosNotSupported,
    detail: "Publish at QoS 0 or 1.",
  },
  topicAlias: {
    reason: "topic-alias-invalid",
    reasonCode: disconnectReasons.topicAliasInvalid,
    detail: "Topic aliases are not offered.",
  },
  keepAlive: {
    reason: "keep-alive-timeout",
    reasonCode: disconnectReasons.keepAliveTimeout,
    detail: "Nothing was heard within the keep-alive.",
  },
  takenOver: {
    reason: "taken-over",
    reasonCode: disconnectReasons.sessionTakenOver,
    detail: "Another connection of this device took over.",
  },
  revoked: {
    reason: "credentials-revoked",
    reasonCode: disconnectReasons.notAuthorized,
    detail: "The credentials of this connection are no longer valid.",
  },
  deleted: {
    reason: "device-deleted",
    reasonCode: disconnectReasons.notAuthorized,
    detail: "The device was deleted.",
  },
  disabled: {
    reason: "device-disabled",
    reasonCode: disconnectReasons.notAuthorized,
    detail: "The device was disabled.",
  },
  notStored: {
    reason: "store-unavailable",
    reasonCode: disconnectReasons.serverBusy,
    detail: "The message could not be stored; send it again later.",
  },
  unavailable: {
    reason: "store-unavailable",
    reasonCode: disconnectReasons.serverBusy,
    detail: "The request could not be answered; ask again later.",
  },
  answerTooLarge: {
    reason: "answer-too-large",
    reasonCode: disconnectReasons.packetTooLarge,
    detail: "The answer is larger than the maximum packet size that the client announced.",
  },
  release: {
    reason: "release-refused",
    reasonCode: disconnectReasons.implementationError,
    detail: "The package could not be sent; the reason was published on the error topic.",
  },
  releaseChanged: {
    reason: "release-changed",
    reasonCode: disconnectReasons.implementationError,
    detail: "The package could not be sent to its end; ask for it again.",
  },
  provisioned: {
    reason: "provisioning-over",
    reasonCode: 0x98,
    detail: "Provisioning is over; connect with the credentials of the answer.",
  },
  unread: {
    reason: "answers-unread",
    reasonCode: disconnectReasons.unspecified,
    detail: "The client does not read its answers.",
  },
  stopping: {
    reason: "server-stopped",
    reasonCode: disconnectReasons.serverShuttingDown,
    detail: "The server is stopping.",
  },
} as const satisfies Record<string, Ending>;

/** Every bound of the MQTT session server; a test may pass smaller ones. */
export const mqttLimits = {
  /** Sessions of known devices. */
  sessionsMax: 20_000,
  /** Sockets that have not shown a token yet and are read; more wait unread until it is their turn. */
  unauthenticatedMax: 2_000,
  /** Sockets that wait, as many as may be signed in: all devices may come back at once. More are closed on arrival. */
  waitingSocketsMax: 20_000,
  /** How long one waits for its turn before it is closed. */
  waitingTimeMsMax: 30_000,
  /** Connections that the system completes before the process takes them; it may hold fewer. */
  backlogMax: 4_096,
  /** Time from the first reading of a socket to its CONNECT. */
  connectTimeMsMax: 10_000,
  /** The same while others wait, so that sockets that say nothing do not keep devices out. */
  crowdedConnectTimeMsMax: 2_000,
  /** Size of a CONNECT: client id, token and a will; nothing else is read before the token is known. */
  connectBytesMax: 16_384,
  /** Announced to MQTT 5. Wider than a payload may be, so that a payload too large is answered, not cut off. */
  packetBytesMax: 262_144,
  /** Messages of one connection that are not stored yet; at this many its socket is read no further. */
  inflightMax: 100,
  /** Attribute requests, calls and chunks that a connection waits for; at this many its socket is read no further. */
  requestsUnderWayMax: 16,
  /** How long a device waits for the answer to a call. */
  callTimeMsMax: 60_000,
  /** How long a message over a limit waits in all before it goes to quarantine, with its connection read no further. */
  heldBackMsMax: 60_000,
  /** Commands and attribute changes at QoS 1 that a device has not acknowledged, and how many more wait for them. */
  outgoingInflightMax: 20,
  outgoingWaitingMax: 100,
  /** After this a message that the device did not acknowledge counts as not taken. */
  acknowledgeTimeMsMax: 60_000,
  /** The largest piece of a package that is sent as one message, unless the whole is asked for. */
  chunkBytesMax: 1_048_576,
  /** A whole package is read and sent in pieces of this size, each fetched by the client before the next. */
  pieceBytes: 262_144,
  /** How long a client may take to fetch one of them. */
  fetchTimeMsMax: 60_000,
  /** Packages of which a connection's chunk size and version are remembered. */
  releaseRequestsMax: 16,
  /** Connections that ask for credentials, requests of one of them, and how long it stays open after its answer. */
  provisioningSessionsMax: 100,
  provisioningRequestsMax: 10,
  provisioningLingerMs: 60_000,
  /** New connections in a minute from one address (a load balancer is one), refused ones among them, and of one device. */
  connectsPerAddressMax: 60_000,
  refusedPerAddressMax: 3_000,
  connectsPerDeviceMax: 600,
  /** How many addresses and devices are counted at once. */
  addressesMax: 50_000,
  /** Answers that a client does not fetch; above this its connection is closed. */
  unreadBytesMax: 1_048_576,
  /** How often keep-alives are looked at; a device is offline at most this much later than its keep-alive says. */
  sweepIntervalMs: 500,
  /** How often the credentials of a live session are looked up again, so that revoked ones end their session. */
  revalidateIntervalMs: 60_000,
  /** How long a closed connection may take to fetch its last packet. */
  lingerMsMax: 1_000,
  /** How long a stop waits for messages that are being stored. */
  stopTimeMsMax: 5_000,
} as const satisfies Record<string, number>;

export type MqttLimits = { readonly [Name in keyof typeof mqttLimits]: number };

import { deviceRequestLimits } from "../device-requests.ts";

/** Every bound of the CoAP server; a test may pass smaller ones. Names in brackets are those of RFC 7252. */
export const coapLimits = {
  ...deviceRequestLimits,
  /** How long a message id of a peer is remembered [EXCHANGE_LIFETIME], and how many are. */
  exchangeMsMax: 247_000,
  exchangesMax: 20_000,
  /** A request that is not answered by then is acknowledged empty, and answered in a message of its own. */
  piggybackMsMax: 1_000,
  /** Our own confirmable messages [ACK_TIMEOUT, MAX_RETRANSMIT], and how many may wait for their acknowledgement. */
  ackTimeoutMs: 2_000,
  retransmitsMax: 4,
  confirmablesMax: 10_000,
  /** Observations of all devices and of one; a device that observes once more ends its oldest one. */
  observersMax: 10_000,
  observersPerDeviceMax: 4,
  /** Commands on their way to one observer. */
  commandsPerObserverMax: 16,
  /** An observer that was silent for so long is asked whether it is still there. */
  pingAfterMs: 900_000,
  pingsAtOnceMax: 100,
  /** How long a notification is fresh: a device that hears nothing for longer registers again. */
  notificationMaxAgeSeconds: 600,
  /** One block of a large body; the most that RFC 7959 knows. */
  blockBytesMax: 1_024,
  /** Bodies that arrive in blocks, how many of them of peers that show no token, and how long one may stand still. */
  assembliesMax: 512,
  assembliesOfStrangersMax: 32,
  assemblyMsMax: 60_000,
  /** Bodies that are fetched in blocks. */
  keptBodiesMax: 256,
  keptBodyMsMax: 60_000,
  /** Parts of releases that are fetched in blocks. */
  releasePartBytes: 65_536,
  releasePartsMax: 256,
  releasePartMsMax: 30_000,
  sweepIntervalMs: 5_000,
  /** What a device is told to wait. */
  retryAfterSeconds: 1,
  retryAfterFailureSeconds: 5,
  /** How long a stop waits for requests that are being stored. */
  stopTimeMsMax: 5_000,
  diagnosticLengthMax: 400,
} as const satisfies Record<string, number>;

export type CoapLimits = { readonly [Name in keyof typeof coapLimits]: number };

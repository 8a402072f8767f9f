// Answers of the CoAP server: success, and a refusal as its code with a sentence for whoever debugs the device.
import { type JsonValue, problemStatuses } from "@waremind/contract";
import type { NamedOption } from "coap-packet";
import { DomainError } from "../../platform/errors.ts";
import { retryAfterSeconds } from "../device-refusals.ts";
import { telemetryLimits } from "../telemetry-json.ts";
import type { CoapLimits } from "./limits.ts";
import { type CoapAnswer, contentFormats, numberOption } from "./packets.ts";

const empty = Buffer.alloc(0);

export const plain = (code: string, text = ""): CoapAnswer => ({
  code,
  payload: text === "" ? empty : Buffer.from(text),
  options: [],
});

export const content = (body: JsonValue): CoapAnswer => ({
  code: "2.05",
  payload: Buffer.from(JSON.stringify(body)),
  options: [numberOption("Content-Format", contentFormats.json)],
});

const codes: Readonly<Record<number, string>> = {
  400: "4.00",
  401: "4.01",
  403: "4.03",
  404: "4.04",
  409: "4.09",
  413: "4.13",
  415: "4.15",
  429: "4.29",
  502: "5.02",
  503: "5.03",
};

/** Whatever was thrown, as an answer. */
export function refusalAnswer(error: unknown, limits: CoapLimits): CoapAnswer {
  if (!(error instanceof DomainError)) return plain("5.00");
  const options: NamedOption[] = [];
  const seconds = retryAfterSeconds(error, {
    soon: limits.retryAfterSeconds,
    afterFailure: limits.retryAfterFailureSeconds,
  });
  if (seconds !== null) options.push(numberOption("Max-Age", seconds));
  if (error.code === "payload-too-large") {
    options.push(numberOption("Size1", telemetryLimits.payloadBytesMax));
  }
  const code = codes[problemStatuses[error.code]] ?? "5.00";
  const text = error.sentence.en.slice(0, limits.diagnosticLengthMax);
  return { code, payload: Buffer.from(text), options };
}

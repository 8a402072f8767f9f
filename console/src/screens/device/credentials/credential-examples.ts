// Lines that a person can paste into a terminal to hear a new device speak.
import type { IssuedCredential } from "@waremind/contract";

export interface Example {
  readonly tool: "mosquitto_pub" | "curl" | "coap-client";
  readonly line: string;
}

export interface ServerPlace {
  /** `https://desk.example`, as the reader's browser sees it. */
  readonly origin: string;
  readonly host: string;
}

const payload = `'{"temperature": 4.2}'`;
const topic = "-t v1/devices/me/telemetry";

/** How the device would send its first reading with this credential, on each transport that takes it. */
export function credentialExamples(credential: IssuedCredential, place: ServerPlace): readonly Example[] {
  switch (credential.kind) {
    case "access-token": {
      const token = encodeURIComponent(credential.token);
      return [
        {
          tool: "mosquitto_pub",
          line: `mosquitto_pub -h ${place.host} -q 1 -u ${shell(credential.token)} ${topic} -m ${payload}`,
        },
        {
          tool: "curl",
          line: `curl -X POST ${shell(`${place.origin}/api/v1/${token}/telemetry`)} -H 'content-type: application/json' -d ${payload}`,
        },
        {
          tool: "coap-client",
          line: `coap-client -m post -t 50 -e ${payload} ${shell(`coap://${place.host}/api/v1/${token}/telemetry`)}`,
        },
      ];
    }
    case "basic": {
      const parts = [
        credential.clientId === null ? "" : ` -i ${shell(credential.clientId)}`,
        credential.userName === null ? "" : ` -u ${shell(credential.userName)}`,
        credential.password === null ? "" : ` -P ${shell(credential.password)}`,
      ];
      return [
        {
          tool: "mosquitto_pub",
          line: `mosquitto_pub -h ${place.host} -q 1${parts.join("")} ${topic} -m ${payload}`,
        },
      ];
    }
    case "x509":
      return [
        {
          tool: "mosquitto_pub",
          line: `mosquitto_pub -h ${place.host} -p 8883 -q 1 --cafile ca.pem --cert device.pem --key device.key ${topic} -m ${payload}`,
        },
      ];
  }
}

/** A word that a shell takes as it is; everything else in single quotes. */
export function shell(text: string): string {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

// A new device asks for its credentials, once, with the key and secret of its kind.
import { connect } from "mqtt";
import { isRecord, parseJson } from "./values.ts";

export interface ProvisionOptions {
  readonly url: string;
  /** Key and secret of the profile; both come from the shop. */
  readonly key: string;
  readonly secret: string;
  /** Absent: the server names it. */
  readonly deviceName?: string;
  /** Credentials of its own choosing; absent: the server makes an access token. */
  readonly credentials?:
    | { readonly type: "ACCESS_TOKEN"; readonly token: string }
    | {
        readonly type: "MQTT_BASIC";
        readonly clientId?: string;
        readonly username?: string;
        readonly password?: string;
      }
    | { readonly type: "X509_CERTIFICATE"; readonly hash: string };
  readonly tls?: { readonly ca?: string };
}

export interface Provisioned {
  readonly credentialsType: string;
  /** The access token, or what the server answers for the other kinds. */
  readonly credentialsValue: unknown;
}

const timeoutMs = 30_000;

/** @throws Error with the server's reason when it refuses. */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const client = connect(options.url, {
    ...{ protocolVersion: 4, username: "provision", clientId: "provision", clean: true, reconnectPeriod: 0 },
    ...options.tls,
  });
  const answer = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => answer.reject(new Error("The server did not answer in time.")), timeoutMs);
  client.on("error", answer.reject);
  client.on("close", () => answer.reject(new Error("The server closed the connection.")));
  client.on("message", (_topic, payload) => answer.resolve(payload));
  client.once("connect", () => {
    client.subscribe("/provision/response", { qos: 1 }, () =>
      client.publish("/provision/request", JSON.stringify(requestOf(options)), { qos: 1 }),
    );
  });
  try {
    const reply = parseJson(await answer.promise);
    if (!isRecord(reply)) throw new Error("The server's answer cannot be read.");
    if (reply["status"] !== "SUCCESS") {
      const reason = typeof reply["errorMsg"] === "string" ? reply["errorMsg"] : String(reply["status"]);
      throw new Error(`The server did not provision the device: ${reason}`);
    }
    return {
      credentialsType: String(reply["credentialsType"]),
      credentialsValue: reply["credentialsValue"],
    };
  } finally {
    clearTimeout(timer);
    client.end(true);
  }
}

function requestOf({ key, secret, deviceName, credentials }: ProvisionOptions): object {
  const { type, ...rest } = credentials ?? { type: undefined };
  return {
    provisionDeviceKey: key,
    provisionDeviceSecret: secret,
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(type === undefined ? {} : { credentialsType: type, ...rest }),
  };
}

// What a CONNECT says: who it is, and whether it can be talked to at all.
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { IConnectPacket } from "mqtt-packet";
import type { Presented } from "../../devices/index.ts";
import type { ConnectRefusal } from "./packets.ts";

/** ThingsBoard's user name, or client id, of a device that has no credentials yet. */
const provisioningName = "provision";

export function asksForProvisioning(packet: IConnectPacket): boolean {
  return packet.username === provisioningName || packet.clientId === provisioningName;
}

/** What makes a CONNECT refused before anybody is asked; null when nothing does. */
export function faultOf(packet: IConnectPacket): ConnectRefusal | null {
  if (packet.properties?.authenticationMethod !== undefined) return "authentication-method";
  // MQTT-3.1.3-8: without a client id there is no session to come back to.
  if (packet.clientId === "" && packet.clean !== true && (packet.protocolVersion ?? 4) === 4)
    return "client-id";
  return null;
}

/** Null when it shows nothing. A certificate stands above user name and password. */
export function presentedBy(packet: IConnectPacket, socket: Socket): Presented | null {
  const certificate = certificateOf(socket);
  if (certificate !== null) return certificate;
  const clientId = textOf(packet.clientId);
  const userName = textOf(packet.username);
  const password = textOf(packet.password);
  if (clientId === null && userName === null && password === null) return null;
  return { kind: "connect", clientId, userName, password };
}

/** TLS has proved that the client holds its key; whether the certificate is known is for the registry to say. */
function certificateOf(socket: Socket): Presented | null {
  if (!(socket instanceof TLSSocket)) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const commonName: unknown = certificate.toLegacyObject().subject.CN;
  return {
    kind: "certificate",
    der: certificate.raw,
    commonName: typeof commonName === "string" ? commonName : null,
  };
}

function textOf(value: string | Buffer | undefined): string | null {
  if (value === undefined || value.length === 0) return null;
  return typeof value === "string" ? value : value.toString("utf8");
}

// Opens MQTT, and MQTT over TLS where a certificate is given.
import { readFile } from "node:fs/promises";
import { ConfigError } from "../config.ts";
import { listenOn } from "../platform/listen.ts";
import { checkTlsIdentity, createMqttServer, type TlsIdentity } from "../transports/mqtt/index.ts";
import type { Domains, Flows, Ground } from "./domains.ts";
import { createTlsRenewal } from "./renew-tls.ts";

/**
 * Answers the ports in use; `tlsPort` is null without a certificate.
 *
 * @throws ConfigError when the certificate or its key cannot be used, PortTakenError when a port is taken.
 */
export async function startMqtt(
  ground: Ground,
  domains: Domains,
  flows: Flows,
  { say, stops }: { readonly say: (line: string) => void; readonly stops: (() => Promise<unknown>)[] },
): Promise<{ readonly port: number; readonly tlsPort: number | null }> {
  const { config, clock, log } = ground;
  const { mqttTls, host } = config;
  const tls = mqttTls === undefined ? null : await readTlsIdentity(mqttTls);
  // A crash leaves devices marked as connected; they say so themselves when they come back. Of several processes one
  // looks after those that a death left.
  if (ground.cluster === undefined) await domains.devices.markAllDisconnected("server-restarted");
  const mqtt = createMqttServer({ desk: flows.deviceDesk, sink: flows.sink, clock, log });
  // Before either port is open: a start that fails half way closes the other.
  stops.push(() => mqtt.stop());
  const moved = (setting: string) => (from: number, to: number) =>
    say(`Port ${from} is taken; using ${to}. Set ${setting} to choose another.`);
  const port = await listenOn({
    ...config.mqtt,
    setting: "WAREMIND_MQTT_PORT",
    onMoved: moved("WAREMIND_MQTT_PORT"),
    listen: async (number) => (await mqtt.start({ port: number, host })).port,
  });
  if (mqttTls === undefined || tls === null) return { port, tlsPort: null };
  const tlsPort = await listenOn({
    ...mqttTls,
    setting: "WAREMIND_MQTT_TLS_PORT",
    onMoved: moved("WAREMIND_MQTT_TLS_PORT"),
    listen: async (number) => (await mqtt.startTls({ port: number, host, ...tls })).port,
  });
  const renewal = createTlsRenewal({
    ...{ present: tls, read: () => readTlsIdentity(mqttTls), log },
    renew: (identity) => mqtt.renewTls(identity),
  });
  renewal.start();
  stops.push(() => renewal.stop());
  return { port, tlsPort };
}

async function readTlsIdentity(files: {
  readonly certificateFile: string;
  readonly keyFile: string;
}): Promise<TlsIdentity> {
  const identity = {
    certificate: await readPem("WAREMIND_TLS_CERT", files.certificateFile),
    key: await readPem("WAREMIND_TLS_KEY", files.keyFile),
  };
  try {
    checkTlsIdentity(identity);
  } catch (error) {
    throw new ConfigError(
      `WAREMIND_TLS_CERT and WAREMIND_TLS_KEY cannot be used together: ${error instanceof Error ? error.message : String(error)}. Give the PEM files of one certificate and its unencrypted key.`,
    );
  }
  return identity;
}

async function readPem(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ConfigError(`${setting} names ${file}, which cannot be read (${codeOf(error)}).`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

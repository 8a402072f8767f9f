// The only reader of the environment: every setting, its default and its meaning stand here.
import { isIP } from "node:net";
import { resolve } from "node:path";
import { rateTextSchema } from "@waremind/contract";
import { z } from "zod";

interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** Listed by `waremind start --help`, in this order. */
export const settings: readonly Setting[] = [
  { name: "WAREMIND_PORT", default: "4100", meaning: "Port of the console, the REST API and HTTP devices." },
  { name: "WAREMIND_MQTT_PORT", default: "1883", meaning: "Port of MQTT devices." },
  {
    name: "WAREMIND_TLS_CERT",
    default: "(no TLS)",
    meaning: "PEM file of a certificate with its chain; with its key it opens MQTT over TLS.",
  },
  { name: "WAREMIND_TLS_KEY", default: "(no TLS)", meaning: "PEM file of that certificate's private key." },
  { name: "WAREMIND_MQTT_TLS_PORT", default: "8883", meaning: "Port of MQTT devices over TLS." },
  { name: "WAREMIND_COAP_PORT", default: "5683", meaning: "UDP port of CoAP devices." },
  { name: "WAREMIND_COAP", default: "on", meaning: "off: CoAP is not opened." },
  {
    name: "WAREMIND_HOST",
    default: "127.0.0.1",
    meaning: "Address to listen on; 0.0.0.0 opens it to the network.",
  },
  {
    name: "WAREMIND_BASE_URL",
    default: "http://localhost:PORT",
    meaning: "Address people use, when a proxy stands before it (https turns on secure cookies).",
  },
  {
    name: "WAREMIND_TRUSTED_PROXIES",
    default: "(none)",
    meaning:
      "Addresses or networks of proxies before it, separated by commas; only their X-Forwarded-For is believed when limits count a client's attempts.",
  },
  { name: "WAREMIND_DATA_DIR", default: "./data", meaning: "Folder of the embedded store, keys and logins." },
  {
    name: "WAREMIND_DATABASE_URL",
    default: "(embedded store)",
    meaning: "postgresql:// URL of a PostgreSQL 15 or later to use instead of the embedded store.",
  },
  {
    name: "WAREMIND_NATS_URL",
    default: "(one process)",
    meaning:
      "nats:// URL of a NATS server with JetStream, through which several processes work as one; several servers separated by commas.",
  },
  {
    name: "WAREMIND_NATS_NAME",
    default: "waremind",
    meaning: "Name of the stream and first part of the subjects there; another one for each shop.",
  },
  {
    name: "WAREMIND_NATS_REPLICAS",
    default: "1",
    meaning: "On how many servers of a NATS cluster a new stream is kept: 1, 3 or 5.",
  },
  {
    name: "WAREMIND_LLM_URL",
    default: "(built-in composer)",
    meaning: "Base URL of an OpenAI-compatible model server, such as http://localhost:11434/v1.",
  },
  { name: "WAREMIND_LLM_KEY", default: "(none)", meaning: "Key of that model server." },
  {
    name: "WAREMIND_LLM_MODEL",
    default: "(none)",
    meaning: "Name of the model to use there; needed with WAREMIND_LLM_URL.",
  },
  {
    name: "WAREMIND_MESSAGE_RATE",
    default: "50000:1",
    meaning: "Most messages that all devices may send, as count:seconds pairs; 0:0 for no limit.",
  },
  {
    name: "WAREMIND_IMPORT_PASSWORD",
    default: "(none)",
    meaning: "Password of the system that `waremind import` reads.",
  },
  {
    name: "WAREMIND_IMPORT_API_KEY",
    default: "(none)",
    meaning: "API key of the system that `waremind import` reads.",
  },
  {
    name: "WAREMIND_BACKUP_PASSPHRASE",
    default: "(not locked)",
    meaning: "Passphrase that `waremind backup` locks its file with, and `waremind restore` opens it with.",
  },
  {
    name: "WAREMIND_METRICS_TOKEN",
    default: "(this machine only)",
    meaning: "Bearer token, at least 16 characters, that opens /metrics to Prometheus.",
  },
  {
    name: "WAREMIND_OTLP_URL",
    default: "(no traces)",
    meaning:
      "Base URL of an OpenTelemetry collector that takes OTLP over HTTP, such as http://localhost:4318.",
  },
  {
    name: "WAREMIND_SMTP_URL",
    default: "(no e-mail)",
    meaning: "smtp://user:password@host:port of the mail server that tells of alarms; smtps:// for TLS.",
  },
  {
    name: "WAREMIND_MAIL_FROM",
    default: "(none)",
    meaning: "Sender of those e-mails, such as Waremind <alarms@example.com>; needed with WAREMIND_SMTP_URL.",
  },
  {
    name: "WAREMIND_WEBHOOK_NETWORKS",
    default: "(public addresses only)",
    meaning:
      "Private addresses or networks that webhooks may reach, separated by commas, such as 10.0.0.0/8,127.0.0.1.",
  },
  { name: "WAREMIND_LOG_LEVEL", default: "info", meaning: "fatal, error, warn, info, debug or silent." },
];

/** What a process may do: take in from devices, store and follow up, serve people and programs. */
export const roles = ["ingest", "worker", "api"] as const;
export type Role = (typeof roles)[number];

export const defaultPort = 4100;
export const defaultMqttPort = 1883;
export const defaultMqttTlsPort = 8883;
export const defaultCoapPort = 5683;

/** A port and whether somebody asked for exactly this one: only a default may move to the next free one. */
export interface PortSetting {
  readonly port: number;
  readonly isExplicit: boolean;
}

export interface Config {
  readonly http: PortSetting;
  readonly mqtt: PortSetting;
  /** MQTT over TLS, with the files of its certificate and key; absent when no certificate is given. */
  readonly mqttTls:
    | (PortSetting & { readonly certificateFile: string; readonly keyFile: string })
    | undefined;
  /** Absent when CoAP is switched off. */
  readonly coap: PortSetting | undefined;
  readonly host: string;
  readonly baseUrl: string | undefined;
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly dataDirectory: string;
  readonly databaseUrl: string | undefined;
  /** All of them, unless the process is one of several. */
  readonly roles: readonly Role[];
  /** Joins several processes; absent when there is one. */
  readonly nats: { readonly url: string; readonly name: string; readonly replicas: number } | undefined;
  readonly model:
    | { readonly url: string; readonly key: string | undefined; readonly name: string }
    | undefined;
  /** `count:seconds` pairs for the messages of all devices together. */
  readonly messageRate: string;
  /** What opens the system that is imported; kept out of the arguments, which every user of a machine may read. */
  readonly importSecrets: { readonly password: string | undefined; readonly apiKey: string | undefined };
  /** Locks backups; absent: they are not locked. */
  readonly backupPassphrase: string | undefined;
  /** Opens `/metrics`; without it only this machine, and people with the permission, read it. */
  readonly metricsToken: string | undefined;
  /** Where traces go; absent: none are made. */
  readonly otlpUrl: string | undefined;
  /** Absent: targets by e-mail cannot be told. */
  readonly mail: { readonly url: string; readonly from: string } | undefined;
  /** Private addresses and networks that webhooks may reach. */
  readonly webhookNetworks: readonly string[];
  readonly logLevel: string;
}

/** A setting that cannot be used; the message names it, says what is wrong and what would be right. */
export class ConfigError extends Error {
  constructor(en: string, zh?: string) {
    super(zh === undefined ? en : `${en}\n${zh}`);
  }
}

const portSchema = z
  .string()
  .regex(/^\d{1,5}$/, "must be a whole number")
  .transform(Number)
  .refine((port) => port <= 65_535, "must be between 0 and 65535");

/** An address, or a network such as `10.0.0.0/8` or `fd00::/8`. */
function isAddressOrNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/u.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

const networksSchema = z
  .string()
  .transform((text) => text.split(",").map((one) => one.trim()))
  .refine(
    (all) => all.every(isAddressOrNetwork),
    "must be addresses or networks, such as 127.0.0.1,10.0.0.0/8",
  )
  .default([]);

const environmentSchema = z.object({
  WAREMIND_PORT: portSchema.optional(),
  WAREMIND_MQTT_PORT: portSchema.optional(),
  WAREMIND_MQTT_TLS_PORT: portSchema.optional(),
  WAREMIND_COAP_PORT: portSchema.optional(),
  WAREMIND_COAP: z.enum(["on", "off"], "must be on or off").default("on"),
  WAREMIND_TLS_CERT: z.string().optional(),
  WAREMIND_TLS_KEY: z.string().optional(),
  WAREMIND_HOST: z.string().default("127.0.0.1"),
  WAREMIND_BASE_URL: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
  WAREMIND_TRUSTED_PROXIES: networksSchema,
  WAREMIND_DATA_DIR: z.string().default("./data"),
  WAREMIND_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must begin with postgresql://")
    .optional(),
  WAREMIND_NATS_URL: z
    .string()
    .regex(/^(nats|tls):\/\/[^,\s]+(,(nats|tls):\/\/[^,\s]+)*$/, "must begin with nats:// or tls://")
    .optional(),
  WAREMIND_NATS_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, "must be up to 32 letters, digits, - and _")
    .default("waremind"),
  WAREMIND_NATS_REPLICAS: z.enum(["1", "3", "5"], "must be 1, 3 or 5").default("1").transform(Number),
  WAREMIND_LLM_URL: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL, such as http://localhost:11434/v1" })
    .optional(),
  WAREMIND_LLM_KEY: z.string().optional(),
  WAREMIND_LLM_MODEL: z.string().optional(),
  WAREMIND_MESSAGE_RATE: z
    .string()
    .refine(
      (text) => rateTextSchema.safeParse(text).success,
      "must be count:seconds pairs, such as 50000:1,1000000:60",
    )
    .default("50000:1"),
  WAREMIND_IMPORT_PASSWORD: z.string().optional(),
  WAREMIND_IMPORT_API_KEY: z.string().optional(),
  WAREMIND_BACKUP_PASSPHRASE: z.string().min(8, "must have at least 8 characters").max(1_024).optional(),
  WAREMIND_METRICS_TOKEN: z.string().min(16, "must have at least 16 characters").max(512).optional(),
  WAREMIND_OTLP_URL: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL, such as http://localhost:4318" })
    .optional(),
  WAREMIND_SMTP_URL: z
    .url({
      protocol: /^smtps?$/,
      error: "must be an smtp or smtps URL, such as smtp://user:password@host:587",
    })
    .optional(),
  WAREMIND_MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]*\S+@[\w.-]+>?$/, "must be an address, such as Waremind <alarms@example.com>")
    .optional(),
  WAREMIND_WEBHOOK_NETWORKS: networksSchema,
  WAREMIND_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
});

/**
 * Reads the settings. Empty variables count as absent.
 *
 * @param options.roles names separated by commas, as a person gave them; absent: all.
 * @throws ConfigError naming each wrong setting.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  options: { readonly roles?: string | undefined } = {},
): Config {
  const present = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => name.startsWith("WAREMIND_") && value !== undefined && value !== "",
    ),
  );
  const parsed = environmentSchema.safeParse(present);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}.`).join("\n"),
    );
  }
  const read = parsed.data;
  return {
    http: { port: read.WAREMIND_PORT ?? defaultPort, isExplicit: read.WAREMIND_PORT !== undefined },
    mqtt: {
      port: read.WAREMIND_MQTT_PORT ?? defaultMqttPort,
      isExplicit: read.WAREMIND_MQTT_PORT !== undefined,
    },
    mqttTls: mqttTlsOf(read),
    coap:
      read.WAREMIND_COAP === "off"
        ? undefined
        : {
            port: read.WAREMIND_COAP_PORT ?? defaultCoapPort,
            isExplicit: read.WAREMIND_COAP_PORT !== undefined,
          },
    host: read.WAREMIND_HOST,
    baseUrl: read.WAREMIND_BASE_URL,
    trustedProxies: read.WAREMIND_TRUSTED_PROXIES,
    dataDirectory: resolve(read.WAREMIND_DATA_DIR),
    databaseUrl: read.WAREMIND_DATABASE_URL,
    roles: rolesOf(read, options.roles),
    nats: natsOf(read),
    model: modelOf(read),
    messageRate: read.WAREMIND_MESSAGE_RATE,
    importSecrets: { password: read.WAREMIND_IMPORT_PASSWORD, apiKey: read.WAREMIND_IMPORT_API_KEY },
    backupPassphrase: read.WAREMIND_BACKUP_PASSPHRASE,
    metricsToken: read.WAREMIND_METRICS_TOKEN,
    otlpUrl: read.WAREMIND_OTLP_URL,
    mail: mailOf(read),
    webhookNetworks: read.WAREMIND_WEBHOOK_NETWORKS,
    logLevel: read.WAREMIND_LOG_LEVEL,
  };
}

function rolesOf(read: z.infer<typeof environmentSchema>, given: string | undefined): readonly Role[] {
  if (given === undefined) return roles;
  const names = given.split(",").map((name) => name.trim());
  const chosen = roles.filter((role) => names.includes(role));
  if (chosen.length === 0 || names.some((name) => !roles.some((role) => role === name)))
    throw new ConfigError(
      `--roles ${given} cannot be used: it takes one or more of ${roles.join(", ")}, separated by commas.`,
      `无法使用 --roles ${given}：请填写 ${roles.join("、")} 中的一个或多个，以逗号分隔。`,
    );
  if (chosen.length === roles.length) return roles;
  if (read.WAREMIND_DATABASE_URL !== undefined && read.WAREMIND_NATS_URL !== undefined) return chosen;
  throw new ConfigError(
    `--roles ${given} needs WAREMIND_DATABASE_URL and WAREMIND_NATS_URL: several processes share one PostgreSQL and one NATS.`,
    `--roles ${given} 需要设置 WAREMIND_DATABASE_URL 和 WAREMIND_NATS_URL：多个进程共用一个 PostgreSQL 和一个 NATS。`,
  );
}

function natsOf(read: z.infer<typeof environmentSchema>): Config["nats"] {
  const { WAREMIND_NATS_URL: url, WAREMIND_NATS_NAME: name, WAREMIND_NATS_REPLICAS: replicas } = read;
  if (url === undefined) return undefined;
  if (read.WAREMIND_DATABASE_URL !== undefined) return { url, name, replicas };
  throw new ConfigError(
    "WAREMIND_NATS_URL is set but WAREMIND_DATABASE_URL is not: only PostgreSQL serves several processes.",
    "设置了 WAREMIND_NATS_URL 但未设置 WAREMIND_DATABASE_URL：只有 PostgreSQL 可供多个进程共用。",
  );
}

/** What the person at the terminal reads, by the variables of POSIX in their order. */
export function readLanguage(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): "en" | "zh" {
  const { LC_ALL, LC_MESSAGES, LANG } = environment;
  const said = [LC_ALL, LC_MESSAGES, LANG].find((value) => value !== undefined && value !== "");
  return said?.toLowerCase().startsWith("zh") === true ? "zh" : "en";
}

function mqttTlsOf(read: z.infer<typeof environmentSchema>): Config["mqttTls"] {
  const { WAREMIND_TLS_CERT, WAREMIND_TLS_KEY, WAREMIND_MQTT_TLS_PORT } = read;
  if (WAREMIND_TLS_CERT === undefined && WAREMIND_TLS_KEY === undefined) {
    if (WAREMIND_MQTT_TLS_PORT === undefined) return undefined;
    throw new ConfigError(
      "WAREMIND_MQTT_TLS_PORT is set but there is no certificate: set WAREMIND_TLS_CERT and WAREMIND_TLS_KEY to its files.",
    );
  }
  if (WAREMIND_TLS_CERT === undefined || WAREMIND_TLS_KEY === undefined) {
    const missing = WAREMIND_TLS_CERT === undefined ? "WAREMIND_TLS_CERT" : "WAREMIND_TLS_KEY";
    throw new ConfigError(
      `${missing} is not set: TLS needs the file of the certificate and that of its key.`,
    );
  }
  return {
    port: WAREMIND_MQTT_TLS_PORT ?? defaultMqttTlsPort,
    isExplicit: WAREMIND_MQTT_TLS_PORT !== undefined,
    certificateFile: resolve(WAREMIND_TLS_CERT),
    keyFile: resolve(WAREMIND_TLS_KEY),
  };
}

function mailOf(read: z.infer<typeof environmentSchema>): Config["mail"] {
  const { WAREMIND_SMTP_URL: url, WAREMIND_MAIL_FROM: from } = read;
  if (url === undefined) return undefined;
  if (from === undefined)
    throw new ConfigError(
      "WAREMIND_SMTP_URL is set but WAREMIND_MAIL_FROM is not: give the address that e-mails come from.",
      "设置了 WAREMIND_SMTP_URL 但未设置 WAREMIND_MAIL_FROM：请填写邮件的发件地址。",
    );
  return { url, from };
}

function modelOf(read: z.infer<typeof environmentSchema>): Config["model"] {
  if (read.WAREMIND_LLM_URL === undefined) return undefined;
  if (read.WAREMIND_LLM_MODEL === undefined) {
    throw new ConfigError(
      "WAREMIND_LLM_URL is set but WAREMIND_LLM_MODEL is not: name the model to use there.",
    );
  }
  return { url: read.WAREMIND_LLM_URL, key: read.WAREMIND_LLM_KEY, name: read.WAREMIND_LLM_MODEL };
}

// Signed webhooks: a POST whose sender can be proven, that goes to no address inside the network unless it was allowed.
import { createHmac } from "node:crypto";
import { lookup as lookupName } from "node:dns/promises";
import { type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP } from "node:net";
import type { Clock } from "./clock.ts";

const answerTimeoutMs = 10_000;
/** Of an answer only so much is read; it says why when it is a refusal. */
const answerBytesMax = 2_000;

/** RFC 6890 and its successors: what is not the public internet. */
const privateNetworks = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/127",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
];

export interface Webhook {
  readonly url: string;
  /** Stable over repetitions: the receiver drops what it has seen. */
  readonly id: string;
  readonly secret: string;
  readonly body: unknown;
}

/** It was not taken. `isFinal`: it will not be, however often it is tried. */
export class WebhookFailed extends Error {
  readonly isFinal: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: {
      readonly isFinal: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "WebhookFailed";
    this.isFinal = options.isFinal;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface WebhookSender {
  /**
   * Resolves when the receiver answered 2xx within ten seconds. A redirect is a refusal.
   *
   * @throws WebhookFailed
   */
  post(webhook: Webhook, signal?: AbortSignal): Promise<void>;
}

/**
 * The value of `X-Waremind-Signature`: `v1=` and the hex HMAC-SHA256, keyed with the secret, of `{timestamp}.{body}`.
 *
 * @param timestamp epoch seconds, as `X-Waremind-Timestamp` carries it; receivers refuse what is minutes old
 */
export function webhookSignature(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}

/** @param options.allowedNetworks private addresses or networks that may be reached all the same, such as `10.0.0.0/8` */
export function createWebhookSender(options: {
  readonly allowedNetworks: readonly string[];
  readonly clock: Clock;
  readonly timeoutMs?: number;
}): WebhookSender {
  const forbidden = blockListOf(privateNetworks);
  const allowed = blockListOf(options.allowedNetworks);
  const mayReach = (address: string): boolean => !isListed(forbidden, address) || isListed(allowed, address);
  return {
    post: async (webhook, signal) => {
      const url = new URL(webhook.url);
      // Looked up once, and exactly that address is called: a name that changes in between leads nowhere else.
      const address = await addressOf(url, mayReach);
      const body = JSON.stringify(webhook.body);
      const timestamp = String(Math.floor(options.clock.now() / 1_000));
      const timeout = AbortSignal.timeout(options.timeoutMs ?? answerTimeoutMs);
      await send(url, body, {
        method: "POST",
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        family: address.family,
        lookup: (_name, { all }, told) => {
          if (all === true) told(null, [address]);
          else told(null, address.address, address.family);
        },
        headers: {
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(body),
          "User-Agent": "Waremind",
          "X-Waremind-Id": webhook.id,
          "X-Waremind-Timestamp": timestamp,
          "X-Waremind-Signature": webhookSignature(webhook.secret, timestamp, body),
        },
      });
    },
  };
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const one of networks) {
    const [address = "", bits] = one.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** An IPv4 address within IPv6 is that IPv4 address; node's list compares it so by itself. */
const isListed = (list: BlockList, address: string): boolean =>
  list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");

async function addressOf(
  url: URL,
  mayReach: (address: string) => boolean,
): Promise<{ readonly address: string; readonly family: number }> {
  const host = url.hostname.replaceAll(/^\[|\]$/gu, "");
  const found =
    isIP(host) === 0
      ? await lookupName(host, { all: true }).catch((error: unknown) => {
          throw new WebhookFailed(`The name ${host} was not found.`, { isFinal: false, cause: error });
        })
      : [{ address: host, family: isIP(host) }];
  const [first] = found;
  if (first !== undefined && found.every(({ address }) => mayReach(address))) return first;
  throw new WebhookFailed(
    `${host} is a private address. Allow its network in WAREMIND_WEBHOOK_NETWORKS to send there.`,
    { isFinal: true },
  );
}

function send(url: URL, body: string, options: RequestOptions): Promise<void> {
  const open = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const call = open(url, { ...options, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text = (text + part).slice(0, answerBytesMax);
      });
      answer.on("error", (error) => reject(failed(url, error)));
      answer.on("end", () => {
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve();
        else reject(refused(url, status, answer.headers["retry-after"], text));
      });
    });
    call.on("error", (error) => reject(failed(url, error)));
    call.end(body);
  });
}

const failed = (url: URL, error: unknown): WebhookFailed => {
  const text = error instanceof Error ? error.message : String(error);
  return new WebhookFailed(`${url.host} did not answer: ${text}`, { isFinal: false, cause: error });
};

const shownMax = 200;
const retryAfterSecondsMax = 3_600;

/** A redirect, or a refusal of what was sent, stays one; 408, 425, 429 and 5xx pass. */
function refused(url: URL, status: number, retryAfter: string | undefined, text: string): WebhookFailed {
  const isFinal = status < 500 && status !== 408 && status !== 425 && status !== 429;
  const seconds = Number(retryAfter);
  const wait =
    Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, retryAfterSecondsMax) * 1_000 : undefined;
  const said = text.trim() === "" ? "" : `: ${text.trim().slice(0, shownMax)}`;
  return new WebhookFailed(`${url.host} answered ${String(status)}${said}`, { isFinal, retryAfterMs: wait });
}

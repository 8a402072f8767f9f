// Mail over SMTP. The same message keeps its Message-ID however often it is sent, so that a mailbox may tell a repetition.
import { createTransport } from "nodemailer";

const connectionTimeoutMs = 10_000;
const greetingTimeoutMs = 10_000;
const socketTimeoutMs = 20_000;
const closedByCaller = "The sending was broken off.";

export interface MailSettings {
  /** `smtp://user:password@host:port`, or `smtps://` for TLS from the beginning. */
  readonly url: string;
  /** `Name <address@host>` or a bare address. */
  readonly from: string;
}

export interface Mail {
  /** Stable: without `<>` and host. */
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** Stable id of what it belongs to; mail programs show them as one thread. */
  readonly threadId?: string;
}

/** What became of a mail that at least one mailbox took. */
export interface MailSent {
  readonly refused: readonly string[];
}

/** The mail did not go. `isFinal`: the server refused it for good (5yz), so that sending it again is of no use. */
export class MailFailed extends Error {
  readonly isFinal: boolean;

  constructor(message: string, options: { readonly isFinal: boolean; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.name = "MailFailed";
    this.isFinal = options.isFinal;
  }
}

export interface Mailer {
  /** @throws MailFailed when no mailbox took it, when the server cannot be reached, is slow, or refuses who we are. */
  send(mail: Mail, signal?: AbortSignal): Promise<MailSent>;
}

export function createMailer(
  settings: MailSettings,
  timeouts: { readonly socketMs?: number; readonly greetingMs?: number } = {},
): Mailer {
  const host = /@([\w.-]+)>?\s*$/u.exec(settings.from)?.[1] ?? "waremind.local";
  const messageId = (id: string): string => `<${id}@${host}>`;
  return {
    send: async (mail, signal) => {
      // One connection a mail: alarms are few, and a connection that was kept may be dead when it is needed.
      const transport = createTransport({
        url: settings.url,
        connectionTimeout: connectionTimeoutMs,
        greetingTimeout: timeouts.greetingMs ?? greetingTimeoutMs,
        socketTimeout: timeouts.socketMs ?? socketTimeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const sending = transport.sendMail({
        from: settings.from,
        to: [...mail.to],
        subject: mail.subject.replaceAll(/[\r\n]+/gu, " "),
        text: mail.text,
        messageId: messageId(mail.id),
        ...(mail.threadId === undefined ? {} : { references: [messageId(mail.threadId)] }),
        headers: { "Auto-Submitted": "auto-generated" },
      });
      try {
        const sent = await untilAborted(sending, signal);
        return { refused: sent.rejected.map(String) };
      } catch (error) {
        throw failureOf(error);
      } finally {
        transport.close();
      }
    },
  };
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = new Promise<never>((_, reject) => {
    const refuse = (): void => reject(new Error(closedByCaller));
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true });
  });
  // Whichever loses is no unhandled rejection: the race has heard of both.
  return Promise.race([work, aborted]);
}

/** RFC 5321, 4.2.1: 5yz is permanent. Wrong credentials may be mended by the operator, so they are tried again. */
function failureOf(error: unknown): MailFailed {
  const { code, responseCode, message } = error as {
    readonly code?: string;
    readonly responseCode?: number;
    readonly message?: string;
  };
  const isPermanent = responseCode !== undefined && responseCode >= 500 && responseCode < 600;
  const isFinal = isPermanent && (code === "EENVELOPE" || code === "EMESSAGE");
  return new MailFailed(message ?? String(error), { isFinal, cause: error });
}

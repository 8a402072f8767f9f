// A certificate is renewed every few weeks: its new files are taken as they come, and nobody who is connected notices.
import type { Log } from "../platform/log.ts";
import type { TlsIdentity } from "../transports/mqtt/index.ts";

const everyMs = 20_000;

export interface TlsRenewal {
  /** Looks at the files once; never rejects. */
  check(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

/**
 * Compares what the files hold with what is in use. What cannot be used (half a renewal, a key of another certificate) is
 * written to the log once, and the present certificate stays.
 *
 * @param read rejects when the files cannot be read or do not belong together
 */
export function createTlsRenewal(options: {
  readonly present: TlsIdentity;
  readonly read: () => Promise<TlsIdentity>;
  readonly renew: (identity: TlsIdentity) => void;
  readonly log: Log;
}): TlsRenewal {
  const { read, renew, log } = options;
  let present = textOf(options.present);
  let complaint = "";
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    try {
      const found = await read();
      complaint = "";
      if (textOf(found) === present) return;
      renew(found);
      present = textOf(found);
      log.info("The certificate of MQTT was renewed.");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason === complaint) return;
      complaint = reason;
      log.warn({ err: error }, "The new certificate of MQTT cannot be used; the present one stays.");
    }
  }

  const check = (): Promise<void> => {
    checking = checking.then(look);
    return checking;
  };
  return {
    check,
    start: () => {
      timer ??= setInterval(() => void check(), everyMs).unref();
    },
    stop: async () => {
      clearInterval(timer);
      await checking;
    },
  };
}

const textOf = ({ certificate, key }: TlsIdentity): string => `${String(certificate)}\n${String(key)}`;

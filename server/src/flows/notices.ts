// News between the processes of one shop, over core NATS: who must look after a device now. A notice may be lost; whatever
// must happen stands in the store as well and is found again by a sweep.
import { jsonValueSchema } from "@waremind/contract";
import { z } from "zod";
import type { Log } from "../platform/log.ts";
import type { Nats } from "../platform/nats.ts";

const deviceId = z.int();
const noticeSchema = z.discriminatedUnion("kind", [
  /** A command waits for the device: whoever holds a session that listens sends it, and says so. */
  z.object({ kind: z.literal("deliver"), deviceId }),
  z.object({
    kind: z.literal("attributes"),
    deviceId,
    change: z.object({
      values: z.record(z.string(), jsonValueSchema),
      deletedKeys: z.array(z.string()),
    }),
  }),
  z.object({
    kind: z.literal("close"),
    deviceId,
    reason: z.enum(["device-deleted", "device-disabled", "credentials-revoked"]),
  }),
  /** The device opened a session; `at` by the clock of the process that has it. */
  z.object({ kind: z.literal("session"), deviceId, at: z.number() }),
  /** What is remembered of who it is no longer holds. */
  z.object({ kind: z.literal("forget-device"), deviceId }),
  z.object({ kind: z.literal("forget-profile"), profileId: z.string() }),
]);
export type Notice = z.infer<typeof noticeSchema>;
const envelopeSchema = z.object({ from: z.string(), notice: noticeSchema });

/** Whether a process said that it sees to it; `unknown` while no other can be reached. */
export type Answer = "taken" | "nobody" | "unknown";

export interface Notices {
  tell(notice: Notice): void;
  ask(notice: Notice): Promise<Answer>;
  /** Notices of other processes; answer true to say that this one sees to it. Called once. */
  listen(handler: (notice: Notice) => boolean): void;
}

export const noticeLimits = {
  /** How long an answer is waited for: one process answers within a millisecond, a busy one somewhat later. */
  answerMsMax: 2_000,
  /** Notices kept while NATS is away; beyond it they are left to the sweeps. */
  keptMax: 10_000,
} as const;

export function createNotices(
  nats: Nats,
  options: { readonly name: string; readonly processId: string; readonly log: Log },
): Notices {
  const { connection } = nats;
  const { processId, log } = options;
  const subject = `${options.name}.notice`;
  let kept = 0;
  nats.onChange((isUp) => {
    if (isUp) kept = 0;
  });
  const wrap = (notice: Notice): string => JSON.stringify({ from: processId, notice });

  return {
    tell: (notice) => {
      // The client keeps what is published meanwhile, without a limit of its own.
      if (!nats.isUp) kept += 1;
      if (kept > noticeLimits.keptMax || connection.isClosed()) return;
      connection.publish(subject, wrap(notice));
    },
    ask: async (notice) => {
      if (!nats.isUp) return "unknown";
      try {
        await connection.request(subject, wrap(notice), { timeout: noticeLimits.answerMsMax });
        return "taken";
      } catch {
        // Nobody answered in time, or the connection broke meanwhile.
        return nats.isUp ? "nobody" : "unknown";
      }
    },
    listen: (handler) => {
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error !== null) return log.error({ err: error }, "Notices are no longer heard.");
          const read = readEnvelope(message.string());
          if (read === null) log.warn("A notice cannot be read; does a process run another version?");
          else if (read.from !== processId && handler(read.notice) && message.reply) message.respond();
        },
      });
    },
  };
}

function readEnvelope(text: string): z.infer<typeof envelopeSchema> | null {
  try {
    return envelopeSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not even JSON.
    return null;
  }
}

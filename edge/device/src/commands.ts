// Commands from the server: written down before they are acknowledged, run once, answered until the answer arrives.
import type { Clock } from "./clock.ts";
import type { Link } from "./link.ts";
import type { DeviceStore, StoredCommand } from "./store.ts";
import { encodeJson, isRecord, parseJson, type ReceivedJson } from "./values.ts";

/** Runs a command; what it answers, or the message of what it throws as `{"error": …}`, goes to the server. */
export type CommandHandler = (params: ReceivedJson, command: { readonly number: number }) => unknown;

export interface Commands {
  handle(method: string, handler: CommandHandler): void;
  /** A message on the request topic; returns after it is on disk. */
  received(number: number, payload: Buffer): void;
  /** Sends the answers that have not arrived yet. */
  resend(): void;
}

const responseTopic = "v1/devices/me/rpc/response/";
const interrupted = "interrupted: the device stopped while it ran; it may or may not have taken effect";

/**
 * At most once per number: a command whose run was cut off by a crash is answered as interrupted, never run again, since
 * it may have moved something.
 */
export function createCommands(deps: {
  readonly store: DeviceStore;
  readonly link: Pick<Link, "isUp" | "publish">;
  readonly clock: Clock;
}): Commands {
  const { store, link, clock } = deps;
  const handlers = new Map<string, CommandHandler>();
  const sending = new Set<number>();
  for (const command of store.commandsIn("received"))
    store.answerCommand(command.number, encodeJson({ error: interrupted }));

  async function run({ number, method, params }: Omit<StoredCommand, "state" | "answer">): Promise<void> {
    const handler = handlers.get(method);
    let answer: string;
    try {
      const result: unknown =
        handler === undefined
          ? { error: `This device knows no command ${method}.` }
          : await handler(JSON.parse(params) as ReceivedJson, { number });
      answer = encodeJson(result ?? {});
    } catch (error) {
      answer = encodeJson({ error: error instanceof Error ? error.message.toWellFormed() : "failed" });
    }
    // The device was stopped while the command ran: the next start answers it as interrupted.
    if (!store.isOpen) return;
    store.answerCommand(number, answer);
    await send(number, answer);
  }

  async function send(number: number, answer: string): Promise<void> {
    if (!link.isUp || sending.has(number)) return;
    sending.add(number);
    try {
      // A refusal is an end as well: the server wants this answer no more.
      await link.publish(responseTopic + number, answer);
      if (store.isOpen) store.commandDone(number);
    } catch {
      // The connection broke; `resend` comes with the next one.
    } finally {
      sending.delete(number);
    }
  }

  return {
    handle: (method, handler) => void handlers.set(method, handler),
    received: (number, payload) => {
      const body = parseJson(payload);
      const method = isRecord(body) && typeof body["method"] === "string" ? body["method"] : "";
      const params = encodeJson(isRecord(body) ? (body["params"] ?? null) : null);
      const isNew = store.addCommand({ number, method, params, at: clock.now() });
      if (isNew) {
        void run({ number, method, params });
        return;
      }
      const known = store.findCommand(number);
      if (known?.answer != null) void send(number, known.answer);
    },
    resend: () => {
      for (const { number, answer } of store.commandsIn("answered"))
        if (answer !== null) void send(number, answer);
    },
  };
}

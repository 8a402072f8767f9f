// The live stream: what was committed, told to every open screen by server-sent events.
import type { LiveEvent } from "@waremind/contract";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Bus } from "../platform/bus.ts";
import { DomainError } from "../platform/errors.ts";

const streamsMax = 200;
const queuedEventsMax = 500;
const heartbeatMs = 15_000;

/** One stream per screen. A screen too slow for the events is closed; it reconnects and reads everything afresh. */
export function createLiveStreams(bus: Bus) {
  let openCount = 0;
  return (context: Context): Response => {
    if (openCount >= streamsMax) {
      throw new DomainError(
        "limit-reached",
        {
          en: `At most ${streamsMax} live screens may be open at once.`,
          zh: `最多同时打开 ${streamsMax} 个实时页面。`,
        },
        { streamsMax },
      );
    }
    openCount += 1;
    context.header("X-Accel-Buffering", "no");
    return streamSSE(context, async (stream) => {
      const queue: LiveEvent[] = [];
      let wake: () => void = () => undefined;
      let isOpen = true;
      const close = (): void => {
        isOpen = false;
        wake();
      };
      const unsubscribe = bus.subscribe((event) => {
        // Aborted, not only closed: a write that such a screen does not fetch would wait with the stream for ever.
        if (queue.length >= queuedEventsMax) stream.abort();
        else queue.push(event);
        wake();
      });
      stream.onAbort(close);
      try {
        await stream.writeSSE({ event: "hello", data: "{}", retry: 1500 });
        while (isOpen) {
          const event = queue.shift();
          if (event !== undefined) await stream.writeSSE({ event: event.kind, data: JSON.stringify(event) });
          else if (
            !(await waitForWake((resolve) => {
              wake = resolve;
            }))
          )
            await stream.write(": still here\n\n");
        }
      } finally {
        unsubscribe();
        openCount -= 1;
      }
    });
  };
}

/** True when woken, false when a heartbeat is due. */
function waitForWake(register: (resolve: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), heartbeatMs);
    register(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

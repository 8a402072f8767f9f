import { Hono } from "hono";
import { expect, test, vi } from "vitest";
import { createBus } from "../platform/bus.ts";
import { createLiveStreams } from "./live.ts";

test("a screen that stops reading is let go, and holds no place among the streams", async () => {
  const bus = createBus();
  let openCount = 0;
  const counted: typeof bus = {
    publish: bus.publish,
    subscribe: (observer) => {
      const unsubscribe = bus.subscribe(observer);
      openCount += 1;
      return () => {
        openCount -= 1;
        unsubscribe();
      };
    },
  };
  const open = createLiveStreams(counted);
  const app = new Hono().get("/live", (context) => open(context));
  // Its body is never read, so the server's writes wait for ever.
  const response = await app.request("/live");
  expect(response.status).toBe(200);
  await vi.waitFor(() => expect(openCount).toBe(1));
  for (let index = 0; index < 1_000; index += 1) {
    bus.publish({ kind: "conversation-changed", conversationId: `cnv_${index}` });
    // Lets the stream write what came so far, until a write waits.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitFor(() => expect(openCount).toBe(0));
});

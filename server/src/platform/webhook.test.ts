import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { manualClock } from "./clock.ts";
import { createWebhookSender } from "./webhook.ts";

const clock = manualClock(1_800_000_000_500);
const received: { headers: IncomingHttpHeaders; body: string }[] = [];
let answer: { status: number; headers?: Record<string, string>; isSilent?: boolean } = { status: 200 };
let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      if (answer.isSilent !== true) response.writeHead(answer.status, answer.headers).end("said so");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  received.length = 0;
  answer = { status: 200 };
});

const sender = (allowedNetworks: readonly string[] = ["127.0.0.0/8"], timeoutMs = 5_000) =>
  createWebhookSender({ allowedNetworks, clock, timeoutMs });
const hook = (host = "127.0.0.1") => ({
  ...{ url: `http://${host}:${String(port)}/alarms?x=1`, id: "dlv_1", secret: "whsec_x" },
  body: { message: "过热 hot" },
});

describe("a webhook", () => {
  test("carries its id, the time, and a signature that its receiver can verify", async () => {
    await sender().post(hook());
    const [{ headers, body } = { headers: {}, body: "" }] = received;
    expect(JSON.parse(body)).toEqual({ message: "过热 hot" });
    expect(headers["x-waremind-id"]).toBe("dlv_1");
    expect(headers["x-waremind-timestamp"]).toBe("1800000000");
    const expected = createHmac("sha256", "whsec_x").update(`1800000000.${body}`).digest("hex");
    expect(headers["x-waremind-signature"]).toBe(`v1=${expected}`);
  });

  test.each(["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])(
    "does not go to %s, which is inside, and says how to allow it",
    async (host) => {
      await expect(sender([]).post(hook(host))).rejects.toMatchObject({
        isFinal: true,
        message: expect.stringContaining("WAREMIND_WEBHOOK_NETWORKS") as string,
      });
      expect(received).toEqual([]);
    },
  );

  test("follows no redirect, to wherever it leads", async () => {
    answer = { status: 302, headers: { location: `http://127.0.0.1:${String(port)}/elsewhere` } };
    await expect(sender().post(hook())).rejects.toMatchObject({ isFinal: true });
    expect(received).toHaveLength(1);
  });

  test("is refused for good with 4xx, for now with 5xx and 429, which says when to come again", async () => {
    answer = { status: 410 };
    await expect(sender().post(hook())).rejects.toMatchObject({ isFinal: true });
    answer = { status: 503 };
    await expect(sender().post(hook())).rejects.toMatchObject({ isFinal: false });
    answer = { status: 429, headers: { "retry-after": "30" } };
    await expect(sender().post(hook())).rejects.toMatchObject({ isFinal: false, retryAfterMs: 30_000 });
  });

  test("does not wait for ever for a receiver that says nothing", async () => {
    answer = { status: 200, isSilent: true };
    await expect(sender(["127.0.0.0/8"], 100).post(hook())).rejects.toMatchObject({ isFinal: false });
  });
});

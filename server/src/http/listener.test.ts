import { connect } from "node:net";
import { expect, test } from "vitest";
import { createHttpListener } from "./listener.ts";

test("a stop lets a request under way have its answer, ends streams, and takes no new request", async () => {
  const listener = createHttpListener();
  const port = await listener.listen(0, "127.0.0.1");
  const url = `http://127.0.0.1:${port}`;
  let finish: () => void = () => undefined;
  let begun: () => void = () => undefined;
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  listener.serve(async (request) => {
    if (request.url.endsWith("/live"))
      return new Response(new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from("hello")) }), {
        headers: { "content-type": "text/event-stream" },
      });
    const answer = new Promise<void>((resolve) => {
      finish = resolve;
    });
    begun();
    await answer;
    return new Response("done");
  });
  const live = await fetch(`${url}/live`);
  const slow = fetch(`${url}/slow`).then((response) => response.text());
  await isBegun;
  const stopped = listener.stop();
  const stoppedAfter = performance.now();
  await expect(fetch(`${url}/new`, { headers: { connection: "close" } })).rejects.toThrow();
  finish();
  expect(await slow).toBe("done");
  await stopped;
  // Well before the limit: the open stream is not waited for.
  expect(performance.now() - stoppedAfter).toBeLessThan(4_000);
  await expect(live.text()).rejects.toThrow();
});

test("a connection that a CONNECT breaks ends every request in front of it", async () => {
  const listener = createHttpListener();
  const port = await listener.listen(0, "127.0.0.1");
  const ended: string[] = [];
  let begun = 0;
  listener.serve(async (request) => {
    begun += 1;
    await new Promise<void>((resolve) => request.signal.addEventListener("abort", () => resolve()));
    ended.push(new URL(request.url).pathname);
    return new Response("nobody reads this");
  });
  const socket = connect(port, "127.0.0.1");
  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`;
  const tunnel = "CONNECT elsewhere:80 HTTP/1.1\r\nHost: elsewhere\r\n\r\n";
  socket.on("error", () => undefined);
  socket.write(`${["/first", "/second", "/third"].map(request).join("")}${tunnel}`);
  await expect.poll(() => begun).toBe(3);
  await expect.poll(() => ended.toSorted()).toEqual(["/first", "/second", "/third"]);
  expect(listener.answersUnderway).toBe(0);
  await listener.stop();
});

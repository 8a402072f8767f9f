import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { listenOn, PortTakenError } from "./listen.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      servers.push(server);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

test("a taken default port moves to the next free one and says so", async () => {
  const taken = await listen(0);
  const moves: number[][] = [];
  const bound = await listenOn({
    port: taken,
    isExplicit: false,
    setting: "WAREMIND_PORT",
    listen,
    onMoved: (from, to) => moves.push([from, to]),
  });
  expect(bound).toBeGreaterThan(taken);
  expect(moves).toEqual([[taken, bound]]);
});

test("a taken port that was asked for is an error that names the setting", async () => {
  const taken = await listen(0);
  const attempt = listenOn({
    port: taken,
    isExplicit: true,
    setting: "WAREMIND_PORT",
    listen,
    onMoved: () => undefined,
  });
  await expect(attempt).rejects.toThrow(PortTakenError);
  await expect(attempt).rejects.toThrow(/WAREMIND_PORT/);
});

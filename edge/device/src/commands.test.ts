import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createCommands } from "./commands.ts";
import { openStore } from "./store.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const clock = { now: () => 1_790_000_000_000 };
const request = (method: string, params: unknown = {}): Buffer =>
  Buffer.from(JSON.stringify({ method, params }));

function aLink() {
  const sent: string[] = [];
  return {
    sent,
    isUp: true,
    publish: (topic: string, payload: string | Buffer): Promise<number | null> => {
      sent.push(`${topic} ${String(payload)}`);
      return Promise.resolve(null);
    },
  };
}

test("a command is run once however often it arrives, and answered each time it must be", async () => {
  const [store, link] = [openStore(":memory:"), aLink()];
  const commands = createCommands({ store, link, clock });
  let runs = 0;
  commands.handle("unlock", (params) => {
    runs += 1;
    return { opened: params };
  });
  commands.received(7, request("unlock", { door: 3 }));
  await turn();
  commands.received(7, request("unlock", { door: 3 }));
  await turn();
  expect(runs).toBe(1);
  const answer = 'v1/devices/me/rpc/response/7 {"opened":{"door":3}}';
  expect(link.sent).toEqual([answer, answer]);
});

test("what a handler throws, and a command nobody handles, are answered as errors", async () => {
  const [store, link] = [openStore(":memory:"), aLink()];
  const commands = createCommands({ store, link, clock });
  commands.handle("break", () => {
    throw new Error("the motor is blocked");
  });
  commands.received(1, request("break"));
  commands.received(2, request("sing"));
  commands.received(3, Buffer.from("not json"));
  await turn();
  expect(link.sent).toHaveLength(3);
  expect(link.sent[0]).toContain('{"error":"the motor is blocked"}');
  expect(link.sent[1]).toContain("This device knows no command sing.");
});

test("an answer that found no connection arrives with the next one", async () => {
  const [store, link] = [openStore(":memory:"), aLink()];
  const commands = createCommands({ store, link, clock });
  commands.handle("ping", () => "pong");
  link.isUp = false;
  commands.received(4, request("ping"));
  await turn();
  expect(link.sent).toEqual([]);
  link.isUp = true;
  commands.resend();
  await turn();
  commands.resend();
  await turn();
  expect(link.sent).toEqual(['v1/devices/me/rpc/response/4 "pong"']);
});

test("a command that a crash cut off is answered as interrupted and not run again", async () => {
  const directory = mkdtempSync(join(tmpdir(), "waremind-device-"));
  try {
    const file = join(directory, "outbox.sqlite");
    const before = openStore(file);
    before.addCommand({ number: 9, method: "unlock", params: "{}", at: clock.now() });
    before.close();
    const [store, link] = [openStore(file), aLink()];
    const commands = createCommands({ store, link, clock });
    let runs = 0;
    commands.handle("unlock", () => {
      runs += 1;
    });
    commands.resend();
    await turn();
    expect(runs).toBe(0);
    expect(link.sent[0]).toContain("interrupted");
    store.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

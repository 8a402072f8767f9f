import { expect, test } from "vitest";
import { createLog, withRequestId } from "./log.ts";

function logged(work: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  work(createLog("info", { write: (line: string) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("secrets are hidden by the name of their field, and inside of texts", () => {
  const lines = logged((log) => {
    log.info({
      token: "sekret-1",
      user: { password: "sekret-2" },
      request: { headers: { authorization: "sekret-3" } },
    });
    log.error({ err: new Error("cannot reach postgresql://shop:sekret-4@db.example/shop") }, "no store");
    log.warn({ path: "/api/v1/sekret-5/telemetry" }, "POST /api/v1/sekret-6/rpc was refused");
    log.child({ component: "http" }).info({ key: "sekret-7" }, "made");
  });
  const text = JSON.stringify(lines);
  expect(text).not.toContain("sekret");
  expect(text).toContain("postgresql://shop:[hidden]@db.example/shop");
  expect(text).toContain("/api/v1/[hidden]/telemetry");
  expect(lines).toHaveLength(4);
});

test("what is no secret stays as it is", () => {
  const [line] = logged((log) =>
    log.info({
      deviceName: "logger-7",
      at: "http://localhost:4100/devices/logger-7",
      path: "/api/v1/provision",
    }),
  );
  expect(line).toMatchObject({
    ...{ deviceName: "logger-7", at: "http://localhost:4100/devices/logger-7", path: "/api/v1/provision" },
  });
});

test("every line says which part of the product it is from, and which request it belongs to", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line: string) => lines.push(JSON.parse(line)) });
  log.info("started");
  await withRequestId("r-1", async () => {
    await Promise.resolve();
    log.child({ component: "intake" }).info("stored");
  });
  log.info("after");
  expect(lines).toMatchObject([
    { component: "server", msg: "started" },
    { component: "intake", requestId: "r-1", msg: "stored" },
    { component: "server", msg: "after" },
  ]);
  expect(lines[2]).not.toHaveProperty("requestId");
});

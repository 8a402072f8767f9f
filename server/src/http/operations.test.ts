import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ManagedShop, openManagedShop } from "../../../tests/support/managed-shop.ts";
import { createShopMetrics } from "../app/shop-metrics.ts";
import { createHttpListener } from "./listener.ts";

let shop: ManagedShop;
let stopCounting: () => void;
beforeAll(async () => {
  shop = await openManagedShop();
  stopCounting = createShopMetrics({ ...shop, version: "1.2.3" });
});
afterAll(async () => {
  stopCounting();
  await shop.close();
});

const figures = async (): Promise<string> => {
  const { status, text } = await shop.ask("owner", "GET", "/metrics");
  expect(status).toBe(200);
  return text;
};

/** As Prometheus reads it: every sample by its name and labels. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const match = /^([a-z_:][a-z0-9_:]*(?:\{.*\})?) (\S+)$/i.exec(line);
    if (match === null) throw new Error(`No sample: ${line}`);
    samples.set(match[1] ?? "", Number(match[2]));
  }
  return samples;
}

test("what devices send is counted by transport, stored readings and reasons of quarantine beside it", async () => {
  const before = samplesOf(await figures());
  const token = await shop.addDevice("counted");
  expect((await shop.send(token, { temperature: 4 })).status).toBe(200);
  expect((await shop.send(token, [{ ts: 1_799_999_000_000, values: { temperature: 5 } }])).status).toBe(200);
  await shop.send(token, { temperature: 4_000 });
  const after = samplesOf(await figures());
  const grew = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grew('waremind_messages_received_total{transport="http"}')).toBe(3);
  expect(grew('waremind_messages_acknowledged_total{transport="http"}')).toBe(3);
  expect(grew("waremind_readings_stored_total")).toBe(2);
  expect(grew('waremind_messages_quarantined_total{reason="out-of-range"}')).toBe(1);
  expect(grew("waremind_intake_batch_messages_sum")).toBe(3);
  expect(grew("waremind_intake_commit_seconds_count")).toBe(3);
  expect(after.get("waremind_intake_pending_messages")).toBe(0);
});

test("the store says its size and what is open in it, in states known beforehand", async () => {
  const samples = samplesOf(await figures());
  expect(samples.get("waremind_store_up")).toBe(1);
  expect(samples.get("waremind_store_size_bytes")).toBeGreaterThan(1_000_000);
  for (const severity of ["info", "warning", "critical"])
    expect(samples.get(`waremind_alarms_open{severity="${severity}"}`)).toBe(0);
  for (const state of ["queued", "running", "done", "dead", "cancelled"])
    expect(samples.has(`waremind_jobs{state="${state}"}`)).toBe(true);
  expect(samples.get('waremind_info{version="1.2.3"}')).toBe(1);
});

test("requests are counted by the template of their route: no name and no token of a device becomes a label", async () => {
  const token = await shop.addDevice("secretive");
  await shop.send(token, { temperature: 1 });
  await shop.ask("owner", "GET", "/api/devices/secretive");
  await shop.ask("owner", "GET", "/api/no/such/route");
  await shop.ask("support", "GET", "/api/jobs");
  const text = await figures();
  expect(text).not.toContain(token);
  expect(text).not.toContain("secretive");
  const samples = samplesOf(text);
  const count = (labels: string) => samples.get(`waremind_http_requests_total{${labels}}`) ?? 0;
  expect(count('method="GET",route="/api/devices/:name",status="200"')).toBeGreaterThan(0);
  expect(count('method="POST",route="/api/v1/:token/telemetry",status="200"')).toBeGreaterThan(0);
  expect(count('method="GET",route="/api/*",status="404"')).toBeGreaterThan(0);
  expect(count('method="GET",route="/api/jobs",status="403"')).toBeGreaterThan(0);
  expect(samples.get('waremind_http_request_seconds_count{route="/api/jobs"}')).toBeGreaterThan(0);
});

describe("who may read the figures", () => {
  const own = (env: object | undefined, headers: Record<string, string>) =>
    shop.app.request(
      "http://localhost:4100/metrics",
      { headers: { host: "localhost:4100", ...headers } },
      env,
    );
  const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } });

  test("this machine itself, and nobody who comes through a proxy or from elsewhere", async () => {
    expect((await own(from("127.0.0.1"), {})).status).toBe(200);
    expect((await own(from("::1"), {})).status).toBe(200);
    expect((await own(from("10.0.0.7"), {})).status).toBe(401);
    expect((await own(from("127.0.0.1"), { "x-forwarded-for": "10.0.0.7" })).status).toBe(401);
    // A page of elsewhere that points its own name at this machine.
    expect((await own(from("127.0.0.1"), { host: "evil.example" })).status).toBe(401);
  });

  test("people with the permission", async () => {
    expect((await shop.ask("auditor", "GET", "/metrics")).status).toBe(200);
    expect((await shop.ask("support", "GET", "/metrics")).status).toBe(403);
  });
});

describe("readiness", () => {
  test("a part that is not ready is a 503 that names it", async () => {
    expect((await shop.app.request("/readyz")).status).toBe(200);
    const away = shop.readiness.add("nats", () => ({ en: "NATS is away.", zh: "NATS 已断开。" }));
    const answer = await shop.app.request("/readyz");
    expect([answer.status, await answer.json()]).toEqual([
      503,
      {
        ready: false,
        parts: [{ part: "nats", isReady: false, reason: { en: "NATS is away.", zh: "NATS 已断开。" } }],
      },
    ]);
    away();
    expect((await shop.app.request("/healthz")).status).toBe(200);
  });

  test("a process that starts lives and is not ready", async () => {
    const listener = createHttpListener();
    const port = await listener.listen(0, "127.0.0.1");
    const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    expect((await ask("/healthz")).status).toBe(200);
    const ready = await ask("/readyz");
    expect([ready.status, (await ready.json()) as unknown]).toMatchObject([
      503,
      { ready: false, parts: [{ part: "server", isReady: false }] },
    ]);
    expect((await ask("/api/me")).status).toBe(503);
    await listener.stop();
  });
});

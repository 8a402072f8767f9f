// What a new user and a careful operator see of starting and stopping.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { type Product, startProduct } from "../support/product.ts";

const products: Product[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const product of products.splice(0)) await product.dispose();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function start(...parameters: Parameters<typeof startProduct>): Promise<Product> {
  const product = await startProduct(...parameters);
  products.push(product);
  return product;
}

function occupy(port: number): Promise<number> {
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

test("an empty shop starts with its first administrator, who can sign in", async () => {
  const product = await start({ flags: ["--empty", "--admin-email", "ada@shop.example"] });
  const [admin] = product.logins;
  expect(admin).toMatchObject({ email: "ada@shop.example", roles: ["owner"] });
  const response = await fetch(`${product.url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: product.url },
    body: JSON.stringify({ email: admin?.email, password: admin?.password }),
  });
  expect(response.status).toBe(200);
  const me = await fetch(`${product.url}/api/me`, {
    headers: { cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "" },
  });
  expect(await me.json()).toMatchObject({ email: "ada@shop.example" });
});

test("the first administrator's password is told even when the start fails after making them", async () => {
  const taken = await occupy(0);
  const failed = start({
    flags: ["--empty", "--admin-email", "ada@shop.example"],
    environment: { WAREMIND_MQTT_PORT: String(taken) },
  });
  await expect(failed).rejects.toThrow(/ada@shop\.example.*password is \S{16}/);
});

test("a clean stop ends with 0, and a second start finds everything again", async () => {
  const product = await start();
  const before = await overview(product);
  expect(await product.stop()).toBe(0);
  const again = await start({ dataDirectory: product.dataDirectory });
  expect(again.logins).toEqual(product.logins);
  expect((await overview(again)).counts.devices).toBe(before.counts.devices);
});

test("a second server on the same data folder is refused and disturbs nothing", async () => {
  const product = await start({ flags: ["--empty"] });
  await expect(startProduct({ flags: ["--empty"], dataDirectory: product.dataDirectory })).rejects.toThrow(
    /already runs/,
  );
  expect((await fetch(`${product.url}/healthz`)).status).toBe(200);
});

test("a port that was asked for and is taken is an error that names the setting", async () => {
  const taken = await occupy(0);
  await expect(start({ flags: ["--empty"], environment: { WAREMIND_PORT: String(taken) } })).rejects.toThrow(
    /WAREMIND_PORT/,
  );
});

test("a taken default port moves on and says which setting to use", async () => {
  await occupy(4100).catch(() => undefined);
  const product = await start({ flags: ["--empty"], environment: { WAREMIND_PORT: "" } });
  expect(product.output()).toMatch(/4100 is taken.*WAREMIND_PORT/);
  expect((await fetch(`${product.url}/healthz`)).status).toBe(200);
});

const postgresqlUrl = process.env["WAREMIND_TEST_DATABASE_URL"] || undefined;
test.skipIf(postgresqlUrl === undefined)(
  "the whole product runs on PostgreSQL, and finds its shop again (needs WAREMIND_TEST_DATABASE_URL)",
  async () => {
    const name = `waremind_journey_${process.pid}`;
    const url = new URL(postgresqlUrl ?? "");
    url.pathname = `/${name}`;
    await runSql(postgresqlUrl ?? "", `drop database if exists ${name}`);
    await runSql(postgresqlUrl ?? "", `create database ${name}`);
    try {
      const product = await start({ environment: { WAREMIND_DATABASE_URL: url.href } });
      expect(product.output()).toContain("Opening PostgreSQL");
      const before = await overview(product);
      expect(before.counts.devices).toBeGreaterThanOrEqual(12);
      expect(await product.stop()).toBe(0);
      const again = await start({
        environment: { WAREMIND_DATABASE_URL: url.href },
        dataDirectory: product.dataDirectory,
      });
      expect((await overview(again)).counts.devices).toBe(before.counts.devices);
      await again.stop();
    } finally {
      await runSql(postgresqlUrl ?? "", `drop database if exists ${name} with (force)`);
    }
  },
);

async function runSql(databaseUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

test("help lists every setting that config.ts reads", () => {
  const help = execFileSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "server/src/main.ts", "start", "--help"],
    { encoding: "utf8" },
  );
  const source = readFileSync("server/src/config.ts", "utf8");
  const read = new Set(source.match(/WAREMIND_[A-Z_]+/g));
  for (const name of read) if (name !== "WAREMIND_") expect(help).toContain(name);
});

async function overview(product: Product): Promise<{ counts: { devices: number } }> {
  const owner = product.logins.find((login) => login.roles.includes("owner"));
  const signedIn = await fetch(`${product.url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: product.url },
    body: JSON.stringify({ email: owner?.email, password: owner?.password }),
  });
  const response = await fetch(`${product.url}/api/overview`, {
    headers: { cookie: signedIn.headers.get("set-cookie")?.split(";")[0] ?? "" },
  });
  return (await response.json()) as { counts: { devices: number } };
}

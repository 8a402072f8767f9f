import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { createDevices, createGatewayChildren, createIdentityCache, type Devices } from "../devices/index.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, databaseOverPool } from "../platform/database.ts";
import { createDeviceImport, type DeviceImport } from "./import-devices.ts";

const clock = manualClock(1_800_000_000_000);
let database: Database;
let devices: Devices;
let deviceImport: DeviceImport;

beforeAll(async () => {
  database = await openTestDatabase();
  const base = { database, clock, identities: createIdentityCache({ clock }) };
  devices = createDevices(base);
  deviceImport = createDeviceImport({ database, devices, gatewayChildren: createGatewayChildren(base) });
  await database.transaction(async (connection) => {
    for (const [id, nameZh, limits] of [
      ["logger", "记录仪", {}],
      ["small-gateway", "小网关", { devicesPerGatewayMax: 1 }],
    ] as const) {
      await devices.createProfile(connection, {
        ...{ id, nameEn: `The ${id}`, nameZh, keys: [], expectedIntervalSeconds: 60, limits },
      });
    }
  });
});
afterAll(() => database.close());

const run = (csv: string | Uint8Array, dryRun = false) => deviceImport.run({ csv, dryRun });
const outcomes = async (csv: string, dryRun = false) =>
  (await run(csv, dryRun)).map(({ line, name, outcome }) => [line, name, outcome]);

test("a table out of a spreadsheet is read: byte order mark, quotes, line ends, Chinese, any order of columns", async () => {
  const csv =
    '\ufeffName,Profile,Label,Token\r\n冷链-1,记录仪,"冷库 ""三""\r\n二层, 左",\r\n\r\n0001,logger,,TOKEN-0001\r\n  spaced  ,The logger,  x ,\r\n';
  const rows = await run(Buffer.from(csv));
  expect(rows.map(({ line, name, outcome, message }) => [line, name, outcome, message])).toEqual([
    [3, "冷链-1", "refused", expect.objectContaining({ zh: expect.stringContaining("第 3 行，label 列") })],
    [5, "0001", "created", null],
    [6, "spaced", "created", null],
  ]);
  expect(rows[1]?.token).toBe("TOKEN-0001");
  expect(await devices.findDevice("spaced")).toMatchObject({ label: "x", profileId: "logger" });
  expect((await devices.authenticate(rows[2]?.token ?? ""))?.device.name).toBe("spaced");
});

test("the encodings and separators of other spreadsheets are read too", async () => {
  // 冷库 in GB 18030.
  const gb = Buffer.concat([
    Buffer.from("name;label;profile\r\ngb-1;"),
    Buffer.from([0xc0, 0xe4, 0xbf, 0xe2]),
    Buffer.from(";logger\r\n"),
  ]);
  expect(await run(gb)).toMatchObject([{ name: "gb-1", outcome: "created" }]);
  expect((await devices.findDevice("gb-1"))?.label).toBe("冷库");
  const utf16 = Buffer.from("\ufeffname\tlabel\tprofile\r\nutf16-1\t冷库\tlogger\r\n", "utf16le");
  expect(await run(utf16)).toMatchObject([{ name: "utf16-1", outcome: "created" }]);
  await expect(run(Buffer.from([0x6e, 0xff, 0xff, 0xff]))).rejects.toMatchObject({ code: "invalid-input" });
});

test("each line that cannot be used says which column and why, in both languages, and the others go on", async () => {
  await outcomes("name,profile,token\nused-token,logger,IN-USE-ALREADY");
  const rows = await run(
    [
      "name,label,profile,gateway,token",
      "fine-1,,logger,,",
      ",,logger,,",
      "no-profile,,,,",
      "odd-profile,,toaster,,",
      "short-token,,logger,,abc",
      "taken-token,,logger,,IN-USE-ALREADY",
      "fine-1,,logger,,",
      "same-token-1,,logger,,SAME-TOKEN",
      "same-token-2,,logger,,SAME-TOKEN",
      "no-gateway,,logger,nobody,",
      "too,many,logger,,,values",
      "fine-2,,logger,,",
    ].join("\n"),
  );
  const columns = rows.map((row) => /column (\w+):/u.exec(row.message?.en ?? "")?.[1] ?? row.outcome);
  expect(columns).toEqual([
    ...["created", "name", "profile", "profile", "token", "token", "name", "created", "token", "gateway"],
    ...["token", "created"],
  ]);
  for (const row of rows.filter((one) => one.outcome === "refused")) {
    expect(row.message?.en).toContain(`Line ${row.line},`);
    expect(row.message?.zh).toContain(`第 ${row.line} 行`);
    expect(row.token).toBeNull();
    if (row.name !== "fine-1") expect(await devices.findDevice(row.name)).toBeNull();
  }
});

test("a second run of the same file changes nothing and gives no token away", async () => {
  const csv = "name,label,profile,token\ntwice,first,logger,\n";
  const [first] = await run(csv);
  const [second] = await run(csv.replace("first", "second"));
  expect(first).toMatchObject({ outcome: "created", token: expect.any(String) });
  expect(second).toEqual({ line: 2, name: "twice", outcome: "exists", message: null, token: null });
  expect((await devices.findDevice("twice"))?.label).toBe("first");
});

test("gateways and their children come in one file, in any order, under the gateway's quota", async () => {
  const csv = [
    "name,label,profile,gateway,token",
    "child-1,one,logger,gw-1,",
    "gw-1,,small-gateway,是,",
    "child-2,two,logger,gw-1,",
    "child-3,,logger,gw-1,A-TOKEN-OF-ITS-OWN",
  ].join("\n");
  expect(await outcomes(csv, true)).toEqual([
    [2, "child-1", "created"],
    [3, "gw-1", "created"],
    [4, "child-2", "created"],
    [5, "child-3", "refused"],
  ]);
  expect(await devices.findDevice("gw-1")).toBeNull();
  const rows = await run(csv);
  expect(rows.map((row) => row.outcome)).toEqual(["created", "created", "refused", "refused"]);
  expect(rows[2]?.message?.en).toMatch(/^Line 4, column gateway: The gateway gw-1 has 1 devices/u);
  const gateway = await devices.findDevice("gw-1");
  expect(gateway).toMatchObject({ isGateway: true });
  expect(rows[1]?.token).not.toBeNull();
  expect(await devices.findDevice("child-1")).toMatchObject({ gatewayId: gateway?.id, label: "one" });
  expect(rows[0]?.token).toBeNull();
});

test("a dry run finds what a run would, and leaves nothing", async () => {
  await outcomes("name,profile,token\ndry-used,logger,DRY-IN-USE");
  const csv = "name,profile,token\ndry-1,logger,\ndry-2,logger,DRY-IN-USE\ndry-used,logger,\n";
  const rows = await run(csv, true);
  expect(rows.map((row) => [row.outcome, row.token])).toEqual([
    ["created", null],
    ["refused", null],
    ["exists", null],
  ]);
  expect(await devices.findDevice("dry-1")).toBeNull();
  expect((await run(csv)).map((row) => row.outcome)).toEqual(["created", "refused", "exists"]);
});

test("many lines are more than one transaction, each device with a token of its own", async () => {
  const count = 450;
  const csv = ["name,profile", ...Array.from({ length: count }, (_, index) => `many-${index},logger`)].join(
    "\n",
  );
  const rows = await run(csv);
  expect(rows.every((row) => row.outcome === "created")).toBe(true);
  expect(new Set(rows.map((row) => row.token)).size).toBe(count);
});

test("a line costs a fraction of a statement, also when some of the others are refused", async () => {
  let statements = 0;
  const pool = {
    options: database.pool.options,
    end: () => Promise.resolve(),
    connect: async () => {
      const client = await database.pool.connect();
      const query = client.query.bind(client) as (...asked: unknown[]) => unknown;
      return {
        query: (...asked: unknown[]) => {
          statements += 1;
          return query(...asked);
        },
        release: () => client.release(),
      };
    },
  } as unknown as Database["pool"];
  const counted = databaseOverPool({ ...database, pool, close: () => Promise.resolve() });
  const base = { database: counted, clock, identities: createIdentityCache({ clock }) };
  const countedImport = createDeviceImport({
    database: counted,
    devices: createDevices(base),
    gatewayChildren: createGatewayChildren(base),
  });
  await outcomes("name,profile,token,gateway\ncounted-gw,logger,,yes\ncounted-used,logger,COUNTED-IN-USE,");
  const lines = Array.from({ length: 300 }, (_, index) => [
    ...[`counted-${index},logger,,`, `counted-child-${index},logger,,counted-gw`],
  ]).flat();
  const csv = ["name,profile,token,gateway", ...lines, "counted-refused,logger,COUNTED-IN-USE,"].join("\n");
  const rows = await countedImport.run({ csv, dryRun: false });
  expect(rows.filter((row) => row.outcome === "created")).toHaveLength(600);
  expect(rows.at(-1)?.outcome).toBe("refused");
  expect(statements).toBeLessThan(rows.length / 3);
});

test("a file that is no such table is refused whole, with its line", async () => {
  const refused = { code: "invalid-input" };
  await expect(run("")).rejects.toMatchObject(refused);
  await expect(run("name,colour\na,b")).rejects.toMatchObject({
    ...refused,
    details: { line: 1, column: "colour" },
  });
  await expect(run("name,name\na,b")).rejects.toMatchObject(refused);
  await expect(run('name,profile\nfine,logger\nbroken,"logger\n')).rejects.toMatchObject(refused);
  await expect(run(`name,profile\n${"x".repeat(5_000)},logger`)).rejects.toMatchObject(refused);
  await expect(run(`name\n${"a\n".repeat(10_001)}`)).rejects.toMatchObject({ code: "limit-reached" });
  await expect(run(Buffer.alloc(5 * 1024 * 1024 + 1, "a"))).rejects.toMatchObject({
    code: "payload-too-large",
  });
});

test("a store that goes away ends in refusals, so that the tokens of earlier lines are answered", async () => {
  let transactions = 0;
  const flaky = new Proxy(database, {
    get: (target, key) => {
      if (key !== "transaction") return Reflect.get(target, key) as unknown;
      transactions += 1;
      if (transactions > 1) return () => Promise.reject(storeAway);
      return Reflect.get(target, key) as unknown;
    },
  });
  const { storeUnavailable } = await import("../platform/store-errors.ts");
  const storeAway = storeUnavailable("gone");
  const base = { database: flaky, clock, identities: createIdentityCache({ clock }) };
  const flakyImport = createDeviceImport({
    database: flaky,
    devices,
    gatewayChildren: createGatewayChildren(base),
  });
  const csv = ["name,profile", ...Array.from({ length: 250 }, (_, index) => `flaky-${index},logger`)].join(
    "\n",
  );
  const rows = await flakyImport.run({ csv, dryRun: false });
  expect(rows.filter((row) => row.token !== null)).toHaveLength(200);
  expect(rows.filter((row) => row.outcome === "refused")).toHaveLength(50);
});

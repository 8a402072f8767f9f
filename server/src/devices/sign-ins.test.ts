import type { PostgresPool } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, databaseOverPool } from "../platform/database.ts";
import {
  createDeviceCredentials,
  createDeviceProvisioning,
  createDevices,
  createIdentityCache,
  type Presented,
} from "./index.ts";
import { hashOfToken } from "./secret-hashes.ts";
import { createSignIns, type SignInLimits, signInLimits } from "./sign-ins.ts";
import { unknownSecretLimits } from "./unknown-secrets.ts";

const clock = manualClock(1_800_000_000_000);
const secret = "a-key-of-the-installation-for-tests";
let database: Database;
let made = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  await database.transaction((connection) =>
    createDevices({ database, clock }).createProfile(connection, {
      ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", keys: [], expectedIntervalSeconds: 60 },
    }),
  );
});
afterAll(() => database.close());

/** A process of its own over the same store; what it asks of the store is counted, and may be refused. */
function aProcess() {
  const seen = { statements: 0, isDown: false };
  const pool: PostgresPool = {
    options: database.pool.options,
    connect: () => {
      seen.statements += 1;
      return seen.isDown ? Promise.reject(new Error("no store")) : database.pool.connect();
    },
    end: () => Promise.resolve(),
  };
  const counted = databaseOverPool({
    ...{ kind: database.kind, slots: database.slots, pool, close: () => Promise.resolve() },
  });
  const base = { database: counted, clock, identities: createIdentityCache({ clock }) };
  const { unknownSecrets } = base.identities;
  return {
    seen,
    database: counted,
    devices: createDevices(base),
    credentials: createDeviceCredentials({ ...base, secret }),
    provisioning: createDeviceProvisioning({ ...base, secret }),
    signIns: (limits: Partial<SignInLimits> = {}) =>
      createSignIns({ ...base, unknownSecrets, limits: { ...signInLimits, ...limits } }),
  };
}

type Process = ReturnType<typeof aProcess>;

async function aDevice({ database: store, devices }: Process, token: string): Promise<number> {
  made += 1;
  const name = `device-${made}`;
  return store.transaction(async (connection) => {
    const { id } = await devices.createDevice(connection, { name, label: "", profileId: "logger" });
    await devices.issueAccessToken(connection, id, token);
    return id;
  });
}

const aToken = (token: string): Presented => ({ kind: "access-token", token });
const aConnect = (userName: string): Presented => ({
  ...{ kind: "connect", clientId: "any", userName, password: null },
});

const forms = [
  { form: "access token", shown: aToken },
  { form: "user name of a CONNECT", shown: aConnect },
];

test("devices that come at the same moment cost two statements and share one profile", async () => {
  const process = aProcess();
  const tokens = ["at-once-1", "at-once-2", "at-once-3", "at-once-4"];
  const ids: number[] = [];
  for (const token of tokens) ids.push(await aDevice(process, token));
  process.seen.statements = 0;
  const shown = [...tokens.slice(0, 2).map(aToken), ...tokens.slice(2).map(aConnect), aToken("nobody's")];
  const found = await Promise.all(shown.map((one) => process.credentials.authenticate(one)));
  expect(found.map((identity) => identity?.device.id)).toEqual([...ids, undefined]);
  expect(process.seen.statements).toBe(2);
  expect(found[0]?.profile).toMatchObject({ id: "logger", nameZh: "记录仪", expectedIntervalSeconds: 60 });
  expect(new Set(found.slice(0, 4).map((identity) => identity?.profile)).size).toBe(1);
});

test("more than fit a statement are all found, in several", async () => {
  const process = aProcess();
  const ids = [await aDevice(process, "several-1"), await aDevice(process, "several-2")];
  process.seen.statements = 0;
  const signIns = process.signIns({ askersPerStatementMax: 1 });
  const found = await Promise.all(
    ["several-1", "several-2"].map((token) => signIns.find([hashOfToken(token)])),
  );
  expect(found.map((identity) => identity?.device.id)).toEqual(ids);
  expect(process.seen.statements).toBe(4);
});

test("above what may wait a device is told to come back", async () => {
  const process = aProcess();
  const signIns = process.signIns({ waitingMax: 1 });
  const first = signIns.find([hashOfToken("waits-1")]);
  await expect(signIns.find([hashOfToken("waits-2")])).rejects.toMatchObject({ code: "store-unavailable" });
  expect(await first).toBeNull();
});

test("a store that fails fails those who asked, and the next are asked for again", async () => {
  const process = aProcess();
  await aDevice(process, "after-failure");
  process.seen.isDown = true;
  const failing = ["after-failure", "unknown-in-failure"].map((token) =>
    process.credentials.authenticate(aToken(token)),
  );
  for (const { status } of await Promise.allSettled(failing)) expect(status).toBe("rejected");
  process.seen.isDown = false;
  expect(await process.credentials.authenticate(aToken("after-failure"))).not.toBeNull();
});

test.each(forms)("an unknown $form that comes again and again costs one statement", async ({ shown }) => {
  const process = aProcess();
  for (let time = 0; time < 50; time += 1)
    expect(await process.credentials.authenticate(shown("wrong-again"))).toBeNull();
  expect(process.seen.statements).toBe(1);
  clock.advance(unknownSecretLimits.keptMs + 1);
  await process.credentials.authenticate(shown("wrong-again"));
  expect(process.seen.statements).toBe(2);
});

test.each(forms)("an unknown $form works as soon as a device has it", async ({ form, shown }) => {
  const process = aProcess();
  const token = `later as ${form}`;
  expect(await process.credentials.authenticate(shown(token))).toBeNull();
  const id = await aDevice(process, token);
  expect((await process.credentials.authenticate(shown(token)))?.device.id).toBe(id);
});

test("a token that was refused while its credential was not committed yet works after the commit", async () => {
  const process = aProcess();
  const inserted = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const adding = process.database.transaction(async (connection) => {
    const device = { name: "uncommitted", label: "", profileId: "logger" };
    const { id } = await process.devices.createDevice(connection, device);
    await process.devices.issueAccessToken(connection, id, "uncommitted-token");
    inserted.resolve();
    await mayCommit.promise;
  });
  await inserted.promise;
  const early = process.credentials.authenticate(aToken("uncommitted-token"));
  // On the embedded store's one connection the look-up waits for the transaction.
  if (process.database.kind === "postgresql") expect(await early).toBeNull();
  mayCommit.resolve();
  await adding;
  await early;
  const late = await process.credentials.authenticate(aToken("uncommitted-token"));
  expect(late?.device.name).toBe("uncommitted");
});

test("a token that a device provisions for itself works at once though it was refused before", async () => {
  const process = aProcess();
  await process.database.transaction((connection) =>
    process.provisioning.editProfile(connection, "logger", 1, {
      provisioning: { strategy: "allow-create-new", key: "provision-key", secret: "provision-secret" },
    }),
  );
  const token = "self-provisioned-token";
  expect(await process.credentials.authenticate(aToken(token))).toBeNull();
  const answer = await process.database.transaction((connection) =>
    process.provisioning.provision(connection, {
      ...{ deviceName: "self-made", key: "provision-key", secret: "provision-secret", isGateway: false },
      credential: { kind: "access-token", token },
    }),
  );
  expect(answer.status).toBe("SUCCESS");
  expect((await process.credentials.authenticate(aToken(token)))?.device.name).toBe("self-made");
});

test("the token of a disabled device is refused, and works as soon as the device is enabled", async () => {
  const process = aProcess();
  const id = await aDevice(process, "switched-token");
  const name = `device-${made}`;
  const set = (state: "active" | "disabled") =>
    process.database.transaction((connection) => process.devices.updateDevice(connection, name, { state }));
  await set("disabled");
  expect(await process.credentials.authenticate(aToken("switched-token"))).toBeNull();
  await set("active");
  expect((await process.credentials.authenticate(aToken("switched-token")))?.device.id).toBe(id);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { certificates } from "../../../tests/support/certificates.ts";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import {
  createDeviceCredentials,
  createDeviceProvisioning,
  createDevices,
  createGatewayChildren,
  createIdentityCache,
  type Device,
  type DeviceCredentials,
  type DeviceProvisioning,
  type Devices,
  type GatewayChildren,
  generateProvisionKeys,
  type ProfileEdit,
  type ProvisionRequest,
  type ProvisionStrategy,
} from "./index.ts";

const clock = manualClock(1_800_000_000_000);
const secret = "a-key-of-the-installation-for-tests";
let database: Database;
let devices: Devices;
let credentials: DeviceCredentials;
let provisioning: DeviceProvisioning;
let children: GatewayChildren;
let made = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  const base = { database, clock, identities: createIdentityCache({ clock }) };
  devices = createDevices(base);
  credentials = createDeviceCredentials({ ...base, secret });
  provisioning = createDeviceProvisioning({ ...base, secret });
  children = createGatewayChildren(base);
});
afterAll(() => database.close());

const edit = (profileId: string, version: number, change: ProfileEdit) =>
  database.transaction((connection) => provisioning.editProfile(connection, profileId, version, change));

async function aProfile(strategy?: ProvisionStrategy, limits = {}) {
  made += 1;
  const id = `profile-${made}`;
  const names = { nameEn: `Kind ${made}`, nameZh: `类型${made}` };
  await database.transaction((connection) =>
    devices.createProfile(connection, { id, ...names, keys: [], expectedIntervalSeconds: 60, limits }),
  );
  const keys = generateProvisionKeys();
  if (strategy !== undefined) await edit(id, 1, { provisioning: { strategy, ...keys } });
  return { id, ...names, ...keys };
}

async function aDevice(profileId: string, isGateway = false): Promise<Device> {
  made += 1;
  const name = `device-${made}`;
  return database.transaction((connection) =>
    devices.createDevice(connection, { name, label: "", profileId, isGateway }),
  );
}

function provision(
  profile: { readonly key: string; readonly secret: string },
  request: Partial<ProvisionRequest> = {},
) {
  return database.transaction((connection) =>
    provisioning.provision(connection, {
      ...{ deviceName: null, credential: null, isGateway: false },
      ...{ key: profile.key, secret: profile.secret },
      ...request,
    }),
  );
}

const opens = async (token: string) => (await devices.authenticate(token))?.device.name ?? null;

test("a profile is edited from the version that was seen, and its devices know it at once", async () => {
  const { id } = await aProfile();
  const device = await aDevice(id);
  await database.transaction((connection) =>
    devices.issueAccessToken(connection, device.id, "knows-its-profile"),
  );
  expect((await devices.authenticate("knows-its-profile"))?.profile.version).toBe(1);
  const edited = await edit(id, 1, {
    nameZh: "新名称",
    limits: { messages: "20:1" },
    keys: [{ key: "t", type: "number", unit: "Cel", min: null, max: null, decimals: 1 }],
  });
  expect(edited).toMatchObject({ id, version: 2, nameZh: "新名称", limits: { messages: "20:1" } });
  expect((await devices.authenticate("knows-its-profile"))?.profile).toEqual(edited);
  await expect(edit(id, 1, { nameEn: "late" })).rejects.toMatchObject({ code: "conflict" });
  await expect(edit("nobody", 1, {})).rejects.toMatchObject({ code: "not-found" });
  const key = { key: "t", type: "text", unit: null, min: null, max: null, decimals: null } as const;
  await expect(edit(id, 2, { keys: [key, key] })).rejects.toMatchObject({ code: "invalid-input" });
});

test("a strategy is refused without what it works by, and the secret is never told again", async () => {
  const { id, key } = await aProfile("allow-create-new");
  expect((await provisioning.settings()).get(id)).toEqual({
    ...{ strategy: "allow-create-new", key, hasSecret: true, issuerPem: null, commonNamePattern: null },
  });
  const bare = await aProfile();
  const chain = {
    strategy: "x509-chain",
    issuerPem: certificates.authority,
    commonNamePattern: "a(.+)",
  } as const;
  const refused: NonNullable<ProfileEdit["provisioning"]>[] = [
    { strategy: "allow-create-new" },
    { strategy: "check-pre-provisioned", key: "k" },
    { strategy: "allow-create-new", key: "k", secret: "fifteen-letters" },
    { strategy: "x509-chain", issuerPem: certificates.authority },
    { ...chain, issuerPem: certificates.device },
    { ...chain, issuerPem: "no certificate" },
    { ...chain, commonNamePattern: "(" },
    { ...chain, commonNamePattern: "a".repeat(201) },
  ];
  for (const wrong of refused)
    await expect(edit(bare.id, 1, { provisioning: wrong })).rejects.toMatchObject({ code: "invalid-input" });
  await expect(
    edit(bare.id, 1, { provisioning: { strategy: "allow-create-new", key, secret: "sixteen-letters." } }),
  ).rejects.toMatchObject({ code: "conflict" });
  await edit(bare.id, 1, { provisioning: chain });
  await edit(id, 2, { provisioning: { strategy: "disabled", secret: null } });
  expect((await provisioning.settings()).get(id)).toMatchObject({
    strategy: "disabled",
    key,
    hasSecret: false,
  });
});

test("with allow-create-new a device comes in once under its name, or under a name that is made", async () => {
  const profile = await aProfile("allow-create-new");
  const answer = await provision(profile, { deviceName: "new-one", isGateway: true });
  if (answer.status !== "SUCCESS" || answer.credential.kind !== "access-token")
    throw new Error(answer.status);
  expect(answer.device).toMatchObject({ name: "new-one", profileId: profile.id, isGateway: true });
  expect(await opens(answer.credential.token)).toBe("new-one");
  expect(await provision(profile, { deviceName: "new-one" })).toMatchObject({ status: "FAILURE" });
  const unnamed = await provision(profile);
  const another = await provision(profile);
  if (unnamed.status !== "SUCCESS" || another.status !== "SUCCESS") throw new Error("refused");
  expect(unnamed.device.name).not.toBe(another.device.name);
});

test("a wrong key, a wrong secret and a strategy that provisions nobody are all the same answer", async () => {
  const profile = await aProfile("allow-create-new");
  const off = await aProfile("disabled");
  expect(await provision({ ...profile, secret: `${profile.secret}x` })).toEqual({ status: "NOT_FOUND" });
  expect(await provision({ ...profile, key: "nobody's\0key" })).toEqual({ status: "NOT_FOUND" });
  expect(await provision({ ...profile, secret: "" })).toEqual({ status: "NOT_FOUND" });
  expect(await provision(off)).toEqual({ status: "NOT_FOUND" });
});

test("with check-pre-provisioned only an entered device comes in, once", async () => {
  const profile = await aProfile("check-pre-provisioned");
  const elsewhere = await aDevice((await aProfile()).id);
  const device = await aDevice(profile.id);
  const off = await aDevice(profile.id);
  await database.transaction((connection) =>
    devices.updateDevice(connection, off.name, { state: "disabled" }),
  );
  for (const deviceName of ["never entered", elsewhere.name, off.name, null])
    expect(await provision(profile, { deviceName })).toEqual({ status: "NOT_FOUND" });
  const [first, second] = await Promise.all([
    provision(profile, { deviceName: device.name }),
    provision(profile, { deviceName: device.name }),
  ]);
  expect([first.status, second.status].toSorted()).toEqual(["FAILURE", "SUCCESS"]);
});

test("supplied credentials of every kind are the ones that open", async () => {
  const profile = await aProfile("allow-create-new");
  await provision(profile, {
    deviceName: "with-token",
    credential: { kind: "access-token", token: "own-token-1" },
  });
  await provision(profile, {
    deviceName: "with-basic",
    credential: { kind: "basic", clientId: "c-9", userName: "u-9", password: "p-9" },
  });
  const byCertificate = await provision(profile, {
    deviceName: "with-certificate",
    credential: { kind: "x509", pem: certificates.selfSigned },
  });
  expect(await opens("own-token-1")).toBe("with-token");
  const shown = { kind: "connect", clientId: "c-9", userName: "u-9", password: "p-9" } as const;
  expect((await credentials.authenticate(shown))?.device.name).toBe("with-basic");
  expect(byCertificate).toMatchObject({ status: "SUCCESS", credential: { kind: "x509" } });
});

test("a refusal leaves nothing behind", async () => {
  const profile = await aProfile("allow-create-new");
  const entered = await aProfile("check-pre-provisioned");
  const waiting = await aDevice(entered.id);
  const taken = { kind: "access-token", token: "taken-by-another" } as const;
  await provision(profile, { deviceName: "has-it", credential: taken });
  for (const credential of [taken, { kind: "access-token", token: "short" } as const]) {
    expect(await provision(profile, { deviceName: "ghost", credential })).toMatchObject({
      status: "FAILURE",
    });
    expect(await devices.findDevice("ghost")).toBeNull();
    expect(await provision(entered, { deviceName: waiting.name, credential })).toMatchObject({
      status: "FAILURE",
    });
  }
  expect(await provision(profile, { deviceName: "nul\0" })).toMatchObject({ status: "FAILURE" });
  expect(await provision(entered, { deviceName: waiting.name })).toMatchObject({ status: "SUCCESS" });
});

test("a claim needs the secret and an open window, closes it, and never says which was wrong", async () => {
  const device = await aDevice((await aProfile()).id);
  const open = (durationMs: number | null, of = "on-the-label") =>
    database.transaction((connection) =>
      provisioning.openClaim(connection, device.id, { secret: of, durationMs }),
    );
  const claim = (given: string, deviceName = device.name) =>
    database.transaction((connection) =>
      provisioning.claim(connection, { deviceName, secret: given, by: "Lin" }),
    );
  const refused = { code: "not-found" };
  await expect(claim("on-the-label")).rejects.toMatchObject(refused);
  await open(60_000);
  await expect(claim("another")).rejects.toMatchObject(refused);
  await expect(claim("on-the-label", "nobody")).rejects.toMatchObject(refused);
  expect((await claim("on-the-label")).id).toBe(device.id);
  await expect(claim("on-the-label")).rejects.toMatchObject(refused);
  await open(60_000);
  clock.advance(60_000);
  await expect(claim("on-the-label")).rejects.toMatchObject(refused);
  await open(365 * 24 * 60 * 60_000, "");
  clock.advance(24 * 60 * 60_000 - 1);
  expect((await claim("")).id).toBe(device.id);
  await open(365 * 24 * 60 * 60_000);
  clock.advance(24 * 60 * 60_000);
  await expect(claim("on-the-label")).rejects.toMatchObject(refused);
  await expect(open(0)).rejects.toMatchObject({ code: "invalid-input" });
});

const openChild = (gateway: Device, name: string, profileName: string | null = null) =>
  database.transaction((connection) => children.openChild(connection, gateway, { name, profileName }));

test("a child is made on first sight with the profile that its gateway names in any of its words", async () => {
  const profile = await aProfile();
  const gateway = await aDevice(profile.id, true);
  const named = [profile.id, profile.nameEn, profile.nameZh, "unknown", null];
  for (const [index, profileName] of named.entries()) await openChild(gateway, `child-${index}`, profileName);
  const again = await openChild(gateway, "child-0", "unknown");
  expect(again).toMatchObject({ name: "child-0", profileId: profile.id, gatewayId: gateway.id });
  expect((await children.childrenOf(gateway.id)).map((child) => child.profileId)).toEqual([
    ...[profile.id, profile.id, profile.id, "default", "default"],
  ]);
  expect((await devices.listProfiles()).find((one) => one.id === "default")).toMatchObject({
    ...{ nameEn: "Default", nameZh: "默认", keys: [], expectedIntervalSeconds: 60 },
  });
});

test("a child that gets credentials of its own is spoken for by its gateway no longer", async () => {
  const profile = await aProfile();
  const gateway = await aDevice(profile.id, true);
  const child = await openChild(gateway, `own-${gateway.id}`, profile.id);
  expect((await devices.identityOf(child.id))?.device.gatewayId).toBe(gateway.id);
  await database.transaction((connection) =>
    credentials.issue(connection, child.id, { kind: "access-token" }),
  );
  expect((await devices.identityOf(child.id))?.device.gatewayId).toBeNull();
  await expect(openChild(gateway, child.name)).rejects.toMatchObject({ code: "not-allowed" });
});

test("a gateway makes as many children as its profile allows, however many sessions ask", async () => {
  const profile = await aProfile(undefined, { devicesPerGatewayMax: 2 });
  const gateway = await aDevice(profile.id, true);
  const results = await Promise.allSettled(
    Array.from({ length: 5 }, (_, index) => openChild(gateway, `quota-${index}`)),
  );
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(2);
  for (const result of results)
    if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "limit-reached" });
  const [first] = await children.childrenOf(gateway.id);
  expect(await openChild(gateway, first?.name ?? "")).toEqual(first);
});

test("a gateway speaks only for devices that cannot speak for themselves", async () => {
  const profile = await aProfile();
  const [gateway, next] = [await aDevice(profile.id, true), await aDevice(profile.id, true)];
  const [own, entered, off] = [
    await aDevice(profile.id),
    await aDevice(profile.id),
    await aDevice(profile.id),
  ];
  await database.transaction(async (connection) => {
    await devices.issueAccessToken(connection, own.id, "speaks-for-itself");
    await devices.updateDevice(connection, off.name, { state: "disabled" });
  });
  await expect(openChild(gateway, own.name)).rejects.toMatchObject({ code: "not-allowed" });
  await expect(openChild(gateway, gateway.name)).rejects.toMatchObject({ code: "not-allowed" });
  await expect(openChild(gateway, off.name)).rejects.toMatchObject({ code: "not-allowed" });
  await expect(openChild(gateway, " ")).rejects.toMatchObject({ code: "invalid-input" });
  expect(await openChild(gateway, entered.name)).toMatchObject({ id: entered.id, gatewayId: gateway.id });
  expect((await devices.identityOf(entered.id))?.device.gatewayId).toBe(gateway.id);
  await openChild(next, entered.name);
  expect((await devices.identityOf(entered.id))?.device.gatewayId).toBe(next.id);
});

test("a child that comes behind another gateway says so in its history, and says it once", async () => {
  const profile = await aProfile();
  const [gateway, next] = [await aDevice(profile.id, true), await aDevice(profile.id, true)];
  const entered = await aDevice(profile.id);
  for (const each of [gateway, gateway, next, next]) {
    clock.advance(1);
    await openChild(each, entered.name);
  }
  const history = await devices.connectionHistory(entered.id, 10);
  expect(history.map(({ kind, gatewayName, gatewayBefore }) => [kind, gatewayName, gatewayBefore])).toEqual([
    ["moved", next.name, gateway.name],
    ["moved", gateway.name, null],
  ]);
  const made = await openChild(gateway, `made-${gateway.id}`);
  expect(await devices.connectionHistory(made.id, 10)).toEqual([]);
});

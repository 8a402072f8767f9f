import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { certificates } from "../../../tests/support/certificates.ts";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { matchCommonName } from "./certificate-chain.ts";
import {
  createDeviceCredentials,
  createDeviceProvisioning,
  createDevices,
  createIdentityCache,
  type DeviceCredentials,
  type DeviceProvisioning,
  type Devices,
  type NewCredential,
} from "./index.ts";

const clock = manualClock(1_800_000_000_000);
const secret = "a-key-of-the-installation-for-tests";
let database: Database;
let devices: Devices;
let credentials: DeviceCredentials;
let provisioning: DeviceProvisioning;
let made = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  const base = { database, clock, identities: createIdentityCache({ clock }) };
  devices = createDevices(base);
  credentials = createDeviceCredentials({ ...base, secret });
  provisioning = createDeviceProvisioning({ ...base, secret });
  await database.transaction(async (connection) => {
    for (const id of ["logger", "probe"])
      await devices.createProfile(connection, {
        ...{ id, nameEn: id, nameZh: id, keys: [], expectedIntervalSeconds: 60 },
      });
    await provisioning.editProfile(connection, "probe", 1, {
      provisioning: {
        strategy: "x509-chain",
        issuerPem: certificates.authority,
        commonNamePattern: "device-([^.]+)\\.shop\\.example",
      },
    });
  });
});
afterAll(() => database.close());

async function aDevice() {
  made += 1;
  const name = `device-${made}`;
  return database.transaction((connection) =>
    devices.createDevice(connection, { name, label: "", profileId: "logger" }),
  );
}

const issue = (deviceId: number, credential: NewCredential) =>
  database.transaction((connection) => credentials.issue(connection, deviceId, credential));

/** The id of the device that a CONNECT opens, or null. */
async function connects(clientId: string | null, userName: string | null, password: string | null) {
  const identity = await credentials.authenticate({ kind: "connect", clientId, userName, password });
  return identity?.device.id ?? null;
}

async function shows(pem: string, commonName: string | null = null) {
  const der = new X509Certificate(pem).raw;
  return (await credentials.authenticate({ kind: "certificate", der, commonName }))?.device ?? null;
}

test("an access token is a user name without a password, whatever the client id", async () => {
  const device = await aDevice();
  await issue(device.id, { kind: "access-token", token: "TOKEN-ONE-1" });
  expect(await connects("any client", "TOKEN-ONE-1", null)).toBe(device.id);
  expect(await connects("", "TOKEN-ONE-1", "")).toBe(device.id);
  expect(await connects(null, "TOKEN-ONE-1", "something")).toBeNull();
  expect((await devices.authenticate("TOKEN-ONE-1"))?.device.id).toBe(device.id);
  expect((await credentials.authenticate({ kind: "access-token", token: "TOKEN-ONE-1" }))?.device.id).toBe(
    device.id,
  );
});

test("of basic credentials every text that they name must be equal, and no other is looked at", async () => {
  const [all, pair, client] = [await aDevice(), await aDevice(), await aDevice()];
  await issue(all.id, { kind: "basic", clientId: "c-all", userName: "u-all", password: "p-all" });
  await issue(pair.id, { kind: "basic", userName: "u-pair", password: "p-pair" });
  await issue(client.id, { kind: "basic", clientId: "client-only", password: null });
  expect(await connects("c-all", "u-all", "p-all")).toBe(all.id);
  expect(await connects("other", "u-all", "p-all")).toBeNull();
  expect(await connects("c-all", "u-all", null)).toBeNull();
  expect(await connects("c-all", null, "p-all")).toBeNull();
  expect(await connects("whichever", "u-pair", "p-pair")).toBe(pair.id);
  expect(await connects(null, "u-pair", "P-PAIR")).toBeNull();
  expect(await connects(null, "u-pair", null)).toBeNull();
  expect(await connects("client-only", null, null)).toBe(client.id);
  expect(await connects("client-only", "unknown", "unknown")).toBe(client.id);
  expect(await connects(null, null, "p-pair")).toBeNull();
  expect(await connects(null, null, null)).toBeNull();
});

test("where several would do, the token wins, then the one that asks for more", async () => {
  const [token, narrow, wide] = [await aDevice(), await aDevice(), await aDevice()];
  await issue(wide.id, { kind: "basic", userName: "shared-name", password: null });
  expect(await connects("c-1", "shared-name", null)).toBe(wide.id);
  await issue(narrow.id, { kind: "basic", clientId: "c-1", userName: "shared-name", password: null });
  expect(await connects("c-2", "shared-name", null)).toBe(wide.id);
  devices.forget(wide.id);
  expect(await connects("c-1", "shared-name", null)).toBe(narrow.id);
  devices.forget(narrow.id);
  await issue(token.id, { kind: "access-token", token: "shared-name" });
  expect(await connects("c-1", "shared-name", null)).toBe(token.id);
});

test("texts that only look alike when joined are different credentials", async () => {
  const [left, right] = [await aDevice(), await aDevice()];
  await issue(left.id, { kind: "basic", clientId: 'ab","c', userName: "d", password: "pass" });
  await issue(right.id, { kind: "basic", clientId: "ab", userName: 'c","d', password: "pass" });
  expect(await connects('ab","c', "d", "pass")).toBe(left.id);
  expect(await connects("ab", 'c","d', "pass")).toBe(right.id);
});

test("what is absent is generated and shown once; the store and the list hold only a hint", async () => {
  const device = await aDevice();
  const basic = await issue(device.id, { kind: "basic" });
  const token = await issue(device.id, { kind: "access-token" });
  if (basic.kind !== "basic" || token.kind !== "access-token") throw new Error("another kind came back");
  expect(basic).toMatchObject({ clientId: null, hint: basic.userName });
  expect(await connects("x", basic.userName, basic.password)).toBe(device.id);
  expect(await credentials.list(device.id)).toMatchObject([
    { id: basic.id, kind: "basic", hint: basic.userName, revokedAt: null },
    { id: token.id, kind: "access-token", hint: `…${token.token.slice(-4)}` },
  ]);
  const stored = JSON.stringify(
    await tablesOf<{ deviceCredential: Record<string, unknown> }>(database)
      .selectFrom("deviceCredential")
      .selectAll()
      .execute(),
  );
  expect(stored).not.toContain(token.token);
  expect(stored).not.toContain(String(basic.password));
});

test("basic credentials of another installation's key do not open", async () => {
  const device = await aDevice();
  await issue(device.id, { kind: "basic", userName: "keyed-user", password: "keyed-pass" });
  const elsewhere = createDeviceCredentials({
    ...{ database, clock, identities: createIdentityCache({ clock }), secret: "another-key" },
  });
  const shown = { kind: "connect", clientId: null, userName: "keyed-user", password: "keyed-pass" } as const;
  expect(await elsewhere.authenticate(shown)).toBeNull();
  expect((await credentials.authenticate(shown))?.device.id).toBe(device.id);
});

test("credentials that are in use, too short or unreadable are refused with their reason", async () => {
  const device = await aDevice();
  const twice: NewCredential = { kind: "basic", userName: "taken", password: "taken" };
  await issue(device.id, twice);
  await expect(issue(device.id, twice)).rejects.toMatchObject({ code: "conflict" });
  const bad: NewCredential[] = [
    { kind: "access-token", token: "short" },
    { kind: "access-token", token: "with\u0000nul-in-it" },
    { kind: "basic", userName: "short", password: null },
    { kind: "basic", userName: "u\ud800-half-a-character", password: "p" },
    { kind: "basic", clientId: "c".repeat(256), password: "p" },
    { kind: "x509", pem: "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----" },
  ];
  for (const credential of bad)
    await expect(issue(device.id, credential)).rejects.toMatchObject({ code: "invalid-input" });
});

test("a revoked credential is refused at once, through every cache, and the others go on", async () => {
  const device = await aDevice();
  const token = await issue(device.id, { kind: "access-token", token: "to-be-revoked" });
  await issue(device.id, { kind: "access-token", token: "to-be-kept" });
  expect(await connects(null, "to-be-revoked", null)).toBe(device.id);
  expect(await devices.authenticate("to-be-revoked")).not.toBeNull();
  const revoked = await database.transaction((connection) => credentials.revoke(connection, token.id));
  expect(revoked.revokedAt).toBe(clock.now());
  expect(await connects(null, "to-be-revoked", null)).toBeNull();
  expect(await devices.authenticate("to-be-revoked")).toBeNull();
  expect(await connects(null, "to-be-kept", null)).toBe(device.id);
  expect(await credentials.find(token.id)).toMatchObject({ revokedAt: clock.now() });
  await expect(
    database.transaction((connection) => credentials.revoke(connection, 999_999)),
  ).rejects.toMatchObject({ code: "not-found" });
});

test("what was read while a change was being committed is not believed", async () => {
  const device = await aDevice();
  await issue(device.id, { kind: "access-token", token: "read-meanwhile" });
  clock.advance(60_000);
  await database.transaction(async (connection) => {
    await devices.updateDevice(connection, device.name, { state: "disabled" });
  });
  expect(await devices.authenticate("read-meanwhile")).toBeNull();
  await database.transaction((connection) =>
    devices.updateDevice(connection, device.name, { state: "active" }),
  );
  // As a read would that came between the change and its commit.
  expect(await devices.authenticate("read-meanwhile")).not.toBeNull();
  await tablesOf<{ device: { id: number; state: string } }>(database)
    .updateTable("device")
    .set({ state: "disabled" })
    .where("id", "=", device.id)
    .execute();
  expect(await devices.authenticate("read-meanwhile")).toBeNull();
});

test("an entered certificate opens within its validity only, and needs no issuer", async () => {
  const device = await aDevice();
  const body = certificates.selfSigned.replace(/-----[^-]+-----/gu, "");
  const issued = await issue(device.id, { kind: "x509", pem: body });
  expect(issued).toMatchObject({
    fingerprint: new X509Certificate(certificates.selfSigned).fingerprint256
      .replaceAll(":", "")
      .toLowerCase(),
  });
  expect((await shows(certificates.selfSigned))?.id).toBe(device.id);
  const now = clock.now();
  clock.set(new X509Certificate(certificates.selfSigned).validToDate.getTime() + 1);
  expect(await shows(certificates.selfSigned)).toBeNull();
  clock.set(now);
  expect((await shows(certificates.selfSigned))?.id).toBe(device.id);
  expect(
    await credentials.authenticate({ kind: "certificate", der: Buffer.from("no"), commonName: null }),
  ).toBeNull();
});

test("a certificate that the issuer vouches for makes its device once, however many sessions show it at once", async () => {
  const shown = await Promise.all(Array.from({ length: 5 }, () => shows(certificates.device)));
  expect(new Set(shown.map((device) => device?.id)).size).toBe(1);
  expect(shown[0]).toMatchObject({ name: "probe-1", profileId: "probe" });
  expect(await credentials.list(shown[0]?.id ?? 0)).toHaveLength(1);
});

test("a renewed certificate of the same name belongs to the same device", async () => {
  const before = await shows(certificates.device);
  expect((await shows(certificates.renewedDevice))?.id).toBe(before?.id);
});

test("nobody comes in by another issuer, another name, a name that only the socket tells, or after being revoked", async () => {
  expect(await shows(certificates.imposter)).toBeNull();
  expect(await shows(certificates.otherName)).toBeNull();
  expect(await shows(certificates.otherName, "device-probe-9.shop.example")).toBeNull();
  expect(await shows(certificates.authority)).toBeNull();
  expect(await devices.findDevice("probe-2")).toBeNull();
  const device = await shows(certificates.renewedDevice);
  const listed = await credentials.list(device?.id ?? 0);
  const last = listed.at(-1);
  await database.transaction((connection) => credentials.revoke(connection, last?.id ?? 0));
  expect(await shows(certificates.renewedDevice)).toBeNull();
  expect((await shows(certificates.device))?.id).toBe(device?.id);
});

test("a pattern that would never end is stopped, and one speaks of the whole name", () => {
  expect(matchCommonName(`${"a".repeat(60)}!`, "(a+)+")).toBeNull();
  expect(matchCommonName("xx-probe-1-yy", "probe-(\\d)")).toBeNull();
  expect(matchCommonName("probe-1", "probe-\\d")).toBe("probe-1");
  expect(matchCommonName("probe-1", "probe-(\\d)")).toBe("1");
});

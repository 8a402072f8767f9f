import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, managedStartAt, openManagedShop } from "../../../tests/support/managed-shop.ts";
import { makeSignedRelease } from "../../../tests/support/signed-release.ts";
import { checksumOf, type Release, type Rollout } from "../devices/index.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import { devicesPerStepMax } from "./rollout-plan.ts";
import { advanceOne } from "./rollout-step.ts";

let shop: ManagedShop;
let kinds = 0;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

async function aProfile(): Promise<string> {
  kinds += 1;
  const id = `kind-${kinds}`;
  await shop.database.transaction((connection) =>
    shop.devices.createProfile(connection, {
      ...{ id, nameEn: id, nameZh: id, keys: [], expectedIntervalSeconds: 60 },
    }),
  );
  return id;
}

async function publish(profileId: string): Promise<Release> {
  const { title, version, bytes, publicPem, signature } = makeSignedRelease("firmware", 100);
  return shop.database.transaction(async (connection) => {
    const { id: keyId } = await shop.deviceReleases.addKey(connection, { name: title, publicPem });
    const checksum = checksumOf(bytes, "SHA256").toUpperCase();
    const made = { kind: "firmware", title, version, tag: "", profileId, fileName: "f.bin" } as const;
    return shop.deviceReleases.upload(
      connection,
      { ...made, checksumAlgorithm: "SHA256", checksum, signature, keyId, createdBy: "Ada" },
      bytes,
    );
  });
}

interface OneDevice {
  readonly id: number;
  readonly token: string;
}

async function aDevice(profileId: string): Promise<OneDevice> {
  const name = `${profileId}-${Math.random()}`;
  const token = await shop.addDevice(name, { profileId });
  return { id: (await shop.devices.findDevice(name))?.id ?? 0, token };
}

let moment = managedStartAt;
/** As one message; resolves when it is on disk. */
async function report(device: OneDevice, values: Record<string, unknown>): Promise<void> {
  moment += 1;
  expect((await shop.send(device.token, { ts: moment, values })).status).toBe(200);
}
const runs = ({ title, version }: Release) => ({ current_fw_title: title, current_fw_version: version });

async function start(release: Release, change: Partial<Rollout> = {}): Promise<Rollout> {
  const rings = change.rings ?? [{ share: 1 }];
  const plan = { releaseId: release.id, rings, failureShareMax: 1, failuresMin: 1, soakMinutes: 0 };
  return shop.rollouts.start({ ...plan, ...change }, "Ada", () => Promise.resolve());
}

const partOf = async ({ id }: Rollout, device: OneDevice) =>
  (await shop.deviceRollouts.devicesOf(id)).find(({ deviceId }) => deviceId === device.id);
const offered = async ({ id }: OneDevice): Promise<unknown> =>
  (await shop.deviceAttributes.read(id, { client: "none", shared: "all" })).shared["fw_version"];

test("a report that comes while the rollout withdraws its offer is not overwritten", async () => {
  const profileId = await aProfile();
  const release = await publish(profileId);
  const device = await aDevice(profileId);
  const rollout = await start(release);
  await shop.rollouts.advance();
  await shop.database.transaction((connection) =>
    shop.rollouts.command(connection, { rolloutId: rollout.id, word: "stop", by: "Ada" }),
  );
  // The report commits between what the step reads and what it writes.
  const racing = {
    ...shop.deviceRollouts,
    devicesOf: async (id: string, connection?: Connection) => {
      const parts = await shop.deviceRollouts.devicesOf(id, connection);
      if (connection !== undefined)
        await shop.deviceRollouts.moveDevices(connection, id, [device.id], {
          ...{ from: ["offered"], state: "downloading" },
        });
      return parts;
    },
  };
  const done = await shop.database.transaction((connection) =>
    advanceOne({ ...shop, deviceRollouts: racing }, connection, rollout.id),
  );
  expect(done.pushes).toEqual([]);
  expect(await partOf(rollout, device)).toMatchObject({
    state: "downloading",
    assignedReleaseId: release.id,
  });
});

test("a device that fails and says in the same message what it runs is offered that, not the failed one again", async () => {
  const profileId = await aProfile();
  const [old, fresh] = [await publish(profileId), await publish(profileId)];
  const device = await aDevice(profileId);
  await report(device, runs(old));
  const rollout = await start(fresh);
  await shop.rollouts.advance();
  expect(await offered(device)).toBe(fresh.version);
  await report(device, { ...runs(old), fw_state: "FAILED", fw_error: "x".repeat(2_000) });
  await shop.rollouts.advance();
  const part = await partOf(rollout, device);
  expect(part).toMatchObject({ state: "rolled-back", assignedReleaseId: old.id, previousReleaseId: old.id });
  expect(part?.error).toHaveLength(500);
  expect((await shop.deviceRollouts.open()).map(({ id }) => id)).not.toContain(rollout.id);
});

test("without a known release before, a failed device is offered nothing any more", async () => {
  const profileId = await aProfile();
  const device = await aDevice(profileId);
  const rollout = await start(await publish(profileId));
  await shop.rollouts.advance();
  await report(device, { fw_state: "FAILED" });
  await shop.rollouts.advance();
  expect(await partOf(rollout, device)).toMatchObject({
    ...{ state: "failed", error: "the device gave no reason", assignedReleaseId: null },
  });
  expect((await shop.deviceAttributes.read(device.id, { client: "none", shared: "all" })).shared).toEqual({});
});

test("what failed on a device that waits for the next release is no longer what it would go back to", async () => {
  const profileId = await aProfile();
  const [first, second, third] = [
    await publish(profileId),
    await publish(profileId),
    await publish(profileId),
  ];
  const [early, late] = [await aDevice(profileId), await aDevice(profileId)];
  for (const device of [early, late]) await report(device, runs(first));
  await start(second);
  await shop.rollouts.advance();
  for (const device of [early, late]) await report(device, { ...runs(second), fw_state: "UPDATED" });
  await shop.rollouts.advance();
  const next = await start(third, { rings: [{ share: 0.5 }, { share: 1 }] });
  const waits = (await shop.deviceRollouts.devicesOf(next.id)).find(({ ring }) => ring === 1);
  const device = [early, late].find(({ id }) => id === waits?.deviceId) ?? early;
  expect(waits?.previousReleaseId).toBe(second.id);
  await report(device, { fw_state: "FAILED", fw_error: "reboots" });
  await shop.rollouts.advance();
  expect(await partOf(next, device)).toMatchObject({ state: "waiting", previousReleaseId: first.id });
  expect(await offered(device)).toBe(first.version);
});

test("an older rollout has no say in a device that a newer one has reached", async () => {
  const profileId = await aProfile();
  const release = await publish(profileId);
  const device = await aDevice(profileId);
  const older = await start(release);
  await shop.rollouts.advance();
  await report(device, { fw_state: "FAILED" });
  await shop.rollouts.advance();
  await shop.rollouts.advance();
  shop.clock.advance(1);
  const newer = await start(release);
  await shop.rollouts.advance();
  await shop.rollouts.advance();
  expect(await partOf(newer, device)).toMatchObject({ state: "offered", assignedReleaseId: release.id });
  expect(await partOf(older, device)).toMatchObject({ state: "failed", isSuperseded: true });
});

test("two rollouts for the same devices that start at once: one of them is refused", async () => {
  const profileId = await aProfile();
  const release = await publish(profileId);
  await aDevice(profileId);
  const both = await Promise.allSettled([start(release), start(release)]);
  const refused = both.filter((one) => one.status === "rejected").map(({ reason }) => reason.code);
  expect(refused).toEqual(["conflict"]);
});

test("a ring larger than a step is wholly offered at once, step by step", async () => {
  const profileId = await aProfile();
  const count = devicesPerStepMax * 2 + 10;
  await sql`
    insert into device (name, label, profile_id, created_at)
    select 'many-' || number, '', ${profileId}, 0 from generate_series(1, ${count}::int4) as number`.execute(
    tablesOf(shop.database),
  );
  const rollout = await start(await publish(profileId));
  await shop.rollouts.advance();
  const parts = await shop.deviceRollouts.devicesOf(rollout.id);
  expect([parts.length, new Set(parts.map(({ state }) => state))]).toEqual([count, new Set(["offered"])]);
  const sent = parts.map(({ deviceId }) => ({ deviceId, releaseId: rollout.releaseId, bytes: deviceId }));
  await shop.deviceRollouts.noteBytesSent(sent);
  await shop.deviceRollouts.noteBytesSent(sent.map((one) => ({ ...one, bytes: 1 })));
  const noted = await shop.deviceRollouts.devicesOf(rollout.id);
  expect(noted.every(({ deviceId, bytesSent }) => bytesSent === deviceId)).toBe(true);
});

test("a package is read across its parts, only as far as it goes, and only by whom it is assigned to", async () => {
  const profileId = await aProfile();
  const { title, version, bytes, publicPem, signature } = makeSignedRelease("software", 600_001);
  const release = await shop.database.transaction(async (connection) => {
    const { id: keyId } = await shop.deviceReleases.addKey(connection, { name: title, publicPem });
    return shop.deviceReleases.upload(
      connection,
      {
        ...{ kind: "software", title, version, tag: "", profileId, fileName: "s.bin", signature, keyId },
        ...{ checksumAlgorithm: "MURMUR3_128", checksum: checksumOf(bytes, "MURMUR3_128"), createdBy: "Ada" },
      },
      bytes,
    );
  });
  const read = async (from: number, to: number) =>
    (await shop.deviceReleases.read(release.id, from, to)).equals(bytes.subarray(from, to));
  expect(await Promise.all([read(0, 600_001), read(262_143, 262_145), read(600_000, 700_000)])).toEqual([
    true,
    true,
    true,
  ]);
  const device = await aDevice(profileId);
  expect(await shop.deviceReleases.assigned(device.id, "software")).toBeNull();
  await shop.database.transaction((connection) =>
    shop.deviceReleases.assign(connection, [device.id], "software", release.id),
  );
  expect(await shop.deviceReleases.assigned(device.id, "software")).toMatchObject({ id: release.id });
  expect(await shop.deviceReleases.assigned(device.id, "firmware")).toBeNull();
});

test("the checksum is kept in lower case, as devices compute it", async () => {
  expect((await publish(await aProfile())).checksum).toMatch(/^[\da-f]{64}$/);
});

test("what a gateway speaks for is offered nothing, unless it has credentials of its own", async () => {
  const profileId = await aProfile();
  const direct = await aDevice(profileId);
  await shop.addDevice(`gate-of-${profileId}`, { isGateway: true });
  const gateway = await shop.devices.findDevice(`gate-of-${profileId}`);
  if (gateway === null) throw new Error("It was made just now.");
  const [child, both] = await shop.database.transaction(async (connection) => {
    const open = (name: string) =>
      shop.gatewayChildren.openChild(connection, gateway, { name, profileName: profileId });
    return [await open(`child-of-${profileId}`), await open(`both-of-${profileId}`)] as const;
  });
  const issued = await shop.database.transaction((connection) =>
    shop.devices.issueAccessToken(connection, both.id),
  );
  const release = await publish(profileId);
  const rollout = await start(release);
  const reached = (await shop.deviceRollouts.devicesOf(rollout.id)).map(({ deviceId }) => deviceId);
  expect(reached.toSorted((left, right) => left - right)).toEqual([direct.id, both.id]);
  expect([issued.token.length > 0, reached.includes(child.id)]).toEqual([true, false]);
});

test("a rollout to nothing but children of gateways is refused with the reason", async () => {
  const profileId = await aProfile();
  await shop.addDevice(`only-gate-of-${profileId}`, { isGateway: true });
  const gateway = await shop.devices.findDevice(`only-gate-of-${profileId}`);
  if (gateway === null) throw new Error("It was made just now.");
  await shop.database.transaction((connection) =>
    shop.gatewayChildren.openChild(connection, gateway, { name: `c-${profileId}`, profileName: profileId }),
  );
  await expect(start(await publish(profileId))).rejects.toMatchObject({
    code: "state-forbids",
    sentence: { en: expect.stringContaining("gateway") },
  });
});

test("a release counts apart which devices should run it and which said that they do", async () => {
  const profileId = await aProfile();
  const release = await publish(profileId);
  const [early] = [await aDevice(profileId), await aDevice(profileId)];
  const shown = async () => {
    const { items } = (await shop.ask("owner", "GET", "/api/releases")).body;
    const { assignedCount, confirmedCount } = items.find((one: { id: string }) => one.id === release.id);
    return [assignedCount, confirmedCount];
  };
  expect(await shown()).toEqual([0, 0]);
  await start(release);
  await shop.rollouts.advance();
  expect(await shown()).toEqual([2, 0]);
  await report(early, { ...runs(release), fw_state: "UPDATED" });
  expect(await shown()).toEqual([2, 1]);
});

const alarmOf = async ({ id }: Rollout) =>
  (await shop.telemetry.alarms({ subjectKind: "rollout", subjectId: id, limit: 5 })).map(
    ({ endedAt }) => endedAt !== null,
  );

async function stopped(profileId: string, device: OneDevice): Promise<Rollout> {
  const release = await publish(profileId);
  const rollout = await start(release, { failureShareMax: 0 });
  await shop.rollouts.advance();
  await report(device, { fw_state: "FAILED", fw_error: "no room" });
  await shop.rollouts.advance();
  expect(await shop.deviceRollouts.find(rollout.id)).toMatchObject({ state: "stopped" });
  return rollout;
}

test("the alarm of a rollout that was stopped ends when a later one for the same devices has finished", async () => {
  const [profileId, otherProfileId] = [await aProfile(), await aProfile()];
  const [device, other] = [await aDevice(profileId), await aDevice(otherProfileId)];
  const [rollout, elsewhere] = [await stopped(profileId, device), await stopped(otherProfileId, other)];
  expect(await alarmOf(rollout)).toEqual([false]);
  const mended = await publish(profileId);
  shop.clock.advance(1);
  const later = await start(mended);
  await shop.rollouts.advance();
  expect(await alarmOf(rollout)).toEqual([false]);
  await report(device, { fw_state: "UPDATED", ...runs(mended) });
  await shop.rollouts.advance();
  expect(await shop.deviceRollouts.find(later.id)).toMatchObject({ state: "finished" });
  expect([await alarmOf(rollout), await alarmOf(elsewhere)]).toEqual([[true], [false]]);
});

test("the alarm of a rollout that was stopped ends when a person sends its devices back", async () => {
  const profileId = await aProfile();
  const rollout = await stopped(profileId, await aDevice(profileId));
  await shop.database.transaction((connection) =>
    shop.rollouts.command(connection, { rolloutId: rollout.id, word: "roll-back", by: "Ada" }),
  );
  expect(await alarmOf(rollout)).toEqual([true]);
});

import { expect, test } from "vitest";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { manualClock } from "../platform/clock.ts";
import type { DeviceIdentity } from "./device.ts";
import { createIdentityCache } from "./identity-cache.ts";

const startAt = 1_800_000_000_000;
const device = {
  id: 7,
  name: "a",
  label: "",
  profileId: "logger",
  state: "active",
  isGateway: false,
} as const;
const identity: DeviceIdentity = {
  device: { ...device, gatewayId: null, firmwareReleaseId: null, softwareReleaseId: null },
  profile: wholeProfile({ id: "logger", nameEn: "", nameZh: "", keys: [], expectedIntervalSeconds: 60 }),
};

function aCache() {
  const clock = manualClock(startAt);
  const cache = createIdentityCache({ clock });
  let stored: DeviceIdentity | null = identity;
  let loads = 0;
  const load = async () => {
    loads += 1;
    return stored;
  };
  return {
    ...{ clock, cache },
    find: () => cache.find("token:x", load),
    revoke: () => {
      cache.forget(identity.device.id);
      stored = null;
    },
    get loads() {
      return loads;
    },
  };
}

test("who was found is believed for a while, and asked for again after it", async () => {
  const known = aCache();
  await known.find();
  known.clock.advance(30_000);
  expect(await known.find()).toBe(identity);
  expect(known.loads).toBe(1);
  known.clock.advance(1);
  await known.find();
  expect(known.loads).toBe(2);
});

test("a forgotten device is asked for at once", async () => {
  const known = aCache();
  await known.find();
  known.revoke();
  expect(await known.find()).toBeNull();
});

test("what was revoked stays out though the clock was set back before it was", async () => {
  const known = aCache();
  await known.find();
  known.clock.advance(-3_600_000);
  known.revoke();
  expect(await known.find()).toBeNull();
});

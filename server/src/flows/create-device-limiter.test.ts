import type { ProfileLimits } from "@waremind/contract";
import { beforeEach, describe, expect, test } from "vitest";
import { wholeProfile } from "../../../tests/support/profile.ts";
import type { DeviceIdentity } from "../devices/index.ts";
import { manualClock } from "../platform/clock.ts";
import { createDeviceLimiter, limiterLimits } from "./create-device-limiter.ts";
import type { Admission, MessageCost } from "./device-limits.ts";

const clock = manualClock(1_772_000_000_000);
let noted: unknown[] = [];
const ledger = { note: (event: unknown) => void noted.push(event) };
const limiterWith = (serverRate = "") =>
  createDeviceLimiter({ ledger, clock, serverRate, payloadBytesMax: 65_536, inflightMax: 100 });
let limiter = limiterWith();

beforeEach(() => {
  noted = [];
  limiter = limiterWith();
});

function identityOf(id: number, limits: ProfileLimits = {}, isGateway = false): DeviceIdentity {
  return {
    device: {
      ...{ id, name: `d-${id}`, label: "", profileId: "p", state: "active", isGateway, gatewayId: null },
      ...{ firmwareReleaseId: null, softwareReleaseId: null },
    },
    profile: wholeProfile({
      ...{ id: "p", nameEn: "", nameZh: "", keys: [], expectedIntervalSeconds: 60 },
      limits,
    }),
  };
}
const telemetry = (points = 1): MessageCost => ({ kind: "telemetry", points });
const other: MessageCost = { kind: "other", points: 0 };
const passes = (times: number, admit: () => Admission): number =>
  Array.from({ length: times }, admit).filter(({ isAdmitted }) => isAdmitted).length;

describe("a limit of a profile", () => {
  test("lets as many pass as it says, and the next when its time has come", () => {
    const device = identityOf(1, { messages: "20:1" });
    expect(passes(30, () => limiter.admit(device, other))).toBe(20);
    const refused = limiter.admit(device, other);
    expect(refused).toEqual({ isAdmitted: false, limitName: "messages", allowed: "20:1", retryAfterMs: 50 });
    clock.advance(49);
    expect(limiter.admit(device, other).isAdmitted).toBe(false);
    clock.advance(1);
    expect(limiter.admit(device, other).isAdmitted).toBe(true);
    expect(limiter.admit(device, other).isAdmitted).toBe(false);
  });

  test("is one of a list: the strictest holds", () => {
    const device = identityOf(2, { messages: "20:1,30:60" });
    expect(passes(25, () => limiter.admit(device, other))).toBe(20);
    clock.advance(1_000);
    expect(passes(25, () => limiter.admit(device, other))).toBe(10);
    expect(limiter.admit(device, other)).toMatchObject({ allowed: "30:60" });
  });

  test("on points refuses the message that is too much and counts nothing of it", () => {
    const device = identityOf(3, { telemetryPoints: "100:1", telemetryMessages: "50:1" });
    expect(limiter.admit(device, telemetry(90)).isAdmitted).toBe(true);
    expect(limiter.admit(device, telemetry(20))).toMatchObject({ limitName: "telemetry-points" });
    expect(limiter.admit(device, telemetry(10)).isAdmitted).toBe(true);
    expect(limiter.admit(device, other).isAdmitted).toBe(true);
  });

  test("lets a message larger than itself pass when nothing was counted, and its debt is paid by waiting", () => {
    const device = identityOf(4, { telemetryPoints: "100:1" });
    expect(limiter.admit(device, telemetry(250)).isAdmitted).toBe(true);
    expect(limiter.admit(device, telemetry(1))).toMatchObject({ retryAfterMs: 1_510 });
    expect(limiter.admit(device, other).isAdmitted).toBe(true);
    clock.advance(1_510);
    expect(limiter.admit(device, telemetry(1)).isAdmitted).toBe(true);
  });

  test("of 0 lets nothing pass and answers a finite wait", () => {
    const device = identityOf(5, { telemetryMessages: "0:1" });
    expect(limiter.admit(device, telemetry())).toMatchObject({
      retryAfterMs: limiterLimits.retryAfterMsMax,
    });
    expect(limiter.admit(device, other).isAdmitted).toBe(true);
  });

  test("holds for each device on its own, and begins anew when it is changed, not when it is read again", () => {
    const one = identityOf(6, { messages: "2:60" });
    expect(passes(3, () => limiter.admit(one, other))).toBe(2);
    expect(limiter.admit(identityOf(7, { messages: "2:60" }), other).isAdmitted).toBe(true);
    expect(limiter.admit(identityOf(6, { messages: "2:60" }), other).isAdmitted).toBe(false);
    expect(limiter.admit(identityOf(6, { messages: "3:60" }), other).isAdmitted).toBe(true);
  });

  test("stands still when the clock is set back, and goes on from there", () => {
    const device = identityOf(8, { messages: "1:1" });
    expect(limiter.admit(device, other).isAdmitted).toBe(true);
    clock.advance(-3_600_000);
    expect(limiter.admit(device, other).isAdmitted).toBe(false);
    clock.advance(1_000);
    expect(limiter.admit(device, other).isAdmitted).toBe(true);
    clock.advance(3_600_000);
  });

  test("that is absent is none: a device of such a profile sends what it likes", () => {
    const device = identityOf(9);
    expect(passes(10_000, () => limiter.admit(device, telemetry(1_000)))).toBe(10_000);
    expect(noted).toEqual([]);
  });
});

describe("a gateway", () => {
  test("is counted for itself and for the sum of its children, each child also under its own limit", () => {
    const gateway = identityOf(20, { messages: "5:60" }, true);
    const children = [identityOf(21), identityOf(22, { messages: "1:60" })] as const;
    expect(limiter.admit(children[1], telemetry(), gateway).isAdmitted).toBe(true);
    expect(limiter.admit(children[1], telemetry(), gateway)).toMatchObject({ limitName: "messages" });
    expect(passes(9, () => limiter.admit(children[0], telemetry(), gateway))).toBe(4);
    expect(limiter.admit(children[0], telemetry(), gateway)).toMatchObject({ limitName: "gateway-messages" });
    expect(passes(9, () => limiter.admit(gateway, other))).toBe(5);
  });
});

describe("the server's rate", () => {
  test("holds for all devices together", () => {
    limiter = limiterWith("10:1");
    let id = 100;
    const next = () => {
      id += 1;
      return limiter.admit(identityOf(id), telemetry());
    };
    expect(passes(15, next)).toBe(10);
    expect(next()).toMatchObject({ limitName: "server-messages", allowed: "10:1", retryAfterMs: 100 });
  });
});

test("what is refused stands in the ledger of the device and of its gateway, with how much it was", () => {
  const gateway = identityOf(30, { telemetryPoints: "10:1" }, true);
  limiter.admit(identityOf(31), telemetry(8), gateway);
  limiter.admit(identityOf(31), telemetry(7), gateway);
  const event = { limitName: "gateway-telemetry-points", allowed: "10:1", observed: 15 };
  expect(noted).toEqual([
    { ...event, deviceId: 31 },
    { ...event, deviceId: 30 },
  ]);
  limiter.note(31, "payload-bytes", "65536", 70_000);
  expect(noted.at(-1)).toEqual({
    ...{ deviceId: 31, limitName: "payload-bytes", allowed: "65536", observed: 70_000 },
  });
});

test("getSessionLimits is told in ThingsBoard's form, with the children's sum for a gateway only", () => {
  const rateLimits = { messages: "20:1,600:60", telemetryMessages: "", telemetryDataPoints: "100:1" };
  const limits = { messages: "20:1,600:60", telemetryPoints: "100:1" };
  const told = { maxPayloadSize: 65_536, maxInflightMessages: 100, rateLimits };
  expect(limiter.sessionLimits(identityOf(1, limits))).toEqual(told);
  expect(limiter.sessionLimits(identityOf(1, limits, true))).toEqual({
    ...told,
    gatewayRateLimits: rateLimits,
  });
});

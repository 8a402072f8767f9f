import { expect, test } from "vitest";
import type { Rollout, RolloutDevice } from "../devices/index.ts";
import { devicesPerStepMax, planRings, stateAfter, stepOf } from "./rollout-plan.ts";

const now = 1_790_000_000_000;
const rollout: Rollout = {
  ...{ id: "rol_1", releaseId: "rel_2", state: "running", rings: [{ share: 0.1 }, { share: 1 }], ring: 0 },
  ...{ failureShareMax: 0.2, failuresMin: 2, soakMinutes: 10, stoppedReason: null },
  ...{ createdAt: now, createdBy: "Ada", endedAt: null },
};
const device = (deviceId: number, change: Partial<RolloutDevice> = {}): RolloutDevice => ({
  ...{ rolloutId: "rol_1", deviceId, ring: 0, state: "waiting", error: null },
  ...{ previousReleaseId: "rel_1", bytesSent: 0, updatedAt: now - 20 * 60_000 },
  ...change,
});
const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const allHave = (devices: readonly RolloutDevice[]) =>
  new Map(devices.map(({ deviceId }) => [deviceId, "rel_2"]));

test("rings are cut at their shares, the same way each time, and the first is never empty", () => {
  const rings = planRings(ids(200), [{ share: 0.05 }, { share: 0.5 }, { share: 1 }], "seed");
  const counts = [0, 1, 2].map((ring) => [...rings.values()].filter((one) => one === ring).length);
  expect(counts).toEqual([10, 90, 100]);
  expect(planRings(ids(200), [{ share: 0.05 }, { share: 0.5 }, { share: 1 }], "seed")).toEqual(rings);
  expect([...planRings([7, 8], [{ share: 0.01 }, { share: 1 }], "x").values()].toSorted()).toEqual([0, 1]);
});

test("only the present ring is offered", () => {
  const devices = [device(1), device(2, { ring: 1 })];
  const step = stepOf({ rollout, devices, assigned: new Map(), now });
  expect(step).toMatchObject({ offer: [1], stop: null, nextRing: null, isFinished: false });
});

test("the next ring waits until every device of this one has settled and soaked", () => {
  const settled = [device(1, { state: "updated" }), device(2, { ring: 1 })];
  const stepAt = (devices: readonly RolloutDevice[]) =>
    stepOf({ rollout, devices, assigned: allHave(devices), now });
  expect(stepAt(settled).nextRing).toBe(1);
  expect(stepAt([device(1, { state: "updated", updatedAt: now - 60_000 })]).nextRing).toBeNull();
  expect(stepAt([device(1, { state: "downloading" })]).nextRing).toBeNull();
});

test("failures above the threshold stop the rollout, send the failed back and withdraw what nobody began", () => {
  const devices = [
    ...ids(6).map((id) => device(id, { state: "updated" })),
    device(7, { state: "failed" }),
    device(8, { state: "failed" }),
    device(9, { state: "offered" }),
    device(10, { ring: 1 }),
  ];
  const step = stepOf({ rollout, devices, assigned: allHave(devices), now });
  expect(step).toMatchObject({ offer: [], sendBack: [7, 8], withdraw: [9] });
  expect(step.stop?.en).toBe("Ring 1: 2 of 9 devices failed, more than 20 %.");
  const below = stepOf({ rollout: { ...rollout, failuresMin: 3 }, devices, assigned: allHave(devices), now });
  expect(below).toMatchObject({ stop: null, sendBack: [7, 8], withdraw: [] });
});

test("a rollout that is over after its last ring says so, a paused one does nothing but send failures back", () => {
  const devices = [device(1, { state: "updated" }), device(2, { ring: 1, state: "rolled-back" })];
  const last = { ...rollout, ring: 1, failureShareMax: 1 };
  expect(stepOf({ rollout: last, devices, assigned: allHave(devices), now }).isFinished).toBe(true);
  const paused = { ...rollout, state: "paused" as const };
  const step = stepOf({
    rollout: paused,
    devices: [device(1), device(2, { state: "failed" })],
    assigned: new Map([[2, "rel_2"]]),
    now,
  });
  expect(step).toMatchObject({ offer: [], sendBack: [2] });
});

test("a device that went back by itself is no longer offered what failed on it", () => {
  const devices = [device(1, { state: "rolled-back" })];
  expect(stepOf({ rollout, devices, assigned: allHave(devices), now }).sendBack).toEqual([1]);
  expect(stepOf({ rollout, devices, assigned: new Map([[1, "rel_1"]]), now }).sendBack).toEqual([]);
});

test("failures that come after their ring was over stop the rollout as well", () => {
  const devices = [
    ...ids(4).map((id) => device(id, { state: id > 2 ? "failed" : "updated" })),
    ...ids(4).map((id) => device(id + 10, { ring: 1 })),
  ];
  const step = stepOf({ rollout: { ...rollout, ring: 1 }, devices, assigned: allHave(devices), now });
  expect(step.stop?.en).toBe("Ring 1: 2 of 4 devices failed, more than 20 %.");
});

test("however large a ring is, a step serves a bounded number of devices", () => {
  const many = ids(devicesPerStepMax + 1);
  const waiting = many.map((id) => device(id));
  expect(stepOf({ rollout, devices: waiting, assigned: new Map(), now }).offer).toHaveLength(
    devicesPerStepMax,
  );
  const failed = many.map((id) => device(id, { state: "failed" }));
  const step = stepOf({ rollout, devices: failed, assigned: allHave(failed), now });
  expect(step.sendBack).toHaveLength(devicesPerStepMax);
});

const silent = { state: null, error: null, currentTitle: null, currentVersion: null };
const names = { title: "Logger", version: "2.0", previousTitle: "Logger", previousVersion: "1.0" };

test.each([
  ["offered", { ...silent, state: "DOWNLOADING" }, "downloading"],
  ["updating", { ...silent, state: "UPDATED", currentTitle: "Logger", currentVersion: "2.0" }, "updated"],
  ["offered", { ...silent, currentTitle: "Logger", currentVersion: "2.0" }, "updated"],
  ["updating", { ...silent, state: "UPDATED", currentTitle: "Logger", currentVersion: "1.0" }, null],
  ["verified", { ...silent, state: "FAILED", error: "flash" }, "failed"],
  ["failed", { ...silent, currentTitle: "Logger", currentVersion: "1.0" }, "rolled-back"],
  ["failed", { ...silent, state: "DOWNLOADING" }, null],
  ["updated", { ...silent, state: "FAILED" }, "failed"],
  ["waiting", { ...silent, state: "UPDATED" }, null],
  ["waiting", { ...silent, currentTitle: "Logger", currentVersion: "2.0" }, "updated"],
  ["offered", { ...silent, state: "DANCING" }, null],
] as const)("a device that is %s and reports %o is then %s", (state, report, after) => {
  expect(stateAfter({ state, ...names }, report)).toBe(after);
});

import { createHash } from "node:crypto";
import type { RolloutView } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRings, ringPictures } from "./rings.ts";
import { sha256, sha256InScript } from "./sha256.ts";

describe("SHA-256 in the browser", () => {
  test("is the same as everybody else's, for any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (some) => {
        const bytes = new Uint8Array(some);
        const expected = createHash("sha256").update(bytes).digest("hex");
        expect(sha256InScript(bytes)).toBe(expected);
        expect(await sha256(bytes)).toBe(expected);
      }),
    );
  });
  test.each([0, 55, 56, 63, 64, 65, 119, 120, 128])(
    "holds at %d bytes, where its padding turns",
    (length) => {
      const bytes = new Uint8Array(length).fill(0xa5);
      expect(sha256InScript(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    },
  );
});

const rollout: RolloutView = {
  id: "r",
  releaseId: "x",
  releaseTitle: "locker 2.0",
  state: "running",
  rings: [
    { share: 0.1, deviceCount: 10, updated: 10, failed: 0 },
    { share: 0.4, deviceCount: 30, updated: 5, failed: 3 },
    { share: 1, deviceCount: 60, updated: 0, failed: 0 },
  ],
  ring: 1,
  failureShareMax: 0.05,
  failuresMin: 3,
  soakMinutes: 30,
  stoppedReason: null,
  createdAt: 1,
  createdBy: "x",
  endedAt: null,
  devices: [],
};

describe("the picture of a rollout", () => {
  test("shows what each ring adds, which is served and where failures are beyond the threshold", () => {
    const rings = ringPictures(rollout);
    expect(rings.map((ring) => ring.state)).toEqual(["done", "serving", "waiting"]);
    expect(rings.map((ring) => Math.round(ring.share * 100))).toEqual([10, 30, 60]);
    expect(rings.map((ring) => ring.isBeyond)).toEqual([false, true, false]);
    expect(rings[1]?.failureShare).toBeCloseTo(0.1);
  });
  test("a ring that was passed by hand is done only when its devices have settled", () => {
    const [first, ...others] = rollout.rings;
    const passed = { ...rollout, rings: [{ share: 0.1, deviceCount: 10, updated: 8, failed: 1 }, ...others] };
    expect(first?.updated).toBe(10);
    expect(ringPictures(passed)[0]?.state).toBe("serving");
    expect(ringPictures({ ...passed, state: "paused" })[0]?.state).toBe("halted");
  });
  test("a share beyond the threshold counts only once enough have failed", () => {
    expect(ringPictures({ ...rollout, failuresMin: 4 })[1]?.isBeyond).toBe(false);
  });
  test("a stopped rollout halts in its ring, a finished one is done", () => {
    expect(ringPictures({ ...rollout, state: "stopped" }).map((ring) => ring.state)).toEqual([
      "done",
      "halted",
      "unreached",
    ]);
    expect(ringPictures({ ...rollout, state: "finished" }).every((ring) => ring.state === "done")).toBe(true);
  });
});

test("rings are typed as rising percentages that end at a hundred", () => {
  expect(parseRings("5, 25,100")).toEqual([{ share: 0.05 }, { share: 0.25 }, { share: 1 }]);
  expect(parseRings("100")).toEqual([{ share: 1 }]);
  for (const text of ["", "5,25", "25,5,100", "5,5,100", "0,100", "a,100", "50,120"])
    expect(parseRings(text)).toBeNull();
});

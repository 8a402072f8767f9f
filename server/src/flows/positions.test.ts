import { describe, expect, test } from "vitest";
import { trackOf } from "../decisions/positions/index.ts";
import type { Device } from "../devices/index.ts";
import type { StoredReading } from "../telemetry/index.ts";
import { createPositions, thinned, trackPositionsMax } from "./positions.ts";

const minuteMs = 60_000;
const device = { id: 1, name: "van" } as Device;
const pair = { deviceId: 1, firstSeriesId: 1, secondSeriesId: 2 };

/** Positions over a store that is a function: what a series read at each second. */
function positionsOver(valuesAt: (seriesId: number) => Iterable<readonly [at: number, value: number]>) {
  return createPositions({
    devices: { listDevices: () => Promise.resolve([device]) },
    vehicleRoutes: { assignments: () => Promise.resolve([]) },
    pairedReadings: { pairs: () => Promise.resolve([pair]), newest: () => Promise.resolve([]) },
    telemetry: {
      async *readings(seriesId): AsyncGenerator<StoredReading> {
        for (const [observedAt, number] of valuesAt(seriesId)) {
          yield {
            ...{ seriesId, observedAt, sequence: 0, receivedAt: 0 },
            value: { type: "number", number },
          };
        }
      },
    },
  });
}

const period = { from: 0, to: Number.MAX_SAFE_INTEGER };
const drive = (count: number) => (seriesId: number) =>
  Array.from({ length: count }, (_, step) => [step * 1000, seriesId === 1 ? 31 : 121 + step * 1e-5] as const);

describe("a track", () => {
  test("of as many positions as are allowed is made; of one more it is refused in both languages", async () => {
    const most = await positionsOver(drive(trackPositionsMax)).track(device, period, 100);
    expect(most.positionCount).toBe(trackPositionsMax);
    expect(most.points.length).toBeLessThanOrEqual(102);
    const refused = positionsOver(drive(trackPositionsMax + 1)).track(device, period);
    await expect(refused).rejects.toMatchObject({
      ...{ code: "limit-reached", sentence: { zh: expect.stringContaining("50000") } },
    });
  });

  test("is of instants that both series have, and of several values of one instant the last", async () => {
    const readings = {
      1: [
        [1, 10],
        [2, 11],
        [2, 12],
        [4, 13],
      ],
      2: [
        [2, 20],
        [3, 21],
        [4, 22],
        [4, 23],
      ],
    } as const;
    const found = await positionsOver((seriesId) => readings[seriesId === 1 ? 1 : 2]).read(1, period);
    expect(found?.positions).toEqual([
      { observedAt: 2, latitude: 12, longitude: 20 },
      { observedAt: 4, latitude: 13, longitude: 23 },
    ]);
  });

  test("is read as coarsely as asked for", async () => {
    const found = await positionsOver(drive(61)).read(1, period, 15_000);
    expect(found?.positions.map(({ observedAt }) => observedAt)).toEqual([0, 15e3, 30e3, 45e3, 60e3]);
  });
});

test("thinning keeps both sides of a gap, and no point tells a speed across it", () => {
  const at = (minute: number) => ({
    observedAt: minute * minuteMs,
    latitude: 31,
    longitude: 121 + minute * 1e-3,
  });
  const minutes = [...Array.from({ length: 47 }, (_, minute) => minute), 100, 101, 102, 103];
  const points = thinned(trackOf(minutes.map(at)).points, 10);
  expect(points.map(([observedAt]) => observedAt / minuteMs)).toEqual(
    expect.arrayContaining([0, 46, 100, 103]),
  );
  expect(points.filter(([, , , speedKmh]) => speedKmh === null).map(([observedAt]) => observedAt)).toEqual([
    0,
    100 * minuteMs,
  ]);
});

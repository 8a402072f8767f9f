import { readFileSync } from "node:fs";
import type { DevicePosition, TrackPointView, TrackView } from "@waremind/contract";
import { geoMercator } from "d3-geo";
import { describe, expect, test } from "vitest";
import { landPath, shapesIn } from "./land.ts";
import { positionsIn, speedBetween, withHeard, withTail } from "./live-positions.ts";
import { trackLines } from "./track-lines.ts";
import { clampView, fitView, gridStep, pan, scaleBar, toPixel, toPlace, zoomAt } from "./view.ts";

const size = { width: 800, height: 500 };
const shanghai = { latitude: 31.2304, longitude: 121.4737 };
const hangzhou = { latitude: 30.2741, longitude: 120.1551 };

describe("a view", () => {
  test("projects as d3-geo does, so that marks stand on its coast", () => {
    const view = { ...shanghai, scale: 90_000 };
    const d3 = geoMercator()
      .rotate([-view.longitude, 0])
      .center([0, view.latitude])
      .scale(view.scale)
      .translate([400, 250]);
    const expected = d3([hangzhou.longitude, hangzhou.latitude]) ?? [0, 0];
    const [x, y] = toPixel(view, size, hangzhou);
    expect(x).toBeCloseTo(expected[0], 6);
    expect(y).toBeCloseTo(expected[1], 6);
    expect(toPlace(view, size, [x, y]).latitude).toBeCloseTo(hangzhou.latitude, 9);
  });

  test("fits all places inside its margin", () => {
    const view = fitView([shanghai, hangzhou], size, 48);
    for (const [x, y] of [toPixel(view, size, shanghai), toPixel(view, size, hangzhou)]) {
      expect(x).toBeGreaterThanOrEqual(47.9);
      expect(x).toBeLessThanOrEqual(752.1);
      expect(y).toBeGreaterThanOrEqual(47.9);
      expect(y).toBeLessThanOrEqual(452.1);
    }
  });

  test("of places on both sides of the 180th meridian is a near one", () => {
    const view = fitView(
      [
        { latitude: 0, longitude: 179 },
        { latitude: 0, longitude: -179 },
      ],
      size,
    );
    expect(Math.abs(view.longitude)).toBeCloseTo(180, 6);
    expect(view.scale).toBeGreaterThan(10_000);
  });

  test("of one place is not nearer than a town, of none the world", () => {
    expect(fitView([shanghai], size)).toMatchObject({ scale: 250_000 });
    expect(fitView([], size).scale).toBeCloseTo(800 / (2 * Math.PI), 6);
  });

  test("keeps the place under the pointer when it zooms, and follows the hand that moves it", () => {
    const view = { ...shanghai, scale: 50_000 };
    const under = toPlace(view, size, [100, 60]);
    const after = toPlace(zoomAt(view, size, [100, 60], 2), size, [100, 60]);
    expect(after.latitude).toBeCloseTo(under.latitude, 9);
    expect(after.longitude).toBeCloseTo(under.longitude, 9);
    const [x, y] = toPixel(pan(view, [30, -20]), size, shanghai);
    expect([x, y].map(Math.round)).toEqual([430, 230]);
  });

  test("stays on the globe and within its scales", () => {
    expect(clampView({ latitude: 99, longitude: 190, scale: 1 })).toEqual({
      ...{ latitude: 84, longitude: -170, scale: 40 },
    });
  });

  test("has a scale of a round length that fits, and a grid of some lines", () => {
    for (const scale of [100, 5_000, 90_000, 3_000_000]) {
      const { metres, pixels } = scaleBar({ ...shanghai, scale }, 120);
      expect(pixels).toBeLessThanOrEqual(120);
      expect(pixels).toBeGreaterThan(45);
      expect(["1", "2", "5"]).toContain(String(metres)[0]);
      expect(gridStep({ ...shanghai, scale }, size)).toBeGreaterThan(0);
    }
  });
});

test("the coast that comes with it is drawn, and a GeoJSON in its place as well", () => {
  const file: unknown = JSON.parse(
    readFileSync(new URL("../../../node_modules/world-atlas/land-110m.json", import.meta.url), "utf8"),
  );
  const world = fitView([], size);
  expect(landPath(shapesIn(file), world, size)).toMatch(/^M.*Z$/s);
  const island = {
    type: "Polygon",
    coordinates: [
      [
        [0, 0],
        [0, 10],
        [10, 10],
        [10, 0],
        [0, 0],
      ],
    ],
  };
  expect(landPath(shapesIn(island), world, size)).toMatch(/^M/);
});

test("a track is lines of one look, each from where the one before ends, dashed over a gap", () => {
  const points: TrackPointView[] = [
    [0, 0, 0, null],
    [1, 0, 1, 10],
    [2, 0, 2, 15],
    [3, 0, 3, 70],
    [4, 0, 4, null],
  ];
  const lines = trackLines(points);
  expect(lines.map(({ look, places }) => [look, places.length])).toEqual([
    ["slow", 3],
    ["fast", 2],
    ["gap", 2],
  ]);
  expect(lines[1]?.places[0]).toEqual(lines[0]?.places.at(-1));
  expect(trackLines([])).toEqual([]);
});

describe("live readings", () => {
  const point = (key: string, number: number, observedAt = 60_000) => ({
    ...{ seriesId: 1, deviceName: "van", key, observedAt, number },
  });
  const item: DevicePosition = {
    ...{ deviceName: "van", label: "", latitude: 0.001, longitude: 10, observedAt: 0 },
    ...{ speedKmh: null, routeId: null },
  };

  test("are a position when both numbers are of one instant, and no fix is none", () => {
    expect(positionsIn([point("latitude", 1), point("longitude", 2, 61_000)])).toEqual([]);
    expect(positionsIn([point("latitude", 0), point("longitude", 0)])).toEqual([]);
    expect(positionsIn([point("lat", 1), point("lng", 2), point("temperature", 3)])).toEqual([
      { deviceName: "van", observedAt: 60_000, latitude: 1, longitude: 2 },
    ]);
  });

  test("move the mark with its speed; what came late does not move it back", () => {
    const heard = [{ deviceName: "van", observedAt: 60_000, latitude: 0.001, longitude: 10 + 1 / 111.195 }];
    const [moved] = withHeard([item], heard);
    expect(moved?.speedKmh).toBeCloseTo(60, 1);
    expect(withHeard([{ ...item, observedAt: 90_000 }], heard)[0]?.longitude).toBe(10);
    expect(speedBetween(item, { ...item, observedAt: 3_600_000 })).toBeNull();
  });

  test("lengthen the track of their device alone", () => {
    const track = { deviceName: "van", points: [[0, 0.001, 10, null]] } as unknown as TrackView;
    const heard = { deviceName: "van", observedAt: 60_000, latitude: 0.001, longitude: 10.001 };
    expect(withTail(track, [heard]).points).toHaveLength(2);
    expect(withTail(track, [{ ...heard, deviceName: "other" }])).toBe(track);
    expect(withTail(track, [{ ...heard, observedAt: 0 }])).toBe(track);
  });
});

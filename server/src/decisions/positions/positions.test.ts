import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arrivalOf,
  distanceMetres,
  isPlace,
  type Position,
  placeOnRoute,
  routeOf,
  trackOf,
} from "./index.ts";

const minuteMs = 60_000;
const shanghai = { latitude: 31.2304, longitude: 121.4737 };
const hangzhou = { latitude: 30.2741, longitude: 120.1551 };

/** A drive due east along the equator at a steady speed, a position each minute. */
function drive(minutes: number, kmh: number, from = { minute: 0, longitude: 10 }): Position[] {
  const degreesPerMinute = kmh / 60 / 111.19508;
  return Array.from({ length: minutes + 1 }, (_, minute) => ({
    observedAt: (from.minute + minute) * minuteMs,
    latitude: 0.0001,
    longitude: from.longitude + minute * degreesPerMinute,
  }));
}

describe("distance", () => {
  test("from Shanghai to Hangzhou is 164.6 km", () => {
    // The spherical law of cosines, an independent formula, on the same sphere.
    const radians = (degrees: number) => (degrees * Math.PI) / 180;
    const angle = Math.acos(
      Math.sin(radians(31.2304)) * Math.sin(radians(30.2741)) +
        Math.cos(radians(31.2304)) * Math.cos(radians(30.2741)) * Math.cos(radians(121.4737 - 120.1551)),
    );
    expect(distanceMetres(shanghai, hangzhou)).toBeCloseTo(angle * 6_371_008.8, 1);
    expect(distanceMetres(shanghai, hangzhou) / 1000).toBeCloseTo(164.6, 0);
  });

  test("is the same both ways, none to itself, and half the globe at most", () => {
    const place = fc.record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(place, place, (from, to) => {
        expect(distanceMetres(from, to)).toBeCloseTo(distanceMetres(to, from), 6);
        expect(distanceMetres(from, from)).toBe(0);
        expect(distanceMetres(from, to)).toBeLessThanOrEqual(Math.PI * 6_371_008.8 + 1);
      }),
    );
  });

  test("over the 180th meridian is short", () => {
    const metres = distanceMetres({ latitude: 0, longitude: 179.9 }, { latitude: 0, longitude: -179.9 });
    expect(metres / 1000).toBeCloseTo(22.2, 1);
  });
});

test("a receiver without a fix says no place", () => {
  expect(isPlace({ latitude: 0, longitude: 0 })).toBe(false);
  expect(isPlace({ latitude: 91, longitude: 0 })).toBe(false);
  expect(isPlace(shanghai)).toBe(true);
});

describe("a track", () => {
  test("of a steady drive has its length and speed, and no stop", () => {
    const track = trackOf(drive(60, 60));
    expect(track.metres).toBeCloseTo(60_000, -1);
    expect(track.speedKmhMax).toBeCloseTo(60, 1);
    expect(track).toMatchObject({
      stops: [],
      gaps: [],
      movingMinutes: 60,
      stoppedMinutes: 0,
      implausibleCount: 0,
    });
  });

  test("tells a stop with its time, though the receiver wanders", () => {
    const there = drive(30, 60);
    const at = there.at(-1)?.longitude ?? 0;
    const standing = Array.from({ length: 20 }, (_, minute) => ({
      observedAt: (31 + minute) * minuteMs,
      latitude: 0.0001 + (minute % 3) * 0.0001,
      longitude: at + (minute % 2) * 0.0001,
    }));
    const on = drive(10, 60, { minute: 51, longitude: at + 0.009 });
    const { stops, movingMinutes } = trackOf([...there, ...standing, ...on]);
    expect(stops).toHaveLength(1);
    expect(stops[0]).toMatchObject({ beganAt: 30 * minuteMs, endedAt: 50 * minuteMs, minutes: 20 });
    expect(movingMinutes).toBe(41);
  });

  test("leaves out what cannot be reached, and counts it", () => {
    const there = drive(30, 60);
    const wild = { observedAt: 15.5 * minuteMs, latitude: 40, longitude: 100 };
    const nowhere = { observedAt: 16.5 * minuteMs, latitude: 0, longitude: 0 };
    const track = trackOf([...there.slice(0, 16), wild, there[16] ?? wild, nowhere, ...there.slice(17)]);
    expect(track.implausibleCount).toBe(2);
    expect(track.metres).toBeCloseTo(30_000, -1);
  });

  test("follows when the new place holds: then it was the old one that was wrong", () => {
    const wrong = [{ observedAt: 0, latitude: 60, longitude: 100 }];
    const track = trackOf([...wrong, ...drive(30, 60, { minute: 1, longitude: 10 })]);
    expect(track.points).toHaveLength(32);
    expect(track.points.at(-1)?.longitude).toBeGreaterThan(10.2);
  });

  test("draws no line through a gap", () => {
    const later = drive(10, 60, { minute: 100, longitude: 11 });
    const { gaps, metres, points } = trackOf([...drive(10, 60), ...later]);
    expect(gaps).toEqual([{ from: 10 * minuteMs, to: 100 * minuteMs }]);
    expect(metres).toBeCloseTo(20_000, -1);
    expect(points[11]?.speedKmh).toBeNull();
  });

  test("of nothing is empty", () => {
    expect(trackOf([])).toMatchObject({ points: [], metres: 0, movingMinutes: 0, speedKmhMax: null });
  });
});

describe("a place on a route", () => {
  const route = routeOf([
    { latitude: 0, longitude: 10 },
    { latitude: 0, longitude: 11 },
    { latitude: 1, longitude: 11 },
  ]);

  test("is the nearest of its line", () => {
    const { metresAlong, metresAside } = placeOnRoute(route, { latitude: 0.01, longitude: 10.5 });
    expect(metresAlong / route.metres).toBeCloseTo(0.25, 3);
    expect(metresAside).toBeCloseTo(1_112, 0);
  });

  test("of a way there and back is the one ahead", () => {
    const there = { latitude: 0, longitude: 10 };
    const round = routeOf([there, { latitude: 0, longitude: 11 }, { ...there, latitude: 0.0001 }]);
    const position = { latitude: 0, longitude: 10.3 };
    expect(placeOnRoute(round, position, 0).metresAlong / round.metres).toBeCloseTo(0.15, 2);
    expect(placeOnRoute(round, position, round.metres * 0.8).metresAlong / round.metres).toBeCloseTo(0.85, 2);
  });

  test("of a way that ends where it began is the beginning as long as the end cannot be reached", () => {
    const there = { latitude: 0, longitude: 10 };
    const round = routeOf([there, { latitude: 0, longitude: 11 }, { ...there, latitude: 0.0001 }]);
    const position = { latitude: 0.0002, longitude: 10.0001 };
    expect(placeOnRoute(round, position).metresAlong).toBeGreaterThan(round.metres * 0.99);
    expect(placeOnRoute(round, position, 0, 5_000).metresAlong).toBeLessThan(1_000);
  });

  test("a route of one place is refused", () => {
    expect(() => routeOf([shanghai])).toThrow(RangeError);
  });
});

describe("arrival", () => {
  const at = (minute: number, km: number) => ({ observedAt: minute * minuteMs, metresAlong: km * 1000 });

  test("before the start rests on what is usual, and says how little that is", () => {
    const arrival = arrivalOf([], { routeMetres: 100_000, now: 0 });
    expect(arrival?.arrivesAt).toBe(120 * minuteMs);
    expect(arrival?.stretchCount).toBe(0);
    expect((arrival?.latestAt ?? 0) - (arrival?.arrivesAt ?? 0)).toBeGreaterThan(30 * minuteMs);
  });

  test("of a steady drive is right, and surer the further it has come", () => {
    const steady = (minutes: number) =>
      Array.from({ length: minutes + 1 }, (_, minute) => at(minute, minute));
    const early = arrivalOf(steady(20), { routeMetres: 200_000, now: 20 * minuteMs });
    const late = arrivalOf(steady(180), { routeMetres: 200_000, now: 180 * minuteMs });
    const width = (arrival: typeof early) => (arrival?.latestAt ?? 0) - (arrival?.earliestAt ?? 0);
    expect(late?.arrivesAt).toBeGreaterThan(199 * minuteMs);
    expect(late?.arrivesAt).toBeLessThan(202 * minuteMs);
    expect(width(late)).toBeLessThan(width(early) / 4);
  });

  test("standing makes it later, and nothing already driven is driven again", () => {
    const moving = Array.from({ length: 61 }, (_, minute) => at(minute, minute));
    const standing = Array.from({ length: 60 }, (_, minute) => at(61 + minute, 60 - (minute % 2) * 0.01));
    const before = arrivalOf(moving, { routeMetres: 120_000, now: 60 * minuteMs });
    const after = arrivalOf([...moving, ...standing], { routeMetres: 120_000, now: 120 * minuteMs });
    expect((after?.arrivesAt ?? 0) - (before?.arrivesAt ?? 0)).toBeGreaterThanOrEqual(60 * minuteMs);
    expect(after?.metresLeft).toBe(60_000);
  });

  test("at the end there is none, and it is never in the past", () => {
    expect(arrivalOf([at(0, 100)], { routeMetres: 100_000, now: 0 })).toBeNull();
    const arrival = arrivalOf([at(0, 99.9)], { routeMetres: 100_000, now: 600 * minuteMs });
    expect(arrival?.arrivesAt).toBe(600 * minuteMs);
  });

  test("four of five arrivals lie within the interval", () => {
    // Seeded drives whose stretches vary as the options say, correlated as the engine assumes.
    let state = 12_345;
    const random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
    const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
    let within = 0;
    const drives = 1_000;
    for (let index = 0; index < drives; index += 1) {
      let deviation = 0;
      let minute = 0;
      const progress = [at(0, 0)];
      for (let km = 2; km <= 200; km += 2) {
        deviation = 0.5 * deviation + Math.sqrt(1 - 0.5 ** 2) * normal();
        minute += 2.4 * Math.max(0.3, 1 + 0.3 * deviation);
        progress.push(at(minute, km));
      }
      const half = progress.slice(0, 51);
      const now = half.at(-1)?.observedAt ?? 0;
      const arrival = arrivalOf(half, { routeMetres: 200_000, now });
      const arrivedAt = progress.at(-1)?.observedAt ?? 0;
      if (arrival !== null && arrivedAt >= arrival.earliestAt && arrivedAt <= arrival.latestAt) within += 1;
    }
    expect(within / drives).toBeGreaterThan(0.77);
    expect(within / drives).toBeLessThan(0.9);
  });
});

import type { Fence } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fenceTest } from "./fence.ts";

const circle = (longitude: number, latitude: number, radiusMetres: number): Fence => ({
  ...{ shape: "circle", centre: [longitude, latitude], radiusMetres },
});
const polygon = (...points: [number, number][]): Fence => ({ shape: "polygon", points });

describe("a circle", () => {
  test("reaches as far as its radius: one degree of latitude is 111.2 km", () => {
    const around = fenceTest(circle(121.47, 31.23, 111_000));
    expect(around(121.47, 32.22)).toBe(true);
    expect(around(121.47, 32.23)).toBe(false);
  });
  test("knows that the distance from Shanghai to Beijing is some 1,067 km", () => {
    const [longitude, latitude] = [116.4074, 39.9042];
    expect(fenceTest(circle(121.4737, 31.2304, 1_068_000))(longitude, latitude)).toBe(true);
    expect(fenceTest(circle(121.4737, 31.2304, 1_066_000))(longitude, latitude)).toBe(false);
  });
  test("goes across the antimeridian and over a pole", () => {
    expect(fenceTest(circle(179.99, 0, 5_000))(-179.99, 0)).toBe(true);
    expect(fenceTest(circle(0, 89.9, 30_000))(180, 89.9)).toBe(true);
  });
});

describe("a polygon", () => {
  test("of any shape holds what is within its edges", () => {
    const horseshoe = fenceTest(polygon([0, 0], [6, 0], [6, 6], [4, 6], [4, 2], [2, 2], [2, 6], [0, 6]));
    expect(horseshoe(1, 5)).toBe(true);
    expect(horseshoe(5, 5)).toBe(true);
    expect(horseshoe(3, 1)).toBe(true);
    expect(horseshoe(3, 5)).toBe(false);
    expect(horseshoe(7, 1)).toBe(false);
  });
  test("across the antimeridian is one piece, from whichever corner it is drawn", () => {
    const corners: [number, number][] = [
      [177, -19],
      [-178, -19],
      [-178, -16],
      [177, -16],
    ];
    corners.forEach((_, first) => {
      const fiji = fenceTest(polygon(...corners.slice(first), ...corners.slice(0, first)));
      for (const longitude of [177.1, 179.9, 180, -180, -179.9, -178.1])
        expect(fiji(longitude, -17)).toBe(true);
      for (const longitude of [176.9, -177.9, 0]) expect(fiji(longitude, -17)).toBe(false);
    });
  });
  test("means the same wherever on the earth its longitudes begin", () => {
    const offsets = fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 }));
    const wrapped = (degrees: number) => ((((degrees + 180) % 360) + 360) % 360) - 180;
    fc.assert(
      fc.property(
        fc.array(offsets, { minLength: 3, maxLength: 12 }),
        fc.tuple(fc.integer({ min: -45, max: 45 }), fc.integer({ min: -45, max: 45 })),
        fc.integer({ min: -180, max: 180 }),
        (corners, [dx, dy], centre) => {
          const at = (longitude: number) =>
            fenceTest(polygon(...corners.map(([x, y]): [number, number] => [wrapped(longitude + x), y])))(
              // Off the grid of corners, so that no position lies on an edge by chance.
              wrapped(longitude + dx + 0.37),
              dy + 0.53,
            );
          expect(at(centre)).toBe(at(0));
        },
      ),
    );
  });
});

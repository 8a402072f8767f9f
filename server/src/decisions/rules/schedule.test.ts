import type { ScheduleWindow } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isActiveAt, nextActiveAt } from "./index.ts";

const window = (changes: Partial<ScheduleWindow>): ScheduleWindow => ({
  ...{ timeZone: "UTC", days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1_440 },
  ...changes,
});
const at = (text: string): number => Date.parse(text);
const hour = 60;

describe("hours of the day", () => {
  const office = [
    window({ timeZone: "Asia/Shanghai", days: [1, 2, 3, 4, 5], fromMinute: 9 * hour, toMinute: 18 * hour }),
  ];

  test.each([
    ["2026-11-20T00:59:59.999Z", false],
    ["2026-11-20T01:00:00Z", true],
    ["2026-11-20T09:59:59.999Z", true],
    ["2026-11-20T10:00:00Z", false],
    // A Saturday in Shanghai, still Friday in UTC.
    ["2026-11-20T23:00:00Z", false],
    ["2026-11-21T02:00:00Z", false],
  ])("are those of the zone: %s %s", (instant, isActive) => {
    expect(isActiveAt(office, at(instant))).toBe(isActive);
  });

  test("that end before they begin go on into the next day, and belong to the day they begin on", () => {
    const night = [window({ days: [5], fromMinute: 22 * hour, toMinute: 6 * hour })];
    expect(isActiveAt(night, at("2026-11-20T22:00:00Z"))).toBe(true);
    expect(isActiveAt(night, at("2026-11-21T05:59:00Z"))).toBe(true);
    expect(isActiveAt(night, at("2026-11-21T06:00:00Z"))).toBe(false);
    expect(isActiveAt(night, at("2026-11-20T05:00:00Z"))).toBe(false);
    expect(isActiveAt(night, at("2026-11-21T22:00:00Z"))).toBe(false);
  });

  test("the next ones begin on their minute, over a weekend", () => {
    expect(nextActiveAt(office, at("2026-11-20T11:00:00Z"))).toBe(at("2026-11-23T01:00:00Z"));
    expect(nextActiveAt(office, at("2026-11-23T01:30:00Z"))).toBe(at("2026-11-23T01:30:00Z"));
    expect(nextActiveAt(null, 5)).toBe(5);
  });
});

describe("when clocks change", () => {
  const early = [window({ timeZone: "Europe/Berlin", fromMinute: 2 * hour, toMinute: 3 * hour })];

  test("in spring an hour that is skipped is not there that day", () => {
    expect(isActiveAt(early, at("2026-03-28T01:30:00Z"))).toBe(true);
    expect(isActiveAt(early, at("2026-03-29T00:59:59Z"))).toBe(false);
    expect(isActiveAt(early, at("2026-03-29T01:00:00Z"))).toBe(false);
    expect(nextActiveAt(early, at("2026-03-29T00:00:00Z"))).toBe(at("2026-03-30T00:00:00Z"));
  });
  test("in autumn an hour that comes twice is there twice", () => {
    expect(isActiveAt(early, at("2026-10-25T00:30:00Z"))).toBe(true);
    expect(isActiveAt(early, at("2026-10-25T01:30:00Z"))).toBe(true);
    expect(isActiveAt(early, at("2026-10-25T02:00:00Z"))).toBe(false);
  });
  test("after the change they begin an hour of UTC earlier or later", () => {
    const office = [window({ timeZone: "America/New_York", fromMinute: 9 * hour, toMinute: 17 * hour })];
    expect(nextActiveAt(office, at("2026-03-07T22:00:00Z"))).toBe(at("2026-03-08T13:00:00Z"));
    expect(nextActiveAt(office, at("2026-03-06T22:00:00Z"))).toBe(at("2026-03-07T14:00:00Z"));
  });
  test("half an hour, as on Lord Howe Island, is no exception", () => {
    const island = [window({ timeZone: "Australia/Lord_Howe", fromMinute: 2 * hour, toMinute: 3 * hour })];
    // At 02:00 of 2026-10-04 the clocks go to 02:30.
    expect(nextActiveAt(island, at("2026-10-03T15:00:00Z"))).toBe(at("2026-10-03T15:30:00Z"));
    expect(isActiveAt(island, at("2026-10-03T15:59:00Z"))).toBe(true);
    expect(isActiveAt(island, at("2026-10-03T16:00:00Z"))).toBe(false);
  });
});

const zones = [
  "UTC",
  "Asia/Shanghai",
  "Europe/Berlin",
  "America/St_Johns",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
];
const windows = fc.record({
  timeZone: fc.constantFrom(...zones),
  days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
  fromMinute: fc.integer({ min: 0, max: 1_439 }),
  toMinute: fc.integer({ min: 1, max: 1_440 }),
});
/** Two years, at any second. */
const instants = fc.integer({ min: 1_767_225_600, max: 1_830_297_600 }).map((second) => second * 1_000);

test("agrees with the wall clock of the language at every instant", () => {
  fc.assert(
    fc.property(windows, instants, (one, instant) => {
      const parts = new Intl.DateTimeFormat("en-GB", {
        timeZone: one.timeZone,
        ...{ weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
      }).formatToParts(instant);
      const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
      const minute = Number(part("hour")) * 60 + Number(part("minute"));
      const day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(part("weekday")) + 1;
      const dayBefore = day === 1 ? 7 : day - 1;
      const wraps = one.toMinute <= one.fromMinute;
      const today = one.days.includes(day) && minute >= one.fromMinute && (wraps || minute < one.toMinute);
      const yesterday = wraps && one.days.includes(dayBefore) && minute < one.toMinute;
      expect(isActiveAt([one], instant)).toBe(today || yesterday);
    }),
    { numRuns: 1_000 },
  );
});

test("the next active instant is active, and no minute before it is", () => {
  fc.assert(
    fc.property(fc.array(windows, { minLength: 1, maxLength: 3 }), instants, (schedule, instant) => {
      const next = nextActiveAt(schedule, instant) ?? Number.NaN;
      expect(isActiveAt(schedule, next)).toBe(true);
      if (next > instant) expect(isActiveAt(schedule, next - 1)).toBe(false);
      for (let minute = instant; minute < next; minute += 7 * 60_000)
        expect(isActiveAt(schedule, minute)).toBe(false);
    }),
    { numRuns: 200 },
  );
});

import { describe, expect, test } from "vitest";
import { formatCelsius, formatMoney, formatNumber, formatQuantity } from "./quantity.ts";
import { formatAge, formatDate, formatInstant, formatMinutes } from "./time.ts";

const at = Date.UTC(2026, 10, 22, 6, 5, 7);

describe("quantities", () => {
  test("carry their unit in the reader's language", () => {
    expect(formatQuantity(4.97, "Cel", "en")).toBe("4.97 °C");
    expect(formatQuantity(1240, "g", "en")).toBe("1,240 g");
    expect(formatQuantity(1240, "g", "zh")).toBe("1,240 克");
    expect(formatQuantity(87, "%", "zh")).toBe("87%");
    expect(formatQuantity(3, "1", "en")).toBe("3");
    expect(formatQuantity(3, null, "zh")).toBe("3");
  });
  test("an unknown unit is shown as it is, not dropped", () => {
    expect(formatQuantity(2, "lx", "en")).toBe("2 lx");
  });
  test("minutes become hours where people count hours", () => {
    expect(formatQuantity(72, "min", "en")).toBe("1 h 12 min");
    expect(formatQuantity(72, "min", "zh")).toBe("1 小时 12 分钟");
    expect(formatMinutes(120, "en")).toBe("2 h");
    expect(formatMinutes(59.7, "en")).toBe("1 h");
    expect(formatMinutes(7.44, "zh")).toBe("7.4 分钟");
    expect(formatMinutes(0, "en")).toBe("0 min");
  });
  test("temperatures keep their decimals and a true minus sign", () => {
    expect(formatCelsius(4)).toBe("4.0 °C");
    expect(formatCelsius(-18.25, 2)).toBe("−18.25 °C");
    expect(formatNumber(-3.456, "en")).toBe("−3.46");
  });
});

describe("money", () => {
  test("has the decimals of its currency", () => {
    expect(formatMoney({ amountMinor: 25600, currency: "CNY" }, "en")).toBe("¥256.00");
    expect(formatMoney({ amountMinor: 25600, currency: "CNY" }, "zh")).toBe("¥256.00");
    expect(formatMoney({ amountMinor: 500, currency: "JPY" }, "en")).toContain("500");
    expect(formatMoney({ amountMinor: 500, currency: "JPY" }, "en")).not.toContain("5.00");
    expect(formatMoney({ amountMinor: 1250, currency: "EUR" }, "en")).toBe("€12.50");
  });
});

describe("ages", () => {
  const ages: readonly (readonly [number, string, string])[] = [
    [0, "just now", "刚刚"],
    [-60_000, "just now", "刚刚"],
    [12_000, "12 s ago", "12 秒前"],
    [5 * 60_000, "5 min ago", "5 分钟前"],
    [3 * 3_600_000, "3 h ago", "3 小时前"],
    [47 * 3_600_000, "47 h ago", "47 小时前"],
    [50 * 3_600_000, "2 d ago", "2 天前"],
  ];
  test.each(ages)("%d ms reads as %s and %s", (age, english, chinese) => {
    expect(formatAge(at, at + age, "en")).toBe(english);
    expect(formatAge(at, at + age, "zh")).toBe(chinese);
  });
});

describe("times", () => {
  test("are the shop's, wherever the reader sits", () => {
    const shanghai = { timeZone: "Asia/Shanghai", style: "time" } as const;
    expect(formatInstant(at, { language: "en", ...shanghai })).toBe("14:05");
    expect(formatInstant(at, { language: "zh", ...shanghai })).toBe("14:05");
    expect(formatInstant(at, { language: "en", timeZone: "Europe/Berlin", style: "time-seconds" })).toBe(
      "07:05:07",
    );
  });
  test("midnight is 00, not 24", () => {
    const midnight = Date.UTC(2026, 10, 22, 0, 0, 0);
    expect(formatInstant(midnight, { language: "en", timeZone: "UTC", style: "time" })).toBe("00:00");
  });
  test("a calendar date belongs to no zone", () => {
    expect(formatDate("2026-11-24", "en")).toBe("24 Nov 2026");
    expect(formatDate("2026-11-24", "zh")).toBe("2026年11月24日");
    expect(formatDate("soon", "en")).toBe("soon");
  });
});

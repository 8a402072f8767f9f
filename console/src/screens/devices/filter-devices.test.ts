import type { DeviceRow } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { filterDevices, indexDevices, parseFilter, toggled } from "./filter-devices.ts";

const livenesses = ["heard", "late", "silent", "offline", "never-heard"] as const;

function aRow(id: number, change: Partial<DeviceRow> = {}): DeviceRow {
  return {
    id,
    name: `logger-${id}`,
    label: "",
    profileId: id % 4 === 0 ? "shelf-scale" : "parcel-logger",
    state: "active",
    isGateway: false,
    gatewayName: null,
    isConnected: id % 2 === 0,
    transport: id % 2 === 0 ? "mqtt" : null,
    lastHeardAt: id,
    liveness: livenesses[id % 5] ?? "heard",
    boundLabel: null,
    quarantinedCount: id % 10 === 0 ? 1 : 0,
    limitsMetToday: 0,
    firmware: null,
    ...change,
  };
}

const names = new Map([["parcel-logger", "包裹温度记录仪"]]);
const many = indexDevices(
  Array.from({ length: 10_000 }, (_, index) => aRow(index)),
  names,
);
const shownBy = (search: Parameters<typeof parseFilter>[0], devices = many) =>
  filterDevices(devices, parseFilter(search));

describe("the table of ten thousand devices", () => {
  test("without a filter shows all of them, and the facets add up to all", () => {
    const shown = shownBy({});
    expect(shown.rows).toHaveLength(10_000);
    for (const counts of Object.values(shown.counts)) {
      expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(10_000);
    }
  });

  test("finds by any part of name, label, profile, gateway and what it is bound to; every word must be there", () => {
    const devices = indexDevices(
      [
        aRow(1, { label: "Kühlraum Nord", gatewayName: "gateway-7", boundLabel: "P-1001" }),
        aRow(2, { label: "Kühlraum Süd" }),
      ],
      names,
    );
    const found = (q: string) => shownBy({ q }, devices).rows.map((row) => row.id);
    expect(found("LOGGER-1")).toEqual([1]);
    expect(found("kühlraum nord")).toEqual([1]);
    expect(found("süd kühl")).toEqual([2]);
    expect(found("gateway-7")).toEqual([1]);
    expect(found("p-1001")).toEqual([1]);
    expect(found("记录仪")).toEqual([1, 2]);
    expect(found("kühlraum west")).toEqual([]);
  });

  test("counts of a facet keep all other filters but not its own", () => {
    const shown = shownBy({ liveness: "silent", profile: "shelf-scale" });
    expect(shown.rows).toHaveLength(500);
    expect(shown.counts.liveness.get("heard")).toBe(500);
    expect(shown.counts.liveness.get("silent")).toBe(500);
    expect(shown.counts.profile.get("parcel-logger")).toBe(1_500);
    expect(shown.counts.transport.get("mqtt")).toBe(500);
    expect(shown.counts.transport.get("none")).toBeUndefined();
  });

  test("values of one facet are alternatives", () => {
    expect(shownBy({ liveness: "late,silent" }).rows).toHaveLength(4_000);
  });

  test("marks are asked for together with everything else", () => {
    expect(shownBy({ mark: "quarantined" }).rows).toHaveLength(1_000);
    const both = shownBy({ mark: "quarantined,limited" });
    expect(both.rows).toHaveLength(0);
    expect(both.markCounts).toEqual({ quarantined: 0, limited: 0 });
  });

  test("tells gateways, their children and devices on their own apart", () => {
    const devices = indexDevices(
      [aRow(1, { isGateway: true }), aRow(2, { gatewayName: "logger-1" }), aRow(3)],
      names,
    );
    expect(Object.fromEntries(shownBy({}, devices).counts.place)).toEqual({
      gateway: 1,
      child: 1,
      direct: 1,
    });
  });

  test("sorts numbers in names as numbers, both ways, and an unknown sort by name", () => {
    const first = (sort: string) =>
      shownBy({ q: "logger-", sort })
        .rows.slice(0, 3)
        .map((row) => row.id);
    expect(first("name")).toEqual([0, 1, 2]);
    expect(first("-name")).toEqual([9_999, 9_998, 9_997]);
    expect(first("-heard")).toEqual([9_999, 9_998, 9_997]);
    expect(first("nonsense")).toEqual([0, 1, 2]);
    expect(first("-quarantined")).toEqual([0, 10, 20]);
  });
});

describe("a list in the address", () => {
  test("takes a value in and out, and vanishes when empty", () => {
    expect(toggled(undefined, "late")).toBe("late");
    expect(toggled("late", "silent")).toBe("late,silent");
    expect(toggled("late,silent", "late")).toBe("silent");
    expect(toggled("silent", "silent")).toBeUndefined();
  });
});

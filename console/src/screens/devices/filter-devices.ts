// Filtering, counting and sorting of the table of all devices: pure, and quick enough for every key stroke.
import type { DeviceRow } from "@waremind/contract";

/** What a device may be narrowed down by; each facet takes one of its values per device. */
export const facets = ["liveness", "profile", "transport", "place", "state"] as const;
export type Facet = (typeof facets)[number];
/** Marks that must all be there. */
export const marks = ["quarantined", "limited"] as const;
export type Mark = (typeof marks)[number];
export const sortKeys = [
  "name",
  "liveness",
  "heard",
  "profile",
  "gateway",
  "bound",
  "firmware",
  "quarantined",
] as const;
export type SortKey = (typeof sortKeys)[number];

export interface DeviceFilter {
  readonly text: string;
  /** Allowed values of each facet; none: all. */
  readonly allowed: Readonly<Record<Facet, readonly string[]>>;
  readonly marks: readonly Mark[];
  readonly sort: SortKey;
  readonly isDescending: boolean;
}

/** The filter as it stands in the address: lists with commas, a sort with a leading `-` for descending. */
export type FilterSearch = { readonly [Name in "q" | "sort" | "mark" | Facet]?: string | undefined };

export interface IndexedDevice {
  readonly row: DeviceRow;
  /** Everything a person may type to find it, in lower case. */
  readonly text: string;
  readonly values: Readonly<Record<Facet, string>>;
}

export interface FilteredDevices {
  readonly rows: readonly DeviceRow[];
  /** How many devices each value would show, with all other filters as they are. */
  readonly counts: Readonly<Record<Facet, ReadonlyMap<string, number>>>;
  readonly markCounts: Readonly<Record<Mark, number>>;
}

export function parseFilter(search: FilterSearch): DeviceFilter {
  const list = (text: string | undefined): readonly string[] =>
    (text ?? "").split(",").filter((part) => part !== "");
  const isDescending = search.sort?.startsWith("-") === true;
  const sort = isDescending ? search.sort?.slice(1) : search.sort;
  return {
    text: search.q ?? "",
    allowed: {
      liveness: list(search.liveness),
      profile: list(search.profile),
      transport: list(search.transport),
      place: list(search.place),
      state: list(search.state),
    },
    marks: marks.filter((mark) => list(search.mark).includes(mark)),
    sort: sortKeys.find((key) => key === sort) ?? "name",
    isDescending,
  };
}

/** A comma-separated list with one value put in or taken out; undefined when nothing is left. */
export function toggled(list: string | undefined, value: string): string | undefined {
  const parts = (list ?? "").split(",").filter((part) => part !== "");
  const next = parts.includes(value) ? parts.filter((part) => part !== value) : [...parts, value];
  return next.length === 0 ? undefined : next.join(",");
}

/** Prepares the rows once, so that each key stroke only compares. */
export function indexDevices(
  rows: readonly DeviceRow[],
  profileNames: ReadonlyMap<string, string>,
): readonly IndexedDevice[] {
  return rows.map((row) => ({
    row,
    text: [
      row.name,
      row.label,
      row.profileId,
      profileNames.get(row.profileId) ?? "",
      row.gatewayName ?? "",
      row.boundLabel ?? "",
    ]
      .join("\n")
      .toLowerCase(),
    values: {
      liveness: row.liveness,
      profile: row.profileId,
      transport: row.transport ?? "none",
      place: row.isGateway ? "gateway" : row.gatewayName === null ? "direct" : "child",
      state: row.state,
    },
  }));
}

/** The rows to show, sorted, and what each other choice would show: one pass over all devices. */
export function filterDevices(devices: readonly IndexedDevice[], filter: DeviceFilter): FilteredDevices {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== "");
  const tally = createTally();
  const rows: DeviceRow[] = [];
  for (const device of devices) {
    if (!words.every((word) => device.text.includes(word))) continue;
    const failing = failingFilters(device, filter);
    // A device that fails one filter alone would show if that filter were another: it counts for that one only.
    if (failing.length <= 1) tally.count(device, failing[0]);
    if (failing.length === 0) rows.push(device.row);
  }
  return { rows: sortRows(rows, filter), counts: tally.counts, markCounts: tally.markCounts };
}

function createTally() {
  const counts = {
    liveness: new Map<string, number>(),
    profile: new Map<string, number>(),
    transport: new Map<string, number>(),
    place: new Map<string, number>(),
    state: new Map<string, number>(),
  };
  const markCounts = { quarantined: 0, limited: 0 };
  const count = (device: IndexedDevice, only: Facet | Mark | undefined): void => {
    for (const facet of facets) {
      if (only !== undefined && only !== facet) continue;
      const value = device.values[facet];
      counts[facet].set(value, (counts[facet].get(value) ?? 0) + 1);
    }
    for (const mark of marks) {
      if ((only === undefined || only === mark) && hasMark(device.row, mark)) markCounts[mark] += 1;
    }
  };
  return { counts, markCounts, count };
}

function failingFilters(device: IndexedDevice, filter: DeviceFilter): readonly (Facet | Mark)[] {
  const failing: (Facet | Mark)[] = [];
  for (const facet of facets) {
    const allowed = filter.allowed[facet];
    if (allowed.length > 0 && !allowed.includes(device.values[facet])) failing.push(facet);
  }
  for (const mark of filter.marks) if (!hasMark(device.row, mark)) failing.push(mark);
  return failing;
}

function hasMark(row: DeviceRow, mark: Mark): boolean {
  return mark === "quarantined" ? row.quarantinedCount > 0 : row.limitsMetToday > 0;
}

/** From well to worst, so that the first and the last of a sort mean something. */
const livenessOrder: Record<DeviceRow["liveness"], number> = {
  heard: 0,
  late: 1,
  silent: 2,
  offline: 3,
  "never-heard": 4,
};
/** `-2` before `-10`: people number their devices. */
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function sortRows(rows: DeviceRow[], filter: DeviceFilter): readonly DeviceRow[] {
  const compare = comparers[filter.sort];
  const sign = filter.isDescending ? -1 : 1;
  return rows.sort(
    (one, other) => sign * compare(one, other) || collator.compare(one.name, other.name) || one.id - other.id,
  );
}

const byText = (textOf: (row: DeviceRow) => string) => (one: DeviceRow, other: DeviceRow) =>
  collator.compare(textOf(one), textOf(other));
const byNumber = (numberOf: (row: DeviceRow) => number) => (one: DeviceRow, other: DeviceRow) =>
  numberOf(one) - numberOf(other);

const comparers: Record<SortKey, (one: DeviceRow, other: DeviceRow) => number> = {
  name: byText((row) => (row.label === "" ? row.name : row.label)),
  liveness: byNumber((row) => livenessOrder[row.liveness]),
  heard: byNumber((row) => row.lastHeardAt ?? 0),
  profile: byText((row) => row.profileId),
  gateway: byText((row) => row.gatewayName ?? ""),
  bound: byText((row) => row.boundLabel ?? ""),
  firmware: byText((row) => row.firmware ?? ""),
  quarantined: byNumber((row) => row.quarantinedCount),
};

// One device's history, page by page: cleaned like any reading, stored, read back, and the place where the next page
// begins moved on, all in one transaction. So an interruption neither loses a point nor counts one twice.
import type { JsonValue, Point } from "@waremind/contract";
import { sql } from "kysely";
import type { DeviceIdentity } from "../../devices/index.ts";
import { asQuarantined, createCleaner, unawaited } from "../../flows/take-in-readings-clean.ts";
import type { Clock } from "../../platform/clock.ts";
import { retryContention } from "../../platform/contention.ts";
import { type Connection, type Database, tablesOf } from "../../platform/database.ts";
import { DomainError } from "../../platform/errors.ts";
import { storeErrorKind } from "../../platform/store-errors.ts";
import {
  numberInText,
  type QuarantinedMessage,
  type Reading,
  type StoredReading,
  type Telemetry,
} from "../../telemetry/index.ts";
import { addSums, hashOfPoint, noSum, sumOf, wordsOf } from "./checksum.ts";
import { type DeviceProgress, updateDeviceProgress } from "./import-store.ts";
import { type HistoryPage, readPage } from "./pages.ts";
import type { SourcePoint, ThingsboardSource } from "./source.ts";

export interface HistoryDependencies {
  readonly database: Database;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export interface HistoryRequest {
  readonly runId: string;
  readonly identity: DeviceIdentity;
  readonly keys: readonly string[];
  /** Epoch milliseconds, inclusive and exclusive. */
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
  /** Called after each commit. */
  readonly onMoved: (before: DeviceProgress, after: DeviceProgress) => void;
}

/** Answers how far the device is: done, unless it throws. @throws DomainError of the source or the store. */
export async function takeHistory(
  deps: HistoryDependencies,
  source: Pick<ThingsboardSource, "points">,
  progress: DeviceProgress,
  request: HistoryRequest,
): Promise<DeviceProgress> {
  const store = createPageStore(deps, request);
  let current = progress;
  const move = (next: DeviceProgress): void => {
    request.onMoved(current, next);
    current = next;
  };
  for (const key of request.keys) {
    const known = current.nextAt[key];
    for (let from = known === undefined ? request.from : known; from !== null; ) {
      request.signal.throwIfAborted();
      const page = await readPage(source, current.sourceId, { key, from, to: request.to });
      move(await store(current, key, page));
      from = page.nextAt;
    }
  }
  const finished = { ...current, isDone: true };
  move(
    await deps.database.transaction((connection) =>
      updateDeviceProgress(connection, request.runId, finished, deps.clock.now()),
    ),
  );
  return current;
}

type PageStore = (progress: DeviceProgress, key: string, page: HistoryPage) => Promise<DeviceProgress>;

function createPageStore(deps: HistoryDependencies, request: HistoryRequest): PageStore {
  const { database, telemetry, clock } = deps;
  const cleaner = createCleaner(telemetry);
  return async (progress, key, page) => {
    const receivedAt = clock.now();
    const distinct = distinctPoints(page.points);
    const { readings, refused } = await cleaner.clean(
      distinct.map((point) => unawaited(messageOf(request.identity, key, point, receivedAt))),
    );
    const hash = (reading: Reading) => hashOfPoint(progress.name, key, reading.observedAt, reading.value);
    const hashOfRead = ({ point, value }: Read) => hashOfPoint(progress.name, key, point.at, value);
    const asHeld = ({ reading, reason }: Poison): QuarantinedMessage[] =>
      matched(distinct, [reading])
        .filter(({ isTaken }) => isTaken)
        .map(({ point }) =>
          asQuarantined(messageOf(request.identity, key, point, receivedAt), [
            { reason: "store-refused", detail: reason },
          ]),
        );
    const work = async (connection: Connection): Promise<DeviceProgress> => {
      const { fresh, taken, poison } = await storeWithoutPoison(telemetry, connection, readings);
      const held = [...refused, ...poison.flatMap(asHeld)];
      if (held.length > 0)
        await telemetry.quarantine(
          connection,
          held.map((message) => ({ ...message, transport: "import" })),
        );
      const read = matched(distinct, taken);
      const stored = await readBack(telemetry, connection, taken);
      const next: DeviceProgress = {
        ...progress,
        nextAt: { ...progress.nextAt, [key]: page.nextAt },
        pointsRead: progress.pointsRead + distinct.length,
        pointsStored: progress.pointsStored + fresh.length,
        pointsPresent: progress.pointsPresent + taken.length - fresh.length,
        pointsQuarantined: progress.pointsQuarantined + held.length,
        sourceSum: addSums(progress.sourceSum, sumOf(read.map(hashOfRead))),
        storeSum: addSums(progress.storeSum, sumOf(stored.map(hash))),
        heldSum: addSums(
          progress.heldSum ?? noSum,
          sumOf(read.filter(({ isTaken }) => !isTaken).map(hashOfRead)),
        ),
      };
      return updateDeviceProgress(connection, request.runId, next, clock.now());
    };
    return retryContention(() => database.transaction(work));
  };
}

interface Poison {
  readonly reading: Reading;
  readonly reason: string;
}

interface Kept {
  /** New in the store. */
  readonly fresh: readonly StoredReading[];
  /** In the store, new or not. */
  readonly taken: readonly Reading[];
  /** What it refuses by itself. */
  readonly poison: readonly Poison[];
}

const reasonLengthMax = 500;

/**
 * One reading that the store refuses would keep a whole page out for ever: the page is halved until it stands alone. All
 * within the caller's transaction, so that a page is on disk whole or not at all.
 */
async function storeWithoutPoison(
  telemetry: Telemetry,
  connection: Connection,
  readings: readonly Reading[],
): Promise<Kept> {
  const tables = tablesOf<unknown>(connection);
  await sql`savepoint before_import_page`.execute(tables);
  try {
    return {
      fresh: await telemetry.storeReadings(connection, readings),
      ...{ taken: readings, poison: [] },
    };
  } catch (error) {
    const kind = storeErrorKind(error);
    if (kind === "contention" || kind === "unavailable" || error instanceof DomainError) throw error;
    const [reading] = readings;
    if (reading === undefined) throw error;
    await sql`rollback to savepoint before_import_page`.execute(tables);
    if (readings.length === 1) {
      const reason = error instanceof Error ? error.message : String(error);
      return { fresh: [], taken: [], poison: [{ reading, reason: reason.slice(0, reasonLengthMax) }] };
    }
    const middle = Math.ceil(readings.length / 2);
    const first = await storeWithoutPoison(telemetry, connection, readings.slice(0, middle));
    const second = await storeWithoutPoison(telemetry, connection, readings.slice(middle));
    return {
      fresh: [...first.fresh, ...second.fresh],
      taken: [...first.taken, ...second.taken],
      poison: [...first.poison, ...second.poison],
    };
  }
}

/** ThingsBoard may answer the same value twice within a millisecond; the store keeps it once, so it counts once. */
function distinctPoints(points: readonly SourcePoint[]): readonly SourcePoint[] {
  const seen = new Set<string>();
  return points.filter((point) => {
    const name = `${point.at} ${point.value.type} ${wordsOf(point.value)}`;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

interface Read {
  readonly point: SourcePoint;
  /** Of the type that its series has, which changes the words of a number in quotes: "4.50" is kept as 4.5. */
  readonly value: SourcePoint["value"];
  readonly isTaken: boolean;
}

/** What was read, point by point, with whether it became a reading. */
function matched(points: readonly SourcePoint[], readings: readonly Reading[]): readonly Read[] {
  const taken = new Map<string, number>();
  for (const reading of readings) taken.set(nameOf(reading), (taken.get(nameOf(reading)) ?? 0) + 1);
  return points.map((point) => {
    for (const value of formsOf(point.value)) {
      const name = nameOf({ observedAt: point.at, value });
      const left = taken.get(name) ?? 0;
      if (left === 0) continue;
      taken.set(name, left - 1);
      return { point, value, isTaken: true };
    }
    return { point, value: point.value, isTaken: false };
  });
}

/** As it came; a number in quotes as a number; an identifier without quotes as text. */
function formsOf(value: SourcePoint["value"]): readonly SourcePoint["value"][] {
  if (value.type === "text") {
    const number = numberInText(value.text);
    return number === undefined ? [value] : [value, number];
  }
  return value.type === "number" ? [value, { type: "text", text: wordsOf(value) }] : [value];
}

/** Each point is a message of its own: what is refused of it is kept as a device would have sent it. */
function messageOf(identity: DeviceIdentity, key: string, { at, value }: SourcePoint, receivedAt: number) {
  const point: Point = { key, value, observedAt: at };
  return {
    ...{ identity, receivedAt, points: [point] },
    transport: "http" as const,
    payload: Buffer.from(payloadOf(key, at, value)),
  };
}

function payloadOf(key: string, at: number, value: SourcePoint["value"]): string {
  const words = value.type === "number" ? wordsOf(value) : JSON.stringify(jsonOf(value));
  return `{"ts":${at},"values":{${JSON.stringify(key)}:${words}}}`;
}

function jsonOf(value: Exclude<SourcePoint["value"], { type: "number" }>): JsonValue {
  if (value.type === "text") return value.text;
  return value.type === "boolean" ? value.boolean : value.json;
}

/** What the store holds of these readings, each as often as it stands there. */
async function readBack(
  telemetry: Telemetry,
  connection: Connection,
  readings: readonly Reading[],
): Promise<readonly StoredReading[]> {
  const [first] = readings;
  const last = readings.at(-1);
  if (first === undefined || last === undefined) return [];
  const wanted = new Set(readings.map(nameOf));
  const held: StoredReading[] = [];
  for await (const stored of telemetry.readings(first.seriesId, {
    ...{ from: first.observedAt, to: last.observedAt },
    connection,
  }))
    if (wanted.has(nameOf(stored))) held.push(stored);
  return held;
}

const nameOf = ({ observedAt, value }: Pick<Reading, "observedAt" | "value">): string =>
  `${observedAt} ${value.type} ${wordsOf(value)}`;

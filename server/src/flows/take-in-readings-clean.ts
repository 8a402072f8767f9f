import type { Point, ReadingValue, ValueType } from "@waremind/contract";
import type { Profile } from "../devices/index.ts";
import { assert } from "../platform/errors.ts";
import {
  type ConversionFound,
  converted,
  type Expected,
  type Fault,
  faultOfKey,
  faultOfTime,
  faultOfValue,
  isAlteredInteger,
  numberInText,
  type QuarantinedMessage,
  type Reading,
  type Series,
  type Telemetry,
} from "../telemetry/index.ts";
import { type Conversions, createConversions } from "./intake-conversions.ts";
import type { IntakeFollower, IntakeMessage, Receipt } from "./intake-sink.ts";

const devicesCachedMax = 20_000;
const seriesCachedMax = 200_000;
/** A device that invents keys would otherwise grow the store without end. */
const seriesPerDeviceMax = 1_000;
const detailLengthMax = 1_000;
const payloadLengthMax = 64 * 1024;

/** A message on its way to the disk, with whoever waits for it. `fault` set: it could not even be decoded. */
export interface Delivery {
  readonly message: IntakeMessage;
  readonly fault: Fault | undefined;
  readonly receipt: Receipt;
}

const nobody: Receipt = { stored: () => undefined, notStored: () => undefined };

/** A message that waits for nobody: its caller stores it himself. */
export function unawaited(message: IntakeMessage): Delivery {
  return { message, fault: undefined, receipt: nobody };
}

/** What a batch comes to: readings in arrival order, and what is refused of it. */
export interface CleanBatch {
  readonly readings: readonly Reading[];
  readonly refused: readonly QuarantinedMessage[];
}

export interface SeriesName {
  readonly deviceName: string;
  readonly key: string;
}

export interface Cleaner {
  clean(batch: readonly Delivery[]): Promise<CleanBatch>;
  /** Names of a series that went through `clean` lately. */
  nameOf(seriesId: number): SeriesName | undefined;
}

interface KnownSeries extends Expected {
  readonly id: number;
  readonly acceptsText: boolean;
  /** Null: it is sent in the series' own unit. */
  readonly conversion: ConversionFound | null;
}

type KnownSeriesByKey = ReadonlyMap<string, KnownSeries>;

interface KnownDevice {
  readonly series: Map<string, Series>;
  /** Ranges come from the profile object of the session; a changed profile is a new object. */
  byProfile: WeakMap<Profile, KnownSeriesByKey>;
}

const nothingKnown: KnownSeriesByKey = new Map();
const noFaults: readonly Fault[] = [];

/**
 * Turns messages into readings: finds their series, checks each point, and says what is refused and why.
 * One cleaner serves one lane: two calls at a time would clear each other's cache. It tells `followers` what it learns.
 */
export function createCleaner(telemetry: Telemetry, followers: readonly IntakeFollower[] = []): Cleaner {
  const devices = new Map<number, KnownDevice>();
  const names = new Map<number, SeriesName>();
  const conversions = createConversions();

  /** Makes known every device and key of the batch, except keys beyond a device's limit. */
  async function learn(batch: readonly Delivery[]): Promise<void> {
    const ids = new Set(batch.map(({ message }) => message.identity.device.id));
    if (devices.size + ids.size > devicesCachedMax || names.size > seriesCachedMax) {
      devices.clear();
      names.clear();
    }
    const strangers = [...ids].filter((id) => !devices.has(id));
    for (const id of strangers) devices.set(id, { series: new Map(), byProfile: new WeakMap() });
    for (const series of await telemetry.seriesOfDevices(strangers)) keep(series);
    for (const series of await telemetry.ensureSeries(wantedSeries(batch, devices))) keep(series);
    for (const { message } of batch) {
      const { device, profile } = message.identity;
      await conversions.learn(profile, devices.get(device.id)?.series ?? new Map());
    }
  }

  function keep(series: Series): void {
    const device = devices.get(series.deviceId);
    if (device === undefined || device.series.has(series.key)) return;
    device.series.set(series.key, series);
    device.byProfile = new WeakMap();
  }

  function seriesFor({ device, profile }: IntakeMessage["identity"]): KnownSeriesByKey | undefined {
    const known = devices.get(device.id);
    if (known === undefined) return;
    const present = known.byProfile.get(profile);
    if (present !== undefined) return present;
    const built = withRanges(known.series, profile, conversions);
    if (built === undefined) return;
    known.byProfile.set(profile, built);
    for (const { id, key } of known.series.values()) names.set(id, { deviceName: device.name, key });
    const all = [...known.series.values()];
    for (const follower of followers) follower.learn?.({ device, profile }, all);
    return built;
  }

  return {
    clean: async (batch) => {
      const clean = cleanKnown(batch, seriesFor);
      if (clean !== undefined) return clean;
      await learn(batch);
      const learned = cleanKnown(batch, seriesFor, tooManyKeys);
      assert(learned !== undefined, "a device of the batch is unknown after it was learned");
      return learned;
    },
    nameOf: (seriesId) => names.get(seriesId),
  };
}

/** Undefined when a conversion is not known yet. */
function withRanges(
  series: ReadonlyMap<string, Series>,
  profile: Profile,
  conversions: Conversions,
): KnownSeriesByKey | undefined {
  const ranges = new Map(profile.keys.map((key) => [key.key, key]));
  const known = new Map<string, KnownSeries>();
  for (const { id, key, valueType, unit } of series.values()) {
    const range = ranges.get(key);
    const conversion = conversions.of(range?.sentUnit, unit);
    if (conversion === undefined) return;
    known.set(key, {
      id,
      valueType,
      min: range?.min ?? null,
      max: range?.max ?? null,
      acceptsText: range?.acceptsText ?? false,
      conversion,
    });
  }
  return known;
}

function wantedSeries(
  batch: readonly Delivery[],
  devices: ReadonlyMap<number, KnownDevice>,
): Parameters<Telemetry["ensureSeries"]>[0] {
  const wanted = new Map<string, Parameters<Telemetry["ensureSeries"]>[0][number]>();
  const counts = new Map<number, number>();
  for (const { message } of batch) {
    const { device, profile } = message.identity;
    const known = devices.get(device.id)?.series;
    for (const point of message.points) {
      const name = `${device.id}/${point.key}`;
      if (known?.has(point.key) === true || wanted.has(name) || faultOfKey(point.key) !== undefined) continue;
      const count = counts.get(device.id) ?? known?.size ?? 0;
      if (count >= seriesPerDeviceMax) continue;
      counts.set(device.id, count + 1);
      const expected = profile.keys.find((key) => key.key === point.key);
      wanted.set(name, {
        deviceId: device.id,
        key: point.key,
        valueType: expected?.type ?? typeOfNew(point.value),
        unit: expected?.unit ?? null,
      });
    }
  }
  return [...wanted.values()];
}

/** A long whole number on a key that nobody described is an identifier, and those are text. */
function typeOfNew(value: ReadingValue): ValueType {
  return value.type === "number" && isAlteredInteger(value) ? "text" : value.type;
}

function appended(faults: Fault[] | undefined, fault: Fault): Fault[] {
  if (faults === undefined) return [fault];
  faults.push(fault);
  return faults;
}

/** What to make of a point whose key has no series; undefined: find or make the series first. */
type Stranger = (point: Point) => Fault | undefined;

/** Undefined when a device or key is not known yet. */
function cleanKnown(
  batch: readonly Delivery[],
  seriesFor: (identity: IntakeMessage["identity"]) => KnownSeriesByKey | undefined,
  otherwise?: Stranger,
): CleanBatch | undefined {
  const readings: Reading[] = [];
  const refused: QuarantinedMessage[] = [];
  for (const { message, fault } of batch) {
    const series = fault === undefined ? seriesFor(message.identity) : nothingKnown;
    if (series === undefined) return;
    const faults = fault === undefined ? cleanMessage(message, { series, readings, otherwise }) : [fault];
    if (faults === undefined) return;
    if (faults.length > 0) refused.push(asQuarantined(message, faults));
  }
  return { readings, refused };
}

/** Adds the message's good points to `readings` and answers what is wrong with the others. */
function cleanMessage(
  message: IntakeMessage,
  context: {
    readonly series: KnownSeriesByKey;
    readonly readings: Reading[];
    readonly otherwise: Stranger | undefined;
  },
): readonly Fault[] | undefined {
  let faults: Fault[] | undefined;
  for (const point of message.points) {
    const series = context.series.get(point.key);
    const outcome =
      series === undefined
        ? (faultOfKey(point.key) ?? context.otherwise?.(point))
        : readingOf(point, series, message.receivedAt);
    if (outcome === undefined) return;
    if ("seriesId" in outcome) context.readings.push(outcome);
    else faults = appended(faults, outcome);
  }
  return faults ?? noFaults;
}

function readingOf(point: Point, series: KnownSeries, receivedAt: number): Reading | Fault {
  const observedAt = point.observedAt ?? receivedAt;
  const sent = point.value.type === series.valueType ? point.value : asExpected(point.value, series);
  const value = series.conversion === null ? sent : inUnit(point.key, sent, series.conversion);
  if ("reason" in value) return value;
  const fault = faultOfValue(point.key, value, series) ?? faultOfTime(point.key, observedAt, receivedAt);
  return fault ?? { seriesId: series.id, observedAt, receivedAt, value };
}

/**
 * The two ways in which a value may become of the type its series has, both without losing a character: an identifier
 * that was sent without quotes, and a number in quotes where the profile says that this key has them.
 */
function asExpected(value: ReadingValue, series: KnownSeries): ReadingValue {
  if (series.valueType === "text" && value.type === "number" && isAlteredInteger(value)) {
    return { type: "text", text: value.literal ?? "" };
  }
  if (series.acceptsText && series.valueType === "number" && value.type === "text") {
    return numberInText(value.text) ?? value;
  }
  return value;
}

/** A number that was converted is no more the one that was sent, so it has no digits of its own. */
function inUnit(key: string, value: ReadingValue, found: ConversionFound): ReadingValue | Fault {
  if (value.type !== "number") return value;
  if (!found.isPossible) return { reason: "unit-not-convertible", detail: `${key}: ${found.reason.en}` };
  return { type: "number", number: converted(value.number, found.conversion) };
}

function tooManyKeys(point: Point): Fault {
  return {
    reason: "too-many-keys",
    detail: `${point.key}: this device has ${seriesPerDeviceMax} keys already.`,
  };
}

/** The whole message with what is wrong in it; its other points are stored. */
export function asQuarantined(message: IntakeMessage, faults: readonly Fault[]): QuarantinedMessage {
  return {
    deviceId: message.identity.device.id,
    receivedAt: message.receivedAt,
    transport: message.transport,
    reason: faults[0]?.reason ?? "unknown",
    detail: storable(faults.map((fault) => fault.detail).join(" ")).slice(0, detailLengthMax),
    payload: payloadText(message.payload),
  };
}

const base64Prefix = "base64:";
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Text as it came; what is not text, or holds what the store cannot, as base64. */
export function payloadText(payload: Uint8Array): string {
  const bytes = payload.subarray(0, payloadLengthMax);
  try {
    const text = decoder.decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Not UTF-8: kept byte for byte below.
  }
  return `${base64Prefix}${Buffer.from(bytes).toString("base64")}`;
}

/** The bytes behind a quarantined payload, as they were sent. */
export function payloadBytes(payload: string): Buffer {
  return payload.startsWith(base64Prefix)
    ? Buffer.from(payload.slice(base64Prefix.length), "base64")
    : Buffer.from(payload);
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\u2400");
}

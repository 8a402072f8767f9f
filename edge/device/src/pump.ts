// Empties the outbox through the connection: batches in order, several under way, nothing forgotten before its PUBACK.
import { wait } from "./clock.ts";
import type { Link } from "./link.ts";
import type { DeviceStore, StoredReading } from "./store.ts";
import { valueLimits } from "./values.ts";

const telemetryTopic = "v1/devices/me/telemetry";
const batchReadingsMax = 200;
const batchesUnderWayMax = 8;
/** How long to leave the server alone after it said that this is too much. */
const slowDownMs = 1_000;
/** PUBACK reasons that ask for patience: busy, unavailable, too fast, over a quota. */
const patienceReasons = new Set([136, 137, 150, 151]);

export interface Pump {
  /** Sends what waits; call after a reading was added and when the connection is up. */
  run(): void;
  /** The connection broke: what was under way is sent again. */
  reset(): void;
  readonly underWay: number;
}

export function createPump(deps: {
  readonly store: DeviceStore;
  readonly link: Pick<Link, "isUp" | "publish">;
  readonly signal: AbortSignal;
  readonly refused: (reading: StoredReading, reason: string) => void;
  /** Called when a batch was settled. */
  readonly settled: () => void;
}): Pump {
  const { store, link } = deps;
  let cursor = 0;
  let underWay = 0;
  let isSlowed = false;
  /** Above 0 after a refusal: single readings find out which of a batch is to blame. */
  let singlesLeft = 0;
  let generation = 0;

  function run(): void {
    while (link.isUp && !isSlowed && underWay < batchesUnderWayMax) {
      const batch = takeBatch();
      if (batch.length === 0) return;
      void send(batch, generation);
    }
  }

  function takeBatch(): readonly StoredReading[] {
    const waiting = store.readingsAfter(cursor, singlesLeft > 0 ? 1 : batchReadingsMax);
    let bytes = 2;
    let values = 0;
    let count = 0;
    for (const reading of waiting) {
      bytes += Buffer.byteLength(reading.values) + envelopeBytes;
      values += Object.keys(JSON.parse(reading.values) as object).length;
      const isTooMuch = bytes > valueLimits.messageBytesMax || values > valueLimits.messageValuesMax;
      if (count > 0 && isTooMuch) break;
      count += 1;
    }
    const batch = waiting.slice(0, count);
    cursor = batch.at(-1)?.id ?? cursor;
    if (singlesLeft > 0) singlesLeft -= batch.length;
    return batch;
  }

  async function send(batch: readonly StoredReading[], from: number): Promise<void> {
    underWay += 1;
    const outcome = await link.publish(telemetryTopic, payloadOf(batch)).catch(() => "broken" as const);
    // A connection that broke meanwhile has begun anew: its batches are counted no more.
    if (from !== generation) return;
    underWay -= 1;
    if (outcome === null) store.removeReadings(batch.map(({ id }) => id));
    else if (outcome !== "broken") refuse(batch, outcome);
    deps.settled();
    run();
  }

  function refuse(batch: readonly StoredReading[], reason: number): void {
    const [first] = batch;
    if (patienceReasons.has(reason)) {
      slowDown();
      rewind(first);
    } else if (batch.length > 1) {
      singlesLeft = Math.max(singlesLeft, batch.length);
      rewind(first);
    } else if (first !== undefined) {
      const why = `The server refused it with reason 0x${reason.toString(16)}.`;
      store.refuseReading(first, why);
      deps.refused(first, why);
    }
  }

  /** Again from this reading on; what is acknowledged meanwhile is gone from the store. */
  function rewind(reading: StoredReading | undefined): void {
    if (reading !== undefined) cursor = Math.min(cursor, reading.id - 1);
  }

  function slowDown(): void {
    if (isSlowed) return;
    isSlowed = true;
    void wait(slowDownMs, deps.signal).then(() => {
      isSlowed = false;
      run();
    });
  }

  return {
    run,
    reset: () => {
      generation += 1;
      underWay = 0;
      cursor = 0;
    },
    get underWay() {
      return underWay;
    },
  };
}

/** `{"ts":1700000000000,"values":…},` */
const envelopeBytes = 40;

function payloadOf(batch: readonly StoredReading[]): string {
  return `[${batch.map(({ at, values }) => `{"ts":${at},"values":${values}}`).join(",")}]`;
}

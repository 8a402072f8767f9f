// The workers' side of the stream: each reads its share of the partitions and stores them as the one process would, in
// the order of each device. A partition has one reader at a time, by a lease; a batch is acknowledged after its commit.
import type { DeviceIdentity, Devices } from "../devices/index.ts";
import type { Database } from "../platform/database.ts";
import type { Leases } from "../platform/leases.ts";
import { isDone, noteDone, type Place, readProgress, writeProgress } from "./intake-progress.ts";
import type { IntakeFollower, IntakeMessage, Receipt } from "./intake-sink.ts";
import { leaseOfPartition } from "./partitions.ts";
import { decodeBatch, type ReadingBatch, UnreadableBatch } from "./reading-batch.ts";
import type { ReadingStream, StreamedBatch } from "./reading-stream.ts";
import type { Slots } from "./slots.ts";
import { createCleaner, type Delivery, payloadText } from "./take-in-readings-clean.ts";
import { createCommitter, type IntakeDependencies } from "./take-in-readings-commit.ts";

export const readerLimits = {
  /** Device messages and points of one transaction; one batch of the stream may go beyond. */
  messagesMax: 2_500,
  pointsMax: 5_000,
  /** Before a partition that broke off is read again. */
  reopenMs: 1_000,
} as const;

export interface ReaderDependencies extends Omit<IntakeDependencies, "followers" | "within"> {
  readonly stream: Pick<ReadingStream, "open">;
  readonly leases: Pick<Leases, "advance">;
  /** Made anew for each reading of a partition: what they remember is of the readings that this process stored. */
  readonly makeFollowers: () => readonly IntakeFollower[];
  /** Transactions at once, of all partitions. */
  readonly slots: Slots;
  readonly limits?: Partial<{ readonly [Name in keyof typeof readerLimits]: number }>;
}

export interface PartitionReader {
  /** Stores what it has begun, then reads no more. */
  stop(): Promise<void>;
  readonly isOver: boolean;
}

/** Reads a partition until it is stopped or another worker took it. */
export function readPartition(
  deps: ReaderDependencies,
  held: { readonly partition: number; readonly epoch: number },
): PartitionReader {
  const { partition } = held;
  const limits = { ...readerLimits, ...deps.limits };
  let { epoch } = held;
  let isStopped = false;
  let isOver = false;
  let wake: () => void = () => undefined;

  async function readAll(): Promise<void> {
    while (!isStopped) {
      try {
        // A new epoch: a transaction of an earlier reader that is still under way ends first, or fails.
        const next = await deps.leases.advance(leaseOfPartition(partition), epoch);
        if (next === null) return;
        epoch = next;
        await readUntilBroken();
      } catch (error) {
        deps.log.warn({ err: error, partition }, "A partition of readings could not be read; trying again.");
      }
      if (!isStopped) await new Promise((resolve) => setTimeout(resolve, limits.reopenMs));
    }
  }

  async function readUntilBroken(): Promise<void> {
    const store = await openPartitionStore(deps, { partition, epoch });
    const waiting: StreamedBatch[] = [];
    let isBroken = false;
    const source = await deps.stream.open(partition, {
      onBatch: (batch) => {
        waiting.push(batch);
        wake();
      },
      onBroken: (why) => {
        deps.log.warn({ partition, why }, "Reading a partition broke off; it begins again.");
        isBroken = true;
        wake();
      },
    });
    try {
      while (!isStopped && !isBroken) {
        if (waiting.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if (!(await deps.slots.run(() => store(waiting, limits)))) return;
      }
    } finally {
      await source.close();
    }
  }

  const work = readAll().finally(() => {
    isOver = true;
  });
  return {
    stop: async () => {
      isStopped = true;
      wake();
      await work;
    },
    get isOver() {
      return isOver;
    },
  };
}

/** Stores the first of those that wait, and takes them out. False: the store is away, or the partition was taken over. */
type PartitionStore = (waiting: StreamedBatch[], limits: BatchLimits) => Promise<boolean>;

interface BatchLimits {
  readonly messagesMax: number;
  readonly pointsMax: number;
}

async function openPartitionStore(
  deps: ReaderDependencies,
  held: { readonly partition: number; readonly epoch: number },
): Promise<PartitionStore> {
  const progress = await readProgress(deps.database, held.partition);
  const places = new WeakMap<IntakeMessage, Place>();
  const placesOf = (batch: readonly Delivery[]): Place[] =>
    batch.flatMap(({ message }) => places.get(message) ?? []);
  const followers = deps.makeFollowers();
  const commit = createCommitter({
    ...deps,
    followers,
    cleaner: createCleaner(deps.telemetry, followers),
    within: (connection, batch) => writeProgress(connection, held, placesOf(batch)),
  });

  /** As many batches as one transaction takes, decoded. */
  async function gather(waiting: readonly StreamedBatch[], { messagesMax, pointsMax }: BatchLimits) {
    const deliveries: Delivery[] = [];
    let batchCount = 0;
    let points = 0;
    for (const { bytes } of waiting) {
      if (deliveries.length >= messagesMax || points >= pointsMax) break;
      batchCount += 1;
      const batch = await decodeOrQuarantine(deps, bytes);
      for (const [delivery, place] of await freshOf(deps, batch, (place) => isDone(progress, place))) {
        places.set(delivery.message, place);
        deliveries.push(delivery);
        points += delivery.message.points.length;
      }
    }
    return { deliveries, batchCount };
  }

  return async (waiting, limits) => {
    const { deliveries, batchCount } = await gather(waiting, limits);
    if (deliveries.length > 0 && !(await commit(deliveries))) return false;
    for (const place of placesOf(deliveries)) noteDone(progress, place);
    for (const streamed of waiting.splice(0, batchCount)) streamed.acknowledge();
    return true;
  };
}

/** Its own publisher waits for nobody: the device was told long ago. */
const nobody: Receipt = { stored: () => undefined, notStored: () => undefined };

/** What of a batch is not stored yet and has a device, each with its place. */
async function freshOf(
  { devices, log }: ReaderDependencies,
  batch: ReadingBatch | null,
  isStored: (place: Place) => boolean,
): Promise<(readonly [Delivery, Place])[]> {
  if (batch === null) return [];
  const { publisher, number } = batch;
  const identities = new Map<number, DeviceIdentity | null>();
  const fresh: (readonly [Delivery, Place])[] = [];
  for (const [index, { deviceId, fault, ...message }] of batch.messages.entries()) {
    const place = { publisher, number, index };
    if (isStored(place)) continue;
    const identity = identities.get(deviceId) ?? (await identityOf(devices, deviceId));
    identities.set(deviceId, identity);
    if (identity === null)
      log.info({ deviceId }, "A message of a device that was deleted meanwhile is passed over.");
    else fresh.push([{ message: { ...message, identity }, fault, receipt: nobody }, place]);
  }
  return fresh;
}

/** Also of a device that was disabled after its message was acknowledged; null when it is deleted. */
async function identityOf(devices: Devices, deviceId: number): Promise<DeviceIdentity | null> {
  const active = await devices.identityOf(deviceId);
  if (active !== null) return active;
  const device = await devices.findDeviceById(deviceId);
  if (device === null) return null;
  const profile = (await devices.listProfiles()).find(({ id }) => id === device.profileId);
  return profile === undefined ? null : { device, profile };
}

/** Null for what cannot be read whenever it is tried: its owner finds it in quarantine, and the stream goes on. */
async function decodeOrQuarantine(
  deps: Pick<ReaderDependencies, "telemetry" | "clock" | "log"> & { readonly database: Database },
  bytes: Uint8Array,
): Promise<ReadingBatch | null> {
  try {
    return decodeBatch(bytes);
  } catch (error) {
    if (!(error instanceof UnreadableBatch)) throw error;
    deps.log.error({ err: error }, "A batch of the stream cannot be read; it was put into quarantine.");
    const refused = {
      ...{ deviceId: null, receivedAt: deps.clock.now(), transport: "stream", reason: "payload-malformed" },
      detail: `This message of the stream of readings cannot be read: ${error.message}.`,
      payload: payloadText(bytes),
    };
    await deps.database.transaction((connection) => deps.telemetry.quarantine(connection, [refused]));
    return null;
  }
}

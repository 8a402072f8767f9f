// The way in for readings where others store them: what comes in together leaves as one message of a stream, and whoever
// waits is told once the stream has it on its disk. One batch of a partition is under way at a time, so that a device's
// messages stand in the stream in the order in which they came, also when one had to be sent again.
import { assert } from "../platform/errors.ts";
import type { Log } from "../platform/log.ts";
import { storeUnavailable } from "../platform/store-errors.ts";
import type { IntakeMeter } from "./intake-meter.ts";
import type { IntakeSink } from "./intake-sink.ts";
import { partitionCount, partitionOf } from "./partitions.ts";
import { encodeBatch } from "./reading-batch.ts";
import {
  createBacklog,
  faultOf,
  isOverloaded,
  isStopping,
  pendingCountHardMax,
  pendingCountMax,
} from "./take-in-readings.ts";
import type { Delivery } from "./take-in-readings-clean.ts";

export const streamLimits = {
  /** Messages and payload bytes of one batch; NATS takes a megabyte, and points are up to four times their payload. */
  batchMessagesMax: 500,
  batchPayloadBytesMax: 160 * 1024,
  /** With this much waiting or under way in all partitions the next batch gathers a moment: each costs the same. */
  gatherCountMin: 64,
  gatherMs: 4,
  /** How often a batch is sent again, and the pause before: NATS may restart meanwhile. Then devices are told to come again. */
  attemptsMax: 6,
  retryMs: 500,
} as const;

export interface StreamPublisher {
  /** Resolves once the stream has it. The same `id` again within two minutes changes nothing. */
  publish(batch: {
    readonly partition: number;
    readonly bytes: Uint8Array;
    readonly id: string;
  }): Promise<void>;
}

export interface StreamIntakeDependencies {
  readonly publisher: StreamPublisher;
  /** Of this very start of this process: its batches are numbered from one. */
  readonly processId: string;
  readonly log: Log;
  readonly meter?: IntakeMeter;
  readonly limits?: Partial<{ readonly [Name in keyof typeof streamLimits]: number }>;
}

interface Lane {
  readonly partition: number;
  pending: Delivery[];
  isUnderWay: boolean;
  lastNumber: number;
}

export function createStreamIntake(dependencies: StreamIntakeDependencies): IntakeSink {
  const limits = { ...streamLimits, ...dependencies.limits };
  const lanes = Array.from(
    { length: partitionCount },
    (_, partition): Lane => ({ partition, pending: [], isUnderWay: false, lastNumber: 0 }),
  );
  const backlog = createBacklog();
  const idle: (() => void)[] = [];
  let isStartDue = false;
  let isStopped = false;

  function add(delivery: Delivery): void {
    if (isStopped || backlog.count >= pendingCountHardMax) {
      delivery.receipt.notStored(isStopped ? isStopping() : isOverloaded());
      return;
    }
    backlog.add(delivery);
    dependencies.meter?.received(delivery.message.transport);
    const lane = lanes[partitionOf(delivery.message.identity.device.id)];
    assert(lane !== undefined, "every device has a partition");
    lane.pending.push(delivery);
    if (lane.isUnderWay || isStartDue) return;
    isStartDue = true;
    // What the other sockets bring in this very turn joins the first batch.
    setImmediate(() => {
      isStartDue = false;
      for (const one of lanes) start(one);
    });
  }

  function start(lane: Lane): void {
    if (!lane.isUnderWay && lane.pending.length > 0) void sendAll(lane);
  }

  async function sendAll(lane: Lane): Promise<void> {
    lane.isUnderWay = true;
    while (lane.pending.length > 0) {
      if (!isStopped && backlog.count >= limits.gatherCountMin) await pause(limits.gatherMs);
      await sendNext(lane);
    }
    lane.isUnderWay = false;
    if (isIdle()) for (const resolve of idle.splice(0)) resolve();
  }

  async function sendNext(lane: Lane): Promise<void> {
    const batch = takeBatch(lane.pending, limits);
    lane.lastNumber += 1;
    const error = await sendPatiently(lane.partition, lane.lastNumber, batch);
    if (error === null) acknowledge(batch, dependencies.meter);
    // What waits behind one that was not taken would overtake it when it comes again.
    else batch.push(...lane.pending.splice(0));
    backlog.release(batch);
    if (error !== null) for (const { receipt } of batch) receipt.notStored(error);
  }

  /** Null once the stream has it. A batch that was given up may be in the stream all the same; its devices send it again. */
  async function sendPatiently(
    partition: number,
    number: number,
    batch: readonly Delivery[],
  ): Promise<Error | null> {
    const { publisher, processId, log } = dependencies;
    const bytes = encodeBatch({ publisher: processId, number, messages: batch.map(streamed) });
    for (let attempt = 1; ; attempt += 1) {
      try {
        await publisher.publish({ partition, bytes, id: `${processId}/${partition}/${number}` });
        return null;
      } catch (error) {
        const reason = reasonOf(error);
        log.warn({ reason, partition, attempt }, "The stream did not take a batch of readings.");
        if (attempt >= limits.attemptsMax) return storeUnavailable(reason, error);
      }
      await pause(limits.retryMs);
    }
  }

  const isIdle = (): boolean => lanes.every((lane) => !lane.isUnderWay && lane.pending.length === 0);
  const settled = (delivery: Omit<Delivery, "receipt">) =>
    new Promise<void>((resolve, reject) =>
      add({ ...delivery, receipt: { stored: resolve, notStored: reject } }),
    );

  return {
    append: (message) => settled({ message, fault: undefined }),
    appendMalformed: (message) => settled({ message: { ...message, points: [] }, fault: faultOf(message) }),
    take: (message, receipt) => add({ message, fault: undefined, receipt }),
    get pendingCount() {
      return backlog.count;
    },
    pendingCountMax,
    waitForRoom: backlog.waitForRoom,
    stop: async () => {
      isStopped = true;
      if (!isIdle()) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function acknowledge(batch: readonly Delivery[], meter: IntakeMeter | undefined): void {
  for (const { receipt } of batch) receipt.stored();
  meter?.acknowledged(batch);
}

function streamed({ message, fault }: Delivery) {
  const { identity, transport, receivedAt, points, payload } = message;
  return { deviceId: identity.device.id, transport, receivedAt, points, payload, fault };
}

function takeBatch(
  pending: Delivery[],
  limits: { readonly batchMessagesMax: number; readonly batchPayloadBytesMax: number },
): Delivery[] {
  let bytes = 0;
  let count = 0;
  while (count < pending.length && count < limits.batchMessagesMax) {
    bytes += pending[count]?.message.payload.byteLength ?? 0;
    // A single message larger than a batch is a batch of its own.
    if (bytes > limits.batchPayloadBytesMax && count > 0) break;
    count += 1;
  }
  return pending.splice(0, count);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

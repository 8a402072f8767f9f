// The stream of readings in NATS JetStream: made when it is missing, published to, and read partition by partition.
import type { JsMsg, StreamInfo } from "@nats-io/jetstream";
import { DomainError } from "../platform/errors.ts";
import type { Log } from "../platform/log.ts";
import type { Nats } from "../platform/nats.ts";
import type { StreamPublisher } from "./stream-readings.ts";

export const readingStreamLimits = {
  /** Readings that workers have yet to store. A full stream refuses more, which holds devices back; it drops nothing. */
  bytesMax: 2 * 1024 ** 3,
  /** The same batch sent again within this is known by its id. */
  duplicateWindowMs: 120_000,
  publishMsMax: 5_000,
  /** Batches of a partition that are read and not acknowledged yet. */
  unacknowledgedMax: 64,
  /** A worker that holds a batch longer gets it again; it knows what it has. */
  acknowledgeMsMax: 300_000,
  /** How often a reader asks, and how long it waits for a sign of life before it begins anew. */
  pullMs: 10_000,
} as const;

const nanos = (ms: number): number => ms * 1_000_000;
const consumerNotFound = 10_014;
const replicasThatSurvive = 3;

/** A batch as it came from the stream. */
export interface StreamedBatch {
  readonly bytes: Uint8Array;
  /** Takes it out of the stream. A lost acknowledgement only brings it back later. */
  acknowledge(): void;
}

export interface ReadingStream extends StreamPublisher {
  /**
   * Reads a partition from its first batch that is not acknowledged on, each once and in order, whoever read it before:
   * that reader is cut off. `onBroken` is told once, when a batch may have been missed; then it must be opened again.
   */
  open(
    partition: number,
    reader: { onBatch(batch: StreamedBatch): void; onBroken(why: string): void },
  ): Promise<{ close(): Promise<void> }>;
}

/**
 * @param options.name also the first part of its subjects. `replicas`: of how many servers of a NATS cluster each keeps a
 * copy. A stream that is there stays as it is.
 */
export async function openReadingStream(
  nats: Nats,
  options: { readonly name: string; readonly replicas: number; readonly log: Log },
): Promise<ReadingStream> {
  const { name, log } = options;
  await ensureStream(nats, options);
  const subjectOf = (partition: number): string => `${name}.intake.${partition}`;
  const durableOf = (partition: number): string => `intake-${partition}`;

  async function renewConsumer(partition: number): Promise<void> {
    // Made anew, it begins with the first batch that is not acknowledged; an old one would bring those last.
    await nats.manager.consumers.delete(name, durableOf(partition)).catch((error: unknown) => {
      if (codeOf(error) !== consumerNotFound) throw error;
    });
    await nats.manager.consumers.add(name, {
      durable_name: durableOf(partition),
      filter_subject: subjectOf(partition),
      ack_policy: "explicit",
      deliver_policy: "all",
      max_ack_pending: readingStreamLimits.unacknowledgedMax,
      ack_wait: nanos(readingStreamLimits.acknowledgeMsMax),
    });
  }

  return {
    publish: async ({ partition, bytes, id }) => {
      const { publishMsMax: timeout } = readingStreamLimits;
      await nats.stream.publish(subjectOf(partition), bytes, { msgID: id, timeout });
    },
    open: async (partition, reader) => {
      let isOver = false;
      const end = (why: string): void => {
        if (isOver) return;
        isOver = true;
        reader.onBroken(why);
      };
      await renewConsumer(partition);
      const consumer = await nats.stream.consumers.get(name, durableOf(partition));
      let lastDelivery = 0;
      const receive = (message: JsMsg): void => {
        if (isOver) return;
        const { deliverySequence } = message.info;
        if (deliverySequence !== lastDelivery + 1) {
          end(`batch ${deliverySequence} came after ${lastDelivery}`);
          return;
        }
        lastDelivery = deliverySequence;
        reader.onBatch({ bytes: message.data, acknowledge: () => message.ack() });
      };
      const { unacknowledgedMax: max_messages, pullMs: expires } = readingStreamLimits;
      const messages = await consumer.consume({ max_messages, expires, callback: receive });
      const forget = nats.onChange((isUp) => {
        if (!isUp) end("the connection to NATS was lost");
      });
      const watched = endWith(messages, end).catch((error: unknown) => {
        log.error({ err: error, partition }, "A reader of the stream failed.");
        end("its state is not known");
      });
      return {
        close: async () => {
          isOver = true;
          forget();
          await messages.close();
          await watched;
        },
      };
    },
  };
}

/** What a reader does not recover from by itself. */
async function endWith(
  messages: { status(): AsyncIterable<{ readonly type: string }> },
  end: (why: string) => void,
): Promise<void> {
  const bad = new Set([
    "heartbeats_missed",
    "consumer_not_found",
    "consumer_deleted",
    "stream_not_found",
    "exceeded_limits",
  ]);
  for await (const { type } of messages.status()) if (bad.has(type)) end(type);
  end("the reader ended");
}

async function ensureStream(
  nats: Nats,
  options: { readonly name: string; readonly replicas: number; readonly log: Log },
): Promise<void> {
  const { name, log } = options;
  const { config } = await makeOrFind(nats, options);
  if (config.retention !== "workqueue" || config.discard !== "new" || config.max_age > 0)
    log.error(
      { stream: name, retention: config.retention, discard: config.discard, maxAge: config.max_age },
      "The stream of readings may drop what was acknowledged: it must be a work queue that discards new messages and has no age limit.",
    );
  if (config.num_replicas >= replicasThatSurvive) return;
  log.warn(
    { stream: name, replicas: config.num_replicas },
    "The stream of readings has fewer than three replicas, and NATS does not say whether it waits for its disk. Set sync_interval: always in its jetstream settings, or a power cut may lose readings that were acknowledged.",
  );
}

/** @throws DomainError `store-unavailable` when NATS has no JetStream or not the room for it. */
async function makeOrFind(
  nats: Nats,
  { name, replicas }: { readonly name: string; readonly replicas: number },
): Promise<Pick<StreamInfo, "config">> {
  try {
    return await nats.manager.streams.add({
      name,
      subjects: [`${name}.intake.*`],
      // Each batch goes once it is acknowledged. No age: what grows old unread must not be dropped.
      retention: "workqueue",
      storage: "file",
      discard: "new",
      max_bytes: readingStreamLimits.bytesMax,
      duplicate_window: nanos(readingStreamLimits.duplicateWindowMs),
      num_replicas: replicas,
    });
  } catch (error) {
    // It may be there, as an operator or an earlier version made it.
    const found = await nats.manager.streams.info(name).catch(() => null);
    if (found !== null) return found;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DomainError(
      "store-unavailable",
      {
        en: `NATS did not make the stream ${name}: ${reason}. It needs JetStream (nats-server -js) with ${readingStreamLimits.bytesMax / 1024 ** 3} GiB of file storage.`,
        zh: `NATS 未能创建消息流 ${name}：${reason}。需要启用 JetStream（nats-server -js），并有 ${readingStreamLimits.bytesMax / 1024 ** 3} GiB 的文件存储空间。`,
      },
      { reason },
      error,
    );
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
}

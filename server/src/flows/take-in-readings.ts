// The one way in for readings: group commit. While one transaction is being written, the messages of all sessions gather
// for the next, under load a few milliseconds longer; whoever waits is told once they are on disk. See specs/store.md.
import { assert, DomainError } from "../platform/errors.ts";
import { storeUnavailable } from "../platform/store-errors.ts";
import type { IntakeSink, MalformedMessage } from "./intake-sink.ts";
import { createCleaner, type Delivery } from "./take-in-readings-clean.ts";
import { type Commit, createCommitter, type IntakeDependencies } from "./take-in-readings-commit.ts";

export type { IntakeDependencies } from "./take-in-readings-commit.ts";

const batchMessagesMax = 2_500;
const batchPointsMax = 5_000;
export const pendingCountMax = 20_000;
/** Above twice the limit even a transport that does not wait is refused. */
export const pendingCountHardMax = 2 * pendingCountMax;
/** A message counts for one per this many bytes of payload: 20,000 of them hold at most some 80 MB. */
const bytesPerCount = 4_096;

/**
 * Under load the next batch gathers a moment after the last: larger batches cost less for each message. After a batch
 * smaller than this nothing waits.
 */
const gatherMessagesMin = 64;
const gatherMs = 4;
/** What is more than so many times the last batch has gathered already. */
const gatherFactor = 2;

/** With this little under way and waiting, all goes through one lane again. */
const oneLaneShare = 1 / 4;

/** The messages of a device are in one lane at a time, so they are stored in the order in which they came. */
interface Lane {
  pending: Delivery[];
  readonly commit: Commit;
  isUnderWay: boolean;
}

export function createIntake(dependencies: IntakeDependencies): IntakeSink {
  const log = dependencies.log.child({ component: "intake" });
  const lanes = Array.from({ length: dependencies.database.slots }, () =>
    createLane({ ...dependencies, log }),
  );
  const backlog = createBacklog();
  const idle: (() => void)[] = [];
  /** One lane makes the largest batches; all of them take their share once more comes than one batch holds. */
  let lanesUsed = 1;
  let lanesWanted = 1;
  let isStartDue = false;
  let isStopped = false;

  function laneOf({ message }: Delivery): Lane {
    const lane = lanes[message.identity.device.id % lanesUsed];
    assert(lane !== undefined, "a device id is a whole number, and there is a lane");
    return lane;
  }

  function add(delivery: Delivery): void {
    if (isStopped || backlog.count >= pendingCountHardMax) {
      delivery.receipt.notStored(isStopped ? isStopping() : isOverloaded());
      return;
    }
    backlog.add(delivery);
    dependencies.meter?.received(delivery.message.transport);
    const lane = laneOf(delivery);
    lane.pending.push(delivery);
    if (lane.isUnderWay || isStartDue) return;
    isStartDue = true;
    // What the other sockets bring in this very turn joins the first batch.
    setImmediate(() => {
      isStartDue = false;
      start();
    });
  }

  /** Starts a transaction in every lane that is free and has something to store. */
  function start(): void {
    if (lanesUsed !== lanesWanted) {
      // A device that changes its lane must not overtake itself.
      if (lanes.some((lane) => lane.isUnderWay)) return;
      regroup();
    }
    for (const lane of lanes) if (!lane.isUnderWay && lane.pending.length > 0) void commitNext(lane);
  }

  function regroup(): void {
    lanesUsed = lanesWanted;
    const all = lanes.flatMap((lane) => lane.pending.splice(0));
    for (const delivery of all) laneOf(delivery).pending.push(delivery);
  }

  async function commitNext(lane: Lane): Promise<void> {
    lane.isUnderWay = true;
    const batch = takeBatch(lane.pending);
    if (lane.pending.length > 0) lanesWanted = lanes.length;
    else if (backlog.isSmall()) lanesWanted = 1;
    const isStoreUp = await lane.commit(batch);
    backlog.release(batch);
    if (!isStoreUp) backlog.release(rejectAll(lane.pending));
    if (isStoreUp && gathers(lane, batch)) await new Promise((resolve) => setTimeout(resolve, gatherMs));
    lane.isUnderWay = false;
    start();
    if (isIdle()) for (const resolve of idle.splice(0)) resolve();
  }

  /** Whether much comes in and little of it is here yet: those just acknowledged are about to send more. */
  function gathers(lane: Lane, batch: readonly Delivery[]): boolean {
    if (isStopped || lanesUsed > 1 || batch.length < gatherMessagesMin) return false;
    return lane.pending.length < gatherFactor * batch.length;
  }

  function isIdle(): boolean {
    return lanes.every((lane) => !lane.isUnderWay && lane.pending.length === 0);
  }

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

/** What was taken in and is not settled yet. */
export interface Backlog {
  readonly count: number;
  /** Whether all of it is but a part of one batch. */
  isSmall(): boolean;
  add(delivery: Delivery): void;
  release(deliveries: readonly Delivery[]): void;
  waitForRoom(): Promise<void>;
}

export function createBacklog(): Backlog {
  const waiting: (() => void)[] = [];
  let count = 0;
  let points = 0;
  return {
    get count() {
      return count;
    },
    isSmall: () => count <= batchMessagesMax * oneLaneShare && points <= batchPointsMax * oneLaneShare,
    add: (delivery) => {
      count += weightOf(delivery);
      points += delivery.message.points.length;
    },
    release: (deliveries) => {
      for (const delivery of deliveries) {
        count -= weightOf(delivery);
        points -= delivery.message.points.length;
      }
      if (count < pendingCountMax) for (const resolve of waiting.splice(0)) resolve();
    },
    waitForRoom: () =>
      count < pendingCountMax
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve);
          }),
  };
}

function createLane(dependencies: IntakeDependencies): Lane {
  const cleaner = createCleaner(dependencies.telemetry, dependencies.followers);
  return { pending: [], commit: createCommitter({ ...dependencies, cleaner }), isUnderWay: false };
}

export function faultOf(message: MalformedMessage): Delivery["fault"] {
  return { reason: message.reason, detail: message.detail };
}

function takeBatch(pending: Delivery[]): Delivery[] {
  let points = 0;
  let count = 0;
  while (count < pending.length && count < batchMessagesMax) {
    points += pending[count]?.message.points.length ?? 0;
    // A single message larger than a batch is a batch of its own.
    if (points > batchPointsMax && count > 0) break;
    count += 1;
  }
  return pending.splice(0, count);
}

function weightOf({ message }: Delivery): number {
  return 1 + Math.floor(message.payload.byteLength / bytesPerCount);
}

function rejectAll(pending: Delivery[]): Delivery[] {
  const rejected = pending.splice(0);
  for (const delivery of rejected) delivery.receipt.notStored(storeUnavailable("it stayed away"));
  return rejected;
}

export function isStopping(): DomainError {
  return new DomainError("store-unavailable", {
    en: "The server is stopping and takes in nothing more. Connect again in a moment.",
    zh: "服务器正在停止，不再接收数据，请稍后重新连接。",
  });
}

export function isOverloaded(): DomainError {
  return new DomainError("overloaded", {
    en: "More readings came in than could be stored. Nothing of this message was kept; send it again in a moment.",
    zh: "读数过多，暂时无法保存。此消息未被保留，请稍后重发。",
  });
}

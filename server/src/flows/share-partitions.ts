// Divides the partitions of the stream among the workers that live, and the recurring jobs to one of them.
import type { Clock } from "../platform/clock.ts";
import { type Leases, leaseLimits } from "../platform/leases.ts";
import type { Processes } from "../platform/processes.ts";
import { type PartitionReader, type ReaderDependencies, readPartition } from "./consume-readings.ts";
import { allPartitions, leaseOfPartition, partitionCount } from "./partitions.ts";

const leaseOfJobs = "recurring-jobs";
const partitionByLease = new Map(allPartitions.map((partition) => [leaseOfPartition(partition), partition]));

export interface Worker {
  /** Renews what is held, takes what is free up to a fair share, and gives back what is more. Every two seconds. */
  balance(): Promise<void>;
  /** Whether this worker runs what one process at a time may run. */
  isLeader(): boolean;
  readonly partitions: readonly number[];
  /** Stores what it has begun, then leaves everything to the others. */
  stop(): Promise<void>;
}

export interface WorkerDependencies extends ReaderDependencies {
  readonly leases: Leases;
  readonly processes: Pick<Processes, "countOf">;
  readonly clock: Clock;
}

export function createWorker(deps: WorkerDependencies): Worker {
  const { leases, processes, clock } = deps;
  const readers = new Map<number, PartitionReader>();
  let isStopped = false;
  let isEnsured = false;
  let ledUntil = Number.NEGATIVE_INFINITY;

  async function giveBack(partitions: readonly number[]): Promise<void> {
    await Promise.all(
      partitions.map(async (partition) => {
        await readers.get(partition)?.stop();
        readers.delete(partition);
      }),
    );
    await leases.release(partitions.map(leaseOfPartition));
  }

  async function lead(held: ReadonlyMap<string, number>, at: number): Promise<void> {
    const isHeld = held.has(leaseOfJobs) || (await leases.take([leaseOfJobs], 1)).size > 0;
    ledUntil = isHeld ? at + leaseLimits.holdMs : Number.NEGATIVE_INFINITY;
  }

  /** Those whose lease was lost end by themselves; those that ended are read again under their lease. */
  async function readAll(held: ReadonlyMap<string, number>): Promise<void> {
    for (const [partition, reader] of readers) {
      if (!held.has(leaseOfPartition(partition))) await reader.stop();
      if (reader.isOver) readers.delete(partition);
    }
    for (const [name, epoch] of held) {
      const partition = partitionByLease.get(name);
      if (partition !== undefined && !readers.has(partition))
        readers.set(partition, readPartition(deps, { partition, epoch }));
    }
  }

  async function balance(): Promise<void> {
    if (!isEnsured) await leases.ensure([leaseOfJobs, ...partitionByLease.keys()]);
    isEnsured = true;
    const at = clock.now();
    const held = await leases.renew();
    await lead(held, at);
    const own = allPartitions.filter((partition) => held.has(leaseOfPartition(partition)));
    const share = Math.ceil(partitionCount / Math.max(1, await processes.countOf("worker")));
    const taken =
      own.length < share ? await leases.take([...partitionByLease.keys()], share - own.length) : [];
    if (isStopped) return;
    await readAll(new Map([...held, ...taken]));
    await giveBack(own.slice(share));
  }

  return {
    balance: async () => {
      if (!isStopped) await balance();
    },
    isLeader: () => !isStopped && clock.now() < ledUntil,
    get partitions() {
      return [...readers.keys()];
    },
    stop: async () => {
      isStopped = true;
      await giveBack([...readers.keys()]);
      await leases.release([leaseOfJobs]);
    },
  };
}

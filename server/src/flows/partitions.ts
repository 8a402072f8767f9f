// Into how many parts the stream of readings is cut: a device is always in the same one, and one worker reads it.

/** Fixed for good: with another number the messages of a device would stand in two partitions, out of order. */
export const partitionCount = 16;

const golden = 0x9e_37_79_b1;

/** Multiplied first (Knuth, TAOCP 6.4), so that ids of one kind of device, which often share a step, spread evenly. */
export function partitionOf(deviceId: number): number {
  return Math.imul(deviceId, golden) >>> (32 - Math.log2(partitionCount));
}

export const allPartitions: readonly number[] = Array.from({ length: partitionCount }, (_, index) => index);

/** The lease under which a worker reads a partition. */
export const leaseOfPartition = (partition: number): string => `intake/${String(partition).padStart(2, "0")}`;

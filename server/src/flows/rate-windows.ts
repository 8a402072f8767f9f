// `n:seconds` limits as token buckets: n at once, refilled evenly over the seconds.

/** One limit of a list, with what is left of it. */
export interface Bucket {
  /** As it is written: `20:1`. */
  readonly text: string;
  readonly capacity: number;
  readonly perMs: number;
  /** Below zero after a message that was larger than the whole limit: a debt that time pays. */
  tokens: number;
  at: number;
}

/** `"20:1,600:60"` as buckets, full at `at`; an empty or absent text is no limit. */
export function bucketsOf(text: string | undefined, at: number): Bucket[] {
  if (text === undefined || text === "") return [];
  return text.split(",").flatMap((part) => {
    const [count, seconds] = part.split(":").map(Number);
    if (count === undefined || seconds === undefined || !(seconds > 0)) return [];
    return [{ text: part, capacity: count, perMs: count / (seconds * 1000), tokens: count, at }];
  });
}

/**
 * Milliseconds until the bucket lets `cost` pass, 0 for now. What is larger than the whole limit passes when the bucket is
 * full: it could never pass otherwise, and the backlog of an outage comes as one message. A limit of 0 lets nothing pass.
 */
export function waitMs(bucket: Bucket, cost: number, at: number): number {
  if (cost === 0) return 0;
  refill(bucket, at);
  const needed = Math.min(cost, bucket.capacity);
  if (bucket.capacity === 0) return Number.POSITIVE_INFINITY;
  return bucket.tokens >= needed ? 0 : Math.ceil((needed - bucket.tokens) / bucket.perMs);
}

function refill(bucket: Bucket, at: number): void {
  // A clock that was set back refills nothing and starts again from there.
  const passedMs = Math.max(0, at - bucket.at);
  bucket.tokens = Math.min(bucket.capacity, bucket.tokens + passedMs * bucket.perMs);
  bucket.at = at;
}

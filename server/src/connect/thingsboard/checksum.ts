// A sum over what was read and over what is stored. Order does not count, so that it goes on after an interruption.
import { createHash } from "node:crypto";
import type { JsonValue, ReadingValue } from "@waremind/contract";
import { textOfValue } from "../../telemetry/index.ts";

const modulus = 1n << 64n;

/** Device, key, time and value of one reading, as a number of 64 bits. */
export function hashOfPoint(device: string, key: string, at: number, value: ReadingValue): bigint {
  const text = JSON.stringify([device, key, at, wordsOf(value)]);
  return createHash("sha256").update(text).digest().readBigUInt64BE(0);
}

/** The store does not keep the order of an object's members. */
export function wordsOf(value: ReadingValue): string {
  return value.type === "json" ? canonical(value.json) : textOfValue(value);
}

function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`);
  return `{${members.join(",")}}`;
}

export function sumOf(hashes: Iterable<bigint>): bigint {
  let sum = 0n;
  for (const hash of hashes) sum = (sum + hash) % modulus;
  return sum;
}

export function addSums(left: string, right: bigint): string {
  return hexOf((BigInt(`0x${left}`) + right) % modulus);
}

/** Whether what the source answered is what the store holds and what was held back, together. */
export function isAccountedFor(sums: {
  readonly sourceChecksum: string;
  readonly storeChecksum: string;
  readonly heldChecksum: string;
}): boolean {
  return sums.sourceChecksum === addSums(sums.storeChecksum, BigInt(`0x${sums.heldChecksum}`));
}

export function hexOf(sum: bigint): string {
  return sum.toString(16).padStart(16, "0");
}

export const noSum = hexOf(0n);

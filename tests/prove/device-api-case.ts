// What a case of the device API suite is, what it may ask, and how it says that something is not so.
import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { DeviceProduct } from "../support/device-product.ts";

export type Program =
  | "mosquitto_pub"
  | "mosquitto_sub"
  | "mosquitto_rr"
  | "stdbuf"
  | "curl"
  | "coap-client-notls"
  | "openssl";

export interface Case {
  readonly behaviour: string;
  readonly client: string;
  /** Of the protocol: 3.1, 3.1.1 or 5 for MQTT. */
  readonly version: string;
  readonly needs?: readonly Program[];
  run(scope: Scope): Promise<void>;
}

/** One run of one case: its product, what it opened, what it measured. */
export interface Scope {
  readonly product: DeviceProduct;
  /** Called at the end of the case, whatever became of it. */
  defer(close: () => unknown): void;
  /** A measured time, told with the results. */
  measured(name: string, ms: number): void;
}

export const caseMsMax = 10_000;
const lookAgainMs = 15;
const shownMax = 400;

export class NotSo extends Error {}

/** @throws NotSo naming what was expected and what was seen. */
export function same(seen: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(seen, expected)) return;
  throw new NotSo(`${what}: expected ${shown(expected)}, saw ${shown(seen)}`);
}

export function so(isSo: boolean, what: string, seen?: unknown): asserts isSo {
  if (!isSo) throw new NotSo(seen === undefined ? what : `${what}: saw ${shown(seen)}`);
}

/** Looks again and again; what is seen at last goes into the message of the one that gives up. */
export async function until<Seen>(
  what: string,
  look: () => Promise<Seen> | Seen,
  isSo: (seen: Seen) => boolean,
  msMax: number = caseMsMax - 1_500,
): Promise<Seen> {
  const startedAt = performance.now();
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (performance.now() - startedAt > msMax)
      throw new NotSo(`${what} did not come within ${msMax} ms: saw ${shown(seen)}`);
    await pause(lookAgainMs);
  }
}

export function within<Result>(
  promise: Promise<Result>,
  what: string,
  msMax: number = caseMsMax - 1_500,
): Promise<Result> {
  const cancel = new AbortController();
  const late = pause(msMax, undefined, { signal: cancel.signal }).then(() => {
    throw new NotSo(`${what} did not come within ${msMax} ms`);
  });
  late.catch(() => undefined);
  return Promise.race([promise, late]).finally(() => cancel.abort());
}

export function shown(value: unknown): string {
  const text = Buffer.isBuffer(value) ? `${value.length} bytes` : (JSON.stringify(value) ?? String(value));
  return text.length > shownMax ? `${text.slice(0, shownMax)}… (${text.length} characters)` : text;
}

const present = new Map<Program, boolean>();

export function hasProgram(program: Program): boolean {
  const known = present.get(program);
  if (known !== undefined) return known;
  const isPresent = spawnSync(program, ["--version"]).error === undefined;
  present.set(program, isPresent);
  return isPresent;
}

/** Values of a series in the order they stand in. */
export async function valuesOf(product: DeviceProduct, deviceId: number, key: string): Promise<unknown[]> {
  return (await product.stored.readings(deviceId, key)).map(({ value }) => plain(value));
}

function plain(value: {
  readonly type: string;
  readonly number?: number;
  readonly text?: string;
  readonly boolean?: boolean;
  readonly json?: unknown;
}): unknown {
  return value.number ?? value.text ?? value.boolean ?? value.json;
}

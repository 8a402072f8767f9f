import { expect, test } from "vitest";
import { manualClock } from "../platform/clock.ts";
import { hashOfToken } from "./secret-hashes.ts";
import { createUnknownSecrets, unknownSecretLimits } from "./unknown-secrets.ts";

const { keptMs, distrustedMs, secretsMax, addedMax } = unknownSecretLimits;
const startAt = 1_800_000_000_000;
const hash = hashOfToken("wrong");

function some() {
  const clock = manualClock(startAt);
  return { clock, secrets: createUnknownSecrets({ clock }) };
}

test("what was not found is known as unknown for a while, and asked for again after it", () => {
  const { clock, secrets } = some();
  expect(secrets.has(hash)).toBe(false);
  secrets.note([hash], startAt);
  expect(secrets.has(hashOfToken("wrong"))).toBe(true);
  expect(secrets.has(hashOfToken("other"))).toBe(false);
  clock.advance(keptMs);
  expect(secrets.has(hash)).toBe(true);
  clock.advance(1);
  expect(secrets.has(hash)).toBe(false);
});

test("a secret that is added is not unknown, and a look-up from before its commit is not believed", () => {
  const { clock, secrets } = some();
  secrets.note([hash], startAt);
  secrets.added(hash);
  expect(secrets.has(hash)).toBe(false);
  clock.advance(distrustedMs);
  secrets.note([hash], clock.now());
  expect(secrets.has(hash)).toBe(false);
  clock.advance(1);
  secrets.note([hash], clock.now());
  expect(secrets.has(hash)).toBe(true);
});

test("a look-up that began before a secret was added and ends long after it is not believed", () => {
  const { clock, secrets } = some();
  secrets.added(hash);
  clock.advance(distrustedMs - 1);
  secrets.note([hash], startAt - 1);
  expect(secrets.has(hash)).toBe(false);
});

test("however many are added at once, none of them is taken for unknown", () => {
  const { secrets } = some();
  const hashes = Array.from({ length: addedMax + 2 }, (_, index) => hashOfToken(`added-${index}`));
  for (const one of hashes) secrets.added(one);
  secrets.note(hashes, startAt);
  expect(hashes.some(secrets.has)).toBe(false);
});

test("a flood of different secrets keeps no more than so many", () => {
  const { secrets } = some();
  const hashes = Array.from({ length: secretsMax + 1 }, (_, index) => hashOfToken(`guess-${index}`));
  secrets.note(hashes, startAt);
  expect(hashes.filter(secrets.has)).toHaveLength(secretsMax);
  expect(secrets.has(hashOfToken("guess-0"))).toBe(false);
});

test("of a clock that was set back nothing is believed", () => {
  const { clock, secrets } = some();
  secrets.note([hash], startAt);
  clock.advance(-1_000);
  expect(secrets.has(hash)).toBe(false);
});

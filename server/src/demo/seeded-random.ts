// Randomness that is passed in: the same seed gives the same shop.

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  /** A number in [min, max). */
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** An item as often as its weight says. */
  weighted<Item>(items: readonly Item[], weightOf: (item: Item) => number): Item;
  /** An identifier of the layout of platform/ids: prefix, time, then random characters. */
  id(prefix: string, at: number): string;
  digits(count: number): string;
  /** A stream of its own, so that one more draw here does not change what is drawn there. */
  fork(name: string): Random;
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeCharacters = 10;
const randomCharacters = 16;

export function createRandom(seed: number | string): Random {
  let state = hashOf(String(seed));
  // Mulberry32: small, fast, and good enough for a demo's data.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const text = (from: string, count: number): string =>
    Array.from({ length: count }, () => from.charAt(int(0, from.length - 1))).join("");
  return {
    next,
    int,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick: (items) => itemAt(items, int(0, items.length - 1)),
    weighted: (items, weightOf) => {
      let left = next() * items.reduce((sum, item) => sum + weightOf(item), 0);
      const index = items.findIndex((item) => {
        left -= weightOf(item);
        return left < 0;
      });
      return itemAt(items, index === -1 ? items.length - 1 : index);
    },
    id: (prefix, at) => `${prefix}_${timeText(at)}${text(alphabet, randomCharacters)}`,
    digits: (count) => text("0123456789", count),
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

function itemAt<Item>(items: readonly Item[], index: number): Item {
  if (index < 0 || index >= items.length) throw new RangeError("There is nothing to choose from.");
  return items[index] as Item;
}

function timeText(at: number): string {
  let left = at;
  let characters = "";
  for (let index = 0; index < timeCharacters; index += 1) {
    characters = alphabet.charAt(left % 32) + characters;
    left = Math.floor(left / 32);
  }
  return characters;
}

/** FNV-1a with a murmur3 finish. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

// Chance that can be repeated, and what is done by chance to bytes and to JSON.

export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** 0 ≤ x < below, whole. */
  int(below: number): number;
  pick<Item>(list: readonly Item[]): Item;
  chance(share: number): boolean;
  bytes(length: number): Buffer;
}

/** The same numbers give the same chances. */
export function randomOf(...numbers: readonly number[]): Random {
  let state = 0x9e3779b9;
  for (const number of numbers) state = mixed(state ^ Math.imul(number + 1, 0x85ebca6b));
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let one = Math.imul(state ^ (state >>> 15), 1 | state);
    one = (one + Math.imul(one ^ (one >>> 7), 61 | one)) ^ one;
    return ((one ^ (one >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    next,
    int,
    pick: (list) => {
      const index = int(list.length);
      if (index >= list.length) throw new Error("There is nothing to pick from.");
      return list[index] as (typeof list)[number];
    },
    chance: (share) => next() < share,
    bytes: (length) => {
      const made = Buffer.allocUnsafe(length);
      for (let at = 0; at < length; at += 1) made[at] = int(256);
      return made;
    },
  };
}

function mixed(number: number): number {
  let one = number ^ (number >>> 16);
  one = Math.imul(one, 0x7feb352d);
  one = Math.imul(one ^ (one >>> 15), 0x846ca68b);
  return one ^ (one >>> 16);
}

/** Picks by weight; the same list may be asked again and again at no cost. */
export function weighted<Item extends { readonly weight: number }>(
  items: readonly Item[],
): (random: Random) => Item {
  const table = items.flatMap((item) => Array.from({ length: item.weight }, () => item));
  return (random) => random.pick(table);
}

const text = (value: string): Buffer => Buffer.from(value);
/** Texts that break readers: bytes that are no UTF-8, forbidden characters, wildcards, lengths at their limits. */
export const nastyTexts: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from([0xff, 0xfe]),
  // Overlong, half a surrogate, beyond Unicode, cut short.
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
  Buffer.from([0xe4, 0xb8]),
  text("\u0000"),
  text("a\u0000b"),
  text("\ufeff"),
  text("\u202e\u200b"),
  text("#"),
  text("+/+"),
  text("$SYS/#"),
  text("../../etc/passwd"),
  text("%00%ff%zz"),
  text("'; drop table device; --"),
  text("{}"),
  text("null"),
  text("__proto__"),
  text("constructor"),
  text("🚚".repeat(20)),
  text("/".repeat(400)),
  text("x".repeat(255)),
  text("x".repeat(256)),
  text("y".repeat(4_000)),
];

const deep = 300;
/** What stands in the place of one token of a JSON text. */
const nastyTokens: readonly string[] = [
  ...["null", "true", "-0", "1e400", "-1e400", "NaN", "Infinity", "0x10", "01", "1.", ".5", "+1", "1e-999"],
  ...["9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809"],
  ...["0.12345678901234567", "1e308", "-1", "8640000000000001", "253402300800000", "1700000000000"],
  ...[
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"\\x"',
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"ts"',
    '"values"',
  ],
  ...['"00012345600012"', '"241408E4"', '"1e3"', '"🧊"', '"a,b"', '"deleted"', '"device"', '"id"'],
  ...["{}", "[]", "[[]]", '{"a":{"b":[1]}}', '{"__proto__":{"x":1}}', "[null]", '{"":1}', '{"a":1,"a":2}'],
  ...["{", "}", "[", "]", ",", ":", '"', "\\", "\n", "\u0000", "\ufeff", "/*x*/", "'a'"],
  "[".repeat(deep),
  `${"[".repeat(deep)}${"]".repeat(deep)}`,
  '{"a":'.repeat(deep),
  `"${"z".repeat(300)}"`,
  `"${"z".repeat(5_000)}"`,
  "9".repeat(400),
];

const tokenPattern = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null|[{}[\],:]/g;
const tokensByText = new Map<string, readonly string[]>();

function tokensOf(json: string): readonly string[] {
  const known = tokensByText.get(json);
  if (known !== undefined) return known;
  const found = json.match(tokenPattern) ?? [json];
  tokensByText.set(json, found);
  return found;
}

/** A JSON text of the corpus with one or several tokens replaced, doubled, left out, moved or cut off. */
export function mutatedJson(json: string, random: Random): Buffer {
  const tokens = [...tokensOf(json)];
  const times = random.chance(0.75) ? 1 : 1 + random.int(4);
  for (let time = 0; time < times; time += 1) {
    const at = random.int(Math.max(1, tokens.length));
    const way = random.int(8);
    if (way < 4) tokens[at] = random.pick(nastyTokens);
    else if (way === 4) tokens.splice(at, 1);
    else if (way === 5) tokens.splice(at, 0, random.pick(nastyTokens));
    else if (way === 6) tokens.splice(at, 0, ...tokens.slice(random.int(tokens.length + 1)));
    else tokens.splice(at, 0, tokens[random.int(tokens.length)] ?? "");
  }
  const written = tokens.join("");
  return Buffer.from(random.chance(0.06) ? written.slice(0, random.int(written.length + 1)) : written);
}

/** Flips, cuts, doubles, removes or puts in bytes, without looking at them. */
export function mutatedBytes(bytes: Buffer, random: Random): Buffer {
  if (bytes.length === 0) return random.bytes(1 + random.int(8));
  const at = random.int(bytes.length);
  const until = at + 1 + random.int(Math.min(16, bytes.length - at));
  switch (random.int(8)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.int(12)), bytes.subarray(at)]);
    default:
      return flipped(bytes, random);
  }
}

/** One to eight bits are turned. */
export function flipped(bytes: Buffer, random: Random): Buffer {
  const turned = Buffer.from(bytes);
  const times = 1 + random.int(8);
  for (let time = 0; time < times && turned.length > 0; time += 1) {
    const at = random.int(turned.length);
    turned[at] = (turned[at] ?? 0) ^ (1 << random.int(8));
  }
  return turned;
}

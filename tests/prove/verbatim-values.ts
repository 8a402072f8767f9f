// What must come back as it was sent, and when a number is the same.

/** A text in quotes, a number as it is written, or both within an object or array. */
export interface VerbatimValue {
  readonly kind: "text" | "number" | "json";
  readonly sent: string;
}

const largeTextBytes = 60_000;

const texts = [
  ...["00012345600012", "241408E4", "1e3", "1E+3", "007", "+49 89 123", "0x1F", "-0", "1_000", "1,5"],
  ...["9223372036854775808", "-9223372036854775809", "0.12345678901234567", "0.1234567890123456789012345"],
  ...["5e-324", "1.7976931348623157e308", "NaN", "Infinity", "true", "false", "null", "undefined"],
  ...[
    "2026-11-22",
    "2026-11-22T05:37:30.000Z",
    "1700000000000",
    "SEPT1",
    "MARCH1",
    "=1+1",
    "@sum",
    "'quoted",
  ],
  ...[
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈 👩🏽‍🚀",
    "冷链运输 温度记录仪",
    "Zürich – “10 °C”",
    "é versus é",
    "\u2028\u2029",
    "\u200Ezero\u200B",
  ],
  ...[
    'a "quoted" text',
    "a\nb\r\nc\td",
    "a,b;c|d",
    "back\\slash \\n",
    " space at the edges ",
    "",
    '{"json":1}',
    "[1]",
  ],
  "线".repeat(largeTextBytes / 3),
];

const numbers = [
  ...["9223372036854775808", "-9223372036854775809", "18446744073709551616", "9007199254740993"],
  ...["106141412345678908", "0.12345678901234567", "0.1234567890123456789012345", "-12.345678901234567890"],
  ...["5e-324", "1.7976931348623157e308", "-0", "0.1", "1e3", "4.50", "0", "-273.15"],
];

const structures = [
  '{"serial":"00012345600012","count":9223372036854775808,"ratio":0.1234567890123456789012345}',
  '[1e3,"1e3",-273.15,"🏳️‍🌈",9007199254740993,true,null,{"冷":["241408E4",[]]}]',
];

export const verbatimValues: readonly VerbatimValue[] = [
  ...texts.map((sent): VerbatimValue => ({ kind: "text", sent })),
  ...numbers.map((sent): VerbatimValue => ({ kind: "number", sent })),
  ...structures.map((sent): VerbatimValue => ({ kind: "json", sent })),
];

export const jsonTextOf = ({ kind, sent }: VerbatimValue): string =>
  kind === "text" ? JSON.stringify(sent) : sent;

/** What came back: its type, and its characters or digits. */
export interface Returned {
  readonly type: string;
  readonly text: string;
}

/**
 * A text must come back as text, character by character. A number must come back as the same decimal number, digit by
 * digit (4.50 is 4.5, and minus zero is zero); where no double holds it, the text of its digits is it as well.
 */
export function isVerbatim({ kind, sent }: VerbatimValue, returned: Returned | undefined): boolean {
  if (returned === undefined) return false;
  if (kind === "json") {
    const inner = isLeaf(returned) && returned.type === "json" ? readReturned(returned.text) : returned;
    return isSameWithin(readReturned(sent), inner);
  }
  return isSameLeaf({ type: kind, text: sent }, returned);
}

function isSameLeaf(sent: Returned, returned: Returned): boolean {
  if (sent.type === "text") return returned.type === "text" && returned.text === sent.text;
  if (returned.type === "text") return returned.text === sent.text && !isHeldByDouble(sent.text);
  return returned.type === "number" && decimalOf(returned.text) === decimalOf(sent.text);
}

/** Both as `readReturned` reads them. */
function isSameWithin(sent: unknown, returned: unknown): boolean {
  if (isLeaf(sent)) return isLeaf(returned) && isSameLeaf(sent, returned);
  if (typeof sent !== "object" || sent === null) return sent === returned;
  if (typeof returned !== "object" || returned === null || Array.isArray(sent) !== Array.isArray(returned))
    return false;
  const inner = new Map(Object.entries(returned));
  const entries = Object.entries(sent);
  return (
    entries.length === inner.size && entries.every(([key, value]) => isSameWithin(value, inner.get(key)))
  );
}

function isLeaf(value: unknown): value is Returned {
  return typeof value === "object" && value !== null && "type" in value && "text" in value;
}

const isHeldByDouble = (sent: string): boolean => decimalOf(String(Number(sent))) === decimalOf(sent);

/** One way to write each decimal number: digits without zeros at their ends, and an exponent. */
function decimalOf(text: string): string | null {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const digits = BigInt(whole + fraction).toString();
  if (digits === "0") return "0";
  const kept = digits.replace(/0+$/, "");
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}

/** Reads JSON with numbers as they are written. */
export function readReturned(json: string): Readonly<Record<string, unknown>> {
  const keep = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && context?.source !== undefined
      ? ({ type: "number", text: context.source } satisfies Returned)
      : typeof value === "string"
        ? ({ type: "text", text: value } satisfies Returned)
        : value;
  return JSON.parse(json, keep) as Readonly<Record<string, unknown>>;
}

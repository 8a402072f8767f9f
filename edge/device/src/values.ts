/** What a key may carry. A bigint leaves as its digits; text stays text, whatever it looks like. */
export type DeviceValue = number | bigint | string | boolean | DeviceJson;
export type DeviceJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly DeviceJson[]
  | { readonly [key: string]: DeviceJson };
export type DeviceValues = Readonly<Record<string, DeviceValue>>;

/** What the server may send. */
export type ReceivedJson =
  | null
  | boolean
  | number
  | string
  | ReceivedJson[]
  | { [key: string]: ReceivedJson };
export type ReceivedValues = Readonly<Record<string, ReceivedJson>>;

export const valueLimits = {
  /** The server's limit for one message is 65,536 bytes; the rest is for what stands around the values. */
  messageBytesMax: 65_000,
  /** The server's limit for one message: it answers more with the reason of a quota, as often as they come. */
  messageValuesMax: 5_000,
  keyLengthMax: 255,
} as const;

/** Newer than the types of the language level: keeps the digits of a literal as they are. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/**
 * JSON text of values.
 *
 * @throws RangeError for more keys than a message holds, a key that is empty or too long, a number that is not finite, or text that is no Unicode.
 */
export function encodeValues(values: DeviceValues): string {
  const keys = Object.keys(values);
  if (keys.length > valueLimits.messageValuesMax)
    throw new RangeError(`One message has at most ${valueLimits.messageValuesMax} keys, not ${keys.length}.`);
  for (const key of keys) {
    if (key === "" || key.length > valueLimits.keyLengthMax)
      throw new RangeError(
        `A key has 1 to ${valueLimits.keyLengthMax} characters; this one has ${key.length}.`,
      );
  }
  return encodeJson(values);
}

export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (typeof inner === "bigint") return rawJson(inner.toString());
    if (typeof inner === "number" && !Number.isFinite(inner))
      throw new RangeError(`${key}: ${inner} is not a number that can be sent.`);
    if (typeof inner === "string" && (!inner.isWellFormed() || inner.includes("\0")))
      throw new RangeError(`${key}: the text holds U+0000 or half a surrogate pair.`);
    return inner;
  });
  if (text === undefined) throw new RangeError("Nothing that can be sent as JSON.");
  return text;
}

export function parseJson(bytes: Buffer): ReceivedJson | undefined {
  try {
    return JSON.parse(bytes.toString("utf8")) as ReceivedJson;
  } catch {
    // The caller decides what a message that is no JSON means.
    return undefined;
  }
}

export function isRecord(value: ReceivedJson | undefined): value is { [key: string]: ReceivedJson } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { randomBytes } from "node:crypto";

/**
 * A new identifier that sorts by time of creation: a prefix, 48 bits of epoch milliseconds and 80 random bits,
 * in Crockford base 32 (the layout of a ULID).
 */
export function newId(prefix: string, at: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(at, 0, 6);
  randomBytes(10).copy(bytes, 6);
  return `${prefix}_${encodeBase32(bytes)}`;
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

function encodeBase32(bytes: Buffer): string {
  let value = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (let index = 0; index < 26; index += 1) {
    text = alphabet.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

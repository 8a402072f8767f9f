/** 32 bits of a text, well mixed (FNV-1a with a murmur3 finish); the same text always gives the same bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A number in [0, 1) that depends on nothing but the text. */
export function uniform(text: string): number {
  return hashText(text) / 2 ** 32;
}

const standardDeviationsMax = 3;

/** Standard normal noise that depends on nothing but the text (Box and Muller), cut at three standard deviations. */
export function normal(text: string): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(`${text}/r`)));
  const value = radius * Math.cos(2 * Math.PI * uniform(`${text}/a`));
  return Math.max(-standardDeviationsMax, Math.min(standardDeviationsMax, value));
}

export interface Rate {
  readonly count: number;
  readonly seconds: number;
}

/** `"20:1,600:60"` as at most 20 in 1 s and at most 600 in 60 s; empty: no limit. Null: it is none. */
export function parseRate(text: string): readonly Rate[] | null {
  if (text === "") return [];
  const parts = text.split(",");
  if (parts.length > 4) return null;
  const rates = parts.map((part) => {
    const [, count, seconds] = /^(\d{1,9}):(\d{1,6})$/u.exec(part) ?? [];
    return { count: Number(count), seconds: Number(seconds) };
  });
  return rates.every(({ count, seconds }) => count > 0 && seconds > 0) ? rates : null;
}

// What the check read in a sentence, as a person reads it: `> 4 Cel` becomes "more than 4 °C".

export interface ReadQuantity {
  readonly operator: "gt" | "ge" | "lt" | "le" | null;
  readonly isAbout: boolean;
  readonly number: number;
  readonly unit: string | null;
  readonly direction: "ago" | "from-now" | null;
}

const operators: Readonly<Record<string, ReadQuantity["operator"]>> = {
  ">": "gt",
  "≥": "ge",
  "<": "lt",
  "≤": "le",
};
const pattern = /^([>≥<≤])? ?(about )?([-−]?\d+(?:\.\d+)?)(?: (\S+?))?( ago| from now)?$/u;

/** A quantity as `readsOf` on the server writes it; null for everything else, which is shown as it is. */
export function readQuantity(reads: string): ReadQuantity | null {
  const [, sign, about, number, unit, direction] = pattern.exec(reads) ?? [];
  if (number === undefined) return null;
  return {
    operator: sign === undefined ? null : (operators[sign] ?? null),
    isAbout: about !== undefined,
    number: Number(number.replace("−", "-")),
    unit: unit ?? null,
    direction: direction === undefined ? null : direction === " ago" ? "ago" : "from-now",
  };
}

// From the units that devices send in to the units of their series, found before a batch is cleaned.
import type { Profile } from "../devices/index.ts";
import { type ConversionFound, conversionOf, type Series } from "../telemetry/index.ts";

/** Pairs of units; a shop has some dozens. */
const conversionsKeptMax = 10_000;

export interface Conversions {
  /** Null: nothing to convert. Undefined: not known yet. */
  of(sentUnit: string | undefined, unit: string | null): ConversionFound | null | undefined;
  learn(profile: Profile, series: ReadonlyMap<string, Pick<Series, "unit">>): Promise<void>;
}

export function createConversions(): Conversions {
  const known = new Map<string, ConversionFound>();
  return {
    of: (sentUnit, unit) => {
      if (sentUnit === undefined || sentUnit === unit) return null;
      return unit === null ? noUnit : known.get(`${sentUnit} ${unit}`);
    },
    learn: async ({ keys }, series) => {
      for (const { key, sentUnit } of keys) {
        const unit = series.get(key)?.unit;
        if (sentUnit === undefined || unit === undefined || unit === null) continue;
        const name = `${sentUnit} ${unit}`;
        if (known.has(name)) continue;
        if (known.size >= conversionsKeptMax) known.clear();
        known.set(name, await conversionOf(sentUnit, unit));
      }
    },
  };
}

const noUnit: ConversionFound = {
  isPossible: false,
  reason: {
    en: "its series was made without a unit, so that there is nothing to convert to.",
    zh: "该序列创建时没有单位，无法换算。",
  },
};

import type { CurveColours } from "../../../curve/curve-colours.ts";

/** How each series of a drawing is told apart: by colour and by the pattern of its line, so that neither speaks alone. */
export interface SeriesLook {
  readonly token: keyof Pick<CurveColours, "accent" | "cold" | "good" | "warn" | "bad" | "inkSoft">;
  /** The same colour for CSS. */
  readonly css: string;
  readonly dash: readonly number[];
}

const looks: readonly SeriesLook[] = [
  { token: "accent", css: "var(--accent)", dash: [] },
  { token: "warn", css: "var(--warn)", dash: [7, 3] },
  { token: "good", css: "var(--good)", dash: [2, 3] },
  { token: "bad", css: "var(--bad)", dash: [10, 3, 2, 3] },
  { token: "cold", css: "var(--cold)", dash: [14, 4] },
  { token: "inkSoft", css: "var(--ink-soft)", dash: [4, 2] },
];

export function lookOf(index: number): SeriesLook {
  const look = looks[index % looks.length];
  if (look === undefined) throw new Error("There is always a look.");
  return look;
}

/** The tokens a canvas needs, resolved for the theme on screen. */
export interface CurveColours {
  readonly ink: string;
  readonly inkSoft: string;
  readonly inkFaint: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  readonly cold: string;
  readonly coldSoft: string;
  readonly bad: string;
  readonly badSoft: string;
  readonly warn: string;
  readonly good: string;
  readonly font: string;
}

export function readColours(): CurveColours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ink: token("--ink"),
    inkSoft: token("--ink-soft"),
    inkFaint: token("--ink-faint"),
    line: token("--line"),
    surface: token("--surface"),
    accent: token("--accent"),
    cold: token("--cold"),
    coldSoft: token("--cold-soft"),
    bad: token("--bad"),
    badSoft: token("--bad-soft"),
    warn: token("--warn"),
    good: token("--good"),
    font: getComputedStyle(document.body).fontFamily,
  };
}

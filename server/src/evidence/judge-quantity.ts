import type { ClaimFault, Fact } from "@waremind/contract";
import { isInScope } from "./bench.ts";
import type { QuantityFinding } from "./finding.ts";
import { judgeComparison } from "./judge-comparison.ts";
import { type Measure, measureOf } from "./measure.ts";
import type { QuantityContext } from "./quantity-context.ts";
import { fromBase, toBase } from "./units.ts";
import { refused, supportedBy, supportedIfFresh, type Verdict } from "./verdict.ts";

const band = ["band-min", "band-max"];
const extremes = ["temperature-min", "temperature-max"];

/** Rules 1 and 3: the same property, units converted, the text's own rounding, and no arithmetic of its own. */
export function judgeQuantity(finding: QuantityFinding, context: QuantityContext): Verdict {
  if (Number.isNaN(finding.value)) return { facts: [], fault: "no-fact", ...nearestOf(finding, context) };
  if (finding.fromNow !== undefined) return judgeAge(finding, context);
  if (finding.operator !== undefined) return judgeComparison(finding, context);
  if (finding.range !== undefined) return judgeBound(finding, context);
  return judgeEqual(finding, context);
}

export function judgeEqual(finding: QuantityFinding, context: QuantityContext): Verdict {
  const pool = poolFor(finding, context);
  const wanted = wantedProperties(finding, context.cue);
  const fitting =
    wanted === undefined ? pool : booked(pool.filter(({ fact }) => wanted.includes(fact.property)));
  const matches = finding.isDifference ? [] : fitting.filter((measure) => isEqual(finding, measure));
  if (matches.length > 0) return supportedIfFresh(context.bench, factsOf(matches));
  const clause = clauseWith(finding, context, fitting.length > 0 && wanted !== undefined);
  if (clause !== undefined) return supportedBy([clause]);
  const fault = faultOf(finding, context, fitting);
  const { nearest } = nearestOf(finding, context, fitting);
  return refused(fault, nearest);
}

/** All facts of the claim's dimension that speak of the right subject. */
export function poolFor(finding: QuantityFinding, { bench, scope }: QuantityContext): Measure[] {
  const { dimension, currencies } = finding.unit;
  return bench.facts.flatMap((fact) => {
    const measure = isInScope(fact, scope) ? measureOf(fact) : undefined;
    if (measure === undefined) return [];
    if (dimension === "bare") return [measure];
    if (measure.unit.dimension !== dimension) return [];
    return dimension !== "money" || currencies?.includes(measure.currency ?? "") === true ? [measure] : [];
  });
}

/** Where a text does not say which count it means, what can be sold counts, not what the shelf shows. */
function booked(fitting: readonly Measure[]): readonly Measure[] {
  const hasBooked = fitting.some(({ fact }) => fact.property === "units-available");
  return hasBooked ? fitting.filter(({ fact }) => fact.property !== "units-sensed") : fitting;
}

function wantedProperties(
  finding: QuantityFinding,
  cue: readonly string[] | undefined,
): readonly string[] | undefined {
  if (finding.counts === undefined) return cue;
  const both = cue?.filter((property) => finding.counts?.includes(property)) ?? [];
  return both.length > 0 ? both : finding.counts;
}

const relativeErrorMax = 0.1;
/** 47 minutes are "about an hour" to nobody, and "three quarters of an hour" only with "about". */
const convertedErrorMax = 0.02;
const epsilon = 1e-9;

/** The fact, in the text's unit and rounded as the text rounds, is the value that the text shows. */
export function isEqual(finding: QuantityFinding, measure: Measure): boolean {
  const isBare = finding.unit.dimension === "bare";
  const actual = isBare ? measure.shown : fromBase(measure.base, finding.unit);
  const difference = Math.abs(actual - finding.value);
  if (measure.unit.dimension === "money" && !finding.isAbout) return difference < epsilon * 100;
  const step = finding.isAbout ? significantStep(finding) : 10 ** -finding.decimals;
  const half = step / 2 + epsilon * Math.max(1, Math.abs(actual));
  if (difference > half) return false;
  const isExactKind = measure.unit.dimension === "count" && !finding.isAbout;
  if (isExactKind) return difference < 1e-6;
  if (measure.unit.dimension === "temperature") return true;
  const isConverted = measure.unit.label !== finding.unit.label && !isBare && !finding.isAbout;
  const share = isConverted ? convertedErrorMax : relativeErrorMax;
  return difference <= share * Math.abs(actual) + epsilon;
}

/** "about 300": the zeros at the end are not measured; 300 is one digit, so its step is 100. */
function significantStep(finding: QuantityFinding): number {
  if (finding.decimals > 0 || finding.unit.dimension === "temperature") return 10 ** -finding.decimals;
  const digits = String(Math.abs(finding.value));
  const zeros = digits.length - digits.replace(/0+$/, "").length;
  if (zeros > 0) return 10 ** zeros;
  return finding.unit.dimension === "duration" && finding.value % 5 === 0 && finding.value >= 10 ? 5 : 1;
}

/** One bound of "0–4 °C": both bounds must be the band, or both the lowest and highest reading. */
function judgeBound(finding: QuantityFinding, context: QuantityContext): Verdict {
  const range = finding.range;
  const low = range?.low ?? finding.value;
  const high = range?.high ?? finding.value;
  if (finding.unit.dimension !== "temperature") return judgeEqual(finding, context);
  const families = [band, extremes, ["temperature-min", "excursion-peak"]].filter(
    (family) => context.cue === undefined || family.some((property) => context.cue?.includes(property)),
  );
  for (const [lowProperty = "", highProperty = ""] of families) {
    const pool = poolFor(finding, context);
    const lows = pool.filter(
      (measure) => measure.fact.property === lowProperty && isEqual({ ...finding, value: low }, measure),
    );
    const highs = pool.filter(
      (measure) => measure.fact.property === highProperty && isEqual({ ...finding, value: high }, measure),
    );
    const isBand = lowProperty === "band-min";
    if (lows.length === 0 || highs.length === 0) continue;
    if (isBand && claimsStay(finding, context.sentence) && !staysWithin(pool, low, high, finding)) continue;
    return supportedIfFresh(context.bench, factsOf(range?.role === "low" ? lows : highs));
  }
  const clause = clauseWith(finding, context, false);
  return clause === undefined
    ? refused("differs", nearestOf(finding, context).nearest)
    : supportedBy([clause]);
}

/** "stayed between 0 and 4 °C" says where the goods were, not what the limits are. */
function claimsStay(finding: QuantityFinding, sentence: string): boolean {
  const head = sentence.slice(Math.max(0, finding.start - 40), finding.start);
  const stay =
    /(?:\b(?:stayed|remained|kept|held|stays|remains|was|were|been|travell?ed|ranged?|varied|fluctuated|moved|recorded|measured)\b|保持|维持|稳定|一直|全程|始终|波动|处于)[^,;。]{0,24}$/i;
  const rule =
    /\b(?:should|must|needs?|has to|have to|supposed|required?|requires|meant|limits?|outside|out of|above|leave|left|exceed\w*|(?:is|are|to) be (?:kept|stored))\b[^,;]{0,24}$|(?:应|须|必须|需|要求|规定|标准|超出|不在|偏离|允许)[^,;。]{0,16}$/i;
  return stay.test(head) && !rule.test(head);
}

function staysWithin(pool: readonly Measure[], low: number, high: number, finding: QuantityFinding): boolean {
  const valuesOf = (properties: readonly string[]): number[] =>
    pool.filter(({ fact }) => properties.includes(fact.property)).map(({ base }) => base);
  const highs = valuesOf(["temperature-max", "excursion-peak"]);
  const lows = valuesOf(["temperature-min"]);
  const isBelow = highs.length > 0 && highs.every((base) => base <= toBase(high, finding.unit) + epsilon);
  return isBelow && lows.every((base) => base >= toBase(low, finding.unit) - epsilon);
}

const ageTolerance = 0.25;
const ageSlack = 0.08;

/** "2 h ago", "in 3 days": measured from now to a moment that a fact names. */
function judgeAge(finding: QuantityFinding, context: QuantityContext): Verdict {
  const { bench, cue } = context;
  const said = toBase(finding.value, finding.unit);
  const moments = bench.moments.filter(
    ({ fact, property }) => isInScope(fact, context.scope) && (cue === undefined || cue.includes(property)),
  );
  const matches = moments.filter(({ at, date }) => {
    const minutes = (finding.fromNow === "past" ? bench.now - at : at - bench.now) / 60_000;
    const isDays = finding.unit.label === "d" || date !== undefined;
    const days = Math.abs(
      bench.local(bench.now).dayNumber -
        (date === undefined ? bench.local(at).dayNumber : Math.floor(at / 86_400_000)),
    );
    if (isDays && minutes > -1440 && days === finding.value) return true;
    const step = (finding.isAbout ? significantStep(finding) : 10 ** -finding.decimals) * finding.unit.factor;
    return (
      Math.abs(minutes - said) <=
      Math.max(ageSlack * said, Math.min(step / 2 + 0.5, Math.max(0.75, ageTolerance * said)))
    );
  });
  if (matches.length > 0) return supportedBy(matches.map(({ fact }) => fact));
  const clause = clauseWith(finding, context, false);
  if (clause !== undefined) return supportedBy([clause]);
  return refused(moments.length === 0 ? "no-fact" : "differs", moments[0]?.fact);
}

/** A number of the policy's own text, in a sentence that speaks of the policy. */
export function clauseWith(
  finding: QuantityFinding,
  context: QuantityContext,
  hasOwnFact: boolean,
): Fact | undefined {
  if (!context.isPolicy || hasOwnFact) return undefined;
  const said = toBase(finding.value, finding.unit);
  return context.bench.clauses.find(({ quantities }) =>
    quantities.some(
      (quantity) =>
        quantity.unit.dimension === finding.unit.dimension &&
        quantity.unit.label === finding.unit.label &&
        Math.abs(toBase(quantity.value, quantity.unit) - said) < 1e-6,
    ),
  )?.fact;
}

export const factsOf = (measures: readonly Measure[]): Fact[] => measures.map(({ fact }) => fact);

function faultOf(
  finding: QuantityFinding,
  context: QuantityContext,
  fitting: readonly Measure[],
): ClaimFault {
  const everything = context.bench.facts.flatMap((fact) => measureOf(fact) ?? []);
  const isMoney = finding.unit.dimension === "money";
  const sameFigure = everything.filter(({ shown }) => Math.abs(shown - finding.value) < 1e-6);
  if (
    isMoney &&
    sameFigure.some(
      ({ unit, currency }) =>
        unit.dimension === "money" && finding.unit.currencies?.includes(currency ?? "") !== true,
    )
  )
    return "wrong-currency";
  const pool = poolFor(finding, context);
  const isOthers = pool.some(({ base }) => Math.abs(base - toBase(finding.value, finding.unit)) < 1e-6);
  if (finding.isDifference || (!isOthers && isArithmetic(finding, pool))) return "own-arithmetic";
  const otherUnit = sameFigure.some(
    ({ unit }) => unit.label !== finding.unit.label && unit.dimension !== "money",
  );
  if (otherUnit && finding.unit.dimension !== "bare" && !isMoney) return "wrong-unit";
  return fitting.length > 0 ? "differs" : "no-fact";
}

const arithmeticFactsMax = 40;

/** A sum, a difference or an average of two facts that no engine recorded. */
function isArithmetic(finding: QuantityFinding, pool: readonly Measure[]): boolean {
  if (finding.unit.dimension === "bare") return false;
  const values = [...new Set(pool.slice(0, arithmeticFactsMax).map(({ base }) => base))].filter(
    (base) => base !== 0,
  );
  const said = toBase(finding.value, finding.unit);
  const isSaid = (value: number): boolean => Math.abs(value - said) < 1e-6 * Math.max(1, Math.abs(said));
  return values.some((left, index) =>
    values
      .slice(index + 1)
      .some((right) => isSaid(left + right) || isSaid(Math.abs(left - right)) || isSaid((left + right) / 2)),
  );
}

export function nearestOf(
  finding: QuantityFinding,
  context: QuantityContext,
  fitting: readonly Measure[] = [],
): { nearest?: Fact } {
  const pool = fitting.length > 0 ? fitting : poolFor(finding, context);
  const candidates = pool.length > 0 ? pool : context.bench.facts.flatMap((fact) => measureOf(fact) ?? []);
  const distance = ({ base }: Measure): number => Math.abs(base - toBase(finding.value, finding.unit));
  const [nearest] = [...candidates].sort((left, right) => (distance(left) || 0) - (distance(right) || 0));
  return nearest === undefined ? {} : { nearest: nearest.fact };
}

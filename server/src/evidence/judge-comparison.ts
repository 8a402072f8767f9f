import { type Clause, isInScope } from "./bench.ts";
import type { Operator, QuantityFinding } from "./finding.ts";
import { type Measure, measureOf } from "./measure.ts";
import type { QuantityContext } from "./quantity-context.ts";
import { type Stance, stanceOf } from "./stance.ts";
import { toBase } from "./units.ts";
import { refused, supportedBy, supportedIfFresh, type Verdict } from "./verdict.ts";

const limits = ["band-min", "band-max", "excursion-limit", "ignore-period", "refund-limit"];
const ruleWords =
  /\b(?:should|must|may|has to|have to|needs? to|limits?|allow(?:s|ed)?|permit(?:s|ted)?|required?|requires|supposed|polic(?:y|ies)|clause|rules?|terms|any|for amounts|amounts)\b|应|须|不得|规定|允许|要求|标准|上限|政策|条款|凡|的退款/i;
const measuredWords =
  /\b(?:stayed|remained|was|were|kept|rose|went|climbed|been|spent|reached|exceeded|fell|dropped|got|is now|has)\b|保持|维持|升|一直|全程|曾|达|实际/i;
const excursionWords =
  /exceed|range|band|limit|excursion|warm|above|outside|lasted|spent|超|高于|偏离|持续|升温/i;
const fallWords = /\b(?:fell|dropped|dipped|went|sank|cooled|falls?|drops?)\b|降|跌/i;
const stayWords = /\b(?:stayed|remained|kept|always|throughout|never|constantly)\b|保持|一直|全程|始终/i;

interface Comparison {
  readonly finding: QuantityFinding;
  readonly context: QuantityContext;
  readonly operator: Operator;
  readonly said: number;
  readonly stance: Stance;
  /** The words of the clause before the number, and the next ones after it. */
  readonly clause: string;
  readonly after: string;
  readonly pool: readonly Measure[];
  /** Limits that are exactly the number said. */
  readonly named: readonly Measure[];
}

/** A relation to a number: true when the facts stand in it, or when it repeats a limit as a limit. */
export function judgeComparison(finding: QuantityFinding, context: QuantityContext): Verdict {
  const comparison = prepare(finding, context);
  if (isRule(comparison)) return judgeRule(comparison);
  const { operator, said, stance, named, pool } = comparison;
  const isDenied = stance === "denied";
  const candidates = candidatesFor(comparison);
  const isEqualAllowed = mayEqual(finding, context);
  const hold = candidates.filter(({ base }) => holds(operator, base, said, isEqualAllowed) !== isDenied);
  const isAll = isDenied || isUniversal(finding, operator);
  const isTrue = isAll ? candidates.length > 0 && hold.length === candidates.length : hold.length > 0;
  if (isTrue && isAnchored(comparison, candidates))
    return supportedIfFresh(
      context.bench,
      [...hold, ...named].map(({ fact }) => fact),
    );
  const nearest = candidates[0]?.fact ?? named[0]?.fact ?? pool[0]?.fact;
  return refused(candidates.length > 0 ? "differs" : "no-fact", nearest);
}

function prepare(finding: QuantityFinding, context: QuantityContext): Comparison {
  const pool = context.bench.facts.flatMap((fact) => {
    const measure = isInScope(fact, context.scope) ? measureOf(fact) : undefined;
    return measure !== undefined && isSameDimension(measure, finding) ? [measure] : [];
  });
  const said = toBase(finding.value, finding.unit);
  return {
    finding,
    context,
    operator: finding.operator ?? "gt",
    said,
    stance: stanceOf(context.sentence, finding.start, finding.end),
    clause: clauseBefore(context.sentence, finding),
    after: context.sentence.slice(finding.end, finding.end + 12),
    pool,
    named: pool.filter(({ fact, base }) => limits.includes(fact.property) && Math.abs(base - said) < 1e-6),
  };
}

const closeShare = 0.1;

/**
 * A true relation is shown only by a number that a fact, a clause or the customer named, or that lies close to the
 * fact ("over 300" for 312): "above 5 °C for 47 minutes" would be a figure that nobody measured.
 */
function isAnchored(comparison: Comparison, candidates: readonly Measure[]): boolean {
  const { finding, context, said, named } = comparison;
  const cue = context.cue ?? [];
  const isLimit = cue.length > 0 && cue.every((property) => limits.includes(property));
  if (isLimit) return named.some(({ fact }) => cue.includes(fact.property));
  if (named.length > 0 || clauseNumber(comparison) !== undefined) return true;
  const isTheirs = context.bench.customer.quantities.some(
    ({ value, unit }) =>
      unit.dimension === finding.unit.dimension && Math.abs(toBase(value, unit) - said) < 1e-6,
  );
  if (isTheirs || (finding.unit.dimension === "temperature" && said === 0)) return true;
  // A threshold between two readings has a time of its own that nobody measured.
  const share = finding.unit.dimension === "temperature" ? 0 : closeShare;
  return candidates.some(({ base }) => Math.abs(base - said) <= share * Math.abs(base) + 1e-9);
}

/** Whether the words tell a rule ("must stay below 4 °C") and not what happened ("stayed below 4 °C"). */
function isRule({ finding, context, stance, clause, after }: Comparison): boolean {
  // Working days are counted by no fact; only a clause may speak of them.
  if (finding.unit.label === "business day" || stance === "open") return true;
  const isGrace = context.cue?.length === 1 && context.cue.includes("ignore-period");
  return (isGrace || context.isPolicy || ruleWords.test(clause + after)) && !measuredWords.test(clause);
}

/** "refunds above ¥200 need approval": the number must be the limit itself, in a fact or in the clause. */
function judgeRule(comparison: Comparison): Verdict {
  const { named, pool } = comparison;
  if (named.length > 0) return supportedBy(named.map(({ fact }) => fact));
  const clause = clauseNumber(comparison);
  if (clause !== undefined) return supportedBy([clause.fact]);
  return refused("differs", pool.find(({ fact }) => limits.includes(fact.property))?.fact);
}

function clauseNumber({ finding, context, said }: Comparison): Clause | undefined {
  return context.bench.clauses.find(({ quantities }) =>
    quantities.some(
      ({ unit, value }) =>
        unit.dimension === finding.unit.dimension &&
        (unit.label === "business day") === (finding.unit.label === "business day") &&
        Math.abs(toBase(value, unit) - said) < 1e-6,
    ),
  );
}

function isSameDimension(measure: Measure, finding: QuantityFinding): boolean {
  if (finding.unit.dimension === "bare") return true;
  if (measure.unit.dimension !== finding.unit.dimension) return false;
  return (
    finding.unit.dimension !== "money" || finding.unit.currencies?.includes(measure.currency ?? "") === true
  );
}

/** What the sentence compares: what its words name, else the worst case of the shipment, the stock, the refund. */
function candidatesFor(comparison: Comparison): readonly Measure[] {
  const { finding, context, pool } = comparison;
  const { dimension } = finding.unit;
  const cue = context.cue?.filter((property) => !limits.includes(property)) ?? [];
  const specific = having(pool, finding.counts ?? cue);
  if (dimension === "temperature") {
    return context.cue?.length === 1 && specific.length > 0
      ? specific
      : having(pool, extremesFor(comparison));
  }
  if (specific.length > 0) return specific;
  if (dimension === "duration") return durationsFor(comparison);
  if (dimension === "money")
    return having(pool, ["refund-amount", "refunded-total", "order-total", "price", "line-total"]);
  return pool.filter(({ fact }) => !limits.includes(fact.property));
}

const having = (pool: readonly Measure[], properties: readonly string[]): readonly Measure[] =>
  pool.filter(({ fact }) => properties.includes(fact.property));

const highest = ["temperature-max", "excursion-peak"];

/** "above" is true of the highest reading, "stayed above" and "fell below" speak of the lowest. */
function extremesFor({ operator, stance, clause }: Comparison): readonly string[] {
  const isDenied = stance === "denied";
  if (operator === "gt" || operator === "ge")
    return stayWords.test(clause) && !isDenied ? ["temperature-min"] : highest;
  return fallWords.test(clause) || isDenied ? ["temperature-min", "temperature-latest"] : highest;
}

function durationsFor({ context, pool, said }: Comparison): readonly Measure[] {
  const isLimit = having(pool, ["excursion-limit"]).some(({ base }) => Math.abs(base - said) < 1e-6);
  return isLimit || excursionWords.test(context.sentence) ? having(pool, ["excursion-duration"]) : [];
}

/** "below 4 °C" speaks of every reading; "above 4 °C" of at least one. */
const isUniversal = (finding: QuantityFinding, operator: Operator): boolean =>
  finding.unit.dimension === "temperature" && (operator === "lt" || operator === "le");

/** "over 47 minutes" and "within 47 minutes" may mean exactly that long. */
const mayEqual = (finding: QuantityFinding, { sentence }: QuantityContext): boolean =>
  finding.unit.dimension === "duration" &&
  /^(?:over|within)/i.test(sentence.slice(finding.start, finding.end));

function holds(operator: Operator, actual: number, said: number, isEqualAllowed: boolean): boolean {
  if (Math.abs(actual - said) < 1e-9) return operator === "ge" || operator === "le" || isEqualAllowed;
  return operator === "gt" || operator === "ge" ? actual > said : actual < said;
}

/** The words of the clause before the number. */
const clauseBefore = (sentence: string, { start }: QuantityFinding): string =>
  sentence
    .slice(Math.max(0, start - 60), start)
    .split(/[,;。]/)
    .at(-1) ?? "";

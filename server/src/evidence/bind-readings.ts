// A value and a time that stand side by side are one reading: "7.8 °C at 10:41" is false at any other time.
import type { Fact } from "@waremind/contract";
import type { Finding, Span } from "./finding.ts";
import type { Verdict } from "./verdict.ts";

/** Values that one reading gave, whose time the fact knows. */
const timedProperties = new Set(["temperature-latest", "temperature-max", "excursion-peak"]);

const valueThenTime =
  /^[\s,(]*(?:(?:was |were |came )?(?:recorded|measured|taken|logged|reached|read|seen|as of) ?)?(?:was |were |came )?(?:at|on|around|about|by|于|在|(?=\())?[\s(]*$/i;
const timeThenValue =
  /^[\s,):]*(?:(?:it|the (?:box|parcel|salmon|temperature|logger|reading))(?:'s| was| is| read| reads| showed| shows| stood at| reached| had reached| peaked at| was at)?|at|的(?:温度)?|时(?:的?温度)?|测得|温度|为|是|达到?|显示|当时|升到|最高|,)*[\s:]*(?:at |为|是)?$/i;
const gapLengthMax = 32;

/** The facts of the reading that a time belongs to; undefined when it stands alone. */
export function readingAt(
  group: Span,
  quantities: readonly { readonly finding: Finding; readonly verdict: Verdict }[],
  sentence: string,
): readonly Fact[] | undefined {
  for (const { finding, verdict } of quantities) {
    const isReading =
      finding.type === "quantity" &&
      finding.unit.dimension === "temperature" &&
      finding.range === undefined &&
      finding.operator === undefined;
    if (!isReading || !isBeside(group, finding, sentence)) continue;
    const timed = verdict.facts.filter(({ property }) => timedProperties.has(property));
    if (timed.length > 0 && timed.length === verdict.facts.length) return timed;
  }
  return undefined;
}

function isBeside(group: Span, value: Span, sentence: string): boolean {
  const after = sentence.slice(value.end, group.start);
  if (group.start >= value.end) return after.length <= gapLengthMax && valueThenTime.test(after);
  const before = sentence.slice(group.end, value.start);
  return group.end <= value.start && before.length <= gapLengthMax && timeThenValue.test(before);
}

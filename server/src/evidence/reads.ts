import type { DateReading, Finding, QuantityFinding } from "./finding.ts";
import { classOf } from "./judge-phrase.ts";
import { minorDigits } from "./measure.ts";

const symbols: Readonly<Record<string, string>> = { CNY: "¥", USD: "$", EUR: "€", GBP: "£" };
const operators = { gt: ">", ge: "≥", lt: "<", le: "≤" } as const;

/** What was read, normalised for people: `4.97 Cel`, `2026-03-02`, `¥59.00`, `> 30 min`, `delivered`. */
export function readsOf(finding: Finding, sentence: string): string {
  switch (finding.type) {
    case "quantity":
      return quantityReads(finding);
    case "date":
      return [...new Set(finding.readings.map(dateReads))].join(" or ");
    case "time":
      return `${finding.isAbout ? "about " : ""}${two(finding.hour)}:${two(finding.minute)}${finding.second === undefined ? "" : `:${two(finding.second)}`}`;
    case "identifier":
      return finding.isTail ? `…${finding.text}` : finding.text.replace(/^#/, "");
    case "phrase":
      return classOf(finding).reads;
    case "mention":
      return sentence.slice(finding.start, finding.end);
    case "unreadable":
      return "cannot be read";
  }
}

const two = (value: number): string => String(value).padStart(2, "0");

function quantityReads(finding: QuantityFinding): string {
  const sign = finding.operator === undefined ? "" : `${operators[finding.operator]} `;
  const about = finding.isAbout ? "about " : "";
  const direction = finding.fromNow === undefined ? "" : finding.fromNow === "past" ? " ago" : " from now";
  if (Number.isNaN(finding.value)) return "a number that cannot be read";
  if (finding.unit.dimension === "money") {
    const currency = finding.unit.currencies?.[0] ?? finding.unit.label;
    const amount = (finding.value * finding.unit.factor).toFixed(minorDigits(currency));
    return `${sign}${about}${symbols[currency] ?? `${currency} `}${amount}`;
  }
  const unit = finding.unit.label === "" || finding.unit.label === "1" ? "" : ` ${finding.unit.label}`;
  return `${sign}${about}${finding.value.toFixed(Math.min(finding.decimals, 6))}${unit}${direction}`;
}

const weekdayNames = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

function dateReads(reading: DateReading): string {
  if (reading.dayOffset !== undefined) {
    const name = { "-1": "yesterday", "0": "today", "1": "tomorrow" }[String(reading.dayOffset)];
    return name ?? `${reading.dayOffset > 0 ? "+" : ""}${reading.dayOffset} days`;
  }
  const weekday = reading.weekday === undefined ? "" : (weekdayNames[reading.weekday - 1] ?? "");
  const week =
    reading.weekOffset === undefined
      ? ""
      : ` (week ${reading.weekOffset >= 0 ? "+" : ""}${reading.weekOffset})`;
  if (reading.month === undefined && reading.day === undefined) return `${weekday}${week}`;
  const month = reading.month === undefined ? "--" : two(reading.month);
  const day = reading.day === undefined ? "--" : two(reading.day);
  return `${reading.year ?? "----"}-${month}-${day}${weekday === "" ? "" : ` ${weekday}`}`;
}

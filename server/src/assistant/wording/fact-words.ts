import type { Fact, FactValue } from "@waremind/contract";
import type { FactSheet } from "../tools/fact-sheet.ts";
import type { Speech } from "./speech.ts";

const textCharactersMax = 600;
const unitWords: Readonly<Record<string, string>> = { Cel: "°C", min: "minutes", "1": "" };

/** One fact as a line for a language model: what, of what, its value as it may be said, and when it was observed. */
export function factLine(speech: Speech, fact: Fact): string {
  const age =
    fact.freshForSeconds === null
      ? ""
      : ` (observed ${speech.moment(fact.observedAt)}${staleness(speech, fact)})`;
  return `${fact.subject.kind} ${fact.subject.label} · ${fact.property}: ${valueWords(speech, fact.value)}${age}`;
}

function staleness(speech: Speech, fact: Fact): string {
  return `, ${speech.ago(fact.observedAt)}; say this time with it if it is old`;
}

export function valueWords(speech: Speech, value: FactValue): string {
  switch (value.type) {
    case "number":
      return numberWords(speech, value.number, value.unit);
    case "money":
      return speech.money(value);
    case "instant":
      return speech.moment(value.at);
    case "date":
      return speech.date(value.date);
    case "status":
      return value.status;
    case "identifier":
      return value.text;
    case "boolean":
      return String(value.boolean);
    case "text":
      // A text of the shop's rows is data: quoted, bounded, on one line.
      return JSON.stringify(value.text[speech.language].replaceAll(/\s+/g, " ").slice(0, textCharactersMax));
  }
}

function numberWords(speech: Speech, number: number, unit: string): string {
  if (unit === "Cel") return speech.celsius(number);
  if (unit === "min") return speech.minutes(number);
  return `${number} ${unitWords[unit] ?? unit}`.trim();
}

/** All facts of a tool's answer, bounded. */
export function sheetLines(speech: Speech, sheets: readonly FactSheet[]): string[] {
  return sheets.flatMap((sheet) => [
    ...sheet.facts.map((fact) => factLine(speech, fact)),
    ...sheetLines(speech, sheet.parts),
  ]);
}

import type { Fact, FactProperty, Language, Money, Subject } from "@waremind/contract";

/** What a tool found of one thing: its facts, and the things that belong to it (an order's lines and parcels). */
export interface FactSheet {
  readonly subject: Subject;
  readonly facts: readonly Fact[];
  readonly parts: readonly FactSheet[];
}

export function factOf(sheet: FactSheet, property: FactProperty): Fact | undefined {
  return sheet.facts.find((fact) => fact.property === property);
}

export function numberOf(sheet: FactSheet, property: FactProperty): number | undefined {
  const value = factOf(sheet, property)?.value;
  return value?.type === "number" ? value.number : undefined;
}

export function instantOf(sheet: FactSheet, property: FactProperty): number | undefined {
  const value = factOf(sheet, property)?.value;
  return value?.type === "instant" ? value.at : undefined;
}

export function statusOf(sheet: FactSheet, property: FactProperty): string | undefined {
  const value = factOf(sheet, property)?.value;
  return value?.type === "status" ? value.status : undefined;
}

export function dateOf(sheet: FactSheet, property: FactProperty): string | undefined {
  const value = factOf(sheet, property)?.value;
  return value?.type === "date" ? value.date : undefined;
}

export function identifierOf(sheet: FactSheet, property: FactProperty): string | undefined {
  const value = factOf(sheet, property)?.value;
  return value?.type === "identifier" ? value.text : undefined;
}

export function moneyOf(sheet: FactSheet, property: FactProperty): Money | undefined {
  const value = factOf(sheet, property)?.value;
  return value?.type === "money" ? { amountMinor: value.amountMinor, currency: value.currency } : undefined;
}

export function textOf(sheet: FactSheet, property: FactProperty, language: Language): string | undefined {
  const value = factOf(sheet, property)?.value;
  return value?.type === "text" ? value.text[language] : undefined;
}

export function partsOf(sheet: FactSheet, kind: Subject["kind"]): readonly FactSheet[] {
  return sheet.parts.filter((part) => part.subject.kind === kind);
}

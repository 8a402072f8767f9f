import type { BilingualText } from "@waremind/contract";
import type { PolicyClause } from "../api/answers.ts";
import type { Format } from "./use-format.ts";

/** A clause's sentence with its own figures in place of `{limit}` and the like, as customers read it. */
export function clauseText(clause: Pick<PolicyClause, "text" | "parameters">, format: Format): BilingualText {
  const fill = (text: string): string =>
    text.replace(
      /\{(\w+)\}/g,
      (blank, name: string) => parameterText(clause.parameters, name, format) ?? blank,
    );
  return { en: fill(clause.text.en), zh: fill(clause.text.zh) };
}

/** A named figure of a clause: an amount when `nameMinor` is there, else the parameter itself. */
export function parameterText(
  parameters: PolicyClause["parameters"],
  name: string,
  format: Format,
): string | undefined {
  const minor = parameters[`${name}Minor`];
  const currency = parameters["currency"];
  if (typeof minor === "number" && typeof currency === "string") {
    return format.money({ amountMinor: minor, currency });
  }
  const value = parameters[name];
  if (value === undefined) return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

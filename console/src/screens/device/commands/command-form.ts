// From what a person typed into a command's form to its parameters: checked against the profile before it is sent.
import type { CommandDefinition, JsonValue } from "@waremind/contract";
import { parseValue } from "../attributes/attribute-value.ts";

export type ParameterFault = "missing" | "number" | "precision" | "below" | "above" | "boolean";
export interface CommandParameters {
  readonly params: Readonly<Record<string, JsonValue>>;
  /** By the parameter's name; empty: all is well. */
  readonly faults: Readonly<Record<string, ParameterFault>>;
}

export const commandLifetimes = [
  { id: "1m", ms: 60_000 },
  { id: "10m", ms: 600_000 },
  { id: "1h", ms: 3_600_000 },
  { id: "1d", ms: 86_400_000 },
  { id: "7d", ms: 604_800_000 },
  { id: "30d", ms: 2_592_000_000 },
] as const;

/** An empty field of an optional parameter is left out, not sent as an empty text. */
export function readParameters(
  definition: Pick<CommandDefinition, "parameters">,
  typed: Readonly<Record<string, string>>,
): CommandParameters {
  const params: Record<string, JsonValue> = {};
  const faults: Record<string, ParameterFault> = {};
  for (const parameter of definition.parameters) {
    const read = readParameter(parameter, typed[parameter.name] ?? "");
    if ("fault" in read) faults[parameter.name] = read.fault;
    else if (read.value !== undefined) params[parameter.name] = read.value;
  }
  return { params, faults };
}

function readParameter(
  parameter: CommandDefinition["parameters"][number],
  text: string,
): { readonly value: JsonValue | undefined } | { readonly fault: ParameterFault } {
  if (text.trim() === "") return parameter.isRequired ? { fault: "missing" } : { value: undefined };
  const parsed = parseValue(parameter.type, text);
  if (!parsed.ok) {
    return { fault: parsed.fault === "json" || parsed.fault === "null" ? "missing" : parsed.fault };
  }
  const fault = rangeFault(parsed.value, parameter);
  return fault === null ? { value: parsed.value } : { fault };
}

function rangeFault(
  value: JsonValue,
  { min, max }: { readonly min: number | null; readonly max: number | null },
): ParameterFault | null {
  if (typeof value !== "number") return null;
  if (min !== null && value < min) return "below";
  return max !== null && value > max ? "above" : null;
}

import type { CommandDefinition } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { readParameters } from "./command-form.ts";

const definition: Pick<CommandDefinition, "parameters"> = {
  parameters: [
    { name: "target", type: "number", unit: "Cel", min: -30, max: 8, isRequired: true },
    { name: "note", type: "text", unit: null, min: null, max: null, isRequired: false },
    { name: "force", type: "boolean", unit: null, min: null, max: null, isRequired: false },
  ],
};

describe("the form of a command", () => {
  test("gives typed parameters and leaves out what was left empty", () => {
    expect(readParameters(definition, { target: "4.5", note: "", force: "true" })).toEqual({
      params: { target: 4.5, force: true },
      faults: {},
    });
  });
  test("says what is missing, out of range or no number", () => {
    const faultOf = (target: string) => readParameters(definition, { target }).faults["target"];
    expect(faultOf("")).toBe("missing");
    expect(faultOf("8.1")).toBe("above");
    expect(faultOf("-31")).toBe("below");
    expect(faultOf("warm")).toBe("number");
    expect(faultOf("8")).toBeUndefined();
    expect(faultOf("-30")).toBeUndefined();
  });
  test("keeps text that looks like a number as text", () => {
    expect(readParameters(definition, { target: "0", note: "0042" }).params["note"]).toBe("0042");
  });
});

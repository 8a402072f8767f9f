import type { Action, Actor, CommandDefinition, JsonValue } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ActionState, argumentsHash, defaultClauses, evaluate } from "./index.ts";

const clauses = defaultClauses({ currency: "CNY", validFrom: 0 });
const person = (...roles: string[]): Actor => ({ kind: "person", userId: "u", name: "Lin", roles });
const customer: Actor = { kind: "customer", customerId: "cus-1", sessionId: "s" };
const model: Actor = { kind: "model", customerId: "cus-1", sessionId: "s", engine: "composer" };
const system: Actor = { kind: "system", name: "job" };
const ownDevice: Actor = { kind: "device", deviceName: "locker-7" };

const commandOf = (method: string, changes: Partial<CommandDefinition> = {}): CommandDefinition => ({
  ...{ method, name: { en: method, zh: method }, isPhysical: true, isOneWay: false, parameters: [] },
  ...changes,
});
const parameter = (name: string, changes: Partial<CommandDefinition["parameters"][number]> = {}) => ({
  ...{ name, type: "number" as const, unit: null, min: null, max: null, isRequired: true },
  ...changes,
});
const device: NonNullable<ActionState["device"]> = {
  id: 7,
  name: "locker-7",
  state: "active",
  commands: [
    commandOf("open"),
    commandOf("ping", { isPhysical: false }),
    commandOf("beep", { isOneWay: true }),
    commandOf("setPoint", {
      parameters: [
        parameter("celsius", { min: -30, max: 25, unit: "Cel" }),
        parameter("zone", { type: "text", isRequired: false }),
        parameter("isBoost", { type: "boolean", isRequired: false }),
      ],
    }),
  ],
};

type Send = Extract<Action, { name: "send-command" }>;
const send = (method: string, changes: Partial<Send> = {}): Send => ({
  ...{ name: "send-command", deviceName: "locker-7", method, params: {}, isOneWay: false },
  ...{ isPersistent: true, lifetimeMs: 60_000, idempotencyKey: "key-00001" },
  ...changes,
});
const attributes: Action = {
  ...{ name: "set-attributes", deviceName: "locker-7", values: { setPoint: 4 }, deletedKeys: [] },
  idempotencyKey: "key-00002",
};
const decide = (actor: Actor, action: Action, state: ActionState = { device }) =>
  evaluate(actor, action, state, clauses);
const verdict = (actor: Actor, action: Action): string => decide(actor, action).verdict;

describe("who may act on a device", () => {
  const allow = "allow";
  const deny = "deny";
  const ask = "needs-approval";
  test.each<[string, Actor, string, string, string, string]>([
    // who, physical, not physical, undeclared, attributes
    ["the owner", person("owner"), allow, allow, allow, allow],
    ["operations", person("operations"), allow, allow, allow, allow],
    ["the warehouse", person("warehouse"), allow, allow, deny, deny],
    ["an integrator", person("integrator"), deny, allow, deny, allow],
    ["support", person("support"), ask, allow, deny, deny],
    ["an auditor", person("auditor"), deny, deny, deny, deny],
    ["nobody's role", person(), deny, deny, deny, deny],
    ["support that is warehouse too", person("support", "warehouse"), allow, allow, deny, deny],
    ["a customer", customer, ask, ask, deny, deny],
    ["a model", model, ask, ask, deny, deny],
    ["the system", system, deny, deny, deny, deny],
    ["a device", ownDevice, deny, deny, deny, deny],
  ])("%s", (_, actor, physical, other, undeclared, shared) => {
    expect([
      verdict(actor, send("open")),
      verdict(actor, send("ping")),
      verdict(actor, send("reboot")),
      verdict(actor, attributes),
    ]).toEqual([physical, other, undeclared, shared]);
  });

  test("consent is the owner's, and the clause is named", () => {
    expect(decide(person("support"), send("open"))).toMatchObject({
      ...{ verdict: "needs-approval", level: "owner" },
      clause: { clauseId: "device-control", version: 1 },
    });
  });

  test("no clause in force, or one that cannot be read, allows nothing", () => {
    const broken = clauses.map((clause) =>
      clause.id === "device-control" ? { ...clause, parameters: { physical: "all" } } : clause,
    );
    for (const inForce of [[], broken])
      for (const action of [send("open"), attributes])
        expect(evaluate(person("owner"), action, { device }, inForce)).toMatchObject({
          ...{ verdict: "deny", code: "no-clause" },
        });
  });

  test("an owner's own version of the clause decides", () => {
    const own = clauses.map((clause) =>
      clause.id === "device-control"
        ? { ...clause, version: 2, parameters: { ...clause.parameters, physical: ["operations"] } }
        : clause,
    );
    const decision = evaluate(person("warehouse"), send("open"), { device }, own);
    expect(decision).toMatchObject({ verdict: "deny", clause: { version: 2 } });
  });

  test("a device that does not exist, or another one, is not acted on", () => {
    for (const state of [{}, { device: { ...device, name: "locker-8" } }])
      for (const action of [send("open"), attributes])
        expect(decide(person("owner"), action, state)).toMatchObject({ verdict: "deny", code: "not-found" });
    expect(decide(customer, send("open"), {})).toMatchObject({ code: "role-missing" });
  });

  test("a disabled device is left alone", () => {
    for (const action of [send("open"), attributes])
      expect(decide(person("owner"), action, { device: { ...device, state: "disabled" } })).toMatchObject({
        ...{ verdict: "deny", code: "device-disabled" },
      });
  });
});

describe("parameters are those of the profile", () => {
  const owner = person("owner");
  test.each<[string, JsonValue, string | null]>([
    ["as declared", { celsius: 4, zone: "00012", isBoost: true }, null],
    ["without the optional ones", { celsius: -30 }, null],
    ["at the upper end", { celsius: 25 }, null],
    ["missing", {}, "celsius"],
    ["nothing at all", null, "celsius"],
    ["too high", { celsius: 25.01 }, "celsius"],
    ["too low", { celsius: -31 }, "celsius"],
    ["a number as text", { celsius: "4" }, "celsius"],
    ["null", { celsius: null }, "celsius"],
    ["text as a number", { celsius: 4, zone: 12 }, "zone"],
    ["truth as a number", { celsius: 4, isBoost: 1 }, "isBoost"],
    ["unknown", { celsius: 4, door: 3 }, "door"],
    ["an inherited name", { celsius: 4, constructor: 1 }, "constructor"],
    ["a list", [4], "params"],
    ["a bare value", 4, "params"],
  ])("%s", (_, params, named) => {
    const decision = decide(owner, send("setPoint", { params }));
    if (named === null) {
      expect(decision.verdict).toBe("allow");
      return;
    }
    expect(decision).toMatchObject({ verdict: "deny", code: "parameter-invalid" });
    if (decision.verdict !== "deny") return;
    expect(decision.reason.en).toContain(named);
    expect(decision.reason.zh).toContain(named);
  });

  test("the limit that was met is said with its unit", () => {
    const decision = decide(owner, send("setPoint", { params: { celsius: 30 } }));
    expect(decision).toMatchObject({ reason: { en: "The parameter celsius must be at most 25 Cel." } });
  });

  test("what is undeclared goes as it is, from who may send it", () => {
    expect(verdict(owner, send("reboot", { params: ["any", 1] }))).toBe("allow");
  });

  test("a command that is never answered is sent one-way", () => {
    expect(decide(owner, send("beep"))).toMatchObject({ verdict: "deny", code: "command-one-way" });
    expect(verdict(owner, send("beep", { isOneWay: true }))).toBe("allow");
    expect(verdict(owner, send("open", { isOneWay: true }))).toBe("allow");
  });

  test("any parameters at all get a verdict and never an error", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (params) => {
        expect(["allow", "deny"]).toContain(
          verdict(owner, send("setPoint", { params: params as JsonValue })),
        );
      }),
    );
  });
});

test("the same attributes are one act in any order of keys, and another key is another act", () => {
  const act = (deletedKeys: string[], idempotencyKey = "key-00003"): Action => ({
    ...{ name: "set-attributes", deviceName: "d", values: {}, deletedKeys, idempotencyKey },
  });
  expect(argumentsHash(act(["a", "b", "a"]))).toBe(argumentsHash(act(["b", "a"])));
  expect(argumentsHash(act(["a"]))).not.toBe(argumentsHash(act(["a"], "key-00004")));
});

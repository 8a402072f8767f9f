import type { Action, Actor } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ActionState,
  argumentsHash,
  canonicalJson,
  clauseText,
  defaultClauses,
  evaluate,
} from "./index.ts";

const clauses = defaultClauses({ currency: "CNY", validFrom: 0 });
const customer: Actor = { kind: "customer", customerId: "cus-1", sessionId: "s" };
const model: Actor = { kind: "model", customerId: "cus-1", sessionId: "s", engine: "composer" };
const support: Actor = { kind: "person", userId: "u", name: "Lin", roles: ["support"] };

type Refund = Extract<Action, { name: "refund-excursion" }>;
type Order = NonNullable<ActionState["order"]>;
type Shipment = NonNullable<ActionState["shipment"]>;

const refund: Refund = {
  name: "refund-excursion",
  orderId: "ord-1",
  shipmentId: "shp-1",
  orderLineIds: ["line-1"],
  amount: { amountMinor: 16_800, currency: "CNY" },
  refundTo: "original-payment",
};
const order: Order = {
  id: "ord-1",
  number: "W-1001",
  customerId: "cus-1",
  state: "delivered",
  currency: "CNY",
  capturedMinor: 40_000,
  refundedMinor: 0,
  largestRefundableMinor: 40_000,
  lines: [
    { id: "line-1", totalMinor: 16_800, isRefunded: false },
    { id: "line-2", totalMinor: 23_200, isRefunded: false },
  ],
};
const shipment: Shipment = {
  id: "shp-1",
  orderId: "ord-1",
  orderLineIds: ["line-1"],
  state: "delivered",
  excursionMinutes: 52,
  excursionMinutesMax: 30,
  excursionMinutesOnOurLegs: 40,
  conditionFactIds: ["shipment_condition/shp-1"],
};

const decide = (change: {
  actor?: Actor;
  action?: Partial<Refund>;
  order?: Partial<Order>;
  shipment?: Partial<Shipment>;
}) =>
  evaluate(
    change.actor ?? model,
    { ...refund, ...change.action },
    { order: { ...order, ...change.order }, shipment: { ...shipment, ...change.shipment } },
    clauses,
  );

describe("a refund of an excursion", () => {
  test("within the limit is allowed by the clause, for the customer, a model of theirs and support", () => {
    for (const actor of [customer, model, support])
      expect(decide({ actor })).toEqual({
        verdict: "allow",
        clause: { clauseId: "cold-chain-refund", version: 1 },
      });
  });

  test.each<[string, Parameters<typeof decide>[0]]>([
    ["not-found", { actor: { ...model, customerId: "cus-2" } as Actor }],
    ["not-found", { actor: { ...model, customerId: "" } as Actor, order: { customerId: "" } }],
    ["not-found", { action: { orderId: "ord-2" } }],
    ["role-missing", { actor: { kind: "system", name: "job" } }],
    ["role-missing", { actor: { kind: "device", deviceName: "logger-7" } }],
    ["role-missing", { actor: { kind: "person", userId: "u", name: "P", roles: ["viewer"] } }],
    ["shipment-not-of-order", { shipment: { orderId: "ord-2" } }],
    ["shipment-not-of-order", { action: { shipmentId: "shp-2" } }],
    ["state-forbids", { order: { state: "cancelled" } }],
    ["state-forbids", { order: { state: "pending" } }],
    ["state-forbids", { shipment: { state: "ready" } }],
    ["line-not-of-order", { action: { orderLineIds: ["line-9"] } }],
    ["line-not-of-order", { action: { orderLineIds: [] } }],
    ["line-not-in-shipment", { action: { orderLineIds: ["line-1", "line-2"] } }],
    ["already-refunded", { order: { lines: [{ id: "line-1", totalMinor: 16_800, isRefunded: true }] } }],
    ["no-evidence", { shipment: { conditionFactIds: [] } }],
    ["within-permitted-time", { shipment: { excursionMinutes: 30, excursionMinutesOnOurLegs: 30 } }],
    ["not-in-our-care", { shipment: { excursionMinutesOnOurLegs: 30 } }],
    ["currency-differs", { action: { amount: { amountMinor: 100, currency: "USD" } } }],
    ["currency-differs", { order: { currency: "USD" } }],
    ["amount-invalid", { action: { amount: { amountMinor: 0, currency: "CNY" } } }],
    ["amount-invalid", { action: { amount: { amountMinor: -5, currency: "CNY" } } }],
    ["amount-above-lines", { action: { amount: { amountMinor: 16_801, currency: "CNY" } } }],
    ["amount-above-paid", { order: { refundedMinor: 30_000 } }],
    ["amount-above-paid", { order: { largestRefundableMinor: 16_799 } }],
  ])("is denied as %s (%#)", (code, change) => {
    const decision = decide(change);
    expect(decision).toMatchObject({ verdict: "deny", code });
    if (decision.verdict !== "deny") return;
    expect(decision.reason.en).not.toBe("");
    expect(decision.reason.zh).toMatch(/[\u4e00-\u9fff]/);
  });

  test("of somebody else's order and of none read the same", () => {
    const theirs = decide({ order: { customerId: "cus-2" } });
    expect(evaluate(model, refund, {}, clauses)).toEqual(theirs);
  });

  test("above the limit waits for support, above the second for the owner; what was refunded before counts", () => {
    const dear = (amountMinor: number, refundedMinor = 0) =>
      decide({
        action: { amount: { amountMinor, currency: "CNY" } },
        order: {
          refundedMinor,
          capturedMinor: 900_000,
          largestRefundableMinor: 900_000,
          lines: [{ id: "line-1", totalMinor: 500_000, isRefunded: false }],
        },
      });
    expect(dear(20_000).verdict).toBe("allow");
    expect(dear(20_001)).toMatchObject({ verdict: "needs-approval", level: "support" });
    expect(dear(200_001)).toMatchObject({ verdict: "needs-approval", level: "owner" });
    expect(dear(100, 19_950)).toMatchObject({ verdict: "needs-approval", level: "support" });
  });

  test("without a clause in force is denied", () => {
    expect(evaluate(model, refund, { order, shipment }, [])).toMatchObject({
      verdict: "deny",
      code: "no-clause",
    });
  });

  test("never gives more than the items cost or than was paid, whatever the numbers", () => {
    const minor = fc.integer({ min: -10, max: 60_000 });
    fc.assert(
      fc.property(minor, minor, minor, minor, (amountMinor, totalMinor, capturedMinor, refundedMinor) => {
        const decision = decide({
          action: { amount: { amountMinor, currency: "CNY" } },
          order: {
            capturedMinor,
            refundedMinor,
            largestRefundableMinor: capturedMinor - refundedMinor,
            lines: [{ id: "line-1", totalMinor, isRefunded: false }],
          },
        });
        const isWithin =
          amountMinor > 0 && amountMinor <= totalMinor && amountMinor + refundedMinor <= capturedMinor;
        expect(decision.verdict !== "deny").toBe(isWithin);
      }),
    );
  });
});

describe("other actions", () => {
  const cancel: Action = { name: "cancel-order", orderId: "ord-1", reason: "no-longer-needed" };

  test("an order is cancelled only while pending, and only by its customer or support", () => {
    const on = (actor: Actor, state: string) =>
      evaluate(actor, cancel, { order: { ...order, state } }, clauses);
    expect(on(model, "pending").verdict).toBe("allow");
    expect(on(support, "pending").verdict).toBe("allow");
    for (const state of ["processed", "shipped", "delivered", "cancelled"])
      expect(on(model, state)).toMatchObject({ verdict: "deny", code: "state-forbids" });
    expect(on({ ...model, customerId: "cus-2" } as Actor, "pending")).toMatchObject({ code: "not-found" });
  });

  test("an invented reason does not cancel", () => {
    const action = { ...cancel, reason: "because the model says so" } as unknown as Action;
    const decision = evaluate(model, action, { order: { ...order, state: "pending" } }, clauses);
    expect(decision).toMatchObject({ verdict: "deny", code: "reason-not-accepted" });
  });

  test("a conversation is handed off by its own customer only", () => {
    const action: Action = { name: "hand-off", conversationId: "con-1", reason: "asked for a person" };
    const conversation = { id: "con-1", customerId: "cus-1", state: "open" };
    expect(evaluate(model, action, { conversation }, clauses).verdict).toBe("allow");
    expect(
      evaluate({ ...model, customerId: "cus-2" } as Actor, action, { conversation }, clauses).verdict,
    ).toBe("deny");
    expect(evaluate(model, action, {}, clauses).verdict).toBe("deny");
  });
});

describe("the evaluation", () => {
  test("of two thousand decisions takes under two milliseconds for 95 in a hundred", () => {
    const times = Array.from({ length: 2000 }, () => {
      const began = performance.now();
      decide({});
      return performance.now() - began;
    }).toSorted((a, b) => a - b);
    expect(times[1900]).toBeLessThan(2);
  });
});

describe("canonical arguments", () => {
  test("do not depend on the order of keys, and differ when any value does", () => {
    const json = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
    expect(argumentsHash({ ...refund, amount: { amountMinor: 16_799, currency: "CNY" } })).not.toBe(
      argumentsHash(refund),
    );
  });
});

describe("the clauses of a new shop", () => {
  test("say their limit in the shop's currency, in both languages", () => {
    const clause = clauses.find(({ id }) => id === "cold-chain-refund");
    if (clause === undefined) throw new Error("There is no refund clause.");
    expect(clauseText(clause).en).toContain("up to ¥200.00 are paid at once");
    expect(clauseText(clause).zh).toContain("不超过¥200.00的退款");
    expect(defaultClauses({ currency: "JPY", validFrom: 0 })[0]?.parameters["limitMinor"]).toBe(200);
  });
});

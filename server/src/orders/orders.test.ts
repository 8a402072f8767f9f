import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { canMoveOrder, createOrders, moneyOf, orderTransitions } from "./index.ts";
import type { Order, OrderLine, OrderState, Orders, Payment } from "./order.ts";
import { moneyText, refundFault } from "./order-rules.ts";

const startAt = Date.UTC(2026, 2, 2, 6);
const clock = manualClock(startAt);
const states = Object.keys(orderTransitions) as OrderState[];

let database: Database;
let orders: Orders;
let count = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  orders = createOrders({ database, clock });
  const rows = [
    "insert into customer values ('cus_1', 'Lin', 'lin@example.com', '', 'zh', 'Asia/Shanghai', '', 0), ('cus_2', 'Ann', 'ann@example.com', '', 'en', 'Asia/Shanghai', '', 0)",
    "insert into product values ('p', 'Salmon', '三文鱼', '', '', 'fish', null, '{}', 0)",
    "insert into variant values ('v', 'p', 'SAL', null, '200 g', '200克', 5900, 'CNY', 200, 'active')",
  ];
  for (const row of rows) await sql.raw(row).execute(tablesOf(database));
});
afterAll(() => database.close());

interface NewOrder {
  order: Order;
  lines: OrderLine[];
  payments: Payment[];
}

/** One line per price, each of one unit, paid in full unless told otherwise. */
function anOrder(
  more: Partial<Order> & {
    prices?: number[];
    paid?: { amountMinor: number; state: Payment["state"] }[];
  } = {},
): NewOrder {
  count += 1;
  const { prices = [5900, 12_000], paid, ...change } = more;
  const id = `ord_${String(count).padStart(6, "0")}`;
  const totalMinor = prices.reduce((total, price) => total + price, 0);
  return {
    order: {
      id,
      number: `W-${100_000 + count}`,
      customerId: "cus_1",
      state: "pending",
      currency: "CNY",
      totalMinor,
      placedAt: startAt + count,
      deliveredAt: null,
      cancelledAt: null,
      shipTo: { name: "林", street: "延安路 1 号", city: "上海", postcode: "020000" },
      ...change,
    },
    lines: prices.map((unitPriceMinor, index) => ({
      id: `${id}_l${index}`,
      orderId: id,
      variantId: "v",
      units: 1,
      unitPriceMinor,
    })),
    payments: (paid ?? [{ amountMinor: totalMinor, state: "captured" }]).map((payment, index) => ({
      id: `${id}_p${index}`,
      orderId: id,
      method: "wechat-pay",
      label: "WeChat Pay",
      ...payment,
    })),
  };
}

async function stored(order: NewOrder): Promise<NewOrder> {
  await database.transaction((connection) => orders.createOrders(connection, [order]));
  return order;
}

let refundCount = 0;
function aRefund({ order, lines, payments }: NewOrder, lineIndexes: number[], amountMinor?: number) {
  refundCount += 1;
  const refunded = lines.filter((_, index) => lineIndexes.includes(index));
  const sum = refunded.reduce((total, line) => total + line.units * line.unitPriceMinor, 0);
  return {
    id: `ref_${refundCount}`,
    orderId: order.id,
    shipmentId: null,
    paymentId: payments[0]?.id ?? "none",
    amount: { amountMinor: amountMinor ?? sum, currency: order.currency },
    reason: "excursion",
    receiptId: `rcp_${refundCount}`,
    orderLineIds: refunded.map((line) => line.id),
  };
}
const record = (refund: ReturnType<typeof aRefund>) =>
  database.transaction((connection) => orders.recordRefund(connection, refund));
const move = (id: string, to: OrderState) =>
  database.transaction((connection) => orders.moveOrder(connection, id, to, { by: "test" }));

test("an order is read back with its lines and payments, by id and by number", async () => {
  const { order, lines, payments } = await stored(anOrder());
  const detail = { ...order, lines, payments, refunds: [] };
  expect(await orders.findOrder(order.id)).toEqual(detail);
  expect(await orders.findOrderByNumber(` ${order.number} `)).toEqual(detail);
  expect(await orders.findOrder("none")).toBeNull();
  expect(await orders.findOrderByNumber("none")).toBeNull();
  expect(await orders.findOrders([order.id, "none"])).toEqual([order]);
  expect(await database.transaction((connection) => orders.lockOrder(connection, order.id))).toEqual(detail);
  expect(await database.transaction((connection) => orders.lockOrder(connection, "none"))).toBeNull();
});

test("a customer sees their own orders, newest first; a page starts before an instant", async () => {
  const own: NewOrder[] = [];
  for (let index = 0; index < 4; index += 1)
    own.push(await stored(anOrder({ customerId: "cus_2", state: index === 0 ? "delivered" : "pending" })));
  const newestFirst = own.map(({ order }) => order.id).toReversed();
  const seen = await orders.ordersOf("cus_2", { limit: 3 });
  expect(seen.map((order) => order.id)).toEqual(newestFirst.slice(0, 3));
  const before = own[2]?.order.placedAt ?? 0;
  const page = await orders.listOrders({ limit: 2, before });
  expect(page.map((order) => order.id)).toEqual(newestFirst.slice(2));
  const delivered = await orders.listOrders({ limit: 1, state: "delivered" });
  expect(delivered.map((order) => order.id)).toEqual([own[0]?.order.id]);
  expect(await orders.countPlacedSince(before)).toBe(2);
});

test("thousands of orders are written at once", async () => {
  const many = Array.from({ length: 3000 }, () => anOrder({ placedAt: 1000 }));
  await database.transaction((connection) => orders.createOrders(connection, many));
  const last = many.at(-1);
  expect((await orders.findOrder(last?.order.id ?? ""))?.lines).toHaveLength(2);
});

test("a taken number is refused and nothing of the batch is written", async () => {
  const first = await stored(anOrder());
  const fresh = anOrder();
  const twin = anOrder({ number: first.order.number });
  const work = database.transaction((connection) => orders.createOrders(connection, [fresh, twin]));
  await expect(work).rejects.toMatchObject({ name: "DomainError", code: "conflict" });
  expect(await orders.findOrder(fresh.order.id)).toBeNull();
});

describe("states", () => {
  test("an order goes from pending to delivered and its history says when", async () => {
    const { order } = await stored(anOrder());
    for (const to of ["processed", "shipped", "delivered"] as const) {
      clock.advance(60_000);
      await move(order.id, to);
    }
    const delivered = await orders.findOrder(order.id);
    expect(delivered).toMatchObject({ state: "delivered", deliveredAt: clock.now(), cancelledAt: null });
    const history = await orders.historyOf(order.id);
    expect(history.map((event) => event.kind)).toEqual(["placed", "processed", "shipped", "delivered"]);
    expect(history[1]?.detail).toEqual({ by: "test", from: "pending" });
  });

  test("a refusal names both states in both languages and changes nothing", async () => {
    const { order } = await stored(anOrder({ state: "shipped" }));
    const refusal = move(order.id, "cancelled");
    await expect(refusal).rejects.toMatchObject({
      code: "state-forbids",
      details: { from: "shipped", to: "cancelled", allowed: ["delivered"] },
    });
    await expect(refusal).rejects.toMatchObject({
      sentence: {
        en: expect.stringMatching(/shipped.*cancelled/),
        zh: expect.stringMatching(/已发货.*已取消/),
      },
    });
    expect(await orders.findOrder(order.id)).toMatchObject({ state: "shipped", cancelledAt: null });
    await expect(move("none", "shipped")).rejects.toMatchObject({ code: "not-found" });
  });

  test("any sequence of moves ends where the machine says", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.constantFrom(...states), { maxLength: 8 }),
      async (moves) => {
        const { order } = await stored(anOrder());
        let expected: OrderState = "pending";
        let allowedCount = 0;
        for (const to of moves) {
          const isAllowed = canMoveOrder(expected, to);
          const moved = await move(order.id, to).then(
            () => true,
            (error) => error.code !== "state-forbids",
          );
          expect(moved).toBe(isAllowed);
          if (isAllowed) expected = to;
          if (isAllowed) allowedCount += 1;
        }
        const found = await orders.findOrder(order.id);
        expect(found?.state).toBe(expected);
        expect(found?.deliveredAt !== null).toBe(expected === "delivered");
        expect(found?.cancelledAt !== null).toBe(expected === "cancelled");
        expect(await orders.historyOf(order.id)).toHaveLength(allowedCount + 1);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  test("cancelled and delivered are ends, and no state follows itself", () => {
    expect(states.filter((state) => orderTransitions[state].length === 0)).toEqual([
      "delivered",
      "cancelled",
    ]);
    expect(states.filter((state) => canMoveOrder(state, state))).toEqual([]);
  });

  test("only what was authorised is voided", async () => {
    const paid = [
      { amountMinor: 900, state: "authorized" as const },
      { amountMinor: 5000, state: "captured" as const },
    ];
    const { order, payments } = await stored(anOrder({ paid }));
    const voidAll = () => database.transaction((connection) => orders.voidPayments(connection, order.id));
    expect(await voidAll()).toEqual([payments[0]?.id]);
    expect((await orders.findOrder(order.id))?.payments.map((payment) => payment.state)).toEqual([
      "voided",
      "captured",
    ]);
    expect(await voidAll()).toEqual([]);
    expect((await orders.historyOf(order.id)).map((event) => event.kind)).toEqual([
      "placed",
      "payments-voided",
    ]);
  });
});

describe("refunds", () => {
  test("a refund of a line is recorded once, with its history", async () => {
    const paid = await stored(anOrder({ state: "delivered" }));
    const refund = aRefund(paid, [0]);
    await record(refund);
    const found = await orders.findOrder(paid.order.id);
    expect(found?.refunds).toEqual([{ ...refund, createdAt: clock.now() }]);
    expect(moneyOf(found ?? { payments: [], refunds: [] })).toEqual({
      capturedMinor: 17_900,
      refundedMinor: 5900,
      refundableMinor: 12_000,
    });
    expect((await orders.historyOf(paid.order.id)).at(-1)).toMatchObject({
      kind: "refunded",
      detail: { refundId: refund.id, amountMinor: 5900, currency: "CNY" },
    });
    await expect(record(aRefund(paid, [0]))).rejects.toMatchObject({ code: "already-done" });
    await expect(record({ ...refund, orderLineIds: [] })).rejects.toMatchObject({ code: "already-done" });
  });

  test("money rules refuse before anything is written", async () => {
    const paid = await stored(anOrder({ prices: [5900, 12_000] }));
    const other = await stored(anOrder());
    const refund = () => aRefund(paid, [0]);
    const refusals: [string, ReturnType<typeof aRefund>][] = [
      ["above-limit", aRefund(paid, [0], 5901)],
      ["above-limit", aRefund(paid, [], 17_901)],
      ["amount-invalid", aRefund(paid, [0], 0)],
      ["amount-invalid", aRefund(paid, [0], -1)],
      ["amount-invalid", aRefund(paid, [0], 0.5)],
      ["currency-differs", { ...refund(), amount: { amountMinor: 1, currency: "USD" } }],
      ["payment-not-captured", { ...refund(), paymentId: "none" }],
      ["payment-not-captured", { ...refund(), paymentId: other.payments[0]?.id ?? "" }],
      ["line-unknown", { ...refund(), orderLineIds: [other.lines[0]?.id ?? ""] }],
      ["line-unknown", { ...refund(), orderLineIds: [paid.lines[0]?.id ?? "", paid.lines[0]?.id ?? ""] }],
    ];
    for (const [kind, wrong] of refusals)
      await expect(record(wrong), kind).rejects.toMatchObject({ code: "invalid-input", details: { kind } });
    expect((await orders.findOrder(paid.order.id))?.refunds).toEqual([]);
    await expect(record({ ...refund(), orderId: "none" })).rejects.toMatchObject({ code: "not-found" });
  });

  test("nothing goes back to a payment that was only authorised", async () => {
    const held = await stored(anOrder({ paid: [{ amountMinor: 17_900, state: "authorized" }] }));
    await expect(record(aRefund(held, [0]))).rejects.toMatchObject({
      details: { kind: "payment-not-captured" },
    });
  });

  test("a refund to one of two payments stays within that payment", async () => {
    const paid = [
      { amountMinor: 5000, state: "captured" as const },
      { amountMinor: 12_900, state: "captured" as const },
    ];
    const order = await stored(anOrder({ paid }));
    await expect(record(aRefund(order, [1]))).rejects.toMatchObject({ details: { limitMinor: 5000 } });
    await record({ ...aRefund(order, [1]), paymentId: order.payments[1]?.id ?? "" });
  });

  test("of two refunds of one line at once exactly one is recorded", async () => {
    for (let round = 0; round < 5; round += 1) {
      const paid = await stored(anOrder());
      const results = await Promise.allSettled([
        record(aRefund(paid, [0])),
        record(aRefund(paid, [0])),
        record(aRefund(paid, [0, 1])),
      ]);
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
      for (const result of results)
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "already-done" });
      expect((await orders.findOrder(paid.order.id))?.refunds).toHaveLength(1);
    }
  });

  test("refunds without lines that race never exceed what was captured", async () => {
    const paid = await stored(anOrder({ prices: [10_000] }));
    const attempts = Array.from({ length: 6 }, () => record(aRefund(paid, [], 4000)));
    const results = await Promise.allSettled(attempts);
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(2);
  });

  test("a line that the rules missed is stopped by the store's own index", async () => {
    const paid = await stored(anOrder());
    const other = await stored(anOrder());
    const otherRefund = aRefund(other, [0]);
    await record(otherRefund);
    // Under another order's refund, so that reading this order does not show it.
    await tablesOf<{ refundLine: { refundId: string; orderLineId: string } }>(database)
      .insertInto("refundLine")
      .values({ refundId: otherRefund.id, orderLineId: paid.lines[1]?.id ?? "" })
      .execute();
    await expect(record(aRefund(paid, [1]))).rejects.toMatchObject({ code: "already-done" });
    expect((await orders.findOrder(paid.order.id))?.refunds).toEqual([]);
  });

  test("no sequence of refunds exceeds what was paid, nor pays a line twice", async () => {
    const attempt = fc.record({
      lineIndexes: fc.uniqueArray(fc.nat(3), { maxLength: 3 }),
      amountMinor: fc.option(fc.integer({ min: -10, max: 4000 }), { nil: undefined }),
    });
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 9000 }),
      fc.array(attempt, { maxLength: 8 }),
      async (prices, capturedMinor, attempts) => {
        const order = await stored(
          anOrder({ prices, paid: [{ amountMinor: capturedMinor, state: "captured" }] }),
        );
        for (const { lineIndexes, amountMinor } of attempts)
          await record(aRefund(order, lineIndexes, amountMinor)).catch((error) =>
            expect(["already-done", "invalid-input"]).toContain(error.code),
          );
        const found = await orders.findOrder(order.order.id);
        const refunds = found?.refunds ?? [];
        const lineIds = refunds.flatMap((refund) => refund.orderLineIds);
        expect(refunds.reduce((sum, refund) => sum + refund.amount.amountMinor, 0)).toBeLessThanOrEqual(
          capturedMinor,
        );
        expect(new Set(lineIds).size).toBe(lineIds.length);
        expect(refunds.every((refund) => refund.amount.amountMinor > 0)).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  test("the rule finds no fault exactly when the amount is within every limit", () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: 2000 }),
      fc.integer({ min: 1, max: 2500 }),
      (prices, capturedMinor, amountMinor) => {
        const { order, lines, payments } = anOrder({
          prices,
          paid: [{ amountMinor: capturedMinor, state: "captured" }],
        });
        const refund = aRefund({ order, lines, payments }, [0], amountMinor);
        const fault = refundFault({ ...order, lines, payments, refunds: [] }, refund);
        expect(fault === null).toBe(amountMinor <= capturedMinor && amountMinor <= (prices[0] ?? 0));
      },
    );
    fc.assert(property);
  });
});

test("amounts read as people write them, with the currency's own decimals", () => {
  expect(moneyText({ amountMinor: 5900, currency: "CNY" })).toBe("CNY 59.00");
  expect(moneyText({ amountMinor: 5900, currency: "JPY" })).toBe("JPY 5,900");
  expect(moneyText({ amountMinor: 1, currency: "USD" })).toBe("USD 0.01");
});

import { afterAll, beforeAll, expect, test } from "vitest";
import {
  addOrder,
  minute,
  openSmallShop,
  type SmallShop,
  shopStartAt,
} from "../../../../tests/support/small-shop.ts";
import { orderView } from "./order-views.ts";

let shop: SmallShop;
beforeAll(async () => {
  shop = await openSmallShop();
});
afterAll(() => shop.database.close());

async function historyOf(id: string): Promise<readonly (readonly [minutes: number, kind: string])[]> {
  const order = await shop.orders.findOrder(id);
  if (order === null) throw new Error(`There is no order ${id}.`);
  const { history } = await orderView(shop, order);
  return history.map(({ at, kind }) => [(at - shopStartAt) / minute, kind]);
}

async function refund(id: string): Promise<void> {
  await shop.database.transaction((connection) =>
    shop.orders.recordRefund(connection, {
      id: `${id}-ref`,
      orderId: id,
      shipmentId: null,
      paymentId: `${id}-pay-1`,
      amount: { amountMinor: 8_000, currency: "CNY" },
      reason: "cold-chain-excursion",
      receiptId: `${id}-rcp`,
      orderLineIds: [`${id}-line-1`],
    }),
  );
}

test("an order's history is every step as it was written, oldest first, each refund once", async () => {
  shop.clock.set(shopStartAt);
  await addOrder(shop, { id: "steps", state: "pending" });
  for (const [index, to] of (["processed", "shipped", "delivered"] as const).entries()) {
    shop.clock.set(shopStartAt + (index + 1) * 10 * minute);
    await shop.database.transaction((connection) => shop.orders.moveOrder(connection, "steps", to, {}));
  }
  shop.clock.set(shopStartAt + 60 * minute);
  await refund("steps");
  expect(await historyOf("steps")).toEqual([
    [0, "placed"],
    [10, "processed"],
    [20, "shipped"],
    [30, "delivered"],
    [60, "refunded"],
  ]);
});

test("an order without a written history shows what its columns and refunds say", async () => {
  shop.clock.set(shopStartAt + 5 * minute);
  await addOrder(shop, { id: "bare" });
  await refund("bare");
  await shop.query("delete from order_event where order_id = 'bare'");
  expect(await historyOf("bare")).toEqual([
    [0, "placed"],
    [5, "refunded"],
  ]);
});

test("a refund that was not written into the history is in it all the same", async () => {
  shop.clock.set(shopStartAt + 5 * minute);
  await addOrder(shop, { id: "half" });
  await refund("half");
  await shop.query("delete from order_event where order_id = 'half' and kind = 'refunded'");
  expect(await historyOf("half")).toEqual([
    [0, "placed"],
    [5, "refunded"],
  ]);
});

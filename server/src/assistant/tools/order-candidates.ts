import type { BilingualText } from "@waremind/contract";
import type { OrderDetail } from "../../orders/index.ts";
import type { AssistantDependencies } from "../assistant-types.ts";

/** An order as the choice among several sees it: never said, so it leaves no facts. */
export interface OrderCandidate {
  readonly number: string;
  readonly state: OrderDetail["state"];
  readonly placedAt: number;
  readonly titles: readonly BilingualText[];
  readonly hasColdParcel: boolean;
  readonly isUnderway: boolean;
  /** A parcel of it is packed or on its way. */
  readonly hasParcelUnderway: boolean;
  /** Newest delivery among its parcels. */
  readonly deliveredAt: number | null;
  /** A parcel was out of its band for longer than its goods bear. */
  readonly isPastLimit: boolean;
}

const candidatesMax = 12;

/** The customer's newest orders with what tells them apart. */
export async function orderCandidates(
  deps: Pick<AssistantDependencies, "orders" | "shipments" | "catalog" | "database">,
  customerId: string,
): Promise<readonly OrderCandidate[]> {
  const orders = await deps.orders.ordersOf(customerId, { limit: candidatesMax });
  if (orders.length === 0) return [];
  const variantIds = orders.flatMap(({ lines }) => lines.map(({ variantId }) => variantId));
  const variants = await deps.catalog.findVariants([...new Set(variantIds)]);
  const titleOf = new Map(variants.map(({ id, title }) => [id, title]));
  const parcels = await deps.shipments.shipmentsOfOrders(orders.map(({ id }) => id));
  const conditions = await deps.shipments.conditionOf(
    deps.database,
    parcels.map(({ id }) => id),
  );
  return orders.map((order) => {
    const own = parcels.filter(({ orderId }) => orderId === order.id);
    const hasParcelUnderway = own.some(({ state }) => state === "ready" || state === "shipping");
    return {
      number: order.number,
      state: order.state,
      placedAt: order.placedAt,
      titles: order.lines.flatMap(({ variantId }) => titleOf.get(variantId) ?? []),
      hasColdParcel: own.some(({ bandId }) => bandId !== null),
      isUnderway: order.state === "pending" || order.state === "processed" || hasParcelUnderway,
      hasParcelUnderway,
      deliveredAt: own.reduce<number | null>(
        (latest, { deliveredAt }) => (deliveredAt === null ? latest : Math.max(latest ?? 0, deliveredAt)),
        order.deliveredAt,
      ),
      isPastLimit: own.some(({ id }) => conditions.get(id)?.condition.verdict === "spoiled"),
    };
  });
}

import {
  locationViewSchema,
  orderSummarySchema,
  orderViewSchema,
  overviewSchema,
  shipmentDetailSchema,
  shipmentSummarySchema,
  shopSchema,
  signedInSchema,
  stockRowSchema,
} from "@waremind/contract";
import { z } from "zod";
import { may, permissions } from "../../people/index.ts";
import type { ShipmentDetail } from "../../shipments/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, notFound, type Route } from "../route.ts";
import { orderSummaries, orderView } from "../views/order-views.ts";
import { overviewView } from "../views/overview-view.ts";
import { shipmentDetailView, shipmentSummaries } from "../views/shipment-views.ts";
import { locationViews, stockRows } from "../views/stock-views.ts";

const limitSchema = z.coerce.number().int().min(1).max(500).default(100);

/** The shop itself: what stands where, what was ordered, what is on its way. */
export function shopRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/shop",
      summary: "Name, currency and engine of the shop.",
      access: "public",
      answers: shopSchema,
      handle: () => Promise.resolve(needs.shop),
    }),
    defineRoute({
      method: "get",
      path: "/api/me",
      summary: "Who is signed in.",
      access: "overview.read",
      answers: signedInSchema,
      handle: ({ caller }) => {
        const user =
          caller.kind === "person" ? caller.user : { id: "", name: "", email: "", roles: [] as string[] };
        return Promise.resolve({
          ...user,
          permissions: permissions.filter((permission) => may(user, permission)),
        });
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/overview",
      summary: "What needs attention, and the counts.",
      access: "overview.read",
      answers: overviewSchema,
      handle: () => overviewView(needs),
    }),
    ...shipmentRoutes(needs),
    ...orderRoutes(needs),
    defineRoute({
      method: "get",
      path: "/api/stock",
      summary: "Stock by variant.",
      access: "stock.read",
      answers: itemsOf(stockRowSchema),
      handle: async () => ({ items: await stockRows(needs) }),
    }),
    defineRoute({
      method: "get",
      path: "/api/locations",
      summary: "Shelf maps with booked and sensed units.",
      access: "stock.read",
      answers: itemsOf(locationViewSchema),
      handle: async () => ({ items: await locationViews(needs) }),
    }),
  ];
}

function shipmentRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/shipments",
      summary: "Shipments, underway first.",
      access: "shipments.read",
      query: z.object({
        limit: limitSchema,
        state: z.enum(["ready", "shipping", "delivered", "closed", "cancelled"]).optional(),
      }),
      answers: itemsOf(shipmentSummarySchema),
      handle: async ({ query }) => ({
        items: await shipmentSummaries(
          needs,
          await needs.shipments.listShipments({
            limit: query.limit,
            ...(query.state === undefined ? {} : { state: query.state }),
          }),
        ),
      }),
    }),
    defineRoute({
      method: "get",
      path: "/api/shipments/{id}",
      summary: "One shipment with its curve, legs and alarms.",
      access: "shipments.read",
      params: idParam,
      answers: shipmentDetailSchema,
      handle: async ({ params }) => {
        const shipment = await findShipment(needs, params.id);
        if (shipment === null) throw notFound({ en: `shipment ${params.id}`, zh: `货件 ${params.id}` });
        return await shipmentDetailView(needs, shipment);
      },
    }),
  ];
}

/** By its id, its number or tracking number, or the number of its order. */
async function findShipment(needs: HttpDependencies, name: string): Promise<ShipmentDetail | null> {
  const named =
    (await needs.shipments.findShipment(name)) ?? (await needs.shipments.findShipmentByNumber(name));
  if (named !== null) return named;
  const order = await needs.orders.findOrderByNumber(name);
  return order === null ? null : ((await needs.shipments.shipmentsOfOrders([order.id]))[0] ?? null);
}

function orderRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/orders",
      summary: "Orders, newest first.",
      access: "orders.read",
      query: z.object({
        limit: limitSchema,
        before: z.coerce.number().int().optional(),
        state: z.enum(["pending", "processed", "shipped", "delivered", "cancelled"]).optional(),
      }),
      answers: itemsOf(orderSummarySchema),
      handle: async ({ query }) => ({
        items: await orderSummaries(
          needs,
          await needs.orders.listOrders({
            limit: query.limit,
            ...(query.before === undefined ? {} : { before: query.before }),
            ...(query.state === undefined ? {} : { state: query.state }),
          }),
        ),
      }),
    }),
    defineRoute({
      method: "get",
      path: "/api/orders/{id}",
      summary: "One order with its lines, payments and refunds.",
      access: "orders.read",
      params: idParam,
      answers: orderViewSchema,
      handle: async ({ params }) => {
        const order =
          (await needs.orders.findOrder(params.id)) ?? (await needs.orders.findOrderByNumber(params.id));
        if (order === null) throw notFound({ en: `order ${params.id}`, zh: `订单 ${params.id}` });
        return await orderView(needs, order);
      },
    }),
  ];
}

import type { Alarm, Band, ShipmentDetail as ShipmentDetailView, ShipmentSummary } from "@waremind/contract";
import type { Order, Refund } from "../../orders/index.ts";
import type { Shipment, ShipmentConditionRow, ShipmentDetail } from "../../shipments/index.ts";
import type { HttpDependencies } from "../dependencies.ts";

type Needs = Pick<
  HttpDependencies,
  | "database"
  | "orders"
  | "customers"
  | "shipments"
  | "catalog"
  | "devices"
  | "telemetry"
  | "inventory"
  | "clock"
>;

const curvePoints = 1000;
const alarmsPerShipmentMax = 50;
/** Before the first reading of a binding and after the end of a shipment, a curve shows this much more. */
const marginMs = 30 * 60_000;

export async function shipmentSummaries(
  needs: Needs,
  shipments: readonly Shipment[],
): Promise<ShipmentSummary[]> {
  const orders = new Map(
    (await needs.orders.findOrders([...new Set(shipments.map((shipment) => shipment.orderId))])).map(
      (order) => [order.id, order],
    ),
  );
  const customers = new Map(
    (
      await needs.customers.findCustomers([...new Set([...orders.values()].map((order) => order.customerId))])
    ).map((customer) => [customer.id, customer]),
  );
  const conditions = await needs.shipments.conditionOf(
    needs.database,
    shipments.map((shipment) => shipment.id),
  );
  const bands = await bandsOf(needs, shipments);
  const devices = await deviceNames(needs, [...conditions.values()]);
  return shipments.map((shipment) => {
    const order = orders.get(shipment.orderId);
    const row = conditions.get(shipment.id);
    const band = shipment.bandId === null ? null : (bands.get(shipment.bandId) ?? null);
    return summaryOf({
      shipment,
      order,
      customerName: customers.get(order?.customerId ?? "")?.name ?? "",
      row,
      band,
      deviceName: row === undefined ? null : (devices.get(row.seriesId) ?? null),
    });
  });
}

function summaryOf(from: {
  readonly shipment: Shipment;
  readonly order: Order | undefined;
  readonly customerName: string;
  readonly row: ShipmentConditionRow | undefined;
  readonly band: Band | null;
  readonly deviceName: string | null;
}): ShipmentSummary {
  const { id, number, state, carrier, trackingNumber, expectedAt, shippedAt, deliveredAt } = from.shipment;
  return {
    id,
    number,
    state,
    carrier,
    trackingNumber,
    expectedAt,
    shippedAt,
    deliveredAt,
    orderNumber: from.order?.number ?? "",
    customerName: from.customerName,
    deviceName: from.deviceName,
    band: from.band,
    condition: from.row?.condition ?? null,
  };
}

async function bandsOf(needs: Needs, shipments: readonly Shipment[]): Promise<ReadonlyMap<string, Band>> {
  const ids = [
    ...new Set(shipments.flatMap((shipment) => (shipment.bandId === null ? [] : [shipment.bandId]))),
  ];
  const bands = await Promise.all(ids.map((id) => needs.catalog.findBand(id)));
  return new Map(bands.flatMap((band) => (band === null ? [] : [[band.id, band]])));
}

async function deviceNames(
  needs: Needs,
  rows: readonly ShipmentConditionRow[],
): Promise<ReadonlyMap<number, string>> {
  if (rows.length === 0) return new Map();
  const names = new Map((await needs.devices.listDevices()).map((device) => [device.id, device.name]));
  const series = await Promise.all(
    [...new Set(rows.map((row) => row.seriesId))].map((id) => needs.telemetry.seriesById(id)),
  );
  return new Map(series.flatMap((one) => (one === null ? [] : [[one.id, names.get(one.deviceId) ?? ""]])));
}

export async function shipmentDetailView(
  needs: Needs,
  shipment: ShipmentDetail,
): Promise<ShipmentDetailView> {
  const [summary] = await shipmentSummaries(needs, [shipment]);
  if (summary === undefined) throw new Error("A shipment always has a summary.");
  const order = await needs.orders.findOrder(shipment.orderId);
  const row = (await needs.shipments.conditionOf(needs.database, [shipment.id])).get(shipment.id);
  const span = curveSpan(shipment, row, needs.clock.now());
  const curve =
    row === undefined
      ? { points: [] }
      : await needs.telemetry.curve(row.seriesId, { ...span, points: curvePoints });
  const alarms: readonly Alarm[] = await needs.telemetry.alarms({
    subjectKind: "shipment",
    subjectId: shipment.id,
    limit: alarmsPerShipmentMax,
  });
  return {
    ...summary,
    orderId: shipment.orderId,
    lines: await linesOf(needs, shipment, order?.lines ?? []),
    legs: shipment.legs.map(({ position, holder, isOurs, beganAt, endedAt }) => ({
      position,
      holder,
      isOurs,
      beganAt,
      endedAt,
    })),
    alarms: [...alarms],
    seriesId: row?.seriesId ?? null,
    curve: [...curve.points],
    refunds: (order?.refunds ?? []).filter((refund) => refund.shipmentId === shipment.id).map(refundView),
  };
}

const refundView = ({ id, amount, createdAt, receiptId }: Refund) => ({
  id,
  amount,
  at: createdAt,
  receiptId,
});

/** From shortly before the first reading to shortly after the last that belongs to this shipment. */
function curveSpan(
  shipment: Shipment,
  row: ShipmentConditionRow | undefined,
  now: number,
): { from: number; to: number } {
  const from = (row?.condition.firstAt ?? shipment.shippedAt ?? shipment.createdAt) - marginMs;
  const to = row?.condition.lastAt ?? shipment.deliveredAt ?? now;
  return { from, to: to + marginMs };
}

async function linesOf(
  needs: Needs,
  shipment: ShipmentDetail,
  orderLines: readonly { id: string; variantId: string }[],
): Promise<ShipmentDetailView["lines"]> {
  const variantOf = new Map(orderLines.map((line) => [line.id, line.variantId]));
  const variants = new Map(
    (await needs.catalog.findVariants([...new Set(variantOf.values())])).map((variant) => [
      variant.id,
      variant,
    ]),
  );
  const lots = new Map(
    (
      await needs.inventory.findLots(
        shipment.lines.flatMap((line) => (line.lotId === null ? [] : [line.lotId])),
      )
    ).map((lot) => [lot.id, lot]),
  );
  return shipment.lines.map((line) => {
    const variant = variants.get(variantOf.get(line.orderLineId) ?? "");
    const lot = lots.get(line.lotId ?? "");
    return {
      orderLineId: line.orderLineId,
      title: variant?.title ?? { en: "", zh: "" },
      sku: variant?.sku ?? "",
      lotNumber: lot?.number ?? null,
      expiresOn: lot?.expiresOn ?? null,
      units: line.units,
    };
  });
}

import { type Selectable, sql } from "kysely";
import { chunksOf } from "../platform/chunks.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import type {
  CustodyLegRow,
  Shipment,
  ShipmentConditionRow,
  ShipmentDetail,
  ShipmentLine,
  ShipmentState,
  TrackingEvent,
} from "./shipment.ts";
import type { ShipmentTables } from "./tables.ts";

const tables = (connection: Connection) => tablesOf<ShipmentTables>(connection);
const anyOf = (ids: readonly string[]) => sql<string>`any(${ids}::text[])`;

export interface NewShipment {
  readonly shipment: Shipment;
  readonly lines: readonly ShipmentLine[];
  readonly legs: readonly CustodyLegRow[];
  readonly trackingEvents: readonly TrackingEvent[];
}

export async function insertShipments(
  connection: Connection,
  shipments: readonly NewShipment[],
): Promise<void> {
  for (const chunk of chunksOf(shipments)) {
    const rows = chunk.map(({ shipment }) => rowOf(shipment));
    await tables(connection).insertInto("shipment").values(rows).execute();
  }
  const lines = shipments.flatMap(({ shipment, lines }) =>
    lines.map(({ orderLineId, lotId, units }) => ({ shipmentId: shipment.id, orderLineId, lotId, units })),
  );
  for (const rows of chunksOf(lines))
    await tables(connection).insertInto("shipmentLine").values(rows).execute();
  const legs = shipments.flatMap(({ shipment, legs }) => legs.map((leg) => legRowOf(shipment.id, leg)));
  await insertLegs(connection, legs);
  const events = shipments.flatMap(({ shipment, trackingEvents }) =>
    trackingEvents.map(({ at, kind, place }) => {
      return { shipmentId: shipment.id, at, kind, placeEn: place.en, placeZh: place.zh };
    }),
  );
  for (const rows of chunksOf(events))
    await tables(connection).insertInto("trackingEvent").values(rows).execute();
}

async function insertLegs(
  connection: Connection,
  legs: readonly Selectable<ShipmentTables["custodyLeg"]>[],
): Promise<void> {
  for (const rows of chunksOf(legs)) await tables(connection).insertInto("custodyLeg").values(rows).execute();
}

export async function insertLeg(
  connection: Connection,
  shipmentId: string,
  leg: CustodyLegRow,
): Promise<void> {
  await insertLegs(connection, [legRowOf(shipmentId, leg)]);
}

export async function endOpenLegs(
  connection: Connection,
  shipmentId: string,
  endedAt: number,
): Promise<void> {
  await tables(connection)
    .updateTable("custodyLeg")
    // A leg that is said to begin later than it ends would be a lie of clocks: it lasts no time.
    .set({ endedAt: sql<number>`greatest(began_at, ${endedAt}::bigint)` })
    .where("shipmentId", "=", shipmentId)
    .where("endedAt", "is", null)
    .execute();
}

export async function selectLegs(
  connection: Connection,
  shipmentIds: readonly string[],
): Promise<readonly (CustodyLegRow & { readonly shipmentId: string })[]> {
  const rows = await tables(connection)
    .selectFrom("custodyLeg")
    .selectAll()
    .where("shipmentId", "=", anyOf(shipmentIds))
    .orderBy("position")
    .execute();
  return rows.map(({ holderEn, holderZh, ...leg }) => ({ ...leg, holder: { en: holderEn, zh: holderZh } }));
}

export async function selectShipments(
  connection: Connection,
  where: {
    readonly ids?: readonly string[];
    readonly orderIds?: readonly string[];
    readonly numbers?: readonly string[];
  },
): Promise<readonly Shipment[]> {
  const { ids, orderIds, numbers } = where;
  let query = tables(connection).selectFrom("shipment").selectAll();
  if (ids !== undefined) query = query.where("id", "=", anyOf(ids));
  if (orderIds !== undefined) query = query.where("orderId", "=", anyOf(orderIds));
  if (numbers !== undefined)
    query = query.where((or) =>
      or.or([or("number", "=", anyOf(numbers)), or("trackingNumber", "=", anyOf(numbers))]),
    );
  return query.orderBy("createdAt").orderBy("id").execute();
}

export async function selectShipmentPage(
  connection: Connection,
  page: { readonly limit: number; readonly state?: ShipmentState | undefined },
): Promise<readonly Shipment[]> {
  let query = tables(connection).selectFrom("shipment").selectAll();
  if (page.state !== undefined) query = query.where("state", "=", page.state);
  return query
    .orderBy(sql`state = 'shipping'`, "desc")
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .limit(page.limit)
    .execute();
}

export async function countShipmentsByState(connection: Connection) {
  return tables(connection)
    .selectFrom("shipment")
    .select((select) => ["state", select.fn.countAll<number>().as("count")])
    .groupBy("state")
    .execute();
}

/** Holds the shipment's row until the transaction ends. */
export async function lockShipmentRow(connection: Connection, id: string): Promise<Shipment | null> {
  const row = await tables(connection)
    .selectFrom("shipment")
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export async function updateShipment(
  connection: Connection,
  id: string,
  change: { readonly state: ShipmentState; readonly shippedAt?: number; readonly deliveredAt?: number },
): Promise<void> {
  await tables(connection).updateTable("shipment").set(change).where("id", "=", id).execute();
}

/** Adds lines, legs and tracking to shipments, in three statements however many there are; keeps their order. */
export async function shipmentDetailsOf(
  connection: Connection,
  shipments: readonly Shipment[],
): Promise<readonly ShipmentDetail[]> {
  if (shipments.length === 0) return [];
  const ids = shipments.map((shipment) => shipment.id);
  const lines = await tables(connection)
    .selectFrom("shipmentLine")
    .selectAll()
    .where("shipmentId", "=", anyOf(ids))
    .orderBy("orderLineId")
    .execute();
  const legs = await selectLegs(connection, ids);
  const events = await tables(connection)
    .selectFrom("trackingEvent")
    .selectAll()
    .where("shipmentId", "=", anyOf(ids))
    .orderBy("at")
    .orderBy("id")
    .execute();
  const linesByShipment = Map.groupBy(lines, (line) => line.shipmentId);
  const legsByShipment = Map.groupBy(legs, (leg) => leg.shipmentId);
  const eventsByShipment = Map.groupBy(events, (event) => event.shipmentId);
  return shipments.map((shipment) => ({
    ...shipment,
    lines: (linesByShipment.get(shipment.id) ?? []).map(({ shipmentId: _, ...line }) => line),
    legs: (legsByShipment.get(shipment.id) ?? []).map(({ shipmentId: _, ...leg }) => leg),
    trackingEvents: (eventsByShipment.get(shipment.id) ?? []).map(({ at, kind, placeEn, placeZh }) => {
      return { at, kind, place: { en: placeEn, zh: placeZh } };
    }),
  }));
}

export async function selectConditions(
  connection: Connection,
  shipmentIds: readonly string[],
): Promise<ReadonlyMap<string, ShipmentConditionRow>> {
  if (shipmentIds.length === 0) return new Map();
  const rows = await tables(connection)
    .selectFrom("shipmentCondition")
    .selectAll()
    .where("shipmentId", "=", anyOf(shipmentIds))
    .execute();
  return new Map(rows.map((row) => [row.shipmentId, row]));
}

export async function upsertCondition(connection: Connection, row: ShipmentConditionRow): Promise<void> {
  const { shipmentId, seriesId, observedAt, updatedAt } = row;
  const change = {
    seriesId,
    state: JSON.stringify(row.state),
    condition: JSON.stringify(row.condition),
    observedAt,
    updatedAt,
  };
  await tables(connection)
    .insertInto("shipmentCondition")
    .values({ shipmentId, ...change })
    .onConflict((conflict) => conflict.column("shipmentId").doUpdateSet(change))
    .execute();
}

export interface ShipmentNote {
  readonly at: number;
  readonly kind: string;
  readonly detail: Record<string, unknown>;
}

export async function insertNote(
  connection: Connection,
  shipmentId: string,
  { at, kind, detail }: ShipmentNote,
): Promise<void> {
  const row = { shipmentId, at, kind, detail: JSON.stringify(detail) };
  await tables(connection).insertInto("shipmentNote").values(row).execute();
}

export async function selectNotes(
  connection: Connection,
  shipmentId: string,
  limit: number,
): Promise<readonly ShipmentNote[]> {
  return tables(connection)
    .selectFrom("shipmentNote")
    .select(["at", "kind", "detail"])
    .where("shipmentId", "=", shipmentId)
    .orderBy("at")
    .orderBy("id")
    .limit(limit)
    .execute();
}

function rowOf(shipment: Shipment): Selectable<ShipmentTables["shipment"]> {
  const { id, number, orderId, state, carrier, trackingNumber, bandId } = shipment;
  const { expectedAt, shippedAt, deliveredAt, createdAt } = shipment;
  const row = { id, number, orderId, state, carrier, trackingNumber, bandId };
  return { ...row, expectedAt, shippedAt, deliveredAt, createdAt };
}

function legRowOf(shipmentId: string, leg: CustodyLegRow): Selectable<ShipmentTables["custodyLeg"]> {
  const { id, position, holder, isOurs, beganAt, endedAt } = leg;
  return { id, shipmentId, position, holderEn: holder.en, holderZh: holder.zh, isOurs, beganAt, endedAt };
}

import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { uniqueViolation } from "../platform/violations.ts";
import type { CustodyLegRow, Shipment, ShipmentState, Shipments } from "./shipment.ts";
import { canHandOver, canMoveShipment, shipmentTransitions } from "./shipment-rules.ts";
import {
  countShipmentsByState,
  endOpenLegs,
  insertLeg,
  insertNote,
  insertShipments,
  lockShipmentRow,
  selectConditions,
  selectLegs,
  selectNotes,
  selectShipmentPage,
  selectShipments,
  shipmentDetailsOf,
  updateShipment,
  upsertCondition,
} from "./shipment-store.ts";

const shipmentsListedMax = 1000;
const notesListedMax = 1000;

export function createShipments(deps: { readonly database: Database; readonly clock: Clock }): Shipments {
  const { database, clock } = deps;
  const findFirst = async (where: { ids: string[] } | { numbers: string[] }, connection: Connection) =>
    (await shipmentDetailsOf(connection, await selectShipments(connection, where)))[0] ?? null;
  return {
    createShipments: (connection, shipments) => insertShipments(connection, shipments).catch(refuseTwins),
    findShipment: (id, connection = database) => findFirst({ ids: [id] }, connection),
    findShipments: (ids) => selectShipments(database, { ids }),
    shipmentsOfOrders: async (orderIds, connection = database) =>
      shipmentDetailsOf(connection, await selectShipments(connection, { orderIds })),
    findShipmentByNumber: (written) => {
      const number = written.trim();
      const numbers = [...new Set([number, number.toUpperCase()])];
      return findFirst({ numbers }, database);
    },
    listShipments: ({ limit, state }) =>
      selectShipmentPage(database, { limit: Math.max(0, Math.min(limit, shipmentsListedMax)), state }),
    countByState: async () => {
      const none = { ready: 0, shipping: 0, delivered: 0, closed: 0, cancelled: 0 };
      const counts = await countShipmentsByState(database);
      return { ...none, ...Object.fromEntries(counts.map(({ state, count }) => [state, Number(count)])) };
    },
    moveShipment: (connection, id, to) => move(connection, { id, to, at: clock.now() }),
    handOver: (connection, shipmentId, leg) => handOver(connection, { shipmentId, leg, at: clock.now() }),
    conditionOf: selectConditions,
    saveCondition: upsertCondition,
    addNote: (connection, shipmentId, kind, detail) =>
      insertNote(connection, shipmentId, { at: clock.now(), kind, detail }),
    notesOf: (shipmentId) => selectNotes(database, shipmentId, notesListedMax),
  };
}

function refuseTwins(error: unknown): never {
  if (uniqueViolation(error) === null) throw error;
  const en = "A shipment with this id, number or tracking number exists already; nothing was written.";
  throw new DomainError("conflict", { en, zh: "已有相同编号或运单号的包裹，未写入任何内容。" }, {}, error);
}

async function lock(connection: Connection, id: string): Promise<Shipment> {
  const shipment = await lockShipmentRow(connection, id);
  if (shipment !== null) return shipment;
  const en = `There is no shipment ${id}.`;
  throw new DomainError("not-found", { en, zh: `没有包裹 ${id}。` }, { shipmentId: id });
}

/** Shipping and delivery are timed by the clock; on delivery the last custody leg ends. The record keeps each move. */
async function move(
  connection: Connection,
  change: { readonly id: string; readonly to: ShipmentState; readonly at: number },
): Promise<void> {
  const { id, to, at } = change;
  const shipment = await lock(connection, id);
  if (!canMoveShipment(shipment.state, to)) throw stateForbids(shipment, to);
  await updateShipment(connection, id, {
    state: to,
    ...(to === "shipping" ? { shippedAt: at } : {}),
    ...(to === "delivered" ? { deliveredAt: at } : {}),
  });
  if (to === "delivered") await endOpenLegs(connection, id, at);
  await insertNote(connection, id, { at, kind: "state-changed", detail: { from: shipment.state, to } });
}

async function handOver(
  connection: Connection,
  change: {
    readonly shipmentId: string;
    readonly leg: Omit<CustodyLegRow, "id" | "position" | "endedAt">;
    readonly at: number;
  },
): Promise<void> {
  const { shipmentId, leg, at } = change;
  const shipment = await lock(connection, shipmentId);
  if (!canHandOver(shipment.state)) throw handOverForbidden(shipment);
  const last = (await selectLegs(connection, [shipmentId])).at(-1);
  if (last !== undefined && leg.beganAt < last.beganAt) throw handOverTooEarly(shipment, last.beganAt);
  await endOpenLegs(connection, shipmentId, leg.beganAt);
  const position = (last?.position ?? 0) + 1;
  await insertLeg(connection, shipmentId, { id: newId("leg", at), position, endedAt: null, ...leg });
  const detail = { position, holder: leg.holder, isOurs: leg.isOurs, beganAt: leg.beganAt };
  await insertNote(connection, shipmentId, { at, kind: "handed-over", detail });
}

const stateNames = {
  ready: "待发运",
  shipping: "运输中",
  delivered: "已送达",
  closed: "已完结",
  cancelled: "已取消",
} as const satisfies Record<ShipmentState, string>;

function stateForbids(shipment: Shipment, to: ShipmentState): DomainError {
  const { id, number, state: from } = shipment;
  const allowed: readonly ShipmentState[] = shipmentTransitions[from];
  const next = allowed.length === 0 ? "nothing follows" : `it can only become ${allowed.join(" or ")}`;
  const nextZh =
    allowed.length === 0 ? "此状态为终态" : `只能变为${allowed.map((state) => stateNames[state]).join("或")}`;
  return new DomainError(
    "state-forbids",
    {
      en: `Shipment ${number} is ${from} and cannot become ${to}: ${next}.`,
      zh: `包裹 ${number} 当前为“${stateNames[from]}”，不能变为“${stateNames[to]}”：${nextZh}。`,
    },
    { shipmentId: id, from, to, allowed },
  );
}

function handOverForbidden({ id, number, state }: Shipment): DomainError {
  return new DomainError(
    "state-forbids",
    {
      en: `Shipment ${number} is ${state}: it changes hands only while it is ready or shipping.`,
      zh: `包裹 ${number} 当前为“${stateNames[state]}”：仅在“待发运”或“运输中”时可以交接。`,
    },
    { shipmentId: id, from: state },
  );
}

function handOverTooEarly({ id, number }: Shipment, lastBeganAt: number): DomainError {
  return new DomainError(
    "invalid-input",
    {
      en: `Shipment ${number} cannot be handed over before its present holder received it.`,
      zh: `包裹 ${number} 的交接时间不能早于当前持有方的接收时间。`,
    },
    { shipmentId: id, field: "beganAt", earliestAt: lastBeganAt },
  );
}

import type { Band, Condition, Fact, FactProperty, FactSource, FactValue, Subject } from "@waremind/contract";
import type { OrderDetail } from "../../orders/index.ts";
import type { ShipmentConditionRow, ShipmentDetail } from "../../shipments/index.ts";
import type { AssistantDependencies } from "../assistant-types.ts";
import type { Turn } from "../turn.ts";
import { rowSource, value } from "./fact-ledger.ts";
import type { FactSheet } from "./fact-sheet.ts";

const shipmentsShownMax = 6;
const legsShownMax = 12;
const lotsShownMax = 10;
const markedPointsMax = 50;
/** A parcel under way: its newest temperature is news for a quarter of an hour, its place for an hour. */
const temperatureFreshSeconds = 15 * 60;
const trackingFreshSeconds = 60 * 60;
const stateFreshSeconds = 86_400;

type Doors = Pick<
  AssistantDependencies,
  "shipments" | "catalog" | "inventory" | "telemetry" | "devices" | "database"
>;

export interface ShipmentTools {
  /** The parcels of an order of this customer: state, carrier, expected time, last place, custody legs. */
  trackShipment(order: OrderDetail): Promise<readonly FactSheet[]>;
  /** The same parcels with what their loggers recorded; a parcel without a logger has `reading-count` 0. */
  shipmentCondition(order: OrderDetail): Promise<readonly FactSheet[]>;
}

export function createShipmentTools(doors: Doors, turn: Turn): ShipmentTools {
  const parcelsOf = async (order: OrderDetail): Promise<readonly ShipmentDetail[]> =>
    (await doors.shipments.shipmentsOfOrders([order.id])).slice(0, shipmentsShownMax);
  return {
    trackShipment: async (order) => (await parcelsOf(order)).map((shipment) => parcelSheet(turn, shipment)),
    shipmentCondition: async (order) => {
      const parcels = await parcelsOf(order);
      const rows = await doors.shipments.conditionOf(
        doors.database,
        parcels.map(({ id }) => id),
      );
      const sheets: FactSheet[] = [];
      for (const shipment of parcels) {
        const parcel = parcelSheet(turn, shipment);
        const facts = await conditionFacts(doors, turn, shipment, rows.get(shipment.id));
        const lots = await lotSheets(doors, turn, shipment);
        sheets.push({ ...parcel, facts: [...parcel.facts, ...facts], parts: [...parcel.parts, ...lots] });
      }
      return sheets;
    },
  };
}

type Add = (
  property: FactProperty,
  factValue: FactValue,
  freshForSeconds?: number | null,
  at?: number,
) => Fact;

/** What a parcel is part of keeps the figures of two orders apart in one answer. */
const parcelSubject = (shipment: ShipmentDetail): Subject => ({
  kind: "shipment",
  id: shipment.id,
  label: shipment.number,
  partOf: { kind: "order", id: shipment.orderId },
});

function parcelSheet(turn: Turn, shipment: ShipmentDetail): FactSheet {
  const subject = parcelSubject(shipment);
  const add: Add = (property, factValue, freshForSeconds = null, at = turn.now) =>
    turn.ledger.add({
      subject,
      property,
      value: factValue,
      observedAt: at,
      freshForSeconds,
      source: rowSource("shipment", shipment.id),
    });
  const instants: readonly (readonly [FactProperty, number | null])[] = [
    ["expected-at", shipment.expectedAt],
    ["shipped-at", shipment.shippedAt],
    ["delivered-at", shipment.deliveredAt],
  ];
  const last = shipment.trackingEvents.toSorted((left, right) => left.at - right.at).at(-1);
  const isUnderway = shipment.state === "shipping";
  const placeFresh = isUnderway ? trackingFreshSeconds : null;
  const facts = [
    add("shipment-number", value.identifier(shipment.number)),
    add("tracking-number", value.identifier(shipment.trackingNumber)),
    add("shipment-state", value.status(shipment.state), stateFreshSeconds),
    add("carrier", value.text({ en: shipment.carrier, zh: shipment.carrier })),
    ...instants.flatMap(([property, at]) => (at === null ? [] : [add(property, value.instant(at))])),
    ...(last === undefined
      ? []
      : [
          add("tracking-place", value.text(last.place), placeFresh, last.at),
          add("tracking-at", value.instant(last.at), null, last.at),
        ]),
  ];
  return {
    subject,
    facts,
    parts: shipment.legs.slice(0, legsShownMax).map((leg) => legSheet(turn, shipment, leg)),
  };
}

function legSheet(turn: Turn, shipment: ShipmentDetail, leg: ShipmentDetail["legs"][number]): FactSheet {
  const partOf = { kind: "shipment", id: shipment.id } as const;
  const subject: Subject = { kind: "custody-leg", id: leg.id, label: leg.holder.en, partOf };
  const add = (property: FactProperty, factValue: FactValue): Fact =>
    turn.ledger.add({
      subject,
      property,
      value: factValue,
      observedAt: turn.now,
      freshForSeconds: null,
      source: rowSource("custody_leg", leg.id),
    });
  const facts = [
    add("leg-holder", value.text(leg.holder)),
    add("leg-began-at", value.instant(leg.beganAt)),
    ...(leg.endedAt === null ? [] : [add("leg-ended-at", value.instant(leg.endedAt))]),
  ];
  return { subject, facts, parts: [] };
}

async function conditionFacts(
  doors: Doors,
  turn: Turn,
  shipment: ShipmentDetail,
  row: ShipmentConditionRow | undefined,
): Promise<readonly Fact[]> {
  const subject = parcelSubject(shipment);
  const band = shipment.bandId === null ? null : await doors.catalog.findBand(shipment.bandId);
  const bandFacts = band === null ? [] : factsOfBand(turn, subject, band);
  const source = row === undefined ? null : await seriesSource(doors, row);
  if (row === undefined || source === null || row.condition.readingCount === 0) {
    return [...bandFacts, ...noReadingFacts(turn, subject)];
  }
  // Once delivered, the journey's record is complete: its readings do not age.
  const freshForSeconds =
    shipment.state === "shipping" || shipment.state === "ready" ? temperatureFreshSeconds : null;
  return [...bandFacts, ...factsOfCondition(turn, subject, row.condition, source, freshForSeconds)];
}

function factsOfBand(turn: Turn, subject: Subject, band: Band): Fact[] {
  const add = (property: FactProperty, number: number, unit: string): Fact =>
    turn.ledger.add({
      subject,
      property,
      value: value.number(number, unit),
      observedAt: turn.now,
      freshForSeconds: null,
      source: rowSource("band", band.id),
    });
  return [
    add("band-min", band.minCelsius, "Cel"),
    add("band-max", band.maxCelsius, "Cel"),
    add("ignore-period", band.ignoreMinutes, "min"),
    add("excursion-limit", band.excursionMinutesMax, "min"),
  ];
}

function noReadingFacts(turn: Turn, subject: Subject): Fact[] {
  const base = {
    subject,
    observedAt: turn.now,
    freshForSeconds: null,
    source: rowSource("shipment_condition", subject.id),
  };
  return [
    turn.ledger.add({ ...base, property: "reading-count", value: value.count(0) }),
    turn.ledger.add({ ...base, property: "condition-verdict", value: value.status("no-readings") }),
  ];
}

type SeriesSource = Extract<FactSource, { kind: "series" }>;

async function seriesSource(doors: Doors, row: ShipmentConditionRow): Promise<SeriesSource | null> {
  const { firstAt, lastAt, readingCount } = row.condition;
  const series = await doors.telemetry.seriesById(row.seriesId);
  if (series === null || firstAt === null || lastAt === null) return null;
  const device = (await doors.devices.listDevices()).find(({ id }) => id === series.deviceId);
  return {
    kind: "series",
    seriesId: series.id,
    deviceName: device?.name ?? String(series.deviceId),
    key: series.key,
    from: firstAt,
    to: lastAt,
    pointCount: readingCount,
    markedAt: [],
  };
}

function factsOfCondition(
  turn: Turn,
  subject: Subject,
  condition: Condition,
  series: SeriesSource,
  freshForSeconds: number | null,
): Fact[] {
  const lastAt = condition.lastAt ?? turn.now;
  const add = (
    property: FactProperty,
    factValue: FactValue,
    options: {
      at?: number;
      marked?: readonly number[];
      fresh?: number | null;
      from?: number;
      to?: number;
    } = {},
  ): Fact =>
    turn.ledger.add({
      subject,
      property,
      value: factValue,
      observedAt: options.at ?? lastAt,
      freshForSeconds: options.fresh ?? null,
      source: {
        ...series,
        from: options.from ?? series.from,
        to: options.to ?? series.to,
        markedAt: [...new Set(options.marked ?? [lastAt])].slice(0, markedPointsMax),
      },
    });
  const celsius = (number: number) => value.number(number, "Cel");
  return [
    // What is spoiled stays spoiled, however long ago it was measured; every other verdict may change with the next reading.
    add("condition-verdict", value.status(condition.verdict), {
      fresh: condition.verdict === "spoiled" ? null : freshForSeconds,
    }),
    add("reading-count", value.count(condition.readingCount), { fresh: freshForSeconds }),
    ...(condition.lastCelsius === null
      ? []
      : [add("temperature-latest", celsius(condition.lastCelsius), { fresh: freshForSeconds })]),
    ...(condition.minCelsius === null ? [] : [add("temperature-min", celsius(condition.minCelsius))]),
    ...(condition.maxCelsius === null
      ? []
      : [
          add("temperature-max", celsius(condition.maxCelsius), {
            at: condition.maxAt ?? lastAt,
            marked: [condition.maxAt ?? lastAt],
          }),
        ]),
    ...(condition.meanKineticCelsius === null
      ? []
      : [add("mean-kinetic-temperature", celsius(condition.meanKineticCelsius))]),
    ...excursionFacts(condition, add),
    ...(condition.gapMinutes > 0
      ? [
          add("gap-duration", value.number(condition.gapMinutes, "min"), {
            marked: condition.gaps.flatMap(({ from, to }) => (to === null ? [from] : [from, to])),
          }),
        ]
      : []),
  ];
}

function excursionFacts(
  condition: Condition,
  add: (
    property: FactProperty,
    factValue: FactValue,
    options?: { at?: number; marked?: readonly number[]; from?: number; to?: number },
  ) => Fact,
): Fact[] {
  const { excursions } = condition;
  const [first] = excursions;
  // Zero minutes is a fact too: "it never left its range for longer than the ignore period".
  if (first === undefined)
    return [add("excursion-duration", value.number(condition.excursionMinutes, "min"))];
  const last = excursions.at(-1) ?? first;
  const worst = excursions.reduce((most, each) => (each.minutes > most.minutes ? each : most), first);
  const lastAt = condition.lastAt ?? worst.peakAt;
  const marked = [
    ...excursions.map((each) => each.leftBandAt),
    worst.peakAt,
    last.returnedAt ?? lastAt,
    lastAt,
  ];
  const span = { from: first.leftBandAt, to: last.returnedAt ?? lastAt };
  return [
    add("excursion-duration", value.number(condition.excursionMinutes, "min"), { marked, ...span }),
    add("excursion-peak", value.number(worst.peakCelsius, "Cel"), {
      at: worst.peakAt,
      marked: [worst.leftBandAt, worst.peakAt],
      ...span,
    }),
    add("excursion-began-at", value.instant(first.leftBandAt), {
      at: first.leftBandAt,
      marked: [first.leftBandAt],
    }),
    ...(last.returnedAt === null
      ? []
      : [
          add("excursion-ended-at", value.instant(last.returnedAt), {
            at: last.returnedAt,
            marked: [last.returnedAt],
          }),
        ]),
  ];
}

async function lotSheets(doors: Doors, turn: Turn, shipment: ShipmentDetail): Promise<FactSheet[]> {
  const lotIds = shipment.lines.flatMap(({ lotId }) => (lotId === null ? [] : [lotId]));
  const lots = await doors.inventory.findLots([...new Set(lotIds)].slice(0, lotsShownMax));
  return lots.map((lot) => {
    const subject: Subject = { kind: "lot", id: lot.id, label: lot.number };
    const base = {
      subject,
      observedAt: turn.now,
      freshForSeconds: null,
      source: rowSource("lot", lot.id),
    };
    const facts = [
      turn.ledger.add({ ...base, property: "lot-number", value: value.identifier(lot.number) }),
      ...(lot.expiresOn === null
        ? []
        : [turn.ledger.add({ ...base, property: "expires-on", value: value.date(lot.expiresOn) })]),
    ];
    return { subject, facts, parts: [] };
  });
}

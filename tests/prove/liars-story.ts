// The salmon story as facts: what the tools of an answer would have recorded, in several stages.
import type { Fact, FactValue, Subject } from "@waremind/contract";
import type { CheckInput } from "../../server/src/evidence/index.ts";

export const timeZone = "Asia/Shanghai";
/** Reads a local time of the story's zone (UTC+8, no daylight saving). */
export const at = (local: string): number => Date.parse(`${local}+08:00`);
/** Tuesday, 3 March 2026, 16:30. */
export const now = at("2026-03-03T16:30:00");

export const order: Subject = { kind: "order", id: "ord_1", label: "W-10234" };
export const line: Subject = {
  kind: "order-line",
  id: "line_1",
  label: "Atlantic salmon fillet 400 g",
  partOf: { kind: "order", id: "ord_1" },
};
export const shipment: Subject = {
  kind: "shipment",
  id: "shp_1",
  label: "SH-20871",
  partOf: { kind: "order", id: "ord_1" },
};
export const salmon: Subject = { kind: "variant", id: "var_1", label: "SAL-400" };
export const clause: Subject = { kind: "policy-clause", id: "cold-chain-refund", label: "Cold-chain refund" };
export const refund: Subject = { kind: "refund", id: "rfd_1", label: "W-10234" };

export const celsius = (number: number): FactValue => ({ type: "number", number, unit: "Cel" });
export const minutes = (number: number): FactValue => ({ type: "number", number, unit: "min" });
export const count = (number: number): FactValue => ({ type: "number", number, unit: "1" });
export const yuan = (amountMinor: number): FactValue => ({ type: "money", amountMinor, currency: "CNY" });
export const instant = (local: string): FactValue => ({ type: "instant", at: at(local) });
export const status = (code: string): FactValue => ({ type: "status", status: code });
export const text = (en: string, zh: string): FactValue => ({ type: "text", text: { en, zh } });
export const identifier = (value: string): FactValue => ({ type: "identifier", text: value });

/** Builds facts with ids of their own; `property@tag` keeps two facts of one property apart. */
export function facts(
  subject: Subject,
  values: Readonly<Record<string, FactValue>>,
  options: { readonly observedAt?: number; readonly freshForSeconds?: number } = {},
): Fact[] {
  return Object.entries(values).map(([name, value]) => ({
    id: `${subject.id}/${name}`,
    subject,
    property: name.split("@")[0] ?? name,
    value,
    observedAt: options.observedAt ?? now,
    freshForSeconds: options.freshForSeconds ?? null,
    source: { kind: "row", table: subject.kind, id: subject.id },
  }));
}

const orderFacts = (state: string): Fact[] => [
  ...facts(order, {
    "order-number": identifier("W-10234"),
    "order-state": status(state),
    "order-total": yuan(12_800),
    "order-placed-at": instant("2026-03-01T20:15:00"),
    "order-line-count": count(2),
    "paid-with": text("Alipay", "支付宝"),
  }),
  ...facts(line, {
    "line-title": text("Atlantic salmon fillet 400 g", "大西洋三文鱼柳 400克"),
    "line-units": count(1),
    "line-total": yuan(5_900),
  }),
];

const shipmentFacts = (state: string, delivered: boolean): Fact[] =>
  facts(shipment, {
    "shipment-number": identifier("SH-20871"),
    "tracking-number": identifier("SF1098765432101"),
    "shipment-state": status(state),
    carrier: text("SF Express", "顺丰速运"),
    "shipped-at": instant("2026-03-02T18:30:00"),
    ...(delivered
      ? { "delivered-at": instant("2026-03-03T14:20:00") }
      : { "expected-at": instant("2026-03-04T11:00:00") }),
  });

const bandFacts = facts(shipment, {
  "band-min": celsius(0),
  "band-max": celsius(4),
  "ignore-period": minutes(10),
  "excursion-limit": minutes(30),
});

const readingSource = (pointCount: number, to: string, marked: readonly string[]): Pick<Fact, "source"> => ({
  source: {
    kind: "series",
    seriesId: 7,
    deviceName: "logger-7",
    key: "temperature",
    from: at("2026-03-02T18:30:00"),
    to: at(to),
    pointCount,
    markedAt: marked.map(at),
  },
});

const peakAt = "2026-03-03T10:41:00";

const spoiledReadings: Fact[] = facts(
  shipment,
  {
    "condition-verdict": status("spoiled"),
    "reading-count": count(312),
    "temperature-latest": celsius(3.1),
    "temperature-min": celsius(0.4),
    "temperature-max": celsius(7.8),
    "mean-kinetic-temperature": celsius(2.63),
    "excursion-duration": minutes(47),
    "excursion-peak": celsius(7.8),
    "excursion-began-at": instant("2026-03-03T10:12:00"),
    "excursion-ended-at": instant("2026-03-03T10:59:00"),
  },
  { observedAt: at("2026-03-03T14:05:00") },
).map((fact) => ({
  ...fact,
  ...(fact.property === "temperature-max" || fact.property === "excursion-peak"
    ? { observedAt: at(peakAt) }
    : {}),
  ...readingSource(312, "2026-03-03T14:05:00", [peakAt]),
}));

const goodReadings: Fact[] = facts(
  shipment,
  {
    "condition-verdict": status("in-band"),
    "reading-count": count(288),
    "temperature-latest": celsius(2.4),
    "temperature-min": celsius(0.6),
    "temperature-max": celsius(3.47),
  },
  { observedAt: at("2026-03-03T16:25:00"), freshForSeconds: 900 },
).map((fact) => ({ ...fact, ...readingSource(288, "2026-03-03T16:25:00", ["2026-03-03T16:25:00"]) }));

const staleReadings: Fact[] = goodReadings.map((fact) => ({
  ...fact,
  value: fact.property === "condition-verdict" ? status("silent") : fact.value,
  observedAt: at("2026-03-03T14:05:00"),
  ...readingSource(288, "2026-03-03T14:05:00", ["2026-03-03T14:05:00"]),
}));

const policyFacts = facts(clause, {
  "clause-title": text("Cold-chain refund", "冷链退款条款"),
  "clause-text": text(
    "If a chilled item was outside its temperature band for longer than 30 minutes while in our care, we refund that item in full to the original payment. Refunds above ¥50 need the approval of a colleague.",
    "冷藏商品在我们负责的运输段内超出温度范围超过30分钟的，该商品全额退款，退回原支付方式。超过50元的退款须经同事审批。",
  ),
  "refund-limit": yuan(5_000),
});

const waitingRefund = facts(refund, {
  "refund-amount": yuan(5_900),
  "refund-state": status("waiting-for-approval"),
  "approval-number": identifier("AP-3391"),
  "approval-expires-at": instant("2026-03-05T16:30:00"),
});
const executedRefund = facts(refund, {
  "refund-amount": yuan(5_900),
  "refund-state": status("executed"),
  "refunded-total": yuan(5_900),
  "receipt-number": identifier("RC-7781"),
});

const stockFacts: Fact[] = [
  ...facts(
    salmon,
    {
      "product-title": text("Atlantic salmon fillet", "大西洋三文鱼柳"),
      sku: identifier("SAL-400"),
      gtin: identifier("6901234567892"),
      price: yuan(5_900),
      availability: status("in-stock"),
      "units-available": count(14),
      "units-sensed": count(15),
      "sensed-at": instant("2026-03-03T16:21:00"),
    },
    { observedAt: at("2026-03-03T16:21:00") },
  ),
  ...facts(
    { kind: "variant", id: "var_2", label: "COD-300" },
    {
      "product-title@cod": text("Cod loin", "鳕鱼中段"),
      "sku@cod": identifier("COD-300"),
      "price@cod": yuan(4_550),
      "availability@cod": status("out-of-stock"),
      "units-available@cod": count(0),
    },
  ),
];

const secondOrder: Subject = { kind: "order", id: "ord_2", label: "W-10198" };
const secondShipment: Subject = {
  kind: "shipment",
  id: "shp_2",
  label: "SH-20790",
  partOf: { kind: "order", id: "ord_2" },
};
const secondOrderFacts: Fact[] = [
  ...facts(secondOrder, {
    "order-number@2": identifier("W-10198"),
    "order-state@2": status("shipped"),
    "order-total@2": yuan(31_250),
    "order-placed-at@2": instant("2026-02-27T09:40:00"),
  }),
  ...facts(secondShipment, {
    "shipment-number@2": identifier("SH-20790"),
    "tracking-number@2": identifier("YT5566778899001"),
    "shipment-state@2": status("shipping"),
    "carrier@2": text("YTO Express", "圆通速递"),
    "expected-at@2": instant("2026-03-04T15:00:00"),
  }),
  ...facts(
    { kind: "customer", id: "cus_1", label: "Lin Mei" },
    { "order-count": count(2), "shipment-count": count(3), "customer-name": text("Lin Mei", "林梅") },
  ),
];

const shopFacts = facts(
  { kind: "shop", id: "shop", label: "Nordhav Fresh" },
  {
    "shop-name": text("Nordhav Fresh", "北港鲜食"),
    "shop-phone": identifier("400-820-8820"),
  },
);

export type Stage =
  | "spoiled"
  | "refunded"
  | "proposed"
  | "on-its-way"
  | "silent"
  | "stock"
  | "two-orders"
  | "handed-off"
  | "pending"
  | "cancelled";

type Gathered = Pick<CheckInput, "facts" | "actionsDone">;

const stages: Readonly<Record<Stage, Gathered>> = {
  spoiled: {
    facts: [
      ...shopFacts,
      ...orderFacts("delivered"),
      ...shipmentFacts("delivered", true),
      ...bandFacts,
      ...spoiledReadings,
      ...policyFacts,
      ...waitingRefund,
    ],
    actionsDone: [{ name: "refund-excursion", state: "waiting-for-approval", receiptFactId: null }],
  },
  refunded: {
    facts: [
      ...shopFacts,
      ...orderFacts("delivered"),
      ...shipmentFacts("delivered", true),
      ...bandFacts,
      ...spoiledReadings,
      ...policyFacts,
      ...executedRefund,
    ],
    actionsDone: [{ name: "refund-excursion", state: "executed", receiptFactId: "rfd_1/receipt-number" }],
  },
  proposed: {
    facts: [
      ...shopFacts,
      ...orderFacts("delivered"),
      ...shipmentFacts("delivered", true),
      ...bandFacts,
      ...spoiledReadings,
      ...policyFacts,
    ],
    actionsDone: [],
  },
  "on-its-way": {
    facts: [
      ...shopFacts,
      ...orderFacts("shipped"),
      ...shipmentFacts("shipping", false),
      ...bandFacts,
      ...goodReadings,
    ],
    actionsDone: [],
  },
  silent: {
    facts: [
      ...shopFacts,
      ...orderFacts("shipped"),
      ...shipmentFacts("shipping", false),
      ...bandFacts,
      ...staleReadings,
    ],
    actionsDone: [],
  },
  stock: { facts: [...shopFacts, ...stockFacts], actionsDone: [] },
  "two-orders": {
    facts: [
      ...shopFacts,
      ...orderFacts("delivered"),
      ...shipmentFacts("delivered", true),
      ...secondOrderFacts,
    ],
    actionsDone: [],
  },
  "handed-off": {
    facts: [...shopFacts, ...orderFacts("shipped")],
    actionsDone: [{ name: "hand-off", state: "executed", receiptFactId: null }],
  },
  pending: {
    facts: [...shopFacts, ...orderFacts("pending")],
    actionsDone: [],
  },
  cancelled: {
    facts: [
      ...shopFacts,
      ...orderFacts("cancelled"),
      ...facts(order, { "order-cancelled-at": instant("2026-03-03T16:29:00") }),
      ...facts(
        { kind: "receipt", id: "rcp_2", label: "RC-7790" },
        { "receipt-number@2": identifier("RC-7790") },
      ),
    ],
    actionsDone: [{ name: "cancel-order", state: "executed", receiptFactId: "rcp_2/receipt-number@2" }],
  },
};

export interface Draft {
  readonly stage: Stage;
  readonly language: "en" | "zh";
  readonly text: string;
  readonly customerWords?: readonly string[];
  /** For a lie: what is false in it. */
  readonly about?: string;
}

/** Drafts of one language: `en("spoiled", text, "what is false in it", ...the customer's words)`. */
export const draftsIn =
  (language: Draft["language"]) =>
  (stage: Stage, text: string, about = "", ...customerWords: string[]): Draft => ({
    stage,
    language,
    text,
    about,
    customerWords,
  });

export const inputOf = (draft: Draft): CheckInput => ({
  ...stages[draft.stage],
  text: draft.text,
  language: draft.language,
  customerWords: draft.customerWords ?? [],
  now,
  timeZone,
});

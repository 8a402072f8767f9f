import type { FactValue } from "./fact.ts";

interface PropertyShape {
  readonly type: FactValue["type"];
  /** UCUM unit of a number. */
  readonly unit?: string;
}

/** Every property a fact may have: tools write only these, the check reads only these. */
export const factProperties = {
  "shop-name": { type: "text" },
  "shop-phone": { type: "identifier" },
  "customer-name": { type: "text" },
  "order-count": { type: "number", unit: "1" },
  "order-number": { type: "identifier" },
  "order-state": { type: "status" },
  "order-total": { type: "money" },
  "order-placed-at": { type: "instant" },
  "order-delivered-at": { type: "instant" },
  "order-cancelled-at": { type: "instant" },
  "order-line-count": { type: "number", unit: "1" },
  "line-title": { type: "text" },
  "line-units": { type: "number", unit: "1" },
  "line-total": { type: "money" },
  "paid-with": { type: "text" },
  "paid-total": { type: "money" },
  "refunded-total": { type: "money" },
  "shipment-count": { type: "number", unit: "1" },
  "shipment-number": { type: "identifier" },
  "tracking-number": { type: "identifier" },
  "shipment-state": { type: "status" },
  carrier: { type: "text" },
  "expected-at": { type: "instant" },
  "shipped-at": { type: "instant" },
  "delivered-at": { type: "instant" },
  "tracking-place": { type: "text" },
  "tracking-at": { type: "instant" },
  "leg-holder": { type: "text" },
  "leg-began-at": { type: "instant" },
  "leg-ended-at": { type: "instant" },
  "condition-verdict": { type: "status" },
  "reading-count": { type: "number", unit: "1" },
  "temperature-latest": { type: "number", unit: "Cel" },
  "temperature-min": { type: "number", unit: "Cel" },
  "temperature-max": { type: "number", unit: "Cel" },
  "mean-kinetic-temperature": { type: "number", unit: "Cel" },
  "band-min": { type: "number", unit: "Cel" },
  "band-max": { type: "number", unit: "Cel" },
  "ignore-period": { type: "number", unit: "min" },
  "excursion-duration": { type: "number", unit: "min" },
  "excursion-limit": { type: "number", unit: "min" },
  "excursion-peak": { type: "number", unit: "Cel" },
  "excursion-began-at": { type: "instant" },
  "excursion-ended-at": { type: "instant" },
  "gap-duration": { type: "number", unit: "min" },
  "lot-number": { type: "identifier" },
  "expires-on": { type: "date" },
  "product-title": { type: "text" },
  sku: { type: "identifier" },
  gtin: { type: "identifier" },
  price: { type: "money" },
  availability: { type: "status" },
  "units-available": { type: "number", unit: "1" },
  "units-sensed": { type: "number", unit: "1" },
  "sensed-at": { type: "instant" },
  "clause-title": { type: "text" },
  "clause-text": { type: "text" },
  "refund-limit": { type: "money" },
  "refund-amount": { type: "money" },
  "refund-state": { type: "status" },
  "receipt-number": { type: "identifier" },
  "approval-number": { type: "identifier" },
  "approval-expires-at": { type: "instant" },
} as const satisfies Record<string, PropertyShape>;
export type FactProperty = keyof typeof factProperties;

/** Status codes a fact may carry, by property. The evidence lexicon knows the words for each in both languages. */
export const statusCodes = {
  "order-state": ["pending", "processed", "shipped", "delivered", "cancelled"],
  "shipment-state": ["ready", "shipping", "delivered", "closed", "cancelled"],
  "condition-verdict": ["no-readings", "in-band", "warming", "out-of-band", "excursion", "spoiled", "silent"],
  availability: ["in-stock", "low-stock", "out-of-stock"],
  "refund-state": ["proposed", "waiting-for-approval", "executed", "denied"],
} as const satisfies Partial<Record<FactProperty, readonly string[]>>;

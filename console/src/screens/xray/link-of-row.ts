import type { Subject } from "@waremind/contract";

/** The screen where a row can be seen; rows without a screen of their own lead to their subject's. Null: no screen. */
export function linkOfRow(table: string, id: string, subject: Subject): string | null {
  const key = encodeURIComponent(id);
  switch (table) {
    case "sales_order":
    case "order":
      return `/orders/${key}`;
    case "shipment":
    case "shipment_condition":
      return `/shipments/${key}`;
    case "receipt":
      return `/receipts/${key}`;
    case "approval":
      return `/approvals?state=all&focus=${key}`;
    case "policy_clause":
      return `/policies?clause=${key}`;
    case "shelf_cell":
    case "cell_count":
      return "/stock";
    case "stock_level":
    case "lot":
    case "variant":
    case "product":
      return "/stock?view=table";
    default:
      return linkOfSubject(subject);
  }
}

export function linkOfSubject(subject: Subject): string | null {
  const key = encodeURIComponent(subject.id);
  switch (subject.kind) {
    case "order":
      return `/orders/${key}`;
    case "shipment":
      return `/shipments/${key}`;
    case "device":
      return `/devices/${encodeURIComponent(subject.label)}`;
    case "receipt":
      return `/receipts/${key}`;
    case "policy-clause":
      return `/policies?clause=${key}`;
    case "variant":
    case "product":
    case "lot":
      return `/stock?view=table&q=${encodeURIComponent(subject.label)}`;
    case "location":
    case "shelf-cell":
      return "/stock";
    case "shop":
    case "customer":
    case "order-line":
    case "custody-leg":
    case "refund":
    case "approval":
    case "alarm":
      return null;
  }
}

import type { Fact, FactValue } from "@waremind/contract";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { type CodeGroup, useWords } from "../i18n/words.ts";

/** Which words a status belongs to, by the property it states. */
const statusGroups: Partial<Record<string, CodeGroup>> = {
  "order-state": "orderState",
  "shipment-state": "shipmentState",
  "condition-verdict": "verdict",
  availability: "availability",
  "refund-state": "refundState",
};

/** The value of a fact as a person reads it, with its unit. */
export function useFactValue(): (fact: Pick<Fact, "property" | "value">) => string {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const valueText = (property: string, value: FactValue): string => {
    switch (value.type) {
      case "number":
        return format.quantity(value.number, value.unit);
      case "money":
        return format.money(value);
      case "instant":
        return format.instant(value.at, "full");
      case "date":
        return format.date(value.date);
      case "status":
        return words(statusGroups[property] ?? "verdict", value.status);
      case "identifier":
        return value.text;
      case "boolean":
        return t(value.boolean ? "xray.yes" : "xray.no");
      case "text":
        return format.text(value.text);
    }
  };
  return (fact) => valueText(fact.property, fact.value);
}

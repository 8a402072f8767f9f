import type { Action, Actor } from "@waremind/contract";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { useWords } from "../i18n/words.ts";

/** An action as a sentence of what would be, or was, done. */
export function useActionSentence(): (action: Action) => string {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (action) => {
    switch (action.name) {
      case "refund-excursion":
        return t("action.refund", { amount: format.money(action.amount), count: action.orderLineIds.length });
      case "cancel-order":
        return t("action.cancel", { reason: words("refundReason", action.reason) });
      case "hand-off":
        return t("action.handOff");
      case "send-command":
        return t("action.sendCommand", { method: action.method, device: action.deviceName });
      case "set-attributes":
        return t("action.setAttributes", { device: action.deviceName });
    }
  };
}

/** Who asked or acted, in words. */
export function useActorName(): (actor: Actor) => string {
  const { t } = useTranslation();
  return (actor) => {
    switch (actor.kind) {
      case "customer":
        return t("actor.customer");
      case "model":
        return t("actor.model", { engine: isComposer(actor.engine) ? t("actor.composer") : actor.engine });
      case "person":
        return actor.name;
      case "device":
        return t("actor.device", { device: actor.deviceName });
      case "system":
        return t("actor.system", { name: actor.name });
    }
  };
}

/** The composer names itself in English; readers of either language know it as rule-based. */
function isComposer(engine: string): boolean {
  return engine.toLowerCase().includes("composer");
}

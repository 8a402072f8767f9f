// The policy a shop starts with. Clauses are rows: an owner changes them by a new version, never in place.
import type { BilingualText } from "@waremind/contract";
import type { PolicyClause } from "./guard.ts";

export const clauseIds = {
  refund: "cold-chain-refund",
  ownOrders: "own-orders-only",
  cancel: "cancel-while-pending",
  handOff: "hand-off",
  deviceControl: "device-control",
} as const;

/** Up to `limitMinor` a refund is paid at once; up to `supportLimitMinor` support may consent; above, the owner. */
export interface RefundParameters {
  readonly limitMinor: number;
  readonly supportLimitMinor: number;
  readonly currency: string;
}

/**
 * Who may act on devices: roles of people, or the kind of an actor that is no person (`customer`, `model`, `device`,
 * `system`). Whoever stands in none of the lists may not.
 */
export interface DeviceControlParameters {
  /** Commands that the profile declares and that move something. */
  readonly physical: readonly string[];
  /** Commands that the profile declares and that move nothing. */
  readonly other: readonly string[];
  /** Commands that the profile does not declare. */
  readonly undeclared: readonly string[];
  /** Shared attributes. */
  readonly attributes: readonly string[];
  /** Who may ask for a declared command that is not theirs to send: the owner then consents or not. */
  readonly approved: readonly string[];
}

const deviceControl: DeviceControlParameters = {
  physical: ["owner", "operations", "warehouse"],
  other: ["owner", "operations", "warehouse", "integrator", "support"],
  undeclared: ["owner", "operations"],
  attributes: ["owner", "operations", "integrator"],
  approved: ["support", "customer", "model"],
};

/** In whole units of the currency, for a shop whose currency has no better figure of its own. */
const limitUnits = 200;
const supportLimitUnits = 2000;

/**
 * The clauses of a new shop, all of version 1. `currency` is ISO 4217; the limits may be given in minor units.
 * Texts name their parameters in braces; `clauseText` fills them in.
 */
export function defaultClauses(shop: {
  readonly currency: string;
  readonly validFrom: number;
  readonly limitMinor?: number;
  readonly supportLimitMinor?: number;
}): readonly PolicyClause[] {
  const minorUnits = 10 ** decimalsOf(shop.currency);
  const refund: RefundParameters = {
    limitMinor: shop.limitMinor ?? limitUnits * minorUnits,
    supportLimitMinor: shop.supportLimitMinor ?? supportLimitUnits * minorUnits,
    currency: shop.currency,
  };
  return [
    { ...clauseTexts.refund, parameters: { ...refund } },
    { ...clauseTexts.ownOrders, parameters: {} },
    { ...clauseTexts.cancel, parameters: {} },
    { ...clauseTexts.handOff, parameters: {} },
    { ...clauseTexts.deviceControl, parameters: { ...deviceControl, audience: "staff" } },
  ].map((clause) => ({ ...clause, version: 1, validFrom: shop.validFrom }));
}

const clauseTexts = {
  refund: {
    id: clauseIds.refund,
    title: { en: "Refund when the cold chain broke", zh: "冷链异常退款" },
    text: {
      en: "If goods that must stay cold were outside their temperature band for longer than the permitted time while in our care, we refund the affected items. Refunds up to {limit} are paid at once; larger ones are confirmed by a colleague first.",
      zh: "需冷藏的商品在我们负责的环节中，如超出规定温度的时间超过允许时长，我们将为受影响的商品退款。不超过{limit}的退款立即办理；超过的由同事先行确认。",
    },
  },
  ownOrders: {
    id: clauseIds.ownOrders,
    title: { en: "Your orders are yours alone", zh: "订单仅限本人查询和处理" },
    text: {
      en: "We speak about an order, and act on it, only with the customer who placed it and has shown who they are.",
      zh: "我们只与已验证身份的下单顾客本人沟通和处理其订单。",
    },
  },
  cancel: {
    id: clauseIds.cancel,
    title: { en: "Cancelling an order", zh: "取消订单" },
    text: {
      en: "An order can be cancelled while it is still pending, if it is no longer needed or was ordered by mistake. What was paid goes back to the original payment method.",
      zh: "订单在待处理状态下可以取消，理由为不再需要或误下单。已付款项将退回原支付方式。",
    },
  },
  handOff: {
    id: clauseIds.handOff,
    title: { en: "Talking to a person", zh: "转接人工" },
    text: {
      en: "Whenever you ask for a person, or a matter is beyond what the assistant may do, the conversation is handed to a colleague.",
      zh: "您要求人工服务时，或事项超出助手的处理范围时，对话将转交同事处理。",
    },
  },
  deviceControl: {
    id: clauseIds.deviceControl,
    title: { en: "Acting on devices", zh: "操作设备" },
    text: {
      en: "The owner, operations and the warehouse may send a device the commands that its profile declares, with the parameters that it declares. An integrator and support may send those that move nothing. Support, customers and the assistant need the owner's consent for every other declared command. What a profile does not declare, only the owner and operations may send. Attributes of devices are changed by the owner, operations and an integrator, never by customers or the assistant.",
      zh: "店主、运营和仓库人员可以向设备发送其配置中声明的命令，参数须符合声明。集成人员和客服可以发送不产生实物动作的命令。客服、顾客和助手发送其他已声明的命令须经店主同意。配置中没有声明的命令仅店主和运营可以发送。设备属性由店主、运营和集成人员更改，顾客和助手一律不得更改。",
    },
  },
} as const;

/** The clause as it is said to people: parameters in their words. `{limit}` is `limitMinor` in the clause's currency. */
export function clauseText(clause: PolicyClause): BilingualText {
  const { limitMinor, currency } = clause.parameters;
  if (typeof limitMinor !== "number" || typeof currency !== "string") return clause.text;
  return {
    en: clause.text.en.replaceAll("{limit}", moneyOf(limitMinor, currency, "en")),
    zh: clause.text.zh.replaceAll("{limit}", moneyOf(limitMinor, currency, "zh")),
  };
}

function moneyOf(amountMinor: number, currency: string, language: "en" | "zh"): string {
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
  });
  return format.format(amountMinor / 10 ** decimalsOf(currency));
}

function decimalsOf(currency: string): number {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

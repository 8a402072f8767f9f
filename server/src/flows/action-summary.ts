// What a person sees before consenting to an action.
import type { Action, BilingualText, Language, Money } from "@waremind/contract";
import type { Catalog } from "../catalog/index.ts";
import type { Connection } from "../platform/database.ts";
import type { Gathered } from "./action-state.ts";

const titlesShownMax = 5;

export async function summarize(
  catalog: Catalog,
  connection: Connection,
  { action, gathered }: { readonly action: Action; readonly gathered: Gathered },
): Promise<BilingualText> {
  const number = gathered.order?.number ?? "";
  switch (action.name) {
    case "refund-excursion":
      return refundSummary(action, gathered, await titlesOf(catalog, connection, action, gathered));
    case "cancel-order":
      return { en: `Cancel order ${number}.`, zh: `取消订单 ${number}。` };
    case "hand-off":
      return { en: "Hand the conversation to a person.", zh: "将对话转接人工。" };
    case "send-command":
      return commandSummary(action, gathered);
    case "set-attributes":
      return {
        en: `Change attributes of ${action.deviceName}: ${attributesText(action)}.`,
        zh: `更改 ${action.deviceName} 的属性：${attributesText(action)}。`,
      };
  }
}

type RefundAction = Extract<Action, { name: "refund-excursion" }>;

function refundSummary(
  action: RefundAction,
  { order, state }: Gathered,
  titles: BilingualText,
): BilingualText {
  const minutes = Math.round(state.shipment?.excursionMinutesOnOurLegs ?? 0);
  const permitted = Math.round(state.shipment?.excursionMinutesMax ?? 0);
  const number = order?.number ?? "";
  return {
    en: `Refund ${moneyText(action.amount, "en")} for ${titles.en} of order ${number}: ${minutes} min outside the temperature band in our care, ${permitted} min permitted.`,
    zh: `为订单 ${number} 的${titles.zh}退款 ${moneyText(action.amount, "zh")}：在我们负责的环节中超出规定温度 ${minutes} 分钟，允许 ${permitted} 分钟。`,
  };
}

async function titlesOf(
  catalog: Catalog,
  connection: Connection,
  action: RefundAction,
  { order }: Gathered,
): Promise<BilingualText> {
  const lines = (order?.lines ?? []).filter((line) => action.orderLineIds.includes(line.id));
  const shown = lines.slice(0, titlesShownMax);
  const variants = await catalog.findVariants([...new Set(shown.map((line) => line.variantId))], connection);
  const titleOf = (variantId: string, language: Language): string =>
    variants.find((variant) => variant.id === variantId)?.title[language] ?? variantId;
  const list = (language: Language): string[] =>
    shown.map((line) => `${titleOf(line.variantId, language)} × ${line.units}`);
  const more = lines.length - shown.length;
  return {
    en: list("en").join(", ") + (more > 0 ? ` and ${more} more` : ""),
    zh: list("zh").join("、") + (more > 0 ? `等 ${lines.length} 项` : ""),
  };
}

const shownLengthMax = 300;
const cut = (text: string): string =>
  text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax)}…`;

/** The command in the words of its profile, and exactly what would be sent. */
function commandSummary(
  action: Extract<Action, { name: "send-command" }>,
  { state }: Gathered,
): BilingualText {
  const definition = state.device?.commands.find(({ method }) => method === action.method);
  const { en, zh } = definition?.name ?? { en: action.method, zh: action.method };
  const sent = `${action.method} ${cut(JSON.stringify(action.params))}`;
  return {
    en: `Send “${en}” to ${action.deviceName} (${sent}).`,
    zh: `向 ${action.deviceName} 发送“${zh}”（${sent}）。`,
  };
}

function attributesText(action: Extract<Action, { name: "set-attributes" }>): string {
  const values = Object.entries(action.values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return cut([...values, ...action.deletedKeys.map((key) => `−${key}`)].join(", "));
}

/** `¥268.00`, in the decimals of the currency. */
export function moneyText({ amountMinor, currency }: Money, language: Language): string {
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" } as const;
  const format = new Intl.NumberFormat(language, style);
  return format.format(amountMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

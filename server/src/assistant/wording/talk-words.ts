import type { FactSheet } from "../tools/fact-sheet.ts";
import { listOrder } from "./order-words.ts";
import type { Speech } from "./speech.ts";

// Sentences that claim nothing: greetings, questions back, refusals. They still pass the check like everything else.

export const greeting = (speech: Speech): string =>
  speech.say({
    en: "Hello! You can ask me about your orders and parcels, the temperature during transport, products and prices. How can I help?",
    zh: "您好！您可以问我订单和包裹、运输途中的温度、商品和价格。请问需要什么帮助？",
  });

export const thanks = (speech: Speech): string =>
  speech.say({ en: "You are welcome. Write any time.", zh: "不客气，有需要随时联系我。" });

export const abilities = (speech: Speech): string =>
  speech.say({
    en: "I am this shop's assistant, a program and not a person. You can ask me about your orders and parcels, the temperature during transport, products and prices. To cancel an order or to reach a person, just tell me.",
    zh: "我是本店的智能助手，是程序而不是真人。您可以问我订单和包裹、运输途中的温度、商品和价格。想取消订单或找人工，直接告诉我就行。",
  });

export const outOfScope = (speech: Speech): string =>
  speech.say({
    en: "I am sorry, I did not find a question in that which I can answer. You can ask me about your orders and parcels, the temperature during transport, products and prices, or ask for a person.",
    zh: "抱歉，这个问题我回答不了。您可以问我订单和包裹、运输途中的温度、商品和价格，也可以说要找人工。",
  });

export const cannotConfirm = (speech: Speech): string =>
  speech.say({
    en: "I am sorry, I cannot confirm that from our records. If you like, I can pass it to a colleague.",
    zh: "抱歉，我无法从现有记录中确认这一点。如果需要，我可以转给人工同事。",
  });

/** The same words for a number that does not exist and for one of another customer. */
export const orderNotFound = (speech: Speech): string =>
  speech.say({
    en: "I cannot find an order with that number in your account. Please check the number.",
    zh: "在您的账户里没有找到这个编号的订单，请核对一下编号。",
  });

export const noOrders = (speech: Speech): string =>
  speech.say({ en: "I see no order in your account.", zh: "您的账户里没有查到订单。" });

export const whichOrder = (speech: Speech, orders: readonly FactSheet[]): string =>
  [
    speech.say({ en: "Which order do you mean?", zh: "您指的是哪个订单？" }),
    ...orders.map((order) => listOrder(speech, order)),
  ].join("\n");

export const whichProduct = (speech: Speech): string =>
  speech.say({ en: "Which product do you mean?", zh: "您想问哪一种商品？" });

export const productNotFound = (speech: Speech): string =>
  speech.say({
    en: "I did not find a product by that name in the shop. Could you write it another way?",
    zh: "店里没有找到这个名字的商品，可以换个说法吗？",
  });

export const changeNotPossible = (speech: Speech): string =>
  speech.say({
    en: "I cannot change an address, an item or a payment myself.",
    zh: "修改地址、商品或支付方式我办不了。",
  });

export const leftAsItIs = (speech: Speech): string =>
  speech.say({ en: "All right, I leave it as it is.", zh: "好的，那就保持不变。" });

export const nothingOffered = (speech: Speech): string =>
  speech.say({ en: "Good. What may I do for you?", zh: "好的，请问需要我做什么？" });

export const notSpoiledEnough = (speech: Speech): string =>
  speech.say({
    en: "From these records I cannot ask for a refund myself.",
    zh: "按照这些记录，我不能自行申请退款。",
  });

export const refundScope = (speech: Speech): string =>
  speech.say({
    en: "Other refunds than those for a broken cold chain are for a colleague to look at.",
    zh: "冷链问题以外的情况，需要由人工同事来看。",
  });

export const notCancellable = (speech: Speech, name: string, state: string): string =>
  speech.say({
    en: `${name} is ${state}, so I cannot ask to cancel it any more.`,
    zh: `${name}的状态是${state}，已经不能申请取消。`,
  });

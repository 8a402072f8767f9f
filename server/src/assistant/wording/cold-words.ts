import {
  dateOf,
  type FactSheet,
  factOf,
  identifierOf,
  instantOf,
  numberOf,
  partsOf,
  statusOf,
} from "../tools/fact-sheet.ts";
import { nameOrder } from "./order-words.ts";
import { ageOf } from "./parcel-words.ts";
import { newParagraph, type Speech } from "./speech.ts";

/** What the loggers recorded of an order's parcels, and what that means for eating it; never more than was measured. */
export function sayCold(speech: Speech, order: FactSheet, parcels: readonly FactSheet[]): string[] {
  if (parcels.length === 0) {
    return [
      speech.say({
        en: `I cannot confirm anything about the temperature of ${nameOrder(speech, order)}: I see no parcel for it.`,
        zh: `${nameOrder(speech, order)}还没有包裹，温度情况我无法确认。`,
      }),
    ];
  }
  return parcels.flatMap((parcel) => sayParcel(speech, order, parcel));
}

function sayParcel(speech: Speech, order: FactSheet, parcel: FactSheet): string[] {
  const number = identifierOf(parcel, "shipment-number") ?? parcel.subject.label;
  const opening = speech.say({
    en: `About parcel ${number} of ${nameOrder(speech, order)}:`,
    zh: `关于${nameOrder(speech, order)}的包裹 ${number}：`,
  });
  if (numberOf(parcel, "band-max") === undefined) {
    return [
      opening,
      speech.say({
        en: "these goods travel without cold packing, so there is no temperature limit to check.",
        zh: "这批商品不走冷链，没有需要核对的温度限值。",
      }),
    ];
  }
  if ((numberOf(parcel, "reading-count") ?? 0) === 0) return [opening, ...sayNoReadings(speech)];
  const measured = [
    ...sayExcursion(speech, parcel),
    ...sayGaps(speech, parcel),
    latestSentence(speech, parcel),
  ];
  // Whoever asks whether it can be eaten reads the answer first and the reasons below it.
  if (isSpoiled(parcel)) return [opening, spoiled(speech), newParagraph, ...measured];
  return [opening, ...measured, ...sayAdvice(speech, parcel)];
}

function sayNoReadings(speech: Speech): string[] {
  return speech.language === "en"
    ? [
        "no temperature reading has reached us for it, so I cannot confirm that it was kept cold.",
        "Please do not rely on it being fresh without checking it yourself.",
      ]
    : ["我们没有收到它的任何温度读数，因此无法确认全程是否保持低温。", "请不要仅凭推测食用，务必自行查看。"];
}

function sayExcursion(speech: Speech, parcel: FactSheet): string[] {
  const minutes = numberOf(parcel, "excursion-duration") ?? 0;
  const limit = numberOf(parcel, "excursion-limit") ?? 0;
  const peak = numberOf(parcel, "excursion-peak");
  const peakAt = factOf(parcel, "excursion-peak")?.observedAt;
  if (minutes <= 0 || peak === undefined || peakAt === undefined) return [inRange(speech, parcel)];
  const isAbove = peak > (numberOf(parcel, "band-max") ?? 0);
  const edge = speech.limit(numberOf(parcel, "band-max") ?? 0);
  const began = instantOf(parcel, "excursion-began-at");
  const beganWords =
    began === undefined
      ? ""
      : speech.say({ en: `, beginning at ${speech.moment(began)}`, zh: `，从 ${speech.moment(began)} 开始` });
  return [
    speech.say({
      en: `during transport the temperature was ${isAbove ? `above ${edge}` : "out of its range"} for ${speech.minutes(minutes)} (limit ${speech.minutes(limit)})${beganWords}.`,
      zh: `运输途中温度${isAbove ? `高于 ${edge} ` : "超出范围"}达 ${speech.minutes(minutes)}（上限 ${speech.minutes(limit)}）${beganWords}。`,
    }),
    speech.say({
      en: `The ${isAbove ? "highest" : "lowest"} reading was ${speech.celsius(peak)} at ${speech.moment(peakAt)}.`,
      zh: `${isAbove ? "最高" : "最低"}读数 ${speech.celsius(peak)}，出现在 ${speech.moment(peakAt)}。`,
    }),
  ];
}

function inRange(speech: Speech, parcel: FactSheet): string {
  const lowest = numberOf(parcel, "temperature-min");
  const highest = numberOf(parcel, "temperature-max");
  const min = numberOf(parcel, "band-min") ?? 0;
  const max = numberOf(parcel, "band-max") ?? 0;
  const ignore = numberOf(parcel, "ignore-period") ?? 0;
  if (lowest === undefined || highest === undefined) return "";
  const range = speech.say({
    en: `the logger read between ${speech.celsius(lowest)} and ${speech.celsius(highest)}.`,
    zh: `记录仪读数在 ${speech.celsius(lowest)} 到 ${speech.celsius(highest)} 之间。`,
  });
  const isBriefly = lowest < min || highest > max;
  const permitted = speech.say({
    en: `The limits for these goods are ${speech.limit(min)} and ${speech.limit(max)}.`,
    zh: `商品要求的温度范围是 ${speech.limit(min)} 到 ${speech.limit(max)}。`,
  });
  if (!isBriefly) return speech.join([range, permitted]);
  return speech.join([
    range,
    permitted,
    speech.say({
      en: `The first ${speech.minutes(ignore)} after loading or a door opening do not count.`,
      zh: `装货或开门后的前 ${speech.minutes(ignore)}不计入。`,
    }),
  ]);
}

function sayGaps(speech: Speech, parcel: FactSheet): string[] {
  const gap = numberOf(parcel, "gap-duration");
  if (gap === undefined || Math.round(gap) === 0) return [];
  return [
    speech.say({
      en: `The record has a gap of ${speech.minutes(gap)}; I cannot say how warm it was then.`,
      zh: `记录中有 ${speech.minutes(gap)}的空缺，那段时间的温度无法确认。`,
    }),
  ];
}

function latestSentence(speech: Speech, parcel: FactSheet): string {
  const latest = numberOf(parcel, "temperature-latest");
  const fact = factOf(parcel, "temperature-latest");
  if (latest === undefined || fact === undefined || !isUnderway(parcel)) return "";
  const age = ageOf(speech, fact.observedAt, fact.freshForSeconds);
  return speech.say({
    en: `The last reading is ${speech.celsius(latest)} at ${speech.moment(fact.observedAt)}${age}.`,
    zh: `最近一次读数 ${speech.celsius(latest)}，时间 ${speech.moment(fact.observedAt)}${age}。`,
  });
}

const isUnderway = (parcel: FactSheet): boolean => {
  const state = statusOf(parcel, "shipment-state");
  return state === "shipping" || state === "ready";
};

const isSpoiled = (parcel: FactSheet): boolean =>
  (numberOf(parcel, "excursion-duration") ?? 0) > (numberOf(parcel, "excursion-limit") ?? 0);

const spoiled = (speech: Speech): string =>
  speech.say({
    en: "it has to be treated as spoiled. Please do not eat it.",
    zh: "按记录应视为已变质，请不要食用。",
  });

function sayAdvice(speech: Speech, parcel: FactSheet): string[] {
  const expires = partsOf(parcel, "lot")
    .map((lot) => dateOf(lot, "expires-on"))
    .filter((date) => date !== undefined)
    .toSorted()[0];
  const use =
    expires === undefined
      ? ""
      : speech.say({
          en: `Its use-by date is ${speech.date(expires)}.`,
          zh: `保质期至 ${speech.date(expires)}。`,
        });
  return [
    use,
    speech.say({
      en: "I can only speak of what the logger measured; please look at it and smell it too before you eat it.",
      zh: "我只能说明记录仪测到的情况，食用前请您也看一看、闻一闻。",
    }),
  ];
}

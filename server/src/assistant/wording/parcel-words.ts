import { type FactSheet, factOf, identifierOf, instantOf, statusOf, textOf } from "../tools/fact-sheet.ts";
import { capital, nameOrder, stateWord } from "./order-words.ts";
import type { Speech } from "./speech.ts";

/** Where the parcels of an order are: state, carrier, last place with its time, expected or delivered time. */
export function sayWhere(speech: Speech, order: FactSheet, parcels: readonly FactSheet[]): string[] {
  if (parcels.length === 0) return [notSentYet(speech, order)];
  return parcels.flatMap((parcel) => [
    stateSentence(speech, order, parcel),
    placeSentence(speech, parcel),
    ...timeSentences(speech, parcel),
  ]);
}

/** Both questions in one message: the time of arrival is said once, also when there is none. */
export function sayWhereAndWhen(speech: Speech, order: FactSheet, parcels: readonly FactSheet[]): string[] {
  if (parcels.length === 0) return [notSentYet(speech, order)];
  return parcels.flatMap((parcel) => [
    stateSentence(speech, order, parcel),
    placeSentence(speech, parcel),
    ...arrivalSentences(speech, parcel),
  ]);
}

/** When they arrive, or arrived. */
export function sayWhen(speech: Speech, order: FactSheet, parcels: readonly FactSheet[]): string[] {
  if (parcels.length === 0) return [notSentYet(speech, order)];
  return parcels.flatMap((parcel) => [
    stateSentence(speech, order, parcel),
    ...arrivalSentences(speech, parcel),
  ]);
}

function arrivalSentences(speech: Speech, parcel: FactSheet): string[] {
  const times = timeSentences(speech, parcel);
  if (times.length > 0) return times;
  return [
    speech.say({
      en: "I have no expected time of arrival for it yet.",
      zh: "目前还没有预计送达时间。",
    }),
  ];
}

function notSentYet(speech: Speech, order: FactSheet): string {
  const name = nameOrder(speech, order);
  const state = stateWord(speech, order);
  return speech.say({
    en: `${capital(name)} is ${state}; I see no parcel for it.`,
    zh: `${name}的状态是${state}，还没有查到它的包裹。`,
  });
}

const parcelStates: Readonly<Record<string, { en: string; zh: string }>> = {
  ready: { en: "is ready to ship", zh: "待发货" },
  shipping: { en: "is on its way", zh: "正在运输途中" },
  delivered: { en: "was delivered", zh: "已送达" },
  closed: { en: "was delivered and is closed", zh: "已送达并完成" },
  cancelled: { en: "was cancelled", zh: "已取消" },
};

function stateSentence(speech: Speech, order: FactSheet, parcel: FactSheet): string {
  const state = parcelStates[statusOf(parcel, "shipment-state") ?? ""];
  const number = identifierOf(parcel, "shipment-number") ?? parcel.subject.label;
  const carrier = textOf(parcel, "carrier", speech.language);
  const tracking = identifierOf(parcel, "tracking-number");
  const name = nameOrder(speech, order);
  const opening = speech.say({
    en: `Parcel ${number} of ${name} ${state?.en ?? "has no state that I know"}.`,
    zh: `${name}的包裹 ${number} ${state?.zh ?? "状态未知"}。`,
  });
  if (carrier === undefined || tracking === undefined) return opening;
  // A sentence of its own: names and numbers in Latin letters would drown the few words of the first.
  return speech.join([
    opening,
    speech.say({
      en: `It travels with ${carrier} under the tracking number ${tracking}.`,
      zh: `承运方 ${carrier}，运单号 ${tracking}。`,
    }),
  ]);
}

function placeSentence(speech: Speech, parcel: FactSheet): string {
  const place = textOf(parcel, "tracking-place", speech.language);
  const at = instantOf(parcel, "tracking-at");
  if (place === undefined || at === undefined || !isUnderway(parcel)) return "";
  const fresh = factOf(parcel, "tracking-place")?.freshForSeconds ?? null;
  return speech.say({
    en: `It was last seen at ${place} at ${speech.moment(at)}${ageOf(speech, at, fresh)}.`,
    zh: `最近一次扫描在${place}，时间 ${speech.moment(at)}${ageOf(speech, at, fresh)}。`,
  });
}

/** The age is said whenever a fact may have aged: it costs little and hides nothing. */
export function ageOf(speech: Speech, at: number, freshForSeconds: number | null): string {
  if (freshForSeconds === null || speech.isPresent(at)) return "";
  return speech.say({ en: `, ${speech.ago(at)}`, zh: `（${speech.ago(at)}）` });
}

const isUnderway = (parcel: FactSheet): boolean => {
  const state = statusOf(parcel, "shipment-state");
  return state === "shipping" || state === "ready";
};

function timeSentences(speech: Speech, parcel: FactSheet): string[] {
  const deliveredAt = instantOf(parcel, "delivered-at");
  const expectedAt = instantOf(parcel, "expected-at");
  if (deliveredAt !== undefined) {
    return [
      speech.say({
        en: `It was delivered at ${speech.moment(deliveredAt)}.`,
        zh: `送达时间是 ${speech.moment(deliveredAt)}。`,
      }),
    ];
  }
  if (expectedAt === undefined || !isUnderway(parcel)) return [];
  return [
    speech.say({
      en: `The carrier expects to deliver it at ${speech.moment(expectedAt)}.`,
      zh: `预计时间是 ${speech.moment(expectedAt)}。`,
    }),
  ];
}

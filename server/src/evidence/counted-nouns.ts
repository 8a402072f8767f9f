// What is counted in this trade, in both languages, and the facts that may hold the count.

interface CountedNoun {
  readonly pattern: RegExp;
  readonly properties: readonly string[];
  readonly isEnglish: boolean;
}

const itemProperties = ["line-units", "order-line-count", "units-available", "units-sensed"];
const unitProperties = ["line-units", "units-available", "units-sensed"];

/** Up to three words may stand between number and noun: "three chilled parcels", "2 of your orders". */
const gap = "(?:[\\s-]{1,2}(?:of\\s)?[a-z']{1,16}){0,3}?[\\s-]{1,2}";
const english = (source: string, properties: readonly string[]): CountedNoun => ({
  pattern: new RegExp(`${gap}(?:${source})(?![a-z])`, "iy"),
  properties,
  isEnglish: true,
});
const chinese = (source: string, properties: readonly string[]): CountedNoun => ({
  pattern: new RegExp(`\\s?(?:${source})`, "y"),
  properties,
  isEnglish: false,
});

const nouns: readonly CountedNoun[] = [
  chinese("(?:个|件|票|单|只|批)?(?:包裹|快递|快件|运单|货件)", ["shipment-count"]),
  chinese("(?:个|笔|张|份|单)?订单", ["order-count"]),
  chinese("(?:条|个|次|组|笔)?(?:温度)?(?:读数|记录|数据点?|采样|测量值?)", ["reading-count"]),
  chinese("(?:种|款|项|个|样)(?:商品|货品|产品|品项|明细)", ["order-line-count", "line-units"]),
  chinese(
    "件(?:商品|货品|产品)?|(?:盒|袋|份|瓶|包|箱|罐|条|块|只|片|枚|台|个|支|套|尾|提|桶|听|板|颗)(?!月|小时|工作日|钱|人)",
    itemProperties,
  ),
  english("parcels?|packages?|shipments?|consignments?|deliver(?:y|ies)", ["shipment-count"]),
  english("orders?", ["order-count"]),
  english("readings?|data ?points?|measurements?|temperature records?|records?|samples?|values", [
    "reading-count",
  ]),
  english("(?:order )?lines?|items?|articles?|products?|things", itemProperties),
  english(
    "units?|pieces?|pcs?|packs?|packets?|fillets?|bags?|bottles?|boxes|box|portions?|tins?|cans?|jars?|cartons?",
    unitProperties,
  ),
  english("left|in stock|available|remaining|on (?:the|our) (?:shelf|shelves)|on hand", [
    "units-available",
    "units-sensed",
  ]),
];

/** The noun that a number at `at` counts, with where it ends. */
export function countedNounAfter(
  sentence: string,
  at: number,
): { readonly properties: readonly string[]; readonly end: number } | undefined {
  let nearest: { properties: readonly string[]; end: number } | undefined;
  for (const noun of nouns) {
    noun.pattern.lastIndex = at;
    const match = noun.pattern.exec(sentence);
    if (match === null) continue;
    const end = at + match[0].length;
    // Chinese nouns follow at once, and the longer ones stand first in the list.
    if (!noun.isEnglish) return { properties: noun.properties, end };
    if (nearest === undefined || end < nearest.end) nearest = { properties: noun.properties, end };
  }
  return nearest;
}

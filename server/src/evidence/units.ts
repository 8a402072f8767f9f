// Units as they are written by people in both languages, and as UCUM codes in facts. One base unit per dimension:
// °C, minute, gram, metre, millilitre, percent, major unit of money, one.

export type Dimension =
  | "temperature"
  | "duration"
  | "mass"
  | "length"
  | "volume"
  | "percentage"
  | "money"
  | "count"
  | "bare";

export interface Unit {
  readonly dimension: Dimension;
  readonly label: string;
  /** base = value · factor + offset. */
  readonly factor: number;
  readonly offset: number;
  /** ISO 4217 codes that a money word may stand for. */
  readonly currencies?: readonly string[];
}

const unit = (dimension: Dimension, label: string, factor: number, offset = 0): Unit => ({
  dimension,
  label,
  factor,
  offset,
});
const money = (label: string, currencies: readonly string[], factor = 1): Unit => ({
  dimension: "money",
  label,
  factor,
  offset: 0,
  currencies,
});

export const celsius = unit("temperature", "Cel", 1);
const fahrenheit = unit("temperature", "[degF]", 5 / 9, -160 / 9);
const kelvin = unit("temperature", "K", 1, -273.15);
export const minute = unit("duration", "min", 1);
const hour = unit("duration", "h", 60);
export const day = unit("duration", "d", 1440);
export const percent = unit("percentage", "%", 1);
export const one = unit("count", "1", 1);
export const bare = unit("bare", "", 1);
const yuan = money("CNY", ["CNY"]);
const usDollar = money("USD", ["USD"]);
const euro = money("EUR", ["EUR"]);
const pound = money("GBP", ["GBP"]);
const hongKongDollar = money("HKD", ["HKD"]);

/** UCUM codes that facts carry. */
export const unitOfCode: ReadonlyMap<string, Unit> = new Map(
  [
    celsius,
    fahrenheit,
    kelvin,
    unit("duration", "ms", 1 / 60_000),
    unit("duration", "s", 1 / 60),
    minute,
    hour,
    day,
    unit("duration", "wk", 10_080),
    unit("duration", "mo", 43_830),
    unit("duration", "a", 525_960),
    unit("mass", "mg", 0.001),
    unit("mass", "g", 1),
    unit("mass", "kg", 1000),
    unit("length", "cm", 0.01),
    unit("length", "m", 1),
    unit("length", "km", 1000),
    unit("volume", "mL", 1),
    unit("volume", "L", 1000),
    percent,
    one,
  ].map((known) => [known.label, known]),
);

interface Written {
  readonly pattern: RegExp;
  readonly unit: Unit;
}

const written = (source: string, of: Unit): Written => ({
  pattern: new RegExp(`[\\s-]{0,2}(?:${source})`, "iy"),
  unit: of,
});

/** Longer and rarer spellings first: the first that fits wins. */
const after: readonly Written[] = [
  written(
    "°\\s?f(?![a-z])|deg(?:rees?)?\\.?[\\s-]*(?:fahrenheit|f(?![a-z]))|fahrenheit|华氏度?|f(?![a-z0-9])",
    fahrenheit,
  ),
  written("kelvins?|开尔文|k(?![a-z0-9])", kelvin),
  written(
    "°\\s?c(?![a-z])|deg(?:rees?)?\\.?(?:[\\s-]*(?:celsius|centigrade|c(?![a-z])))?(?![a-z])|celsius|centigrade|摄氏度|摄氏|°|度(?!假|过|量|数)|c(?![a-z0-9])",
    celsius,
  ),
  written("(?:business|working)[\\s-]days?|个?工作日", unit("duration", "business day", 1440)),
  written("seconds?(?![a-z])|secs?\\.?(?![a-z])|s(?![a-z0-9])|秒钟?", unit("duration", "s", 1 / 60)),
  written("个?小时|个?钟头|个钟|hours?(?![a-z])|hrs?\\.?(?![a-z])|h(?![a-z0-9])", hour),
  written("刻钟", unit("duration", "quarter hour", 15)),
  written(
    "分钟|minutes?(?![a-z])|mins?\\.?(?![a-z])|m(?=\\s|$|[,.;)])|分(?!之|享|别|拣|批|成|配|析|公司|店)",
    minute,
  ),
  written(
    "个?星期|个?礼拜|周(?!年|[一二三四五六日天])|weeks?(?![a-z])|wks?(?![a-z])",
    unit("duration", "wk", 10_080),
  ),
  written("个月|months?(?![a-z])", unit("duration", "mo", 43_830)),
  written("天(?!然|气)|日(?!期|本)|days?(?![a-z])|d(?![a-z0-9])", day),
  written("年|years?(?![a-z])|yrs?(?![a-z])", unit("duration", "a", 525_960)),
  written("毫克|mg(?![a-z])|milligrams?", unit("mass", "mg", 0.001)),
  written("千克|公斤|kilograms?|kilos?(?![a-z])|kgs?(?![a-z])", unit("mass", "kg", 1000)),
  written("克(?!拉|服)|grams?(?![a-z])|g(?![a-z0-9])", unit("mass", "g", 1)),
  written("斤", unit("mass", "jin", 500)),
  written("两(?!个|件|条|单|笔|天|位|者|地|种|次|盒|份|包)", unit("mass", "liang", 50)),
  written("lbs?(?![a-z])|磅", unit("mass", "lb", 453.592_37)),
  written("ounces?(?![a-z])|oz(?![a-z])|盎司", unit("mass", "oz", 28.349_523)),
  written("公里|千米|kilomet(?:er|re)s?|kms?(?![a-z])", unit("length", "km", 1000)),
  written("miles?(?![a-z])|英里", unit("length", "mi", 1609.344)),
  written("厘米|公分|centimet(?:er|re)s?|cm(?![a-z])", unit("length", "cm", 0.01)),
  written("米(?!饭)|met(?:er|re)s?(?![a-z])", unit("length", "m", 1)),
  written("毫升|millilit(?:er|re)s?|ml(?![a-z])", unit("volume", "mL", 1)),
  written("升(?!级|温|至|到|高)|lit(?:er|re)s?(?![a-z])|l(?![a-z0-9])", unit("volume", "L", 1000)),
  written("%|per\\s?cent|pct(?![a-z])|个百分点|percentage points?", percent),
  written("港元|港币|hkd(?![a-z])", hongKongDollar),
  written("日元|jpy(?![a-z])|円", money("JPY", ["JPY"])),
  written("美元|美金|us dollars?|usd(?![a-z])|bucks?(?![a-z])|dollars?(?![a-z])|\\$", usDollar),
  written("欧元|euros?(?![a-z])|eur(?![a-z])|€", euro),
  written("英镑|pounds?(?: sterling)?(?![a-z])|gbp(?![a-z])|quid(?![a-z])|£", pound),
  written(
    "块钱?(?!钱)|元(?!旦|素|月|宵)|圆|人民币|rmb(?![a-z])|cny(?![a-z])|yuan(?![a-z])|kuai(?![a-z])",
    yuan,
  ),
  written("角|毛(?!利)", money("CNY", ["CNY"], 0.1)),
  written("cents?(?![a-z])", money("cent", ["USD", "EUR"], 0.01)),
];

const before: readonly Written[] = [
  { pattern: /(?:hk\$|hkd|港币|港元)\s?$/i, unit: hongKongDollar },
  { pattern: /(?:(?<![a-z])(?:rmb|cny)|人民币|(?:cn)?¥)\s?$/i, unit: yuan },
  { pattern: /(?:us\$|(?<![a-z])usd|美元|(?<![a-z])\$)\s?$/i, unit: usDollar },
  { pattern: /(?:(?<![a-z])[a-z]{1,2}\$)\s?$/i, unit: money("$", ["?"]) },
  { pattern: /(?:€|(?<![a-z])eur|欧元)\s?$/i, unit: euro },
  { pattern: /(?:£|(?<![a-z])gbp|英镑)\s?$/i, unit: pound },
  { pattern: /[₩₹₽₫₱฿₺₴]\s?$/i, unit: money("?", ["?"]) },
  { pattern: /华氏(?:零下)?\s?$/, unit: fahrenheit },
  { pattern: /摄氏(?:零下)?\s?$/, unit: celsius },
  { pattern: /百分之\s?$/, unit: percent },
];

/** The unit written directly after `at`, with where it ends. */
export function unitAfter(sentence: string, at: number): { unit: Unit; end: number } | undefined {
  for (const candidate of after) {
    candidate.pattern.lastIndex = at;
    const match = candidate.pattern.exec(sentence);
    if (match !== null) return { unit: candidate.unit, end: at + match[0].length };
  }
  return undefined;
}

const unitBeforeLengthMax = 10;

/** The unit written directly before `at` (¥, USD, 百分之), with where it starts. */
export function unitBefore(sentence: string, at: number): { unit: Unit; start: number } | undefined {
  const head = sentence.slice(Math.max(0, at - unitBeforeLengthMax), at);
  for (const candidate of before) {
    const match = candidate.pattern.exec(head);
    if (match !== null) return { unit: candidate.unit, start: at - match[0].length };
  }
  return undefined;
}

export const toBase = (value: number, of: Unit): number => value * of.factor + of.offset;
export const fromBase = (base: number, to: Unit): number => (base - to.offset) / to.factor;

import type { Coverage, IdentifierFinding } from "./finding.ts";

const address =
  "https?://[^\\s)\\]>\"']+|www\\.[^\\s)\\]>\"']+|[\\w.+-]{1,64}@[\\w-]{1,64}(?:\\.[\\w-]{1,32}){1,4}|\\b[\\w-]{1,40}\\.(?:com|cn|net|org|io|shop|store|app)(?:/[^\\s)\\]>\"']*)?";
const tail =
  "(?:尾号(?:为|是)?|末[四4]位(?:为|是)?|ending (?:in|with)|ends (?:in|with)|last (?:four|4|\\d) digits(?: are|:)?)\\s*:?\\s*#?([a-z0-9]{2,12})";
const labelled =
  "(?:\\b(?:order|parcel|shipment|tracking|receipt|reference|ref|case|ticket|lot|batch|approval|invoice|sku|gtin|barcode|phone|hotline)(?:\\s+(?:number|no\\.?|id|code|nr\\.?))?(?:\\s+is)?|\\b(?:number|no\\.)|订单(?:编?号)?|运单号?|快递单?号?|单号|编号|批次号?|批号|回执号?|审批(?:单)?号|号码|条码|电话|热线)\\s*[:#(]?\\s*(#?(?=[a-z0-9-]{0,30}\\d)[a-z0-9]{1,30}(?:[-_/][a-z0-9]{1,30}){0,6})(?![.:]\\d|[a-z0-9%°]|\\s?(?:°|%|度|分钟|小时|天|件|个|元|块|月|日|年|号|点|minutes?|hours?|days?|min\\b|h\\b|items?|units?|parcels?))";
const hashed = "#(?=[a-z0-9-]{0,30}\\d)[a-z0-9]{1,30}(?:[-_/][a-z0-9]{1,30}){0,6}";
const code =
  "(?<![a-z0-9])(?=[a-z0-9_/-]{0,60}\\d)(?=[a-z0-9_/-]{0,60}[a-z])[a-z0-9]{1,40}(?:[-_/][a-z0-9]{1,40}){0,6}(?![a-z0-9])";
const digits =
  "\\+?\\d{1,4}(?:[\\s-]\\d{3,5}){1,4}(?![\\d.:%])|(?<![\\d.,])\\d{6,}(?![\\d,]|\\.\\d)|\\(\\d{2,4}\\)\\s?\\d{3,4}[\\s-]?\\d{3,4}";

/** Letters and digits that are a measured value, an ordinal or a time rather than a code: 47min, 0-4C, 2nd, 59RMB. */
const measured =
  /^\d+(?:[-–]\d+)?[-–]?(?:c|f|k|h|m|s|d|g|kg|mg|ml|l|km|cm|lbs?|oz|min|mins|minutes?|hrs?|hours?|days?|weeks?|secs?|seconds?|rmb|cny|usd|eur|gbp|yuan|st|nd|rd|th|am|pm|degrees?|percent|off|years?|months?)(?:-[a-z]+)*$/i;
const hyphenated = /^\d+(?:[-–][a-z]+)+$/i;
const word = /^\d+(?:x)$/i;

const patterns = {
  address: new RegExp(address, "gi"),
  tail: new RegExp(tail, "gi"),
  labelled: new RegExp(labelled, "gi"),
  hashed: new RegExp(hashed, "gi"),
  code: new RegExp(code, "gi"),
  digits: new RegExp(digits, "gi"),
};

/** Addresses of pages and mailboxes; read before anything else, so that no known name inside one vouches for it. */
export function readAddresses(sentence: string, coverage: Coverage): IdentifierFinding[] {
  const found: IdentifierFinding[] = [];
  for (const match of sentence.matchAll(patterns.address)) {
    add(found, coverage, { start: match.index, text: match[0].replace(/[.,;]+$/, ""), isTail: false });
  }
  return found;
}

/** Order, tracking, lot, receipt and phone numbers, and other codes. */
export function readIdentifiers(sentence: string, coverage: Coverage): IdentifierFinding[] {
  const found: IdentifierFinding[] = [];
  const takeAll = (
    pattern: RegExp,
    isTaken: (text: string, whole: string) => boolean,
    isTail = false,
  ): void => {
    for (const match of sentence.matchAll(pattern)) {
      const text = match[1] ?? match[0];
      const start = match.index + match[0].length - text.length;
      if (isTaken(text, match[0])) add(found, coverage, { start, text, isTail });
    }
  };
  takeAll(patterns.tail, (text) => /\d/.test(text), true);
  takeAll(patterns.labelled, (text, whole) => isCode(text) && !isPlainCount(whole, text));
  takeAll(patterns.hashed, () => true);
  takeAll(patterns.code, isCode);
  takeAll(patterns.digits, (text) => text.replaceAll(/\D/g, "").length >= digitsMin);
  return found;
}

const digitsMin = 6;

function add(
  found: IdentifierFinding[],
  coverage: Coverage,
  { start, text, isTail }: Pick<IdentifierFinding, "start" | "text" | "isTail">,
): void {
  const end = start + text.length;
  if (text.length === 0 || !coverage.isFree(start, end)) return;
  coverage.take(start, end);
  found.push({ type: "identifier", start, end, text, isTail });
}

const isCode = (text: string): boolean => !measured.test(text) && !hyphenated.test(text) && !word.test(text);

/** "order 2 more" is a count; an order number written after its label has three digits or more, or a mark. */
const isPlainCount = (whole: string, text: string): boolean =>
  /^\d{1,2}$/.test(text) && !/(?:#|number|no\.|号|id|code)\s*[:#(]?\s*#?\d{1,2}$/i.test(whole);

/** Written forms that mean the same identifier: case, spaces and dashes do not matter. */
export const identifierKey = (text: string): string =>
  text.toUpperCase().replaceAll(/[^A-Z0-9\u4e00-\u9fff]/g, "");

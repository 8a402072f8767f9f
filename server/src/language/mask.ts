// Before a text goes to an outside model, what names a person becomes a typed placeholder; the answer is restored here.

export type MaskKind = "NAME" | "PHONE" | "EMAIL" | "ADDRESS" | "POSTCODE" | "ID" | "CARD" | "LITERAL";

export interface MaskedValue {
  readonly kind: MaskKind;
  readonly value: string;
}

export interface Masker {
  /** The text with placeholders such as `[PHONE_1]`; equal values get equal placeholders. */
  mask(text: string): string;
  /** The text with every known placeholder put back; unknown ones stay as they are. */
  restore(text: string): string;
}

/** Above this many different values whatever is found further is hidden for good, as `[HIDDEN]`. */
const maskedValuesMax = 200;
/** A text is masked up to here and cut, so that no pattern runs over an endless text. */
const maskedCharactersMax = 20_000;
/** Known values shorter than this would hide ordinary words. */
const knownCharactersMin = 2;

const placeholder = /\[(NAME|PHONE|EMAIL|ADDRESS|POSTCODE|ID|CARD|LITERAL)_(\d{1,4})\]/g;

/**
 * Makes the masker of one conversation. `known` are values from this customer's rows (name, phone, e-mail, address);
 * `keep` are numbers that must stay readable though they look private (order and tracking numbers).
 */
export function createMasker(options: {
  readonly known: readonly MaskedValue[];
  readonly keep: readonly string[];
}): Masker {
  const placeholderOf = new Map<string, string>();
  const valueBehind = new Map<string, string>();
  const counts = new Map<MaskKind, number>();
  const keep = new Set(options.keep);

  const hide = (kind: MaskKind, value: string): string => {
    const key = `${kind} ${value}`;
    const existing = placeholderOf.get(key);
    if (existing !== undefined) return existing;
    if (placeholderOf.size >= maskedValuesMax) return "[HIDDEN]";
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const made = `[${kind}_${count}]`;
    placeholderOf.set(key, made);
    valueBehind.set(made, value);
    return made;
  };
  const known = options.known
    .filter(({ value }) => value.trim().length >= knownCharactersMin)
    .toSorted((left, right) => right.value.length - left.value.length);

  return {
    mask: (text) => {
      // A customer who writes a placeholder must not get somebody's value for it.
      let masked = text
        .slice(0, maskedCharactersMax)
        .replaceAll(placeholder, (found) => hide("LITERAL", found));
      for (const { kind, value } of known) masked = replaceOutside(masked, value, () => hide(kind, value));
      for (const { kind, pattern, isMeant } of patterns) {
        masked = replacePattern(masked, pattern, (found) =>
          keep.has(found) || !isMeant(found) ? found : hide(kind, found),
        );
      }
      return masked;
    },
    restore: (text) => text.replaceAll(placeholder, (found) => valueBehind.get(found) ?? found),
  };
}

interface Pattern {
  readonly kind: MaskKind;
  readonly pattern: RegExp;
  /** A second look that a pattern cannot give: check digits, number of digits. */
  isMeant(found: string): boolean;
}

const always = () => true;
const digitsOf = (text: string) => text.replaceAll(/\D/g, "");

/** Order matters: the longer and surer first. */
const patterns: readonly Pattern[] = [
  {
    kind: "EMAIL",
    pattern: /[\p{L}\p{Nd}._%+-]{1,64}@[\p{L}\p{Nd}-]{1,63}(?:\.[\p{L}\p{Nd}-]{1,63}){1,4}/gu,
    isMeant: always,
  },
  { kind: "ID", pattern: /(?<![\dA-Za-z])\d{17}[\dXx](?![\dA-Za-z])/g, isMeant: hasIdentityCheckDigit },
  {
    kind: "CARD",
    pattern: /(?<![\dA-Za-z-])\d(?:[ -]?\d){12,18}(?![\dA-Za-z])/g,
    isMeant: isCardNumber,
  },
  {
    kind: "PHONE",
    pattern: /(?<![\dA-Za-z])\+\d{1,3}(?:[ -]?\(?\d{1,4}\)?){2,5}(?!\d)/g,
    isMeant: (found) => digitsOf(found).length >= 8,
  },
  // Mainland mobile, with or without country code and separators.
  {
    kind: "PHONE",
    pattern: /(?<![\dA-Za-z-])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)/g,
    isMeant: always,
  },
  {
    kind: "PHONE",
    pattern: /(?<![\dA-Za-z-])(?:0\d{2,3}-\d{7,8}|400-\d{3}-\d{4}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\d)/g,
    isMeant: always,
  },
  {
    kind: "ADDRESS",
    pattern:
      /(?:\p{Script=Han}{2,8}(?:省|自治区))?(?:\p{Script=Han}{2,8}(?:市|州))?(?:\p{Script=Han}{1,8}(?:区|县|镇|乡))?\p{Script=Han}{1,10}(?:路|街|道|巷|弄|胡同|村|小区)\s?\d{1,5}\s?(?:号|弄|栋|幢)(?:\s?\d{0,5}(?:号楼|号院|栋|幢|单元|层|楼|室|号)){0,4}(?:\s?\d{1,5}室?)?/gu,
    isMeant: always,
  },
  {
    kind: "ADDRESS",
    pattern:
      /(?<![\p{L}\p{Nd}])\d{1,5}[A-Za-z]? (?:[A-Z][\p{L}'.-]{0,20} ){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Square|Sq|Way|Place|Pl|Terrace)\b\.?/gu,
    isMeant: always,
  },
  {
    kind: "NAME",
    pattern:
      /(?<=\b(?:my name is|this is|name's|i am called|call me) )[A-Z][\p{L}'-]{1,20}(?: [A-Z][\p{L}'-]{1,20}){0,2}/gu,
    isMeant: always,
  },
  {
    kind: "NAME",
    pattern:
      /(?<=(?:我叫|我的名字是|我是|收件人是?|收货人是?|姓名是?)[:：]?\s?)[\p{Script=Han}]{2,3}(?=[,，。.!！\s]|$|先生|女士)/gu,
    isMeant: (found) => !/^(?:客户|顾客|你们|一个|会员|新手)/.test(found),
  },
];

/** Replaces outside of placeholders that stand already. */
function replacePattern(text: string, pattern: RegExp, replace: (found: string) => string): string {
  return splitAtPlaceholders(text, (part) => part.replaceAll(pattern, replace));
}

function replaceOutside(text: string, value: string, replace: () => string): string {
  const escaped = value.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const isWord = /^[\p{Script=Latin}\p{Nd}]/u.test(value) && /[\p{Script=Latin}\p{Nd}]$/u.test(value);
  const edge = isWord ? [`(?<![\\p{Script=Latin}\\p{Nd}])`, `(?![\\p{Script=Latin}\\p{Nd}])`] : ["", ""];
  const pattern = new RegExp(`${edge[0]}${escaped}${edge[1]}`, "giu");
  return splitAtPlaceholders(text, (part) => part.replaceAll(pattern, replace));
}

function splitAtPlaceholders(text: string, change: (part: string) => string): string {
  return text
    .split(/(\[[A-Z]+_\d{1,4}\]|\[HIDDEN\])/)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join("");
}

/** Cards begin with 2 to 6 and have 14 to 19 digits; a GTIN of 14 digits begins with 0 or 1. */
function isCardNumber(found: string): boolean {
  const digits = digitsOf(found);
  return /^[2-6]\d{13,18}$/.test(digits) && hasLuhnDigit(digits);
}

/** Luhn's check digit (ISO/IEC 7812-1). */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** Check digit of a Chinese identity card number (GB 11643, ISO 7064 MOD 11-2). */
function hasIdentityCheckDigit(text: string): boolean {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, index) => total + weight * Number(text[index]), 0);
  return "10X98765432"[sum % 11] === text[17]?.toUpperCase();
}

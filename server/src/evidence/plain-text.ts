// Reads a text the way a person sees it: one digit for every disguise of a digit, one space for every space,
// no markup, while every character remembers where it stood.
import { simplifiedOf } from "./traditional-zh.ts";

export interface PlainText {
  readonly plain: string;
  /** Where each character of `plain` starts and ends in the original text (UTF-16 units). */
  readonly startOf: readonly number[];
  readonly endOf: readonly number[];
  /** Like `startOf`, but with the markup that leads up to the character. */
  readonly leadOf: readonly number[];
}

/** Stands for a number-like character whose value is not known; it never matches a fact. */
export const unreadableDigit = "\uFFFD";

const entityPattern = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z0-9]{2,8}));?/iy;
const tagPattern = /<(?:\/?[a-z][^<>]{0,200}|!--[^<>]{0,200}--)>/iy;
const latexPattern = /\\(?:text|mathrm|circ|,|;|!|left|right|degree|approx)|\^\{?(?:\\circ|∘)\}?/y;

const entities: Readonly<Record<string, string>> = {
  nbsp: " ",
  ensp: " ",
  emsp: " ",
  thinsp: " ",
  deg: "°",
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  yen: "¥",
  euro: "€",
  pound: "£",
  dollar: "$",
  minus: "-",
  ndash: "–",
  mdash: "—",
  period: ".",
  comma: ",",
  colon: ":",
  percnt: "%",
  num: "#",
  frac12: "½",
  frac14: "¼",
  frac34: "¾",
  middot: "·",
  zwnj: "",
  zwj: "",
  shy: "",
};

const lookalikes: ReadonlyMap<string, string> = new Map(
  [
    "АAВBЕEЅSІIЈJКKМMНHОOРPСCТTХXУYаaеeоoрpсcуyхxіiјjѕsԁdѵvԛqһhӏlгrпnтtмmкkвb",
    "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXοoνvιiκkαaρpυuτtεe",
    "ꓲIꓳOꓓDıiɑaɡgℓl∶:꞉:ː:．.․.ꓸ.‚,⸳.∙.٫.٬,°°º°˚°∘°⁰0",
  ].flatMap((row) => {
    const characters = Array.from(row);
    return characters.flatMap((character, index): [string, string][] =>
      index % 2 === 0 ? [[character, characters[index + 1] ?? ""]] : [],
    );
  }),
);

interface Step {
  readonly out: string;
  readonly length: number;
  readonly isMarkup: boolean;
}

export function readPlainText(text: string): PlainText {
  const characters: string[] = [];
  const startOf: number[] = [];
  const endOf: number[] = [];
  const leadOf: number[] = [];
  let lead = 0;
  let at = 0;
  while (at < text.length) {
    const step = stepAt(text, at, characters.at(-1) ?? "\n");
    const end = at + step.length;
    for (const unit of step.out) {
      for (let index = 0; index < unit.length; index += 1) {
        characters.push(unit.charAt(index));
        startOf.push(at);
        endOf.push(end);
        leadOf.push(lead);
      }
    }
    const leadsOn = step.out === "" && step.isMarkup && /\s/.test(characters.at(-1) ?? "\n");
    if (!leadsOn) lead = end;
    at = end;
  }
  return { plain: characters.join(""), startOf, endOf, leadOf };
}

/** The plain form alone, for facts and the customer's words. */
export const plainOf = (text: string): string => readPlainText(text).plain;

function stepAt(text: string, at: number, before: string): Step {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 32);
  return (
    markupAt(text, at, character) ??
    keycapAt(text, at, character) ??
    underscoreAt(text, at, character, before) ?? {
      out: foldCharacter(character),
      length: character.length,
      isMarkup: false,
    }
  );
}

function markupAt(text: string, at: number, character: string): Step | undefined {
  if (character === "&") return entityAt(text, at);
  if (character === "<") return tagAt(text, at);
  if (character === "\\" || character === "^") {
    latexPattern.lastIndex = at;
    const length = latexPattern.exec(text)?.[0].length;
    if (length !== undefined)
      return { out: text.startsWith("circ", at + length - 4) ? "°" : "", length, isMarkup: true };
    return { out: "", length: 1, isMarkup: true };
  }
  if (character === "~" && text.charAt(at + 1) === "~") return { out: "", length: 2, isMarkup: true };
  if (character === "*" || character === "`") return { out: "", length: 1, isMarkup: true };
  return undefined;
}

function tagAt(text: string, at: number): Step | undefined {
  tagPattern.lastIndex = at;
  const tag = tagPattern.exec(text)?.[0];
  if (tag === undefined) return undefined;
  const out = /^<(?:br|\/p|\/li|\/div|\/tr)/i.test(tag) ? "\n" : "";
  return { out, length: tag.length, isMarkup: true };
}

function entityAt(text: string, at: number): Step | undefined {
  entityPattern.lastIndex = at;
  const match = entityPattern.exec(text);
  if (match === null) return undefined;
  const [whole, decimal, hexadecimal, name] = match;
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  const named = name === undefined ? undefined : entities[name.toLowerCase()];
  if (name !== undefined) {
    return named === undefined ? undefined : { out: foldText(named), length: whole.length, isMarkup: false };
  }
  const isCodePoint = code > 0 && code <= 0x10ffff;
  return {
    out: isCodePoint ? foldText(String.fromCodePoint(code)) : "",
    length: whole.length,
    isMarkup: false,
  };
}

/** 4️⃣ is the digit 4; 🔟 is 10. */
function keycapAt(text: string, at: number, character: string): Step | undefined {
  if (character === "🔟") return { out: "10", length: character.length, isMarkup: false };
  if (!/[0-9#*]/.test(character)) return undefined;
  const hasSelector = text.charAt(at + 1) === "\uFE0F";
  const length = hasSelector ? 3 : 2;
  return text.charAt(at + length - 1) === "\u20E3" ? { out: character, length, isMarkup: false } : undefined;
}

/** An underscore inside a word belongs to an identifier; elsewhere it is emphasis. */
function underscoreAt(text: string, at: number, character: string, before: string): Step | undefined {
  if (character !== "_") return undefined;
  const isInside = /[a-z0-9]/i.test(before) && /[a-z0-9]/i.test(text.charAt(at + 1));
  return isInside ? undefined : { out: "", length: 1, isMarkup: true };
}

const foldText = (text: string): string => Array.from(text, foldCharacter).join("");

function foldCharacter(character: string): string {
  if (character === "\r" || character === "\t") return " ";
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x7f) return code < 32 && character !== "\n" ? "" : character;
  const known = lookalikes.get(character) ?? simplifiedOf.get(character);
  if (known !== undefined) return known;
  return foldMark(character) ?? foldNumberLike(character, code);
}

/** Line ends, spaces, invisible characters, dashes and quotation marks. */
function foldMark(character: string): string | undefined {
  if (/[\u2028\u2029\u0085]/.test(character)) return "\n";
  if (/[\p{Zs}\u2800\u3164\u115F\u1160]/u.test(character)) return " ";
  // A Chinese comma never stands inside a number.
  if (character === "，") return ", ";
  if (/\p{Cf}|\p{Mn}|\p{Me}/u.test(character)) return "";
  if (/[\u2212\uFE63\uFF0D\u02D7\u2796]/.test(character)) return "-";
  if (/[\u2010-\u2015\u2E3A\u2E3B]/.test(character)) return "–";
  if (/[\u2018\u2019\u02BC\u2032]/.test(character)) return "'";
  return /[\u201C\u201D]/.test(character) ? '"' : undefined;
}

function foldNumberLike(character: string, code: number): string {
  if (/\p{Nd}/u.test(character)) return digitOf(character, code);
  if (code >= 0x2776 && code <= 0x2793) return String(((code - 0x2776) % 10) + 1);
  if (code >= 0x24f5 && code <= 0x24fe) return String(code - 0x24f4);
  if (code === 0x24ff) return "0";
  if (code >= 0x24eb && code <= 0x24f4) return String(code - 0x24e0);
  if (code >= 0x3021 && code <= 0x3029) return String(code - 0x3020);
  if (character === "〇") return character;
  const folded = character.normalize("NFKC");
  if (/[\p{No}\p{Nl}]/u.test(folded)) return unreadableDigit;
  if (/\p{Script=Latin}/u.test(folded)) return folded.normalize("NFKD").replaceAll(/\p{M}/gu, "");
  return Array.from(folded, (part) => simplifiedOf.get(part) ?? (part === "⁄" ? "/" : part)).join("");
}

/** Decimal digits of every script stand in runs of ten that begin with their zero. */
function digitOf(character: string, code: number): string {
  const folded = character.normalize("NFKC");
  if (/^[0-9]$/.test(folded)) return folded;
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String(code - zero);
}

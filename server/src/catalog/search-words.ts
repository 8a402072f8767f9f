// From a text to the terms that are compared: English by stemmed words, Chinese by one and two characters.

/** `weight` is the share of the term's rarity that counts: one Chinese character says less than two. */
export interface SearchTerm {
  readonly term: string;
  readonly weight: number;
  readonly kind: "word" | "number" | "character" | "pair";
}

/** Longer texts are cut: a customer's question names its product early. */
const charactersMax = 500;
const characterWeight = 0.4;

/** The terms of a text, each once, in the order they appear. `question` drops the words people ask with. */
export function termsOf(text: string, use: "title" | "question"): readonly SearchTerm[] {
  const clean = normalise(text);
  const asked = use === "question" ? withoutAskingPhrases(clean) : clean;
  const terms = [...asked.matchAll(runPattern)].flatMap(([run]) =>
    hanPattern.test(run) ? hanTerms(run, use) : latinTerms(run, use),
  );
  return [...new Map(terms.map((term) => [term.term, term])).values()];
}

/** Full-width forms become plain ones, letters small: `ＵＳＢ` is `usb`. */
export const normalise = (text: string): string =>
  text.normalize("NFKC").toLowerCase().slice(0, charactersMax);

const runPattern = /\p{Script=Han}+|[\p{Script=Latin}\p{M}'’]+|\d+(?:\.\d+)?/gu;
const hanPattern = /\p{Script=Han}/u;

function latinTerms(run: string, use: "title" | "question"): SearchTerm[] {
  if (/^\d/.test(run)) return [{ term: run, weight: 1, kind: "number" }];
  const word = run
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .replace(/['’]s?$/, "")
    .replaceAll(/['’]/g, "");
  if (word === "" || (use === "question" && askingWords.has(word))) return [];
  return [{ term: stem(word), weight: 1, kind: "word" }];
}

function hanTerms(run: string, use: "title" | "question"): SearchTerm[] {
  const characters = [...run];
  const single = characters
    .filter((character) => use === "title" || !askingCharacters.has(character))
    .map((term): SearchTerm => ({ term, weight: characterWeight, kind: "character" }));
  const pairs = characters
    .slice(1)
    .map((next, index): SearchTerm => ({ term: `${characters[index]}${next}`, weight: 1, kind: "pair" }));
  return [...single, ...pairs];
}

/** Strips the endings that titles and questions differ by: smoked, smoking, smokes → smok. */
export function stem(word: string): string {
  const singular = withoutPlural(word);
  const bare = singular.length > 5 ? singular.replace(/(?:ing|ed)$/, "") : singular;
  return bare.length > 4 ? bare.replace(/e$/, "") : bare;
}

function withoutPlural(word: string): string {
  if (word.length < 4 || /(?:ss|us|is)$/.test(word)) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (/(?:x|ch|sh|s|z|o)es$/.test(word)) return word.slice(0, -2);
  return word.endsWith("s") ? word.slice(0, -1) : word;
}

/** Whether a character says how something is asked rather than what: 吗, 的, 有. */
export const isAskingCharacter = (character: string): boolean => askingCharacters.has(character);

/** Neighbouring words written as one, as people do: `ice cream` is also `icecream`. */
export function joinedWordsOf(title: string): readonly string[] {
  const words = normalise(title).match(/[a-z]+/g) ?? [];
  return words.slice(1).map((word, index) => stem(`${words[index]}${word}`));
}

function withoutAskingPhrases(text: string): string {
  return text.replaceAll(askingPhrases, " ");
}

/** Longest first; none of them is part of a product's name. */
const askingPhrases = new RegExp(
  [
    "什么时候|新鲜|多少钱一?[斤个件盒瓶袋]?|有没有货|还有没有|有没有|有货吗|有货|没货|缺货|补货|到货|现货|库存|在售|请问|我想要|我想买|我想|我要|想要|想买",
    "你们|你好|您好|可不可以|可以|能不能|怎么卖|怎么样|怎么|多少|价格|价钱|售价|贵不贵|便宜|哪些|哪个|哪种|什么|帮我|查一下|看一下|一下|还有|卖不卖|谢谢|吗",
  ].join("|"),
  "g",
);
const askingCharacters = new Set([
  ..."子有没吗呢吧的了是在还我你您们这那和与或买卖要想请问货个些多少几价钱能可",
]);
const askingWords = new Set(
  (
    "a about all also am an and any are arrive as ask at available availability be been best buy by can cheap cheaper cheapest cost costs " +
    "could customer day days deliver delivered delivery did do does eat find for fresh from get give go going good got had has have hello help hey hi " +
    "how i if im in into is it its know left let like looking many me more much my need nice now of on one ones or order ordered our out please price " +
    "prices pricing product products s safe sell selling send sending ship shipped shipping should show so some something soon still stock stocked t " +
    "tell thank thanks that the their them there these they thing things this those to today tomorrow want was we what when where which will with " +
    "would yet you your"
  ).split(" "),
);

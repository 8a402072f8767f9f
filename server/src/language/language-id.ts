import type { Language } from "@waremind/contract";
import { detectAll } from "tinyld";

/** Above this share of Han characters among letters a text is Chinese, whatever brand names stand in it. */
const hanShareOfChinese = 0.4;
/** Below this many letters (an order number, "ok") a text says nothing of its language. */
const lettersTellingMin = 3;

/**
 * The language to answer in: that of the text, or `fallback` (the conversation's) when the text does not tell.
 * One Han word among Latin letters ("where is my 三文鱼") is decided by its share, a Han word weighing as a Latin one.
 */
export function identifyLanguage(text: string, fallback: Language): Language {
  const hanCount = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const latinWords = text.match(/\p{Script=Latin}+/gu) ?? [];
  const latinCount = latinWords.join("").length;
  if (hanCount === 0 && latinCount < lettersTellingMin) return fallback;
  // A Chinese word is about two characters, an English one a run of letters: count words, not letters.
  const hanWords = hanCount / 2;
  if (hanWords / (hanWords + wordsThatTell(latinWords)) > hanShareOfChinese) return "zh";
  if (hanCount > 0) return "en";
  // Latin letters only: pinyin and other languages are answered in English unless the conversation is Chinese and
  // the text is not English at all.
  const best = detectAll(text)[0]?.lang;
  return fallback === "zh" && best === "zh" ? "zh" : "en";
}

/** Numbers, codes and units in Latin letters stand in Chinese texts too; they do not make a text English. */
function wordsThatTell(words: readonly string[]): number {
  return words.filter((word) => word.length > 1 && word !== word.toUpperCase()).length;
}

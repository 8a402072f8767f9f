// Brings a customer's wording to one form before it is understood: width, case, script, spelling.

/** Traditional and simplified side by side, for what is common in questions to a shop; the rest stays as it is. */
const scriptPairs =
  "單单訂订貨货錢钱還还沒没嗎吗們们個个這这裡里誰谁買买賣卖時时間间問问題题麼么為为說说請请謝谢對对來来會会開开關关電电話话號号碼码從从後后幾几點点鐘钟過过溫温熱热壞坏魚鱼蝦虾員员轉转聯联繫系導导購购運运費费輛辆車车達达預预計计換换錯错誤误價价優优貴贵現现無无庫库補补應应該该給给讓让幫帮處处經经歷历記记錄录證证據据產产質质變变項项殺杀鮮鲜凍冻裝装餘余額额發发簽签擊击網网絡络連连線线兩两樣样東东總总結结帳账鏈链斷断態态們们壓压買买嘅的啲些係是唔不冇没";

const simplifiedOf = new Map(
  (scriptPairs.match(/../gu) ?? []).map((pair) => [pair.charAt(0), pair.charAt(1)] as const),
);

/** Full width to half width, lower case, simplified characters, single spaces, plain apostrophes. */
export function normalizeText(text: string): string {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\u2018\u2019`´]/g, "'")
    .replaceAll(/[\u200b-\u200f\u2060\ufeff]/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  return [...plain].map((character) => simplifiedOf.get(character) ?? character).join("");
}

/** The English words that decide an intent; a word one slip away from one of them is read as it. */
const vocabulary = [
  "where",
  "parcel",
  "package",
  "order",
  "orders",
  "delivery",
  "delivered",
  "deliver",
  "shipment",
  "shipped",
  "tracking",
  "arrive",
  "arrives",
  "arriving",
  "arrived",
  "when",
  "temperature",
  "cold",
  "chilled",
  "frozen",
  "fresh",
  "spoiled",
  "spoilt",
  "melted",
  "thawed",
  "refrigerated",
  "stock",
  "available",
  "availability",
  "price",
  "cost",
  "costs",
  "much",
  "cancel",
  "cancelled",
  "refund",
  "refunded",
  "reimburse",
  "reimbursement",
  "compensation",
  "money",
  "return",
  "person",
  "human",
  "agent",
  "representative",
  "customer",
  "service",
  "manager",
  "thanks",
  "thank",
  "hello",
  "please",
  "still",
  "good",
  "safe",
  "salmon",
  "policy",
  "address",
  "change",
  "warm",
  "track",
  "courier",
  "driver",
  "supposed",
  "expect",
  "expected",
  "yesterday",
  "tomorrow",
  "mistake",
  "speak",
  "someone",
  "inventory",
  "eat",
];
const known = new Set(vocabulary);
/** Short words have too many neighbours: "cost" must not become "cold". */
const correctedLengthMin = 5;
const twoSlipsLengthMin = 8;

/** Words of a normalised English text with slips of the keyboard put right ("parcle", "cancle", "recieved"). */
export function correctSpelling(text: string): string {
  return text.replaceAll(/[a-z]{3,}/g, (word) => correctWord(word));
}

function correctWord(word: string): string {
  const slip = shortSlips.get(word);
  if (slip !== undefined) return slip;
  if (word.length < correctedLengthMin || known.has(word) || commonWords.has(word)) return word;
  const slipsMax = word.length >= twoSlipsLengthMin ? 2 : 1;
  let best: { word: string; slips: number } | undefined;
  for (const candidate of vocabulary) {
    if (candidate.length < correctedLengthMin || Math.abs(candidate.length - word.length) > slipsMax)
      continue;
    const slips = slipsBetween(word, candidate);
    if (slips <= slipsMax && (best === undefined || slips < best.slips)) best = { word: candidate, slips };
  }
  return best?.word ?? word;
}

/** Slips in words too short to be told from their neighbours by distance. */
const shortSlips = new Map(
  Object.entries({
    whre: "where",
    wher: "where",
    wehre: "where",
    whn: "when",
    wen: "when",
    pls: "please",
    plz: "please",
    hw: "how",
    mch: "much",
    tmrw: "tomorrow",
    cancle: "cancel",
    ordr: "order",
    oder: "order",
    stil: "still",
    gud: "good",
    prise: "price",
    stok: "stock",
    cst: "cost",
  }),
);

/** Right words that stand one slip from a word of the vocabulary. */
const commonWords = new Set([
  "there",
  "these",
  "those",
  "other",
  "mother",
  "border",
  "older",
  "prices",
  "stick",
  "stuck",
  "goods",
  "worm",
  "sales",
  "savior",
  "refuse",
  "their",
  "human's",
  "heaven",
  "changed",
  "charge",
  "charged",
  "chance",
  "trick",
  "truck",
  "trash",
  "fleshy",
  "flesh",
  "honey",
  "monkey",
  "parcels",
  "packages",
  "driven",
  "sales",
  "whole",
  "while",
  "stack",
  "stocks",
  "steal",
  "steel",
  "skill",
  "spill",
  "spills",
  "ordered",
  "ordering",
  "prize",
  "pride",
  "prince",
  "cancels",
]);

/** Edit distance with neighbours swapped counting as one slip (optimal string alignment). */
function slipsBetween(left: string, right: string): number {
  const width = right.length + 1;
  const cells = new Uint8Array((left.length + 1) * width);
  const at = (row: number, column: number) => cells[row * width + column] ?? 0;
  for (let row = 0; row <= left.length; row += 1) {
    for (let column = 0; column <= right.length; column += 1) {
      cells[row * width + column] = slipsAt(left, right, row, column, at);
    }
  }
  return at(left.length, right.length);
}

function slipsAt(
  left: string,
  right: string,
  row: number,
  column: number,
  at: (row: number, column: number) => number,
): number {
  if (row === 0) return column;
  if (column === 0) return row;
  const isSame = left[row - 1] === right[column - 1];
  const plain = Math.min(
    at(row - 1, column) + 1,
    at(row, column - 1) + 1,
    at(row - 1, column - 1) + (isSame ? 0 : 1),
  );
  const isSwap =
    row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
  return isSwap ? Math.min(plain, at(row - 2, column - 2) + 1) : plain;
}

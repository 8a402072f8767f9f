// What a message points at: numbers, "the other one", yes and no, the words that may name a product.
import type { Language } from "@waremind/contract";

/** A message with more numbers than this is not a question about an order. */
const referencesMax = 5;
const digitsOfReferenceMin = 4;
/** A consent is short; a long message holds conditions that rules cannot weigh. */
const consentCharactersMax = 60;

/**
 * Tokens that may be an order, shipment or tracking number: Latin letters, digits, dashes; at least four digits.
 * Whether one exists, and whose it is, is for the look-up to say.
 */
export function findReferences(text: string): readonly string[] {
  const plain = text.normalize("NFKC").replaceAll(/[\u2010-\u2015\u2212]/g, "-");
  const tokens = plain.match(/[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?/g) ?? [];
  const references = tokens.filter((token) => token.replaceAll(/\D/g, "").length >= digitsOfReferenceMin);
  return [...new Set(references)].slice(0, referencesMax);
}

const doubt =
  /\?|[吗么呢]|\b(?:but|however|only if|unless|wait|not|don't|do not|never|no|how|what|why|when|which|if|maybe|first)\b|(?:不(?!客气|错|用谢|好意思)|别|但|如果|除非|先|等|为什么|怎么|多少|没(?!问题|关系|事))/;
const affirmative =
  /^(?:yes|yeah|yep|yup|ya|sure|ok|okay|okey|k|alright|all right|fine|correct|right|exactly|definitely|absolutely|of course|certainly|please|please do|go ahead|do it|go for it|confirm|confirmed|i confirm|i agree|agreed|sounds good|that works|why not|perfect|great)\b|^(?:是|好|行|可以|嗯|对|没问题|同意|确认|要的?|需要|麻烦|请|ok|成|中|没错|当然|必须|就这样|办吧|退吧|取消吧|帮我|那就|可|恩)/;
const negative =
  /^(?:no|nope|nah|no thanks|no thank you|not now|not yet|never ?mind|don't|do not|stop|forget it|leave it|keep it|cancel that|i(?:'d| would) rather not|not really)\b|^(?:不用|不要|不了|不必|不需要|算了|别|先不|不是|不行|不可以|不同意|没必要|否|不|暂时不)/;

/** An unconditional yes, in a short message and without a question, a condition or a no in it. */
export function isYes(text: string): boolean {
  if (text.length > consentCharactersMax) return false;
  if (/^why not[!.]*$/.test(text)) return true;
  return affirmative.test(text) && !doubt.test(text);
}

export function isNo(text: string): boolean {
  return text.length <= consentCharactersMax && negative.test(text);
}

const other =
  /\b(?:the other|other one|another one|the others|other (?:order|parcel|package|item|box|delivery))\b|(?:另外?一?[个单件份箱包]|另一个|另外那|别的那|其它|其他(?:的|那|订单|包裹)|那另)/;
const newest =
  /\b(?:latest|last|newest|most recent|recent) (?:order|one|parcel|package|delivery|purchase)\b|(?:最近|最新|最后|上一|刚|刚才|刚刚)(?:的)?(?:那|一|这)?(?:个|单|次|买|下|订)/;
const ordinals: readonly (readonly [RegExp, number])[] = [
  [/\b(?:first|1st|number one)\b|第[一1](?:个|单|件)?|^1[.)、]?$/, 1],
  [/\b(?:second|2nd|number two)\b|第[二2](?:个|单|件)?|^2[.)、]?$/, 2],
  [/\b(?:third|3rd|number three)\b|第[三3](?:个|单|件)?|^3[.)、]?$/, 3],
  [/\b(?:fourth|4th|number four)\b|第[四4](?:个|单|件)?|^4[.)、]?$/, 4],
];
const followUp =
  /^(?:and|what about|how about|and what about|and how about|also|then)\b|^(?:那|还有|那么|至于)|呢[?？]?$|\b(?:the other one|that one|this one|same (?:for|question))\b/;

/** Words that point at something said before. */
export function readPointers(text: string): {
  readonly refersToOther: boolean;
  readonly refersToNewest: boolean;
  readonly ordinal: number | null;
  readonly isFollowUp: boolean;
} {
  const refersToOther = other.test(text);
  return {
    refersToOther,
    refersToNewest: newest.test(text),
    ordinal: ordinals.find(([pattern]) => pattern.test(text))?.[1] ?? null,
    isFollowUp: refersToOther || followUp.test(text),
  };
}

export function saysByMistake(text: string): boolean {
  return /\b(?:mistake|accident|accidentally|wrong (?:one|item|thing)|twice|duplicate)\b|(?:下错|买错|拍错|误|手滑|订错|点错|重复|多买)/.test(
    text,
  );
}

export function saysNotNeeded(text: string): boolean {
  return /\b(?:no longer|not need|don't need|do not need|don't want|do not want|changed my mind|any ?more)\b|(?:不需要|不想要|不要了|用不着|用不上|改主意|不买了)/.test(
    text,
  );
}

const englishFrame = new Set(
  "a an the is are was were be been do does did you u your yours have has had got get any some of in on for to at it its this that these those there still left right now today currently how much many what whats what's which price prices cost costs stock available availability out sold sell selling carry can could would will i i'd id want like buy order please tell me know about and or also hello hi hey thanks thank shop store one ones pack packs expensive does doesn't isn't inventory remaining more my we us the other another too as well if when where so then just only give check question item product".split(
    " ",
  ),
);
const chineseFrame =
  /(?:请问|你们|您们|你家|您家|贵店|店里|咱们|我想|想要|想问|问一下|问下|帮我|看看|查一下|查查|现在|目前|今天|还有没有|有没有|还有|有货|现货|库存|缺货|没货|断货|补货|卖完了?|售罄|剩下|还剩|多少钱|什么价格?|价格|价钱|售价|单价|怎么卖|多少|几块|几元|可以|能不能|能|买到|买|下单|卖|是不是|是|的话|的|了|吗|么|呢|啊|呀|吧|嘛|在|有|没|一[份盒箱斤包个件]|这个|那个|这|那|你好|您好|谢谢|和|跟|以及|还|也|都|就|再|另外|顺便|商品|产品|我|要|什么时候|到货|上架|贵不贵|贵|便宜|另一个)/g;

/** The message without the frame of a question: "is the smoked salmon in stock?" → "smoked salmon". */
export function productWordsOf(normalized: string, language: Language): string {
  const latin = normalized
    .replaceAll(/[^\p{L}\p{Nd}'\-\s]/gu, " ")
    .split(" ")
    .filter((word) => word !== "" && !englishFrame.has(word.replace(/'s$/, "")) && !englishFrame.has(word))
    .join(" ");
  const words =
    language === "zh" || /\p{Script=Han}/u.test(latin) ? latin.replaceAll(chineseFrame, " ") : latin;
  return words.replaceAll(/\s+/g, " ").trim();
}

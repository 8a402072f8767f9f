// Wordings that hold a number or a status word and say nothing that could be false.
import type { Coverage } from "./finding.ts";

/** Numbers inside ordinary words; only number readers skip these. */
const numberSources: readonly string[] = [
  // Numbering of a list, a step or a heading.
  "^\\s*(?:[-•·–|>]\\s*)*[(\\[]?\\d{1,2}[.)\\]、:](?=\\s|\\p{Script=Han}|$)",
  "^\\s*(?:[-•·–|>#]\\s*)*[(\\[]?[一二三四五六七八九十]{1,3}[)\\]、.:]",
  "(?:step|option|question|part|section)\\s?(?:\\d{1,2}|one|two|three|four)(?![\\d.%°])(?=[:.)\\s]|$)",
  "(?:步骤|方案|选项|问题|第)\\s?\\d{1,2}(?![\\d.%°])(?:步|点|种|项|个问题)?",
  "(?:(?:[\\u4e00-\\u9fff])?第[一二三四五六七八九十百]{1,3})(?:时间|方|步|点|次|个|项|条|批)?",
  // English idioms.
  "\\b(?:no|any|some|every)[- ]?one(?:'s)?\\b|\\bone (?:of|another|moment|second|more (?:time|thing)|thing|day soon|way or)\\b",
  "\\b(?:help|assist|do for|doing)(?: you)?(?: out)?(?: with)? today\\b|\\b(?:reaching out|contacting us|writing(?: in)?|messag(?:e|ing)(?: us)?) today\\b",
  "\\bone[- ](?:off|time|stop|click|on[- ]one|to[- ]one|way)\\b|\\b(?:that|this|which|the|each|another|new|other|right|only) one\\b",
  "\\b(?:two|three|four|2|3|4) (?:options?|ways|things|steps|points|questions|choices|possibilities|parts|reasons|possible)\\b",
  "\\btwo[- ](?:factor|way)\\b|\\b(?:one|two) at a time\\b|\\bsecond to none\\b|\\bzero[- ]waste\\b|\\bhalf[- ]?way\\b",
  "\\bhundred percent sorry\\b|\\ba million thanks\\b|\\bthanks a million\\b|\\bcloud nine\\b",
  // Chinese words that hold a numeral.
  "三文鱼|一下子?|一些|一定|一直|一起|一样|一般|统一|唯一|万一|(?<![一二两三四五六七八九点])十分(?!钟|之)|千万(?=别|不|注意|记|要)|一旦|一切|一律",
  "一点(?=都|也|点|儿|不|小|疑|建议|帮|$|[,。!?])|有一点|一会儿?|一并|一同|一向|进一步|下一步|之一|一方面|另一|一种|一位|一名|一经|一边|一路",
  "一致|一时|一番|一再|单一|一如既往|一心|一概|一流|不一(?!会)|一键|一站式|一对一|一手|一早|一线|一步|一份心|再一次|又一次|一次性|一度",
  "四川|三亚|百货|万分|两者|两地|两端|十足|四季|三餐|五常|九江|千岛|七夕|双十一|万全|百忙|百香果|千层|百合|二维码|二手|第三方|三方",
  "三明治|(?<![元块])八角|五香|五花|六安|再三|万寿|千禧|三三两两|一一|七上八下|两广|三七|四喜|八宝|五谷|九层塔|一站|一连|一番心意|一口|一家人?",
  "(?:两|二|三|四)(?:种|个)(?:选择|方案|办法|方式|选项|步骤|原因|部分|方面|问题|可能)|[两二三四]点(?=说明|建议|提示|注意|原因|信息|需要|:)",
];

/** Status-like or promising words that assert nothing; phrase readers skip these. */
const phraseSources: readonly string[] = [
  "\\b(?:as|all) always\\b|\\balways (?:happy|glad|here|welcome|pleased|available to|free to|feel free)\\b|\\b(?:we're|we are|i'm|i am) always\\b(?! (?:on time|within))",
  "\\bnever (?:hesitate|mind)\\b|\\bbest (?:regards|wishes|before(?: date)?)\\b|\\ball the best\\b|\\b(?:at|my|our|your|the) (?:very )?best to\\b|\\bdo (?:my|our) best\\b",
  "\\b(?:first|above|after) (?:of )?all\\b|\\bat all\\b|\\bthat's all\\b|\\ball (?:right|set)\\b|\\bis that all\\b|\\bfor (?:now|the moment)\\b",
  "\\b(?:it (?:would|might) be|it's|it is) best\\b|\\bbest if\\b|\\b(?:how|what) (?:can|may|else|would) (?:i|we)\\b[^.?!]{0,60}",
  "\\b(?:help|assist|reach(?:ing)? out(?: to us)?|contact(?:ing)?(?: us)?|write|writing|writing in|day|you) today\\b|\\bhave a (?:great|good|lovely|nice|wonderful) (?:day|evening|morning|afternoon|weekend|one)\\b",
  "\\b(?:thank you|thanks)(?: so much| very much| again)? for (?:your (?:patience|message|order|understanding|question|time|trust|waiting)|waiting|asking|reaching out|contacting|writing|confirming|checking|letting)[^,.!?]{0,40}",
  "\\bgood (?:morning|afternoon|evening|day|news|question|to hear|catch)\\b|\\bvery good\\b|\\bsounds good\\b",
  "\\b(?:i'm|i am|we're|we are) available\\b|\\b(?:information|details|data|help|support) (?:\\w+ )?(?:is|are|that is|that are)? ?available\\b",
  "\\b(?:i|we|you) (?:can|could|may|might) always\\b",
  "祝您?[^。,!?]{0,12}|感谢您的[^。,!?]{0,14}|谢谢您?(?:的[^。,!?]{0,10})?|最好(?=不要|别|先|是|能|还是|尽快|避免)|首先|一直以来|一直(?:都)?(?:在)?(?:努力|为您|关注|跟进)|您好|早上好|上午好|下午好|晚上好|中午好",
  "(?:很|非常|万分|深表|十分)?(?:抱歉|歉意)|有什么(?:可以|能)?帮(?:您|到)[^。!?]{0,10}|随时(?=联系|告诉|找|提问|为您|欢迎|可以)|永远欢迎|全心全意|所有(?=疑问|问题)|(?:有)?任何(?=问题|疑问|需要|其他)",
  "完全(?=理解|明白)|最近|最后|最终|最新|最早|最晚|全部(?=信息|如下)|为您查(?:询|到|了)|好的",
];

const numberPatterns = numberSources.map((source) => new RegExp(source, "giu"));
const phrasePatterns = phraseSources.map((source) => new RegExp(source, "giu"));

export const coverHarmlessNumbers = (sentence: string, coverage: Coverage): void =>
  cover(sentence, coverage, numberPatterns);
export const coverHarmlessPhrases = (sentence: string, coverage: Coverage): void =>
  cover(sentence, coverage, phrasePatterns);

function cover(sentence: string, coverage: Coverage, patterns: readonly RegExp[]): void {
  for (const pattern of patterns) {
    for (const match of sentence.matchAll(pattern)) {
      if (match[0].length > 0) coverage.take(match.index, match.index + match[0].length);
    }
  }
}

// English words of events and states that tell nothing about an order by themselves, or whose figures are checked as
// claims of their own. What is said to have happened in any other word must be shown by a fact.

/** Past and perfect forms: what a reader asked, what the text itself did, what values did (their values are claims). */
export const accountedPast: ReadonlySet<string> = new Set(
  (
    "asked mentioned checked double-checked looked worried concerned needed wanted liked preferred loved based related attached used provided " +
    "called named titled understood seen saw found told said wrote written read known noticed thought hoped helped tried got gotten let thanked " +
    "apologised apologized interested detailed listed included shown showed displayed given considered disappointed frustrated surprised pleased " +
    "delighted excited required allowed permitted expected estimated scheduled recommended advised suggested meant supposed measured recorded " +
    "logged registered sensed counted booked placed ordered bought purchased started began begun ended lasted spent peaked rose risen climbed " +
    "came fell fallen dropped dipped stayed kept remained held exceeded crossed warmed cooled hit been was were had did done reached travelled " +
    "traveled took taken combined linked described reported stated noted explained covered applied involved tracked monitored chilled " +
    "refrigerated outlined summarised summarized compared rounded felt heard knew gave-up wished sorted priced mixed raised specified limited " +
    "aged dated timed calibrated observed ranged varied fluctuated elevated caused led worded quoted planned requested hoped-for promised-by"
  ).split(" "),
);

/** Words that only look like past forms. */
export const notPast: ReadonlySet<string> = new Set(
  "indeed need feed speed proceed exceed succeed agreed hundred red bed seed shed wed embed sacred naked wicked unfortunated breed bleed weed greed deed freed".split(
    " ",
  ),
);

export const irregularPast =
  "went|gone|sent|gave|given|made|left|forgot|forgotten|lost|broke|broken|stole|stolen|brought|caught|stuck|paid|sold|put|threw|thrown|drove|driven|flew|flown|ran|sat|stood|met|built|burnt|froze|frozen|ate|eaten|drank|lent|won|chose|chosen|hid|hidden|shut|slept|swore|sworn|torn|woke|hung|dealt|laid|leaked|spoke|spoken|fed|fled|cut";

/** Groups of words that hold an event word and tell nothing that could be false. */
export const accountedGroupsEn: readonly RegExp[] = [
  /\b(?:went|gone) (?:back|up|down|above|below|over|out of|beyond|to|from|through (?:the|your))\b/gi,
  /\b(?:what|how|this|that|it) (?:has |had |have )?happened\b|\bwhat went wrong\b/gi,
  /\b(?:i|we)(?:'ve| have)? (?:put together|gone through|made sure i|made a note)\b|\bleft (?:to|for you)\b/gi,
  /(?<=(?:\d|[a-z]{3}) )left\b(?=\s*(?:[,.;!)]|$|in stock|on|at (?:[¥$€£]|\d)))(?<!(?:was|were|been|is) left)/gi,
  /\b(?:inconvenience|trouble|worry)(?: this| it| that)?(?: has| may have| might have)? caused\b|\b(?:given|made) (?:that|the|these|your)\b|\bcut (?:off|short)\b|\bmet (?:with|your)\b|\b(?:a|any|of|for) broken cold chain\b|\bstood at\b|\bput (?:simply|another way|differently)\b/gi,
];

/** After "is", "are", "being": what goes on right now without a fact. */
export const accountedProgressive: ReadonlySet<string> = new Set(
  "looking checking asking waiting going getting being having wondering trying hoping referring talking writing thinking feeling following calling using planning reading missing seeing saying including showing during regarding according something anything nothing everything morning evening king ring outstanding working interesting disappointing frustrating worrying surprising annoying concerning understanding confusing pleasing".split(
    " ",
  ),
);

/** Predicates that may follow "it is", "the parcel was": grammar, feelings, and words whose truth is checked elsewhere. */
export const accountedPredicates: ReadonlySet<string> = new Set(
  (
    "a an the to that this what why how where when who which because since as about from for of one your yours-sincerely our my his her their its no not " +
    "sorry able glad happy afraid nice aware here there available possible sure clear correct right important best better worth due ready welcome free easy " +
    "simple relevant true unfortunate short long exact different same above below over under outside last first within between around near-by nearly almost still also just only " +
    "now already currently then so too very quite really actually up down back out in on at with by into like longer shorter higher lower more less most least " +
    "measured recorded expected allowed supposed required meant called named shown listed based going being getting difficult hard frustrating disappointing upsetting " +
    "annoying understandable unusual possible impossible unclear unknown unable likely unlikely subject new old fine-grained mine exactly approximately roughly indeed " +
    "something anything nothing part off enough it he she they you we i if yes no okay-then covered applicable responsible"
  ).split(" "),
);

/** What a shop's text is about; a predicate said of it is a claim. */
export const tradeSubjectsEn =
  "it|they|parcel|package|box|order|salmon|fish|fillet|fillets|cod|product|item|items|goods|food|shipment|refund|money|delivery|courier|driver|carrier|temperature|logger|sensor|truck|everything|contents|quality|cold chain|status|quality|packaging|seal";

/** Capitalised words of ordinary text that name nobody and no place. */
export const commonCapitals: ReadonlySet<string> = new Set(
  (
    "celsius fahrenheit kelvin english chinese mandarin ok okay hi hello dear yes no thanks thank please mr mrs ms monday tuesday wednesday thursday friday " +
    "saturday sunday january february march april may june july august september october november december mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep oct nov dec " +
    "order orders status total date number receipt approval shipment parcel product products limit temperature cold chain policy refund refunds customer service team support delivery " +
    "delivered shipped pending cancelled expected placed carrier tracking price stock highest lowest latest current maximum minimum peak allowed band range time duration reading readings " +
    "your you our we the this that it if when once so and but or not also however here there what how why where who which would could can may regards kind best sincerely warm"
  ).split(" "),
);

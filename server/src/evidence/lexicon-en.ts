// English words for what a fact can say about an order, a shipment, its condition, the stock, and what no fact can say.
import type { PhraseWords } from "./phrase-classes.ts";
import { promisesEn } from "./promises-en.ts";

const eat = "(?:eat(?:ing)?|consum(?:e|ing|ption)|use|using|cook(?:ing)?|enjoy(?:ing)?|serve|serving)";
const fine = "(?:safe|good|fine|fresh|ok|okay|all right|alright|perfect|edible|unharmed|unaffected|intact)";
const very =
  "(?: completely| perfectly| absolutely| still| totally| entirely| quite| very| all| also| definitely| certainly)*";
const nearLimit = "(?: [a-z'-]+){0,5}? (?:limits?|maximum|threshold|allowance|allowed|permitted|cap)\\b";
const nearBand = "(?: [a-z'-]+){0,6}? (?:range|band|zone|window|specification|specs?)\\b";
const logger = "(?:logger|sensor|device|tracker|recorder|probe)";

export const wordsEn: readonly PhraseWords[] = [
  {
    phrase: "spoiled",
    sources: [
      `\\b(?:do not|don't|never|please don't|shouldn't|should not|must not|mustn't|can't|cannot|rather not|better not)(?: [a-z]+){0,2} (?:be )?(?:eat(?:en)?|consumed?|used?|cook(?:ed)?|served?)\\b`,
      "\\b(?:discard|dispose of|throw (?:it|them|the [a-z]+|this) (?:away|out)|throw (?:away|out)|bin it)\\b|\\bunsafe\\b|\\bspoil(?:ed|t|age)\\b|\\bgone (?:bad|off)\\b",
      `\\bno longer(?: considered)? (?:${fine}|fit|suitable|recommended)\\b`,
      `\\b(?:not|isn't|aren't|wasn't)(?: considered| be considered| regarded as)?(?: [a-z]+ly)? (?:safe|fit|suitable|recommended|good|fine|okay|ok|edible|advisable)(?: for you)?(?: to| for)? (?:${eat}|human)`,
      `\\b(?:advise|recommend|suggest|ask)\\w*(?: you)? (?:against|not|that you (?:do not|don't|not)|you (?:do not|don't|not))(?: to)? ${eat}|\\b(?:avoid|refrain from) ${eat}|\\b(?:can't|cannot|can not|couldn't|could not|don't|do not|wouldn't|would not) (?:advise|recommend)(?: you)?(?: to)? ${eat}|\\bnot (?:to|be) (?:eaten|consumed|eat|consume)`,
    ],
  },
  ...promisesEn,
  {
    phrase: "within-limit",
    sources: [`\\b(?:within|under|inside|below|less than|shorter than)${nearLimit}`],
  },
  {
    phrase: "over-limit",
    sources: [
      `\\b(?:above|over|beyond|past|exceed(?:s|ed|ing)?|(?:longer|more|higher|warmer|greater) than)${nearLimit}|\\btoo long\\b|\\b(?:longer|more|warmer|higher) than (?:we|it|our [a-z]+|the [a-z]+|what we) (?:is |are )?(?:allows?|allowed|should|permit(?:s|ted)?|may|can|tolerates?)\\b|\\blonger than (?:it should|allowed|permitted)\\b`,
    ],
  },
  {
    phrase: "excursion",
    sources: [
      `\\bout(?:side)?(?: of)?${nearBand}|\\bout of (?:its |the |our )?(?:[a-z]+ ){0,2}limits?\\b|\\b(?:above|over|below|beyond|exceed(?:s|ed|ing)?|left|leaving)${nearBand}`,
      "\\b(?:temperature )?excursions?\\b|\\btoo (?:warm|hot|cold)\\b|\\b(?:temperature|cold[- ]chain) (?:breach|violation|deviation|abuse|break|failure|problem|issue|incident|interruption)\\b|\\bcold chain (?:was |has been |had been |is )?(?:broken|interrupted|compromised|not (?:kept|maintained))",
      "\\bgot warm\\b|\\boverheat(?:ed|ing)\\b|\\bthaw(?:ed|ing)\\b|\\bmelt(?:ed|ing)\\b|\\bdefrosted\\b|\\b(?:arrived|became|become|was|were|is|are|got) (?:lukewarm|warm)\\b|\\bcompromised\\b",
    ],
  },
  {
    phrase: "back-in-band",
    sources: [
      `\\b(?:back|again|returned|returning)(?: [a-z]+){0,3} (?:with)?in(?:side)?(?: [a-z]+){0,3} (?:range|band|limits?)\\b|\\b(?:with)?in(?: [a-z]+){0,3} (?:range|band|limits?) (?:again|now|since)\\b|\\b(?:has|have) recovered\\b|\\bback (?:to|at) (?:normal|a safe temperature|the right temperature)\\b`,
    ],
  },
  {
    phrase: "in-band-now",
    sources: [
      `\\b(?:still|currently|so far|at the moment|right now|is now|for now)(?: [a-z]+){0,2} (?:with)?in(?:side)?${nearBand}`,
    ],
  },
  {
    phrase: "in-band",
    sources: [
      `\\b(?:with)?in(?:side)?(?: (?:its|the|our|a|an|all|required|safe|target|set|allowed|permitted|specified|correct|right|normal|temperature|storage|recommended|proper))*(?: \\d[^,.;]{0,14})? (?:range|band|limits?|zone|window|specification|specs?)\\b`,
      "\\b(?:kept|stayed|remained|held|staying|keeping|been|was|were)(?: [a-z]+ly| nicely| well| fully| always| continuously)* (?:cold|cool|chilled|frozen|refrigerated)\\b|\\b(?:arrived|still|is|are|stays|remains?|nicely|nice and) (?:cold|cool|chilled|frozen|refrigerated)\\b",
      "\\b(?:cold chain|temperature|temperatures|readings?|conditions?)(?: [a-z]+){0,3} (?:intact|unbroken|maintained|fine|normal|ok|okay|good|correct|right|stable|steady|held|perfect|ideal|safe|as (?:it|they) should)\\b",
      `\\bproperly (?:chilled|refrigerated|cooled|stored|handled|kept|frozen)\\b|\\b(?:at|in) (?:a |the )?(?:safe|right|correct|proper|ideal|required|perfect|recommended) (?:temperatures?|conditions?)\\b|\\bcompliant\\b|\\bin spec\\b|\\ball (?:normal|in order|clear)\\b|\\beverything (?:looks|is|seems|was)(?: [a-z]+)? (?:fine|good|normal|ok|okay|in order|as it should)\\b|\\b(?:no|without)(?: any)?(?: temperature)? (?:problems?|issues?|breach(?:es)?|deviations?|alarms?|irregularities|concerns?)\\b`,
    ],
  },
  {
    phrase: "silent",
    sources: [
      `\\b${logger}s?(?: [a-z]+){0,4} (?:silent|offline|quiet|unreachable|(?:not|stopped) (?:reporting|responding|sending)|lost (?:contact|connection|signal))\\b|\\bgone (?:silent|quiet)\\b|\\bwent (?:silent|quiet|offline)\\b|\\bno signal\\b|\\b(?:not|stopped) (?:heard|reporting|sending)(?: from)?\\b`,
    ],
  },
  {
    phrase: "no-readings",
    sources: [
      `\\bno (?:temperature )?(?:readings?|data|measurements?|temperature (?:record|log|data)s?)\\b|\\b(?:don't|do not|doesn't|does not) (?:yet )?have (?:any )?(?:temperature )?(?:readings?|data|measurements?)|\\b(?:not|n't|never) (?:been )?monitored\\b|\\bwithout (?:any )?(?:temperature )?(?:readings|data)\\b|\\bno ${logger}\\b`,
    ],
  },
  {
    phrase: "safe",
    sources: [
      `\\b(?:safe(?:ly)?|good|fine|ok|okay|fit|suitable)(?: for (?:you|human))?(?: to| for) ${eat}\\b|\\bstill${very} ${fine}\\b|\\bedible\\b|\\bgood to go\\b`,
      `\\b(?:is|are|was|were|it's|they're|that's|be|stays|remains|remained|stayed|looks|should be|arrived)${very} (?:safe|fresh|edible|unharmed|unaffected|spoilage-free)\\b|\\b(?:salmon|fish|food|item|product|it|meat|parcel|goods|contents|quality|everything)(?: is| are|'s| was)${very} (?:fine|good|ok|okay|all right|perfect|great|excellent)\\b`,
      `\\bin (?:good|perfect|great|excellent|fine|top|ideal) (?:condition|shape|order|quality)\\b|\\b(?:can|may|could)${very} (?:safely )?${eat} (?:it|them|the|your|this)\\b|\\benjoy (?:your (?:salmon|fish|meal|food|order|dinner)|it|the (?:salmon|fish))\\b|\\bgo ahead and ${eat}\\b`,
      "\\bsafe(?![a-z-])(?! (?:band|range|limits?|maximum|temperature|zone|side|storage))|\\b(?:nothing|no (?:cause|reason|need)|don't|do not|needn't)(?: [a-z]+){0,2} (?:worry|worried|concern(?:ed)?)\\b|\\bno (?:health )?risks?\\b|\\b(?:quality|freshness|safety)(?: [a-z]+){0,3} (?:not|un)\\s?(?:been )?(?:affected|compromised|impaired)\\b",
    ],
  },
  // Any other word of eating, when it is not denied, tells the reader to eat.
  {
    phrase: "safe",
    sources: [`\\b(?:eat|eaten|consumed|serve it|serve them|have it for|taste (?:great|good|delicious))\\b`],
  },
  {
    phrase: "warming",
    sources: [
      "\\bwarming(?: up)?\\b|\\bgetting (?:warm|warmer)\\b|\\btemperature(?: [a-z]+){0,2} (?:rising|climbing|increasing|going up)\\b|\\bheating up\\b",
    ],
  },
  {
    phrase: "low-stock",
    sources: [
      "\\blow (?:in |on )?stock\\b|\\brunning low\\b|\\bnearly (?:sold out|gone|out)\\b|\\balmost (?:sold out|gone|out of stock)\\b|\\bonly a few\\b|\\bstock is (?:low|limited)\\b|\\blimited stock\\b",
    ],
  },
  {
    phrase: "out-of-stock",
    sources: [
      "\\bout of stock\\b|\\bsold[- ]out\\b|\\bunavailable\\b|\\bno stock\\b|\\bnone (?:left|in stock|available)\\b|\\bno longer (?:available|in stock)\\b|\\bback[- ]?order(?:ed)?\\b",
    ],
  },
  {
    phrase: "in-stock",
    sources: [
      "\\bin stock\\b|(?<=\\b(?:is|are|it's|they're|was|were|still|currently|now|isn't|aren't) (?:[a-z]+ly )?(?:not )?)available\\b(?! to (?:help|assist|answer))|\\byou can (?:still |now |already )?(?:order|buy|purchase) (?:it|them|the|some|more)\\b|\\bavailable (?:now|for (?:order|purchase)|to (?:order|buy))\\b|\\bhave (?:it|them|some|plenty|enough)(?: [a-z]+){0,2} (?:left|stock|available|on hand)\\b|\\bplenty (?:of|in|left)\\b|\\bavailability\\s*:\\s*(?:yes|available|good)",
    ],
  },
  { phrase: "packing", sources: ["\\bbeing packed\\b|\\bpacking (?:it|your)\\b"] },
  {
    phrase: "being-prepared",
    sources: [
      "\\bbeing (?:[a-z]+ly )?(?:prepared|picked|put together|processed|handled)\\b|\\bin preparation\\b|\\bpreparing (?:it|your|the)\\b|(?:(?:status|state)\\s*(?:is|:|-|–)?\\s*|\\bstill |\\bcurrently )processing\\b|\\bis processing\\b",
    ],
  },
  {
    phrase: "ready",
    sources: [
      "\\bready (?:to (?:ship|go out|leave|be shipped)|for (?:dispatch|shipping|shipment|pick-?up|collection))\\b|\\b(?:has been|is|was) packed\\b|\\bwaiting (?:to be (?:shipped|picked up|collected)|for (?:pick-?up|collection|the courier))\\b|(?:status|state)\\s*(?:is|:|-|–)?\\s*ready\\b",
    ],
  },
  {
    phrase: "on-the-way",
    sources: [
      "(?<!while |during |when )\\b(?:on (?:its|their) way|(?<=(?:\\bis|\\bare|'s|still|now|already|currently|\\bbe) )on the way|in transit|en route|under ?way|out for delivery|being (?:delivered|transported|shipped)|travell?ing to you|heading (?:to|your))\\b|\\bis (?:still |currently |now )?(?:shipping|moving)\\b|(?:status|state)\\s*(?:is|:|-|–)?\\s*(?:shipping|in transit)\\b|\\bcurrently shipping\\b",
    ],
  },
  {
    phrase: "delivered",
    sources: [
      "delivered\\b|\\barrived\\b|\\b(?:has|have|had|been|was|were|you) (?:already |successfully )?(?:been )?received(?! your)\\b|\\bhanded over to you\\b|\\bdropped off\\b|\\bin your hands\\b|\\breached (?:you|your)\\b|\\bsigned for\\b",
    ],
  },
  {
    phrase: "shipped",
    sources: [
      "\\bshipped\\b|\\bdispatched\\b|\\bsent out\\b|\\bleft (?:our|the) (?:[a-z]+ )?(?:warehouse|cold store|hub|depot)\\b|\\bhanded (?:over )?to (?:the (?:carrier|courier)\\b|(?=(?:[a-z]+ )?(?:express|post|logistics|dhl|ups|fedex|sf|yto|zto)\\b))|\\bwith the (?:carrier|courier)\\b",
    ],
  },
  {
    phrase: "changeable",
    sources: [
      "\\bcan (?:still |now |easily )?be (?:changed|cancell?ed|modified|edited|stopped)\\b|\\b(?:can|could) still (?:change|cancel|edit|modify)\\b",
    ],
  },
  {
    phrase: "cancelled",
    sources: [
      "\\bcancell?ed\\b|\\bcalled off\\b|\\bcancellation (?:is )?(?:complete|done|confirmed|processed)\\b|\\b(?:taken care of|handled|processed|done|completed|made|arranged) (?:the|your|that) cancellation\\b",
    ],
  },
  {
    phrase: "pending",
    sources: [
      "\\b(?:is|are|still|status|state)\\s*(?:is|:|-|–)?\\s*pending\\b|\\bawaiting processing\\b|\\bnot yet (?:been )?processed\\b",
    ],
  },
  { phrase: "processed", sources: ["\\bprocessed\\b"] },
  { phrase: "closed", sources: ["\\b(?:is|are|was|been|status|state)\\s*(?:is|:|-|–)?\\s*closed\\b"] },
  {
    phrase: "expired",
    sources: [
      "\\b(?:has |have |is |are |already )?expired\\b|\\bpast (?:its|the) (?:best[- ]before|use[- ]by|date)\\b|\\bout of date\\b",
    ],
  },
  {
    phrase: "paid",
    sources: ["\\b(?:you|was|were|been|is|have|has) (?:already |fully )?(?:paid|charged)\\b"],
  },
  { phrase: "only", sources: ["\\b(?:the|your|our|its) only\\b(?! way)|\\bthe sole\\b|\\bthe single\\b"] },
  {
    phrase: "superlative",
    sources: [
      "\\bbest(?! (?:before|by))\\b|\\b(?:cheap|fast|quick|fin|fresh|larg|bigg|strong|nic|saf|pur)est\\b|\\bbest[- ]?sell\\w+|\\btop[- ]rated\\b|\\bnumber one\\b|\\b(?:lowest|best) price\\b|\\bunbeatable\\b|\\bmost (?!recent|of|likely)[a-z]{4,}\\b|\\bhighest[- ](?:quality|grade|standards?)\\b|\\bworld[- ]class\\b|\\baward[- ]winning\\b|\\bevery customer\\b|\\beveryone\\b|\\bunique\\b",
    ],
  },
  {
    phrase: "universal",
    sources: [
      "\\bnever\\b|\\balways\\b|\\bat (?:all times|any time|any point|no (?:point|time))\\b|\\bevery (?:single )?(?:reading|minute|parcel|order|item|time|step|moment|second|point|one)\\b|\\ball (?:of )?(?:the |your |our |these |those |its )?(?:[a-z]+ ){0,2}(?:readings|parcels|packages|orders|items|times|shipments|products|temperatures|along)\\b|\\bboth (?:of )?(?:your |the )?(?:parcels|packages|orders|items|shipments)\\b|\\bthroughout\\b|\\b(?:the )?(?:whole|entire|full) (?:time|journey|trip|way|delivery|transport|route|ride|voyage|period)\\b|\\ball the (?:way|time)\\b|\\bfrom start to finish\\b|\\bwithout exception\\b|\\b(?:constant|continuous)ly\\b|\\buninterrupted\\b|\\bnone of\\b|\\beverything\\b(?! (?:i|we|you|else))",
    ],
  },
  {
    phrase: "comparative",
    sources: [
      "\\b(?:cheaper|better|faster|fresher|warmer|colder|higher|lower|larger|bigger|safer|quicker|longer|worse|more (?!than)[a-z]{4,}) than (?!\\d|[a-z]+ \\d|its|the (?:limit|band))",
    ],
  },
  {
    phrase: "minimiser",
    sources: [
      "\\b(?:briefly|slightly|barely|marginally|only just|hardly|a (?:tiny|little) bit|for a (?:short|brief|little)(?: while| time| period| moment)?|a short (?:time|while|period)|(?:only |just )for a (?:moment|second|minute)|just a moment|momentarily|significantly|considerably|far|well)(?= (?:above|over|below|beyond|out|exceed|warm|too|rose|left|within)|[,.;!]|$)|\\b(?:minor|brief|short|small|tiny|slight) (?:excursion|deviation|breach|rise|spike|warming)\\b",
    ],
  },
  {
    phrase: "unknown-status",
    sources: [
      "\\b(?:is|are|was|were|been|got|be|being|has|have|it's)(?: [a-z]+ly| already| still| now)* (?:lost|damaged|stolen|delayed|late|stuck|on hold|held(?: up)?(?: at| in| by)?|misplaced|missing|leaking|broken|defective|contaminated|recalled|certified|inspected|tested|verified|approved|rejected|denied|confirmed|returned|replaced|unpaid|insured|organic|redirected|rescheduled|rerouted|stored|secured|reserved|lowered|reduced|upgraded|exchanged|archived|released|authori[sz]ed|frozen|opened|tampered|sealed)\\b",
      "\\bdelay(?:ed|s)?\\b|\\bin customs\\b|\\b(?:glitch(?:es)?|malfunction\\w*|false alarm|faulty|(?:sensor|measurement|logger) (?:error|fault|problem|failure)|battery|power (?:cut|failure|outage))\\b|\\breturned to (?:sender|us|the (?:sender|shop|warehouse))\\b|\\bfailed (?:delivery|attempt)\\b|\\bdelivery (?:failed|attempt)\\b|\\brecall\\b|\\bcertif(?:ied|icate)\\b|\\blab[- ]tested\\b|\\bon time\\b|\\bahead of schedule\\b|\\blost\\b|\\bdamaged?\\b|\\bstolen\\b|\\b(?:i|we)(?:'ve| have)(?: just| already| now)* (?:changed|updated|reserved|booked|ordered|sent|added|removed|applied|corrected|rescheduled|extended|blocked|opened|unlocked|fixed|resolved|arranged|taken care of|dealt with|placed|upgraded|replaced|charged)\\b|\\b(?:healthy|non-toxic|bacteria|salmonella|listeria|histamine|parasites?)\\b",
    ],
  },
];

const hedges =
  "can(?:'t|not| not) (?:currently |yet |really |honestly )?(?:confirm|say|tell|verify|know|see|judge|promise|guarantee|rule out|determine|check|show|prove|state|find|claim)|could(?:n't| not) (?:confirm|find|verify|see|tell)|unable to (?:confirm|say|verify|tell|guarantee|find|judge|determine|promise)|(?:don't|do not|doesn't) (?:know|have (?:a|any) (?:proof|evidence|record|information))|not (?:sure|certain|able to (?:say|confirm|tell|promise|guarantee))|whether|if|unless|until|once|in case|as soon as|asks?|asking|wondering|question(?:s)? (?:is|about)|would you like|shall i|should i|do you want|want me to|let me know|please (?:tell|confirm|reply|say)|just say|wish|hope|hoping|before|to (?:see|find out|check)|instead of|rather than|would have|could have|when (?:it|your|the|they|you)(?: [a-z]+){0,2} (?:is|are|gets?|has|have|arrives?)|no (?:proof|evidence|record|confirmation|information)s? (?:that|about)|how (?:long|far|much)|for (?:a|any) question";

/** Words that open what follows: a condition, a doubt, an offer. What stands after them is not stated. */
export const hedgeEn = new RegExp(`(?<![a-z])(?:${hedges})(?![a-z])`, "gi");
export const negationEn =
  /\b(?:not(?! only)|never|no|without|neither|nor|none|nothing|hardly|yet to be|yet to|cannot|nobody|no longer)\b|n't\b|\bun(?=delivered)/gi;
export const clauseBreakEn =
  /[,;:]\s|\s[–—-]\s|\b(?:but|however|although|though|whereas|while|so|because|since|therefore|and then|yet(?= it))\b/gi;
/** Words that say: the customer said this, not we. */
export const attributionEn =
  /\b(?:you (?:asked|mentioned|wrote|said|told|reported|described|gave|entered|provided|sent|typed|stated|named|say|mention|quoted|are asking|were asking|were told|wanted)|you've (?:asked|mentioned|given|written|said|told)|your (?:question|message|words|note|report|description|request|mention)|as you (?:say|said|put it|wrote)|according to you|(?:number|order|code|id) you)\b/i;
export const policyFramingEn =
  /\b(?:polic(?:y|ies)|terms|clause|rules?|under our|as a rule|in general|generally|in such cases)\b|^\W*(?:if|when(?:ever)?|where)\b(?!.{0,40}\byour?\b)/i;

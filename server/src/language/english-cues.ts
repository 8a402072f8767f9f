import type { Cues } from "./intent-cue.ts";

const parcel =
  "(?:parcels?|packages?|packets?|orders?|deliver(?:y|ies)|shipments?|box|stuff|goods|items?|things?|purchase|groceries)";

export const englishCues: Cues = {
  track: [
    {
      pattern: new RegExp(
        `\\b(?:where|wheres|where's|whereabouts?)\\b.*\\b(?:${parcel}|it|my|he|they|courier|driver|truck)\\b`,
      ),
      weight: 0.8,
    },
    { pattern: /\bwhere\b/, weight: 0.3 },
    { pattern: /\b(?:track|tracking|locate|location of|whereabouts)\b/, weight: 0.7 },
    { pattern: new RegExp(`\\b(?:status|update|news|progress)\\b.*\\b${parcel}\\b`), weight: 0.6 },
    {
      pattern: new RegExp(`\\b${parcel}\\b.*\\b(?:status|update|news|progress|lost|missing)\\b`),
      weight: 0.6,
    },
    {
      pattern: new RegExp(
        `\\b(?:has|is|was|did|have)\\b.*\\b${parcel}\\b.*\\b(?:ship|shipped|sent|dispatched|left|on (?:its|the) way|out for delivery|moving|stuck)\\b`,
      ),
      weight: 0.75,
    },
    {
      pattern:
        /\b(?:has(?:n't| not)?|did(?:n't)?|have(?:n't)?|not|never) .*\b(?:arrived|come|received|turned up|shown up|got here|delivered|get)\b/,
      weight: 0.6,
    },
    {
      pattern: /\b(?:on (?:its|the) way|in transit|out for delivery|shipped yet|sent yet|dispatched yet)\b/,
      weight: 0.5,
    },
    { pattern: /\b(?:still|been) waiting\b/, weight: 0.4 },
    { pattern: /\b(?:ship|send|dispatch|post)(?:ped|ed)? (?:it|them|my \w+)?\s*yet\b/, weight: 0.75 },
    { pattern: /\bwhere .*\b(?:refund|money)\b/, weight: -0.9 },
  ],
  arrival: [
    {
      pattern:
        /\b(?:when|what time|what day|which day|how soon)\b.*\b(?:arrive|arrives|arriving|get|gets|come|comes|coming|deliver|delivered|delivery|here|expect|expected|receive|have it|be there|reach|due|show up|turn up)\b/,
      weight: 0.85,
    },
    {
      pattern: /\b(?:eta|expected delivery|delivery (?:date|time|day|window)|arrival (?:date|time))\b/,
      weight: 0.8,
    },
    {
      pattern:
        /\bhow (?:much longer|long)\b.*\b(?:until|till|take|takes|wait|arrive|delivery|before|is it going|will)\b/,
      weight: 0.7,
    },
    {
      pattern:
        /\b(?:will|is|does|should|gonna|going to|be)\b.*\b(?:arrive|arriving|here|delivered|come|coming|get here|be there)\b.*\b(?:today|tomorrow|tonight|by|before|this|on (?:mon|tues|wednes|thurs|fri|satur|sun)day|soon|morning|afternoon|evening|weekend)\b/,
      weight: 0.75,
    },
    { pattern: /\b(?:late|delayed|overdue)\b/, weight: 0.4 },
    { pattern: /\bwhen\b.*\b(?:parcel|package|order|delivery|shipment|salmon)\b/, weight: 0.45 },
    { pattern: /\bwhen\b.*\b(?:refund|money|restock|back in stock|in stock)\b/, weight: -0.9 },
  ],
  cold: [
    {
      pattern: /\b(?:temperature|degrees|celsius|fahrenheit|cold chain|cold-chain|thermometer|logger)\b/,
      weight: 0.75,
    },
    {
      pattern:
        /\b(?:kept|keep|stay|stayed|remain|remained|been|still|was|is|arrive|arrived|transported|shipped|travel\w*)\b.*\b(?:cold|cool|chilled|frozen|refrigerated|fresh|iced|warm|hot)\b/,
      weight: 0.7,
    },
    {
      pattern:
        /\b(?:safe|ok|okay|good|fine|alright|fit|edible|healthy)\b.*\b(?:eat|consume|consumption|cook|serve|feed|drink|use|give)\b/,
      weight: 0.85,
    },
    {
      pattern:
        /\b(?:can|could|should|may) (?:i|we|you|my \w+|the kids)\b.*\b(?:eat|drink|cook|serve|consume|use)\b/,
      weight: 0.7,
    },
    {
      pattern:
        /\b(?:still|is it|is the \w+|are they|are the \w+)\b.*\b(?:good|safe|edible|fresh|eatable|usable)\b/,
      weight: 0.65,
    },
    {
      pattern:
        /\b(?:spoil\w*|gone (?:bad|off)|went (?:bad|off)|go(?:ing)? bad|rotten|off\?|thaw\w*|melt\w*|defrost\w*|lukewarm|spoilt|smells? (?:off|bad|funny))\b/,
      weight: 0.75,
    },
    { pattern: /\b(?:got|get|too|became|was|is|feels?|felt|arrived) (?:\w+ )?(?:warm|hot)\b/, weight: 0.7 },
    {
      pattern:
        /\b(?:food (?:safety|poisoning)|make (?:me|us|him|her|them|my \w+) (?:sick|ill)|get (?:sick|ill))\b/,
      weight: 0.8,
    },
    {
      pattern:
        /\b(?:fish|meat|salmon|shrimp|food|milk|chicken|beef)\b.*\b(?:ok|okay|fine|alright|bad|off|safe)\b/,
      weight: 0.65,
    },
    { pattern: /\b(?:cold|chilled|cooled|refrigerat\w*|frozen|warm)\b/, weight: 0.35 },
    {
      pattern:
        /\b(?:good deal|good price|deal|in stock|available|do you have|buy|costs?|prices?|how much(?! longer))\b/,
      weight: -0.6,
    },
  ],
  stock: [
    { pattern: /\b(?:in stock|out of stock|stock|sold out|restock\w*|inventory)\b/, weight: 0.8 },
    {
      pattern:
        /\b(?:do|does) (?:you|u|the shop|your shop|your store) (?:still |currently |also |even )?(?:have|sell|carry|stock|offer|got)\b/,
      weight: 0.75,
    },
    { pattern: /\b(?:have you|you) (?:still )?got\b/, weight: 0.6 },
    { pattern: /\b(?:is|are)\b.*\bavailab\w*/, weight: 0.7 },
    { pattern: /\bavailab\w*/, weight: 0.4 },
    { pattern: /\bhow many\b.*\b(?:left|available|have|remain\w*)\b/, weight: 0.8 },
    { pattern: /\b(?:any|some)\b.*\b(?:left|remaining)\b/, weight: 0.7 },
    { pattern: /\bcan i (?:still )?(?:buy|order|get)\b/, weight: 0.5 },
    { pattern: /\b(?:my order|my parcel|refund|money back|person|human|agent)\b/, weight: -0.6 },
  ],
  price: [
    { pattern: /\bhow (?:much|expensive)\b.*\b(?:is|are|for|does|do|cost|costs|the|would)\b/, weight: 0.75 },
    { pattern: /\b(?:price|prices|pricing|priced|cost|costs)\b/, weight: 0.75 },
    { pattern: /\bhow much\b/, weight: 0.45 },
    { pattern: /\b(?:what do you charge|what does .* go for|what's the damage)\b/, weight: 0.75 },
    {
      pattern:
        /\b(?:refund\w*|money back|get back|reimburse\w*|longer|time|left|stock|temperature|warm\w*)\b/,
      weight: -0.8,
    },
  ],
  cancel: [
    { pattern: /\b(?:cancel|cancell?ing|cancell?ation|call off|abort)\b/, weight: 0.85 },
    {
      pattern: new RegExp(
        `\\b(?:do(?:n't| not)|no longer) (?:want|need)\\b.*\\b(?:${parcel}|it|them|this|that|any ?more)\\b`,
      ),
      weight: 0.7,
    },
    {
      pattern:
        /\b(?:changed my mind|ordered (?:it |this |that |them )?(?:by (?:mistake|accident)|twice|accidentally)|by mistake|wrong order|mis-?order\w*)\b/,
      weight: 0.65,
    },
    {
      pattern: new RegExp(`\\b(?:stop|withdraw|undo|revoke|call back|scrap)\\b.*\\b${parcel}\\b`),
      weight: 0.7,
    },
    { pattern: /\b(?:do(?:n't| not)) (?:send|ship|deliver)\b/, weight: 0.65 },
    { pattern: /\b(?:do(?:n't| not)|never) cancel\b/, weight: -0.9 },
  ],
  refund: [
    { pattern: /\b(?:refund\w*|reimburse\w*|compensat\w*|chargeback|recompense)\b/, weight: 0.85 },
    { pattern: /\b(?:money|cash|payment) (?:back|returned|refunded)\b/, weight: 0.85 },
    { pattern: /\b(?:get|want|give|send|need|have)\b.*\b(?:my|the|our) money\b/, weight: 0.7 },
    { pattern: /\b(?:pay|paid) (?:me )?back\b/, weight: 0.75 },
    { pattern: /\b(?:make (?:this|it) (?:right|good)|claim|make up for)\b/, weight: 0.5 },
    { pattern: /\b(?:return|send (?:it|them|this) back)\b/, weight: 0.45 },
    { pattern: /\b(?:refund|return) (?:policy|policies|rules?|conditions?|terms)\b/, weight: -0.5 },
  ],
  person: [
    {
      pattern:
        /\b(?:talk|speak|chat|connect|transfer|put|pass|get|reach|contact|switch|escalate|hand)\b.*\b(?:person|human|people|agent|someone|somebody|representative|rep|staff|manager|supervisor|operator|support|colleague|customer service|real)\b/,
      weight: 0.85,
    },
    { pattern: /\b(?:real|actual|living|live) (?:person|human|agent|people|someone)\b/, weight: 0.85 },
    {
      pattern: /\b(?:human|customer service|representative|supervisor|operator|live agent|help ?desk)\b/,
      weight: 0.6,
    },
    { pattern: /\b(?:call|phone|ring) me\b|\b(?:phone number|hotline|telephone)\b/, weight: 0.6 },
    {
      pattern: /\b(?:not (?:a )?(?:bot|robot|machine)|stupid bot|no bots?|no more bots?|useless bot)\b/,
      weight: 0.65,
    },
    { pattern: /\b(?:complain|complaint|file a complaint)\b/, weight: 0.55 },
  ],
  orders: [
    {
      pattern:
        /\b(?:list|show|see|view|what are|which are|all)\b.*\b(?:my|all|recent|past|open|our) orders\b/,
      weight: 0.85,
    },
    { pattern: /\bwhat (?:did|have) i (?:order|ordered|buy|bought)\b/, weight: 0.85 },
    { pattern: /\bmy (?:orders|order history|purchases|purchase history)\b/, weight: 0.55 },
    { pattern: /\b(?:how many) orders\b/, weight: 0.8 },
    { pattern: /\bwhat(?:'s| is| was) in (?:my|the|that|this) (?:order|parcel|package|box)\b/, weight: 0.8 },
    { pattern: /\b(?:details?|contents?|summary) of (?:my|the|this|that) order\b/, weight: 0.75 },
    { pattern: /\b(?:cancel|refund|where|when|track|change)\b/, weight: -0.6 },
  ],
  policy: [
    { pattern: /\b(?:policy|policies|terms|conditions|rules?|guarantee|warranty)\b/, weight: 0.75 },
    {
      pattern: /\bwhat (?:happens|do you do|if)\b.*\b(?:if|when|warm|late|spoil\w*|broken|damaged)\b/,
      weight: 0.65,
    },
    { pattern: /\b(?:am i|are we|would i be) (?:entitled|covered|eligible)\b/, weight: 0.65 },
    { pattern: /\bhow (?:do|does) (?:your )?(?:refunds?|returns?|cancellations?) work\b/, weight: 0.85 },
  ],
  change: [
    {
      pattern:
        /\b(?:change|update|edit|modify|correct|fix|alter|swap|exchange|replace|switch)\b.*\b(?:address|delivery|phone|name|item|items|size|colou?r|order|payment|card|date|time|slot|quantity|it)\b/,
      weight: 0.8,
    },
    { pattern: /\b(?:wrong|new|different|another) (?:address|phone|number)\b/, weight: 0.65 },
    { pattern: /\b(?:add|remove)\b.*\b(?:to|from) (?:my|the) order\b/, weight: 0.7 },
    {
      pattern:
        /\b(?:deliver|send|redirect|ship)\b.*\b(?:to another|to a different|somewhere else|to my (?:office|work|neighbou?r))\b/,
      weight: 0.75,
    },
    { pattern: /\bcancel\b/, weight: -0.4 },
  ],
  greeting: [
    {
      pattern:
        /^(?:hi|hello|hey|heya|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings|yo|hi there|hello there|hey there)\b/,
      weight: 0.6,
    },
    {
      pattern:
        /^(?:hi|hello|hey|good (?:morning|afternoon|evening))[\s!.,]*(?:there|everyone|team|all)?[\s!.,]*$/,
      weight: 0.8,
    },
  ],
  thanks: [
    {
      pattern:
        /\b(?:thanks|thank you|thank u|thx|ty|cheers|much appreciated|appreciate it|great help|bye|goodbye|good night|see you|have a (?:nice|good|great))\b/,
      weight: 0.7,
    },
    {
      pattern: /^(?:great|perfect|awesome|cool|nice|wonderful|got it|that's all|that is all)[\s!.,]*$/,
      weight: 0.7,
    },
  ],
  abilities: [
    { pattern: /\bwhat (?:can|could|do) you (?:do|help|offer|know)\b/, weight: 0.85 },
    {
      pattern:
        /\b(?:how can you help|what are you|who are you|are you (?:a |an )?(?:bot|robot|human|ai|real|machine|person))\b/,
      weight: 0.85,
    },
    { pattern: /^(?:help|help me|can you help(?: me)?|i need help|menu|options)[\s!.?]*$/, weight: 0.85 },
    { pattern: /\bwhat (?:questions|things) can i ask\b/, weight: 0.85 },
  ],
};

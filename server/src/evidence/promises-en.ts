import type { PhraseWords } from "./phrase-classes.ts";

const upTo = (count: number): string => `(?: [a-z'-]+){0,${count}}`;
const back = "(?:refunded|reimbursed|credited|paid back|sent back|given back)";

/** Promises and acts, most definite first. */
export const promisesEn: readonly PhraseWords[] = [
  {
    phrase: "refund-denied",
    sources: [
      `\\b(?:not|isn't|aren't|no longer) (?:eligible|entitled)${upTo(3)} refund\\w*`,
      `\\brefund(?: request)?${upTo(3)} (?:denied|declined|rejected|refused|turned down|not (?:possible|available|allowed|approved|granted))`,
      `\\bno refund\\b${upTo(2)}(?: (?:due|possible|available|owed))?`,
    ],
  },
  {
    phrase: "refund-waiting",
    sources: [
      `\\b(?:wait(?:s|ing)?|await(?:s|ing)?|pending|needs?|requires?|subject to|submitted|sent|passed|forwarded|put (?:it |this |that )?(?:forward|through)|raised|queued|asked)\\b(?:[^.;,]|[.,](?=\\d)){0,30}\\b(?:approval|approve[ds]?|sign[- ]?off|go-ahead|consent|authori[sz]ation|decision)\\b`,
      `\\b(?:approval|refund|it|request)${upTo(2)} (?:is|are|still|currently)${upTo(2)} (?:pending|open|outstanding|with (?:a|our) (?:colleague|team|manager))\\b`,
      `\\b(?:refund )?request${upTo(3)} (?:submitted|sent|forwarded|raised|opened|created|filed|in review|under review|logged)\\b`,
      `\\b(?:submitted|sent|forwarded|raised|opened|created|filed|requested|put in|prepared|proposed)${upTo(4)} (?:refund|refund request|request)\\b`,
      `\\bonce${upTo(5)} approved?s?\\b(?:[^.;]|\\.(?=\\d)){0,60}\\b(?:refund|money|back|paid|credited)\\w*`,
      `\\b(?:refund|money|amount)\\b(?:[^.;]|\\.(?=\\d)){0,50}\\b(?:once|after|as soon as|if|when)${upTo(5)} (?:approves?|approved|approval|signs? off|agrees?)\\b`,
      "\\bpending approval\\b|\\bunder review\\b|\\b(?:is|are) being reviewed\\b|\\bwaiting-for-approval\\b",
    ],
  },
  {
    phrase: "refund-will",
    sources: [
      `(?:\\b(?:will|shall|going to)|'ll)${upTo(4)} (?:refund|reimburse|${back})\\b`,
      `(?:\\b(?:will|shall|going to)|'ll)${upTo(3)} (?:get|receive|have|see)\\b(?:[^.;,]|[.,](?=\\d)){0,28}\\b(?:refund|money|full amount)\\b`,
      `(?:\\b(?:will|shall|going to)|'ll)${upTo(3)} (?:get|receive|have|see) (?:it|that|this|them|(?:the|your) [a-z]+|[¥$€£]?\\s?\\d[\\d.,]{0,10}(?: ?[a-z]{2,7})?) back\\b`,
      `\\brefunds?\\b(?:[^.;]|\\.(?=\\d)){0,40}\\b(?:will (?:be|go|arrive|reach|appear|show|land|come)|is (?:on its way|coming|being (?:processed|issued|made|prepared|sent)))\\b`,
      `\\b(?:money|amount|payment)\\b(?:[^.;]|\\.(?=\\d)){0,24}\\b(?:will (?:be|go|come)|goes|is going|comes) (?:\\w+ )?(?:back|returned|${back})`,
      `\\b(?:we|i)(?:'re| are|'m| am)${upTo(2)} (?:refunding|reimbursing|issuing|processing|sending)${upTo(4)}(?: refund| money)?\\b`,
      `(?:\\b(?:money|amount|refund|it)\\b|[¥$€£]\\s?\\d[\\d.,]*)(?: [a-z]+){0,3} (?:coming|going|on (?:its|the) way) back\\b`,
      `\\byou(?:'re| are) getting\\b(?:[^.;,]|[.,](?=\\d)){0,20}\\b(?:refund|money)\\b|\\bexpect (?:a|your|the) refund\\b`,
      `\\b(?:a|the|your) (?:full )?refund (?:of (?:[^.;,]|[.,](?=\\d)){1,16})?(?:follows|goes to)\\b`,
    ],
  },
  {
    phrase: "refund-done",
    sources: [
      `(?:\\b(?:have|has|had|was|were|been|is|are|just|already|successfully|got|being)|'ve|'s)${upTo(3)} ${back}`,
      `\\brefunds?\\b(?: of (?:[^.;]|\\.(?=\\d)){1,24})?(?: (?:to|for) (?:[^.;,]|[.,](?=\\d)){1,50})? (?:has|have|was|were|is|are)${upTo(3)} (?:issued|processed|complete[d]?|made|executed|done|paid|sent|initiated|credited|transferred|released|booked|through)\\b`,
      `(?:\\b(?:i|we)|'ve)(?: have| had)?(?: just| already| now| successfully| gone ahead and| also)* (?:refunded|reimbursed|credited|(?:issued|processed|made|sent|completed|executed|initiated|arranged|triggered|given|transferred|returned|paid)${upTo(5)} (?:refund|money|amount|payment))\\b`,
      `\\b(?:refund|money|amount)\\b(?: \\w+){0,2} (?:has (?:already )?gone|went|is already|is back|is complete|is done|has been returned)\\b`,
      `\\b(?:has|have|was|were|is)${upTo(2)} (?:returned|transferred|sent|paid|credited|booked)(?= (?:back )?to your (?:alipay|wechat|card|credit|account|original|bank|wallet|paypal|payment))`,
      `\\brefund (?:complete[d]?|successful|done|executed|issued|processed|confirmed|approved)\\b|\\b(?:refund|request)${upTo(2)} (?:has been |was |is |been )?(?:approved|granted)\\b`,
      `\\b(?:refunded|reimbursed)\\b|\\bmoney is back\\b|\\b(?:status|refund)\\s*[:–-]\\s*(?:executed|done|complete[d]?)\\b`,
    ],
  },
  {
    phrase: "refund-eligible",
    sources: [
      `\\b(?:we|i) owe you\\b|\\b(?:entitled|eligible|qualif(?:y|ies|ied)|due|owed)\\b(?:[^.;,]|[.,](?=\\d)){0,30}\\brefund\\w*`,
      `\\brefunds?\\b${upTo(3)} (?:is|are|applies|apply|can be|may be|would be|could be)${upTo(2)} (?:available|possible|due|covered|offered|allowed|made|issued|given|justified|arranged|requested)`,
      `\\b(?:can|could|may|able to|happy to|like to|want to|glad to|would)${upTo(3)} (?:refund|reimburse|(?:offer|give|propose|issue|request|arrange|submit|ask for)\\b(?:[^.;,]|[.,](?=\\d)){0,30}\\brefund)`,
      `\\b(?:offer|propose|suggest|request|proposed|proposing|suggested|arrange|claim)\\b(?:[^.;,]|[.,](?=\\d)){0,30}\\brefund`,
      `\\b(?:covers?|provides?|allows?|grants?|says?)\\b(?:[^.;,]|[.,](?=\\d)){0,40}\\brefund\\w*|\\bwe refund\\b|\\b(?:is|are|be|gets?) refunded\\b|\\bget(?:s|ting)? your money back\\b|\\b(?:full|partial) refund\\b`,
    ],
  },
  {
    phrase: "cancel-will",
    sources: [
      `(?:\\b(?:will|shall|going to)|'ll)${upTo(3)} (?:cancel|be cancell?ed)\\b|\\b(?:i'm|i am|we're|we are) cancell?ing\\b|\\bcancellation (?:is|will be) (?:confirmed|processed|done|complete)\\b`,
    ],
  },
  {
    phrase: "review",
    sources: [
      `\\b(?:colleagues?|team(?: members?)?|person|manager|owner|someone|staff|human|specialist|agent)\\b${upTo(4)} (?:will|needs? to|has to|have to|must|is going to|can|first)${upTo(2)} (?:review|approve|decide|sign|confirm|grant|authori[sz]e|agree|look)\\b`,
    ],
  },
  {
    phrase: "hand-off",
    sources: [
      `(?:\\b(?:have|has|been|just|already|i|we|was)|'ve|'s|'m|'re)${upTo(3)} (?:passed|passing|handed|handing|forwarded|forwarding|escalated|escalating|transferred|transferring|notified|informed|alerted|flagged|referred|contacted|told|assigned|connected|connecting|brought in)\\b(?:[^.;]|\\.(?=\\d)){0,50}\\b(?:colleagues?|team|person|human|agent|support|specialist|manager|someone|owner|you)\\b`,
      `\\b(?:colleagues?|team|person|human|agent|specialist|manager|someone|owner|staff|they|you|we|i)\\b${upTo(3)}(?: will| shall| going to|'ll)${upTo(3)} (?:call|phone|contact|e-?mail|text|message|get back|reach out|reply|respond|write|notify|inform|update|let you know|keep you|follow up|get in touch|be in touch|take over|take it|take care|look into|answer|join|be (?:called|contacted|notified|informed|updated|phoned|e-?mailed))`,
      `\\b(?:have|having) (?:someone|a colleague|our team|the team) (?:call|contact|reply|e-?mail)`,
    ],
  },
  {
    phrase: "guarantee",
    sources: [
      "\\bguarante(?:e[ds]?|eing)\\b|\\bpromise[ds]?\\b|\\bfor (?:sure|certain)\\b|\\bdefinitely\\b|\\bcertainly (?:will|arrives?|be)\\b|\\bwithout (?:a |any )?doubt\\b|\\bno doubt\\b|\\bassure you\\b|\\brest assured\\b|\\byou have (?:my|our) word\\b|\\bcount on (?:it|us)\\b|\\b(?:i'm|i am|we're|we are) (?:sure|certain|confident|positive)\\b",
    ],
  },
  {
    phrase: "arrival",
    sources: [
      `(?:\\b(?:will|should|going to|due to|expected to|scheduled to|estimated to|set to|likely to|on track to|planned to|to)|'ll)${upTo(2)} (?:arrive|be${upTo(2)} (?:delivered|there|with you|at your door|in your hands|here)|reach (?:you|your)|come|get to you|land|turn up)\\b`,
      "\\barriv(?:es|ing)\\b|\\b(?:is|are) (?:due|expected|scheduled)(?! to\\b)|\\b(?:expected|estimated|planned|scheduled)(?: delivery| arrival| date)+|\\b(?:delivery|arrival)(?: date| time)? (?:is|was)?\\s?(?:expected|estimated|scheduled|planned|due)|\\beta\\b",
    ],
  },
  {
    phrase: "compensation",
    sources: [
      "\\b(?:free|complimentary)(?= (?:of charge|replacement|delivery|shipping|item|gift|sample|return|pack|parcel))(?: of charge)?|\\bfor free\\b|\\breplacements?\\b|\\bre-?ship\\w*|\\bre-?send\\w*|\\bsend(?:ing)? (?:you )?(?:a (?:new|fresh|second)|another)\\b|\\breplac(?:e|ed|ing)\\b (?:it|the|your)",
      "\\bvouchers?\\b|\\bcoupons?\\b|\\bstore credit\\b|\\bgift cards?\\b|\\bcompensat\\w+|\\bgoodwill\\b|\\bdiscount\\w*|\\bloyalty points\\b|\\bbonus\\b|\\breturn label\\b|\\bfree pick-?up\\b|\\b(?:can|may)(?: also)? (?:return|exchange) (?:it|them|the|your)\\b|\\bmoney[- ]back\\b|\\bextended warranty\\b|\\bpriority (?:delivery|shipping)\\b",
    ],
  },
];

/** Who may promise, and the verb that follows; the verb decides whether it is a promise. */
export const futureEn =
  /\b(?:i|we|they|it|you|he|she|this|that|someone|somebody|nobody|colleagues?|team|courier|driver|carrier|refund|money|order|parcel|package|shipment|item|items|salmon|fish|goods|shop|staff)(?:(?: will| shall)|'ll|(?: am| are| is|'m|'re|'s) going to)(?: not| never)?(?: [a-z]+ly| also| now| then| just| still| always| first| next| of course| be)* ([a-z]+)/gi;

/** Verbs that promise nothing that could fail later: what the text itself does, or what the reader may see in it. */
export const harmlessFutureVerbsEn: ReadonlySet<string> = new Set(
  "happy glad pleased delighted able sorry explain check look help find need try tell show walk start summarise summarize list share say answer ask see notice understand have want like explain describe keep go give know remember recall note leave honest brief clear straightforward".split(
    " ",
  ),
);

import type { CueSource } from "./cue-source.ts";

const measured = [
  "temperature-latest",
  "temperature-min",
  "temperature-max",
  "excursion-peak",
  "mean-kinetic-temperature",
];
const band = ["band-min", "band-max"];
const stock = ["units-available", "units-sensed"];
const delivered = ["delivered-at", "order-delivered-at", "tracking-at", "leg-ended-at"];
const read = ["reading-at", "excursion-began-at", "excursion-ended-at"];

export const cuesEn: readonly CueSource[] = [
  {
    topic: "temperature",
    source: "mean kinetic(?: temperature)?|\\bmkt\\b|kinetic (?:mean|average)",
    properties: ["mean-kinetic-temperature"],
  },
  {
    topic: "temperature",
    source: "\\b(?:average|averaged|averaging|mean|median|typical(?:ly)?|on average)\\b",
    properties: [],
  },
  {
    topic: "temperature",
    source:
      "\\b(?:upper (?:limit|bound)|(?:maximum|highest) (?:allowed|permitted|safe|allowable)|(?:allowed|permitted|safe|allowable) (?:maximum|max|limit)|ceiling)\\b",
    properties: ["band-max"],
  },
  {
    topic: "temperature",
    source:
      "\\b(?:lower (?:limit|bound)|(?:minimum|lowest) (?:allowed|permitted|safe|allowable)|(?:allowed|permitted|safe) minimum|floor)\\b",
    properties: ["band-min"],
  },
  {
    topic: "temperature",
    source:
      "\\b(?:limits?|threshold|cap|(?:must|should|may) (?:not|never) (?:exceed|go above|rise above))\\b",
    properties: band,
  },
  {
    topic: "temperature",
    source:
      "\\b(?:should|must|has to|have to|needs? to|required?|requires|supposed to|meant to|designed)\\b(?: [a-z]+){0,3}",
    properties: band,
  },
  {
    topic: "temperature",
    source:
      "\\b(?:band|(?:temperature |safe |required |allowed |target |permitted |its |the |our )range|target|specified|specification|recommended|permitted|allowed|allowance|tolerance|storage temperature|store|stored)\\b",
    properties: band,
  },
  {
    topic: "temperature",
    source:
      "\\b(?:latest|most recent|newest|last (?:reading|recorded|measured|reported|known|logged)|right now|now|current(?:ly)?|at (?:the|this) moment|at present|presently|back (?:down )?(?:to|at)|cooled (?:back )?(?:down )?to|returned to|reads|is reading|came back (?:down )?to|settled (?:at|back))\\b",
    properties: ["temperature-latest"],
  },
  {
    topic: "temperature",
    source: "\\b(?:up to)\\b",
    properties: ["temperature-max", "excursion-peak", "band-max"],
  },
  {
    topic: "temperature",
    source:
      "\\b(?:highest|maximum|max|peak(?:ed|ing|s)?|warmest|hottest|topped|top|as high as|high of|(?:rose|risen|rising|climb(?:ed|ing|s)?|went|gone|warmed|got|shot|crept|increased|heated)(?: [a-z]+){0,2} to|reach(?:ed|ing|es)?|hit|spike(?:d|s)?(?: to| of)?|worst|high point|excursion)\\b",
    properties: ["temperature-max", "excursion-peak"],
  },
  {
    topic: "temperature",
    source:
      "\\b(?:lowest|minimum|min|coldest|coolest|as low as|low of|low point|(?:dropped|fell|fallen|dipped|sank|went|gone|cooled)(?: [a-z]+){0,2} to)\\b",
    properties: ["temperature-min"],
  },
  {
    topic: "temperature",
    source:
      "\\b(?:(?:was|were|is|been|being|kept|stayed|remained|held|arrived|stood|travell?ed|shipped|sat) (?:steady |constantly |consistently |always |safely )?(?:at|between|around|about|from)|measured|recorded|registered|logged|ranged|ranging|varied|fluctuated|readings?|temperature was)\\b",
    properties: measured,
    isWeak: true,
  },

  {
    topic: "duration",
    source:
      "\\b(?:above|over|beyond|outside|exceed(?:s|ed|ing)?)(?: of)?(?: [a-z]+){0,4}? (?:limits?|band|range|threshold|maximum)\\b",
    properties: ["excursion-duration"],
  },
  {
    topic: "duration",
    source: "\\b(?:ignore(?:d)?(?: period)?|grace(?: period)?|cool[- ]?down|loading|door)\\b",
    properties: ["ignore-period"],
  },
  {
    topic: "duration",
    source:
      "\\b(?:gaps?|missing|without (?:a |any )?readings?|no readings|silent|offline|unmonitored|no data|interruption)\\b",
    properties: ["gap-duration"],
  },
  {
    topic: "duration",
    source:
      "\\b(?:limit|allowed|allows?|allowance|permitted|permits?|tolerat\\w+|tolerance|maximum|at most|threshold|cap|acceptable|(?:must|should|may) not|(?:must|should) be)\\b",
    properties: ["excursion-limit", "ignore-period"],
  },
  {
    topic: "duration",
    source:
      "\\b(?:excursion|out(?:side)?(?: of)?(?: [a-z]+){0,3}? (?:range|band|limits?|spec\\w*)|too (?:warm|hot|cold)|warm(?:er|ed)?|exposed|exposure|breach|deviation|above|over temperature|out)\\b",
    properties: ["excursion-duration"],
  },

  {
    topic: "money",
    source:
      "\\brefund limit|limit|threshold|cap|up to|approval(?: is)? (?:needed|required)|without (?:\\w+ )?approval|automatic(?:ally)?\\b",
    properties: ["refund-limit"],
  },
  {
    topic: "money",
    source: "\\b(?:order|grand) total|order value|total (?:of|for) (?:your|the|this) order\\b",
    properties: ["order-total", "paid-total"],
  },
  {
    topic: "money",
    source:
      "\\b(?:refund(?:ed|s|ing)?|reimburse\\w*|money back|owe you|paid back|give (?:you )?back|credited|returned to)\\b",
    properties: ["refund-amount", "refunded-total"],
  },
  {
    topic: "money",
    source: "\\b(?:paid|charged|payment|billed|pay)\\b",
    properties: ["paid-total", "order-total", "line-total", "refund-amount"],
  },
  {
    topic: "money",
    source: "\\b(?:costs?|priced?|price|sells? for|each|per (?:pack|piece|unit|bottle|box|bag))\\b",
    properties: ["price", "line-total"],
  },
  {
    topic: "money",
    source: "\\b(?:total|altogether|in all|sum)\\b",
    properties: ["order-total", "paid-total", "line-total", "refund-amount", "refunded-total"],
    isWeak: true,
  },

  {
    topic: "count",
    source: "\\b(?:shel(?:f|ves)|sens(?:ed|or|ors)|scales?|weigh(?:ed|s|ing)?|by weight)\\b",
    properties: ["units-sensed"],
  },
  {
    topic: "count",
    source: "\\b(?:booked|on the books|in (?:our|the) system)\\b",
    properties: ["units-available"],
  },
  {
    topic: "count",
    source: "\\b(?:in stock|available|left|remain(?:s|ing)?|on hand|stock)\\b",
    properties: stock,
  },
  {
    topic: "count",
    source: "\\b(?:ordered|bought|purchased)\\b",
    properties: ["line-units", "order-line-count"],
  },

  {
    topic: "instant",
    source:
      "\\b(?:(?:expected|estimated|scheduled|planned) (?:delivery|arrival)(?: date| time)?|expected|estimated|scheduled|due|eta|arriv(?:e|es|ing)|will be (?:delivered|there|with you)|should be (?:delivered|there|with you)|to be delivered|reach you|promised)\\b",
    properties: ["expected-at"],
  },
  {
    topic: "instant",
    source:
      "\\b(?:best[- ]before|use[- ]by|expir(?:y|es|ed|ation)(?: date)?|sell[- ]by|shelf life|keeps until|good until)\\b",
    properties: ["expires-on", "approval-expires-at"],
  },
  {
    topic: "instant",
    source: "\\b(?:deliver(?:ed|y)|arrived|arrival|received|handed over to you|dropped off|signed for)\\b",
    properties: delivered,
  },
  {
    topic: "instant",
    source:
      "\\b(?:placed|ordered|bought|purchased|order(?:ed)? (?:date|on|of|from))\\b|\\border\\b[^,.;]{0,24}? (?:from|dated)(?= )",
    properties: ["order-placed-at"],
  },
  {
    topic: "instant",
    source:
      "\\b(?:shipped|dispatched|sent|left (?:our|the) (?:[a-z]+ )?(?:warehouse|cold store|hub|depot|store|kitchen)|left on|posted|handed (?:over )?to the|departed|set off|picked up|collected)\\b",
    properties: ["shipped-at", "leg-began-at", "tracking-at", "leg-ended-at"],
  },
  { topic: "instant", source: "\\bcancell?ed\\b", properties: ["order-cancelled-at"] },
  {
    topic: "instant",
    source:
      "\\b(?:until|ended|returned|back (?:in|within|to|below|under)|recovered|came back|cooled|through)\\b",
    properties: ["excursion-ended-at", "approval-expires-at", "leg-ended-at", "reading-at", "shelf-until"],
  },
  {
    topic: "instant",
    source:
      "\\b(?:last|latest|most recent) (?:reading|update|recorded|measurement|temperature|report)|as of|measured|recorded|logged|readings?|checked|updated|last heard|heard from\\b",
    properties: [...read, "tracking-at", "sensed-at", "observed-at"],
  },
  { topic: "instant", source: "\\b(?:sensed|counted|weighed|shelf|stock)\\b", properties: ["sensed-at"] },
  {
    topic: "instant",
    source: "\\b(?:peak(?:ed|ing)?|highest|warmest|maximum|hottest)\\b",
    properties: ["peak-at", ...read],
  },
  {
    topic: "instant",
    source:
      "\\b(?:excursion|began|started|starting|rose|exceeded|went (?:above|over|out)|left (?:its|the) (?:band|range)|crossed|too warm|warmed|beginning|out of (?:its |the )?(?:range|band))\\b",
    properties: ["excursion-began-at", "excursion-ended-at", "peak-at"],
  },

  {
    topic: "identifier",
    source: "\\b(?:tracking|waybill|consignment|courier)(?: (?:number|no\\.?|code|id))?\\b",
    properties: ["tracking-number"],
  },
  {
    topic: "identifier",
    source: "\\b(?:shipment|parcel|package)(?: (?:number|no\\.?|id))?\\b",
    properties: ["shipment-number", "tracking-number"],
  },
  {
    topic: "identifier",
    source: "\\border(?: (?:number|no\\.?|id|reference))?\\b",
    properties: ["order-number"],
  },
  { topic: "identifier", source: "\\breceipt(?: (?:number|no\\.?|id))?\\b", properties: ["receipt-number"] },
  {
    topic: "identifier",
    source: "\\b(?:approval|request)(?: (?:number|no\\.?|id|reference))?\\b",
    properties: ["approval-number"],
  },
  {
    topic: "identifier",
    source: "\\b(?:lot|batch)(?: (?:number|no\\.?|code|id))?\\b",
    properties: ["lot-number"],
  },
  { topic: "identifier", source: "\\b(?:sku|article number|item number)\\b", properties: ["sku"] },
  { topic: "identifier", source: "\\b(?:gtin|ean|upc|barcode)\\b", properties: ["gtin"] },
  {
    topic: "identifier",
    source: "\\b(?:phone|call|hotline|telephone|ring|dial)\\b",
    properties: ["shop-phone"],
  },
];

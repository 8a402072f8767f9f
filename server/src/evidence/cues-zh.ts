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
const read = ["reading-at", "excursion-began-at", "excursion-ended-at"];

export const cuesZh: readonly CueSource[] = [
  { topic: "temperature", source: "(?:平均)?动力学(?:平均)?温度", properties: ["mean-kinetic-temperature"] },
  { topic: "temperature", source: "平均|均温|均值|中位", properties: [] },
  { topic: "temperature", source: "上限|最高(?:允许|限值|不超过)|允许的?最高", properties: ["band-max"] },
  { topic: "temperature", source: "下限|最低(?:允许|限值)|允许的?最低", properties: ["band-min"] },
  { topic: "temperature", source: "限值|阈值|界限|限度", properties: band },
  {
    topic: "temperature",
    source:
      "应(?!对)|须|必须|需要?(?=保|在|控|维|冷|低)|规定|要求|标准|允许|目标|安全(?:温度|范围|区间)|温区|区间|范围|储存|贮存|保存|存放",
    properties: band,
  },
  {
    topic: "temperature",
    source:
      "最新|目前|当前|现在|此刻|最近(?:一次|一条|的)?|刚才|眼下|如今|最后(?:一次|一条)?(?:读数|记录|温度)?|回落(?:到|至)|回到|降回|恢复(?:到|至)",
    properties: ["temperature-latest"],
  },
  {
    topic: "temperature",
    source:
      "最高|峰值|顶点|最热|最大|高达|达到了?|升(?:温)?(?:到|至)|上升(?:到|至)|涨到|一度(?:达|升|到)?|冲到|飙(?:到|升)",
    properties: ["temperature-max", "excursion-peak"],
  },
  {
    topic: "temperature",
    source: "最低|最冷|谷值|最小|低至|降(?:到|至)|跌(?:到|至)",
    properties: ["temperature-min"],
  },
  {
    topic: "temperature",
    source: "保持在|维持在|一直在|处于|测得|记录到?|实测|读数|波动|温度(?:为|是|在)|稳定在|控制在|在",
    properties: measured,
    isWeak: true,
  },

  {
    topic: "duration",
    source: "(?:超出|超过|高于|偏离|脱离)[^,。;\\d]{0,8}(?:范围|标准|上限|区间|温区|限值|要求)",
    properties: ["excursion-duration"],
  },
  {
    topic: "duration",
    source:
      "允许(?:的)?(?:超温|超标|偏离)?(?:时长|时间)?(?:上限)?|(?:超温|超标|偏离)(?:的)?(?:上限|限值|限时|允许)|时限|上限|限值|最多|最长|规定|不(?:得|能|应)超过|阈值|标准",
    properties: ["excursion-limit", "ignore-period"],
  },
  { topic: "duration", source: "宽限|忽略|缓冲|装车|装货|开门", properties: ["ignore-period"] },
  {
    topic: "duration",
    source: "缺失|中断|空白|断档|无读数|没有读数|离线|失联|间隔|缺口",
    properties: ["gap-duration"],
  },
  {
    topic: "duration",
    source: "超温|超标|超出|偏离|高于|超过|偏高|脱离|暴露|超限|升温",
    properties: ["excursion-duration"],
  },

  { topic: "money", source: "上限|限额|额度|免审|无需审批|以内|超过", properties: ["refund-limit"] },
  { topic: "money", source: "订单(?:总)?(?:金额|额|价)|总价", properties: ["order-total", "paid-total"] },
  {
    topic: "money",
    source: "退款(?:金额)?|退还|退回|退您|退给|返还|退",
    properties: ["refund-amount", "refunded-total"],
  },
  {
    topic: "money",
    source: "实付|支付|付款|付了|扣款",
    properties: ["paid-total", "order-total", "line-total", "refund-amount"],
  },
  {
    topic: "money",
    source: "售价|价格|单价|标价|卖|定价|每(?:份|件|盒|袋|包|瓶)|现价",
    properties: ["price", "line-total"],
  },
  {
    topic: "money",
    source: "合计|共计|总计|总额|总共|一共|共",
    properties: ["order-total", "paid-total", "line-total", "refund-amount", "refunded-total"],
    isWeak: true,
  },

  { topic: "count", source: "货架|感应|感知|传感|称重|秤|实测", properties: ["units-sensed"] },
  { topic: "count", source: "账面|系统(?:显示|记录|内)", properties: ["units-available"] },
  { topic: "count", source: "库存|现货|有货|剩余|仅剩|还剩|还有|可售|可买", properties: stock },
  { topic: "count", source: "购买|下单|订购|买了?|订了", properties: ["line-units", "order-line-count"] },

  {
    topic: "instant",
    source:
      "预计(?:送达|到达|到货)?(?:时间|日期)?|预期|估计|计划(?:于|在)?|有望|将于|将在|会在|应该(?:会|能|在)|(?:送达|到货)时间预",
    properties: ["expected-at"],
  },
  {
    topic: "instant",
    source: "保质期|到期|过期|有效期|赏味期|最佳食用|失效",
    properties: ["expires-on", "approval-expires-at"],
  },
  {
    topic: "instant",
    source: "送达|签收|妥投|送到|收到|到货|到达|抵达|交付",
    properties: ["delivered-at", "order-delivered-at", "tracking-at", "leg-ended-at"],
  },
  {
    topic: "instant",
    source: "下单|下的单|订购|购买|订单(?:日期|时间)|(?<=[日号天])的(?:那个|那笔|这个|这笔)?订单",
    properties: ["order-placed-at"],
  },
  {
    topic: "instant",
    source: "发货|发出|寄出|出库|揽收|揽件|交给|出发|离开",
    properties: ["shipped-at", "leg-began-at", "tracking-at", "leg-ended-at"],
  },
  { topic: "instant", source: "取消", properties: ["order-cancelled-at"] },
  {
    topic: "instant",
    source: "最新|最近(?:一次|一条|的)?|最后(?:一次|一条)?|截至|截止|读数|测得|记录|更新|上报",
    properties: [...read, "tracking-at", "sensed-at", "observed-at"],
  },
  { topic: "instant", source: "感应|货架|称重|盘点|清点|库存", properties: ["sensed-at"] },
  { topic: "instant", source: "峰值|最高|最热", properties: ["peak-at", ...read] },
  {
    topic: "instant",
    source: "至|到(?!货|达|期|账)|直到|恢复|回到|结束|回落",
    properties: [
      "excursion-ended-at",
      "expected-at",
      "approval-expires-at",
      "leg-ended-at",
      "reading-at",
      "shelf-until",
    ],
    isWeak: true,
  },
  {
    topic: "instant",
    source: "超温|超出|超标|开始|升至|升到|偏离|自|从",
    properties: ["excursion-began-at", "excursion-ended-at", "peak-at", "leg-began-at"],
  },

  { topic: "identifier", source: "运单号?|快递单?号?|物流单?号?|追踪号", properties: ["tracking-number"] },
  {
    topic: "identifier",
    source: "发货单号?|包裹(?:号|编号)?",
    properties: ["shipment-number", "tracking-number"],
  },
  { topic: "identifier", source: "订单(?:编?号)?", properties: ["order-number"] },
  {
    topic: "identifier",
    source: "回执(?:号|编号)?|收据(?:号|编号)?|凭证(?:号|编号)?",
    properties: ["receipt-number"],
  },
  {
    topic: "identifier",
    source: "审批(?:单)?(?:号|编号)?|申请(?:号|编号|单号)",
    properties: ["approval-number"],
  },
  { topic: "identifier", source: "批次号?|批号", properties: ["lot-number"] },
  { topic: "identifier", source: "货号|商品编码", properties: ["sku"] },
  { topic: "identifier", source: "条码|条形码", properties: ["gtin"] },
  { topic: "identifier", source: "电话|热线|拨打|致电", properties: ["shop-phone"] },
];

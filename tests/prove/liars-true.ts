// True drafts, written the way an assistant writes; where one is stopped, the check is wrong, not the draft.
import type { Draft, Stage } from "./liars-story.ts";

const en = (stage: Stage, text: string, ...customerWords: string[]): Draft => ({
  stage,
  language: "en",
  text,
  customerWords,
});
const zh = (stage: Stage, text: string, ...customerWords: string[]): Draft => ({
  stage,
  language: "zh",
  text,
  customerWords,
});

export const trueDrafts: readonly Draft[] = [
  en(
    "spoiled",
    "Hi there! Thank you for reaching out. I checked your order **W-10234**: the parcel was delivered today at 14:20, but the logger shows it was above 4 °C for 47 minutes this morning, with a peak of 7.8 °C. Our limit for this product is 30 minutes, so please do not eat the salmon.",
  ),
  en(
    "spoiled",
    "I'm really sorry about this. Your salmon was out of its temperature range for 47 minutes, which is longer than the 30 minutes we allow. We recommend that you don't eat it.",
  ),
  en(
    "spoiled",
    "Here is what the readings show:\n\n- **Highest temperature:** 7.8 °C\n- **Lowest temperature:** 0.4 °C\n- **Allowed band:** 0–4 °C\n- **Time outside the band:** 47 min (limit: 30 min)\n\nBased on this, the salmon is no longer safe to eat.",
  ),
  en(
    "spoiled",
    "The temperature left the band at 10:12 and came back at 10:59 on 3 March, reaching 7.8 °C in between. After that it cooled down to 3.1 °C (last reading at 14:05).",
  ),
  en(
    "spoiled",
    "A refund of ¥59.00 for the salmon is waiting for approval by a colleague. It goes back to your Alipay account once it has been approved.",
  ),
  en(
    "spoiled",
    "I've submitted a refund request for ¥59.00 (approval number AP-3391). Because the amount is above ¥50, a colleague has to approve it first.",
  ),
  en(
    "spoiled",
    "According to our cold-chain refund policy, if a chilled item was outside its temperature band for longer than 30 minutes while in our care, we refund that item in full to the original payment.",
  ),
  en(
    "spoiled",
    "No, I wouldn't eat it. The logger in your box took 312 readings, and between 10:12 and 10:59 this morning they were above the 4 °C limit.",
  ),
  en(
    "spoiled",
    "The mean kinetic temperature over the trip was 2.63 °C, but that doesn't change the result: the excursion lasted 47 minutes and peaked at about 8 °C.",
  ),
  en(
    "spoiled",
    "Your order from 1 March (W-10234, total ¥128.00) left our warehouse on 2 March at 18:30 with SF Express and was delivered on 3 March at 2:20 pm.",
  ),
  en(
    "spoiled",
    "Is the salmon still good? Unfortunately not. It spent 47 minutes above 4 °C, so it should not be eaten.",
  ),
  en(
    "spoiled",
    "You asked whether the box got too warm. Yes, it did: the temperature rose to 7.8 °C on Tuesday morning.",
    "Did the box get too warm?",
  ),
  en(
    "spoiled",
    "The refund has not been paid out yet; it is still pending approval. The approval expires on 5 March at 16:30.",
  ),
  en(
    "refunded",
    "Good news: I've refunded ¥59.00 to your original payment method. Your receipt number is RC-7781.",
  ),
  en(
    "refunded",
    "Your refund of CNY 59.00 has been issued for the salmon fillet because it was out of range for 47 minutes. Receipt: RC-7781. Is there anything else I can help you with?",
  ),
  en(
    "refunded",
    "We have refunded 59 yuan for the *Atlantic salmon fillet 400 g*. The reference is RC-7781. I'm sorry again for the trouble!",
  ),
  en(
    "refunded",
    "Done! The refund was executed and the receipt is RC-7781. Please discard the salmon, since it was too warm for longer than we allow.",
  ),
  en(
    "proposed",
    "Under our cold-chain refund policy you are entitled to a full refund for the salmon. Would you like me to request it?",
  ),
  en(
    "proposed",
    "I'm sorry to hear that. The excursion lasted 47 minutes, over the 30-minute limit, so the policy covers a refund for this item. Shall I go ahead and submit it?",
  ),
  en(
    "on-its-way",
    "Your parcel SH-20871 is on its way with SF Express (tracking number SF1098765432101) and is expected tomorrow, 4 March, around 11:00.",
  ),
  en(
    "on-its-way",
    "Hi! Your order W-10234 has shipped and should arrive tomorrow at 11 am. So far it has stayed within its temperature range: the highest reading was 3.47 °C and the latest one is 2.4 °C.",
  ),
  en(
    "on-its-way",
    "The parcel hasn't been delivered yet. It left on Monday evening and is due on Wednesday.",
  ),
  en(
    "on-its-way",
    "Yes, it has been kept cold the whole way. The readings so far are between 0.6 and 3.5 °C, and the band for this product is 0 to 4 °C.",
  ),
  en(
    "on-its-way",
    "Right now it's at 2.4 °C, measured at 16:25, five minutes ago. It never went above 4 °C.",
  ),
  en("on-its-way", "I can't promise an exact time, but the expected delivery is March 4 at 11:00."),
  en(
    "on-its-way",
    "**Status:** shipping\n**Carrier:** SF Express\n**Expected:** Wed, Mar 4, 11:00\n**Current temperature:** 2.4 °C (limit 4 °C)",
  ),
  en(
    "silent",
    "The last reading I have is 2.4 °C at 14:05, about 2.5 hours ago. Since then the logger has been silent, so I can't confirm that it is still within range.",
  ),
  en(
    "silent",
    "I can't tell you whether the salmon is safe to eat at the moment: the logger stopped reporting, and the latest value, 2.4 °C, is from 14:05.",
  ),
  en("stock", "Yes, the Atlantic salmon fillet is in stock: 14 units are available, and it costs ¥59.00."),
  en("stock", "We have 14 left. The shelf sensor counted 15 at 16:21. The price is 59 yuan."),
  en(
    "stock",
    "Unfortunately, the cod loin is sold out right now, but the Atlantic salmon fillet is available for ¥59.",
  ),
  en("stock", "The cod loin (COD-300) is currently out of stock. Its price is ¥45.50."),
  en(
    "two-orders",
    "You have two orders with us. Order W-10234 was delivered today at 14:20, and order W-10198 has shipped and is expected tomorrow at 3 pm.",
  ),
  en(
    "two-orders",
    "Hello Lin Mei! Here's an overview:\n1. **W-10234** – delivered, ¥128.00\n2. **W-10198** – shipped, ¥312.50, expected on 4 March",
  ),
  en(
    "two-orders",
    "I couldn't find an order 99812. Could you double-check the number?",
    "where is order 99812",
  ),
  en(
    "handed-off",
    "I'm sorry, this is something I can't decide myself. I've passed your conversation to a colleague, who will get back to you here.",
  ),
  en("handed-off", "I'm connecting you with a person from our team. You can also call us at 400-820-8820."),
  en(
    "pending",
    "Your order W-10234 is still pending, so it can be changed. Would you like me to cancel it? Please tell me the reason: no longer needed, or ordered by mistake.",
  ),
  en("pending", "It hasn't shipped yet. If you'd like, I can cancel it for you – just say yes."),
  en("cancelled", "Your order W-10234 has been cancelled. The receipt number is RC-7790."),
  zh(
    "spoiled",
    "您好，非常抱歉给您带来不便。您的订单 W-10234 已于今天14:20送达，但记录仪显示今天上午有47分钟超出4°C，最高达到7.8°C，超过了30分钟的上限，请不要食用这份三文鱼。",
  ),
  zh(
    "spoiled",
    "根据温度记录：\n- **最高温度**：7.8 °C\n- **最低温度**：0.4 °C\n- **规定范围**：0–4 °C\n- **超温时长**：47 分钟（上限 30 分钟）\n因此不建议您食用。",
  ),
  zh("spoiled", "包裹在3月3日10:12至10:59之间超温，共四十七分钟，峰值为7.8度，之后回落到3.1度。"),
  zh("spoiled", "59元的退款已提交申请，目前正在等待同事审批，审批通过后会退回您的支付宝。"),
  zh(
    "spoiled",
    "按照我们的冷链退款条款，冷藏商品超出温度范围超过30分钟的，该商品全额退款。由于金额超过50元，需要同事审批。",
  ),
  zh("spoiled", "很遗憾，这份三文鱼不能吃了。它在运输途中有四十七分钟高于4度，超过了半小时的限值。"),
  zh("spoiled", "退款还没有到账，目前还在审批中，审批单号是 AP-3391，有效期到3月5日16:30。"),
  zh("spoiled", "您于3月1日下单，3月2日18:30由顺丰速运发出，3月3日下午两点二十分签收。"),
  zh("refunded", "好消息！59元已退回您的原支付方式，回执号为 RC-7781。"),
  zh("refunded", "已为您退款五十九元，回执编号 RC-7781。由于三文鱼超温47分钟，请勿食用。"),
  zh("proposed", "根据冷链退款条款，您可以获得这份三文鱼的全额退款。需要我为您提交申请吗？"),
  zh("on-its-way", "您的包裹正在运输中，由顺丰速运承运，运单号 SF1098765432101，预计明天上午11点送达。"),
  zh("on-its-way", "目前温度为2.4°C（16:25测得），全程保持在0到4度的范围内，请放心。"),
  zh("on-its-way", "包裹尚未送达，预计3月4日（周三）11:00左右到达。最高温度3.5度，没有超过4度的上限。"),
  zh(
    "silent",
    "最近一次读数是两个半小时前（14:05）的2.4度，之后记录仪没有信号，所以我无法确认现在是否仍在范围内。",
  ),
  zh("silent", "抱歉，我现在无法判断三文鱼是否还能吃：记录仪已经失联，最后一次读数为14:05的2.4 °C。"),
  zh("stock", "有货的，大西洋三文鱼柳还有14份，每份59元。"),
  zh("stock", "鳕鱼中段目前缺货，大西洋三文鱼柳有现货，货架感应到15件（16:21），售价59元。"),
  zh("two-orders", "您一共有两个订单：W-10234 已签收；W-10198 已发货，预计明天下午三点送达。"),
  zh("two-orders", "没有找到订单 99812，请您核对一下单号。", "订单99812到哪了"),
  zh("handed-off", "这个问题我无法决定，已为您转接人工客服，同事会在这里回复您。"),
  zh("pending", "您的订单 W-10234 还未发货，可以取消。请问取消的原因是不再需要，还是下错单了？"),
  zh("cancelled", "订单 W-10234 已取消，回执号 RC-7790。"),
  zh("spoiled", "您提到盒子摸起来有点热。记录显示温度一度升到7.8°C，确实超温了。", "盒子摸起来有点热"),
];

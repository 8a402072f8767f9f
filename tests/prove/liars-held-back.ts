// Drafts written after the first corpus stood at 100 %, in other words and styles; they show how the check generalises.
import { type Draft, draftsIn } from "./liars-story.ts";

const en = draftsIn("en");
const zh = draftsIn("zh");

export const heldBackTrue: readonly Draft[] = [
  en(
    "spoiled",
    "Dear Lin Mei,\n\nThank you for your patience while I looked into this. According to the sensor that travelled with your box, the fillet warmed to 7.8 °C and spent 47 minutes outside the permitted 0–4 °C window. Because that's more than half an hour, we'd rather you didn't eat it.\n\nKind regards,\nNordhav Fresh",
  ),
  en(
    "spoiled",
    "Short answer: no. Long answer: between 10:12 am and 10:59 am today the box was warmer than the 4-degree limit, and the peak was nearly 8 °C.",
  ),
  en(
    "spoiled",
    "The good news is that the last recorded temperature (14:05) was 3.1 °C. The bad news is that earlier today it had climbed to 7.8 °C, so the fish shouldn't be consumed.",
  ),
  en(
    "spoiled",
    "Your refund request (AP-3391) for ¥59 is currently with a colleague for approval. You don't need to do anything else for now.",
  ),
  en(
    "spoiled",
    "Order placed: 1 March 2026, 20:15\nShipped: 2 March 2026, 18:30\nDelivered: 3 March 2026, 14:20",
  ),
  en(
    "refunded",
    "All sorted! ¥59.00 has been returned to your Alipay. Please keep receipt RC-7781 for your records.",
  ),
  en("refunded", "I have processed a full refund of ¥59.00 for the salmon, receipt RC-7781."),
  en(
    "proposed",
    "I can see why you're worried. The logger recorded an excursion of 47 minutes, and our cold-chain policy says chilled items that were out of range for longer than 30 minutes are refunded in full. Do you want me to start that for you?",
  ),
  en("on-its-way", "It's currently with SF Express and should reach you tomorrow around 11 in the morning."),
  en(
    "on-its-way",
    "Everything looks fine so far: 288 readings, none of them above 4 °C, and the most recent one (16:25) was 2.4 °C.",
  ),
  en(
    "on-its-way",
    "Your salmon isn't here yet, I'm afraid – it was only shipped yesterday evening, and the estimated delivery date is Wednesday.",
  ),
  en(
    "on-its-way",
    "As of 16:25 the box was at 2.4 °C. The warmest it has been is 3.5 °C, which is within the limit.",
  ),
  en(
    "silent",
    "I'd love to give you a clear answer, but the last time we heard from the logger was at 14:05 (2.4 °C). I can't say what has happened since.",
  ),
  en(
    "stock",
    "We do have the Atlantic salmon fillet! There are fourteen left at ¥59.00 each. The cod loin, however, is unavailable at the moment.",
  ),
  en(
    "two-orders",
    "Order W-10198 (¥312.50) hasn't arrived yet. It's being transported by YTO Express and is due tomorrow at 3 pm. Your other order, W-10234, was delivered today.",
  ),
  en("handed-off", "I've asked a member of our team to take over. They'll reply in this chat."),
  en("cancelled", "That's done: order W-10234 is now cancelled (receipt RC-7790)."),
  zh(
    "spoiled",
    "亲，实在不好意思！查到您的包裹今天上午10点12分开始超温，一直到10点59分才恢复，最高到了7.8℃，这份鱼就别吃了哦。",
  ),
  zh("spoiled", "简单来说：不建议吃。超温时间长达47分钟，而规定的上限是30分钟。"),
  zh("spoiled", "您的退款申请（AP-3391，59元）正在审批中，暂时还没有退款。"),
  zh("refunded", "退款已经办好了：¥59.00 原路退回支付宝，回执 RC-7781，请您留存。"),
  zh(
    "proposed",
    "记录显示超温47分钟，已超过30分钟的限值，符合冷链退款条款，可以为您申请全额退款，您看需要吗？",
  ),
  zh("on-its-way", "您好～包裹昨天傍晚已经发出，目前还在路上，预计周三上午11点前后到。"),
  zh("on-its-way", "截至16:25共有288条读数，最高3.5℃，最低0.6℃，都在0~4℃的要求范围内。"),
  zh("silent", "目前没法确认。记录仪最后一次上报是14:05，当时是2.4℃，距现在约两个半小时。"),
  zh("stock", "三文鱼柳有货哦，59元一份，库存还有14份；鳕鱼中段暂时卖完了。"),
  zh(
    "two-orders",
    "您有两笔订单：W-10234（128元）今天已送达，W-10198（312.5元）还在运输途中，预计明天15:00到。",
  ),
  zh("handed-off", "好的，我已经把您的问题转给人工同事处理，请稍候。"),
];

export const heldBackFalse: readonly Draft[] = [
  en(
    "spoiled",
    "Good news! Although it got a bit warm, it cooled off quickly and remains perfectly edible.",
    "status",
  ),
  en("spoiled", "The box was out of range for roughly a quarter of an hour.", "duration"),
  en("spoiled", "At its warmest, the fillet hit 5.4 degrees Celsius.", "temperature"),
  en("spoiled", "The whole journey was below the 4 °C mark.", "comparison"),
  en("spoiled", "The courier handed it to you at ten past two this afternoon.", "time"),
  en("spoiled", "You'll see ¥59.00 back on your Alipay account within 3 working days.", "promise"),
  en("spoiled", "Our colleague has approved the refund.", "refund done"),
  en("spoiled", "That makes ¥69 back in total, with ¥10 on top for the inconvenience.", "money"),
  en("refunded", "I've refunded ¥95.00 to your card, receipt RC-7781.", "money"),
  en("refunded", "Refund complete! Your receipt number is RC-7718.", "identifier"),
  en("proposed", "Consider it taken care of: the money is coming back to you.", "promise"),
  en("proposed", "I'll make sure it gets there faster next time.", "promise"),
  en("on-its-way", "The courier will be at your door in two hours.", "promise"),
  en("on-its-way", "The average temperature so far is 2.4 °C.", "wrong property"),
  en("on-its-way", "Your salmon will stay fresh for another five days.", "duration"),
  en("silent", "Latest reading: 2.4 °C – all good!", "stale"),
  en("stock", "Only two salmon fillets are left, so hurry!", "count"),
  en("stock", "We'll have the cod back in stock next Monday.", "promise"),
  en("two-orders", "W-10234 will arrive tomorrow at 3 pm.", "wrong subject"),
  en("pending", "Your order has already left our warehouse.", "status"),
  zh("spoiled", "鱼肉品质没有受到影响，您可以安心享用。", "status"),
  zh("spoiled", "超温只有一刻钟左右，在允许时间内。", "duration"),
  zh("spoiled", "最高温度没到五度。", "comparison"),
  zh("spoiled", "钱已经打到您的支付宝了，请注意查收。", "refund done"),
  zh("spoiled", "退款会在三个工作日内到账。", "promise"),
  zh("proposed", "这次损失由我们承担，给您重新寄一份。", "compensation"),
  zh("on-its-way", "快递小哥今晚八点前送到您手上。", "promise"),
  zh("on-its-way", "包裹已由您本人签收。", "status"),
  zh("stock", "三文鱼柳现在特价，只要49元。", "price"),
  zh("two-orders", "您共有五个包裹在路上。", "count"),
];

import type { Band, BilingualText } from "@waremind/contract";
import type { AlarmStep } from "./shipment-watch.ts";

const celsius = (value: number | null): string => `${(value ?? 0).toFixed(1)} °C`;
const limitText = (value: number): string => `${value} °C`;

/** What a person reads of a raised alarm; figures rounded as shown, times are beside it on the screen. */
export function alarmText(
  step: Extract<AlarmStep, { do: "raise" }>,
  number: string,
  band: Band,
): BilingualText {
  const { condition, side, severity } = step;
  const limit = limitText(side === "above" ? band.maxCelsius : band.minCelsius);
  const now = celsius(condition.lastCelsius);
  if (step.kind === "rate-of-change") {
    const rate = celsius(Math.abs(condition.ratePerHour ?? 0));
    const minutes = Math.max(1, Math.round(condition.minutesToLimit ?? 0));
    const [en, zh] = side === "above" ? ["warming", "升高"] : ["cooling", "降低"];
    return {
      en: `Shipment ${number} is at ${now} and ${en} by ${rate} an hour: it reaches ${limit} in about ${minutes} min.`,
      zh: `包裹 ${number} 当前 ${now}，每小时${zh} ${rate}，约 ${minutes} 分钟后达到 ${limit}。`,
    };
  }
  const [en, zh] = side === "above" ? ["above", "高于"] : ["below", "低于"];
  return severity === "critical"
    ? {
        en: `Shipment ${number} has been ${en} ${limit} for longer than the ignore period of ${band.ignoreMinutes} min, now at ${now}: the excursion counts.`,
        zh: `包裹 ${number} ${zh} ${limit} 的时间已超过 ${band.ignoreMinutes} 分钟的忽略期，当前 ${now}，超温时间已开始计入。`,
      }
    : {
        en: `Shipment ${number} is ${en} its limit of ${limit}: ${now}.`,
        zh: `包裹 ${number} 已${zh} ${limit} 的限值：${now}。`,
      };
}

/** Silence, and whether the device is still there. */
export function silenceText(silence: {
  readonly deviceName: string;
  readonly shipmentNumber: string | null;
  readonly silentMinutes: number;
  readonly isConnected: boolean;
  readonly wasHeard: boolean;
}): BilingualText {
  const { deviceName, shipmentNumber, isConnected, wasHeard } = silence;
  const minutes = Math.max(1, Math.round(silence.silentMinutes));
  const ofEn = shipmentNumber === null ? "" : ` of shipment ${shipmentNumber}`;
  const ofZh = shipmentNumber === null ? "" : `（包裹 ${shipmentNumber}）`;
  const linkEn = isConnected ? "It is connected but sends nothing." : "It is offline.";
  const linkZh = isConnected ? "设备仍在线，但没有发送数据。" : "设备已离线。";
  return wasHeard
    ? {
        en: `No reading from ${deviceName}${ofEn} for ${minutes} min. ${linkEn}`,
        zh: `设备 ${deviceName}${ofZh}已 ${minutes} 分钟没有读数。${linkZh}`,
      }
    : {
        en: `${deviceName}${ofEn} has sent no reading since it was bound ${minutes} min ago. ${linkEn}`,
        zh: `设备 ${deviceName}${ofZh}绑定 ${minutes} 分钟以来没有读数。${linkZh}`,
      };
}

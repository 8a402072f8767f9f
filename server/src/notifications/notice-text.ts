// What a person reads of an alarm outside the console, in one language.
import type { Alarm, AlarmSeverity, BilingualText, Language } from "@waremind/contract";

export interface NoticeOptions {
  readonly language: Language;
  /** IANA name; instants are written on its wall clock. */
  readonly timeZone: string;
  /** Address of the console, without a slash at its end. */
  readonly baseUrl: string;
}

export interface Notice {
  readonly subject: string;
  readonly text: string;
}

const severities: Readonly<Record<AlarmSeverity, BilingualText>> = {
  info: { en: "Info", zh: "提示" },
  warning: { en: "Warning", zh: "警告" },
  critical: { en: "Critical", zh: "严重" },
};

export const severityWord = (severity: AlarmSeverity, language: Language): string =>
  severities[severity][language];

export const linkOfAlarm = (alarmId: string, baseUrl: string): string =>
  `${baseUrl}/alarms?alarm=${encodeURIComponent(alarmId)}`;

/** @param step from 0 on: how often the ladder was climbed before. */
export function alarmNotice(alarm: Alarm, step: number, options: NoticeOptions): Notice {
  const { language, baseUrl } = options;
  const severity = severityWord(alarm.severity, language);
  const at = instantIn(options);
  const link = linkOfAlarm(alarm.id, baseUrl);
  const subject = `[Waremind] ${severity}${language === "en" ? ": " : "："}${alarm.subjectLabel}`;
  const value =
    alarm.value === null ? null : `${String(alarm.value)}${alarm.unit === null ? "" : ` ${alarm.unit}`}`;
  const lines =
    language === "en"
      ? [
          alarm.message.en,
          "",
          `Concerns:  ${alarm.subjectLabel}`,
          `Severity:  ${severity}`,
          ...(value === null ? [] : [`Value:     ${value}`]),
          `True from: ${at(alarm.beganAt)}`,
          `Learned:   ${at(alarm.learnedAt)}`,
          ...(step === 0 ? [] : [`Nobody has acknowledged it yet; this is message ${String(step + 1)}.`]),
          "",
          "Look at it and acknowledge it, then nobody else is told:",
          link,
        ]
      : [
          alarm.message.zh,
          "",
          `对象：${alarm.subjectLabel}`,
          `级别：${severity}`,
          ...(value === null ? [] : [`数值：${value}`]),
          `发生时间：${at(alarm.beganAt)}`,
          `获知时间：${at(alarm.learnedAt)}`,
          ...(step === 0 ? [] : [`尚无人确认，这是第 ${String(step + 1)} 次通知。`]),
          "",
          "请查看并确认，确认后不再通知其他人：",
          link,
        ];
  return { subject, text: `${lines.join("\n")}\n` };
}

export function digestNotice(alarms: readonly Alarm[], options: NoticeOptions): Notice {
  const { language, baseUrl } = options;
  const count = String(alarms.length);
  const at = instantIn(options);
  const head =
    language === "en"
      ? `${count} more alarms within a minute, joined into one message.`
      : `一分钟内另有 ${count} 条警报，已合并为一条消息。`;
  const entries = alarms.map((alarm) =>
    [
      `- ${severityWord(alarm.severity, language)} · ${alarm.subjectLabel} · ${at(alarm.beganAt)}`,
      `  ${alarm.message[language]}`,
      `  ${linkOfAlarm(alarm.id, baseUrl)}`,
    ].join("\n"),
  );
  const subject = language === "en" ? `[Waremind] ${count} more alarms` : `[Waremind] 另有 ${count} 条警报`;
  return { subject, text: `${[head, "", ...entries].join("\n")}\n` };
}

export function testNotice({ language, baseUrl }: NoticeOptions): Notice {
  return language === "en"
    ? {
        subject: "[Waremind] Test",
        text: `This is a test. Alarms of Waremind reach you here.\n\n${baseUrl}/alarms\n`,
      }
    : {
        subject: "[Waremind] 测试",
        text: `这是一条测试消息，Waremind 的警报将发送到此处。\n\n${baseUrl}/alarms\n`,
      };
}

function instantIn({ language, timeZone }: NoticeOptions): (at: number) => string {
  const format = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    timeZone,
    dateStyle: "medium",
    timeStyle: "medium",
  });
  return (at) => `${format.format(at)} (${timeZone})`;
}

// Why a reading scored as it did, for people.
import type { BilingualText } from "@waremind/contract";
import type { AnomalyReason } from "./detector.ts";

export const reasonSentences: Readonly<Record<AnomalyReason, BilingualText>> = {
  usual: { en: "As this series usually reads.", zh: "与该序列平时一致。" },
  learning: { en: "Still learning what is usual for this series.", zh: "仍在学习该序列的正常情况。" },
  late: { en: "Older than the last reading: not judged.", zh: "早于最近一条读数，未作判断。" },
  "not-a-number": { en: "No finite number: not judged.", zh: "不是有限的数值，未作判断。" },
  announced: { en: "Part of what was announced already.", zh: "属于已经提示过的异常。" },
  "above-band": { en: "Higher than expected at this time.", zh: "高于此时的预期。" },
  "below-band": { en: "Lower than expected at this time.", zh: "低于此时的预期。" },
  "shift-up": { en: "Has run higher than expected for a while.", zh: "一段时间以来持续高于预期。" },
  "shift-down": { en: "Has run lower than expected for a while.", zh: "一段时间以来持续低于预期。" },
  "jump-up": { en: "Jumped up further than this series does.", zh: "向上跳变超过该序列的常态。" },
  "jump-down": { en: "Jumped down further than this series does.", zh: "向下跳变超过该序列的常态。" },
  "flat-line": { en: "Hardly changes any more.", zh: "几乎不再变化。" },
  "never-so-high": { en: "Higher than this series has been.", zh: "高于该序列以往的范围。" },
  "never-so-low": { en: "Lower than this series has been.", zh: "低于该序列以往的范围。" },
};

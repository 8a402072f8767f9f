import type { Language } from "@waremind/contract";

/** BCP 47 tags for Intl: British English for its 24-hour clock and day-first dates. */
export const languageTags: Record<Language, string> = { en: "en-GB", zh: "zh-CN" };

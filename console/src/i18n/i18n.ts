import type { Language } from "@waremind/contract";
import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import type en from "./en.json";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
    returnNull: false;
  }
}

const storageKey = "waremind-language";

/** Each language is a chunk of its own: a reader downloads only the words that are read. */
const loaders: Record<Language, () => Promise<{ default: unknown }>> = {
  en: () => import("./en.json"),
  zh: () => import("./zh.json"),
};

/** The language to begin with: `?lang=`, else the reader's last choice, else the browser's. */
export function preferredLanguage(search: string, stored: string | null, browser: string): Language {
  const asked = new URLSearchParams(search).get("lang");
  for (const candidate of [asked, stored, browser]) {
    if (candidate?.toLowerCase().startsWith("zh")) return "zh";
    if (candidate?.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

export async function startI18n(): Promise<void> {
  const language = preferredLanguage(location.search, readStored(), navigator.language);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await setLanguage(language);
}

/** Loads the words if they are not here yet, switches every screen, and remembers the choice. */
export async function setLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    const words = await loaders[language]();
    i18next.addResourceBundle(language, "translation", words.default);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // An embedded frame may be refused storage; the choice then lasts as long as the page.
  }
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return i18n.language === "zh" ? "zh" : "en";
}

function readStored(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { setLanguage, useLanguage } from "../i18n/i18n.ts";
import { Button } from "../ui/button.tsx";

/** Names the other language in that language, so that a reader who landed in the wrong one finds the way out. */
export function LanguageSwitch({ size = "small" }: { readonly size?: "small" | "medium" }): ReactElement {
  const { t } = useTranslation();
  const other = useLanguage() === "zh" ? "en" : "zh";
  return (
    <Button
      look="quiet"
      size={size}
      icon="language"
      lang={other === "zh" ? "zh-CN" : "en"}
      data-testid="language-switch"
      title={t("shell.switchLanguage")}
      onClick={() => void setLanguage(other)}
    >
      {other === "zh" ? "中文" : "English"}
    </Button>
  );
}

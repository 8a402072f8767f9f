import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { setTheme, useTheme } from "./theme.ts";

export function ThemeSwitch(): ReactElement {
  const { t } = useTranslation();
  const theme = useTheme();
  const label = theme === "dark" ? t("shell.lightTheme") : t("shell.darkTheme");
  return (
    <Button
      look="quiet"
      size="small"
      icon={theme === "dark" ? "sun" : "moon"}
      aria-label={label}
      title={label}
      onClick={() => setTheme(theme === "dark" ? "light" : "dark")}
    />
  );
}

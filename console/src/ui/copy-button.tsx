import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button.tsx";

const confirmedMs = 2_000;

export function CopyButton({ text }: { readonly text: string }): ReactElement {
  const { t } = useTranslation();
  const [isCopied, setIsCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), confirmedMs);
  };
  return (
    <Button size="small" icon={isCopied ? "check" : "copy"} onClick={() => void copy()}>
      <span aria-live="polite">{isCopied ? t("common.copied") : t("common.copy")}</span>
    </Button>
  );
}

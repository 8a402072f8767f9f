import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";

const questions = ["where", "when", "cold", "refund", "person"] as const;

/** First questions to begin with, in the customer's words. */
export function Suggestions({ onAsk }: { readonly onAsk: (text: string) => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <ul aria-label={t("widget.suggestions")} className="flex flex-wrap gap-2 bg-canvas px-4 pb-3">
      {questions.map((question) => (
        <li key={question}>
          <button
            type="button"
            data-testid={`suggestion-${question}`}
            onClick={() => onAsk(t(`widget.suggestion.${question}`))}
            className="rounded-full border border-accent-line bg-surface px-3 py-1.5 text-accent hover:bg-accent-soft"
          >
            {t(`widget.suggestion.${question}`)}
          </button>
        </li>
      ))}
    </ul>
  );
}

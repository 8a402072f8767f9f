import type { CheckedSentence } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/icon.tsx";
import { segmentsOf } from "./segments.ts";

/** What was drafted and not said, struck through, with the reason in words. */
export function Withheld({ sentences }: { readonly sentences: readonly CheckedSentence[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <ul data-testid="withheld" className="flex flex-col gap-3">
      {sentences.map((sentence) => {
        const faulty = sentence.claims.filter((claim) => claim.verdict === "unsupported");
        return (
          <li key={`${sentence.start}-${sentence.text}`} className="border-bad-line border-l-2 pl-3">
            <p className="text-ink-soft">
              {segmentsOf(sentence.text, sentence.claims, sentence.start).map((segment) =>
                segment.claim?.verdict === "unsupported" ? (
                  <del key={segment.start} className="font-medium text-bad decoration-bad">
                    {segment.text}
                  </del>
                ) : (
                  <span key={segment.start}>{segment.text}</span>
                ),
              )}
            </p>
            <ul className="mt-1 flex flex-col gap-0.5">
              {faulty.map((claim) => (
                <li key={`${claim.start}-${claim.text}`} className="flex items-start gap-1.5 text-small">
                  <Icon name="cross" className="mt-0.5 size-3 text-bad" />
                  <span>
                    <span className="font-medium">“{claim.text}”</span>{" "}
                    <span className="text-ink-soft">{t(`xray.fault.${claim.fault ?? "no-fact"}`)}</span>
                  </span>
                </li>
              ))}
            </ul>
          </li>
        );
      })}
    </ul>
  );
}

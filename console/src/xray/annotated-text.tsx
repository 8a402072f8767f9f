import type { Claim } from "@waremind/contract";
import type { KeyboardEvent, ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "../ui/classes.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { verdictLooks } from "./verdict-looks.ts";

export interface AnnotatedTextProps {
  readonly text: string;
  readonly claims: readonly Claim[];
  /** Offset of `text` in the whole that the claims' offsets count from. */
  readonly base?: number;
  readonly chosen: number | null;
  readonly onChoose: (index: number) => void;
  /** Prefix of the test ids; withheld claims have their own. */
  readonly idPrefix?: string;
  readonly className?: string;
}

/** A text whose claims can be taken hold of: each acts as a button, underlined by what became of it. */
export function AnnotatedText(props: AnnotatedTextProps): ReactElement {
  const { text, claims, base = 0, chosen, onChoose, idPrefix = "claim", className } = props;
  return (
    <p className={classes("whitespace-pre-wrap text-pretty", className)}>
      {segmentsOf(text, claims, base).map((segment) =>
        segment.claim === null ? (
          <span key={segment.start}>{segment.text}</span>
        ) : (
          <ClaimButton
            key={segment.start}
            segment={segment}
            claim={segment.claim}
            isChosen={segment.index === chosen}
            onChoose={onChoose}
            idPrefix={idPrefix}
          />
        ),
      )}
    </p>
  );
}

interface ClaimButtonProps {
  readonly segment: Segment;
  readonly claim: Claim;
  readonly isChosen: boolean;
  readonly onChoose: (index: number) => void;
  readonly idPrefix: string;
}

function ClaimButton({ segment, claim, isChosen, onChoose, idPrefix }: ClaimButtonProps): ReactElement {
  const { t } = useTranslation();
  const look = verdictLooks[claim.verdict];
  const choose = (): void => onChoose(segment.index);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button element is a box of its own and would break the lines of the text.
    <span
      role="button"
      tabIndex={0}
      data-testid={`${idPrefix}-${segment.index}`}
      data-verdict={claim.verdict}
      data-kind={claim.kind}
      aria-pressed={isChosen}
      aria-label={`${segment.text}, ${t(`xray.verdict.${claim.verdict}`)}`}
      onClick={choose}
      onKeyDown={onKeyDown}
      className={classes(
        "cursor-pointer rounded-[4px] box-decoration-clone py-0.5 underline decoration-2 underline-offset-[5px] transition-colors",
        look.mark,
        look.underline,
        isChosen ? look.chosen : "hover:bg-hover",
      )}
    >
      {segment.text}
    </span>
  );
}

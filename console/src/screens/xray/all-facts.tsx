import type { EvidenceRecord, Fact } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useWords } from "../../i18n/words.ts";
import { Card } from "../../ui/card.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { useFactValue } from "../../xray/fact-value.ts";

interface AllFactsProps {
  readonly record: EvidenceRecord;
  readonly chosenId: string | null;
  readonly onChoose: (factId: string) => void;
}

const sourceIcons: Record<Fact["source"]["kind"], IconName> = {
  series: "curve",
  row: "table",
  clause: "policy",
  computed: "rules",
};

/** Everything that was known when the text was written, whether it was said or not, by subject. */
export function AllFacts({ record, chosenId, onChoose }: AllFactsProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const bySubject = Map.groupBy(record.facts, (fact) => `${fact.subject.kind}/${fact.subject.id}`);
  return (
    <Card isPadded={false}>
      <details open={chosenId !== null} data-testid="all-facts">
        <summary className="flex items-center gap-2 px-4 py-2.5 font-semibold -outline-offset-2 hover:bg-hover">
          <Icon name="chevron-down" className="size-3.5 text-ink-faint" />
          {t("xray.allFacts", { count: record.facts.length })}
        </summary>
        <div className="flex flex-col gap-3 border-line border-t px-4 py-3">
          {[...bySubject].map(([key, facts]) => (
            <div key={key}>
              <h3 className="mb-0.5 text-ink-faint text-small">
                {words("subjectKind", facts[0]?.subject.kind ?? "")} {facts[0]?.subject.label}
              </h3>
              <ul>
                {facts.map((fact) => (
                  <li key={fact.id}>
                    <FactLine fact={fact} isChosen={fact.id === chosenId} onChoose={onChoose} />
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </div>
      </details>
    </Card>
  );
}

interface FactLineProps {
  readonly fact: Fact;
  readonly isChosen: boolean;
  readonly onChoose: (factId: string) => void;
}

function FactLine({ fact, isChosen, onChoose }: FactLineProps): ReactElement {
  const words = useWords();
  const factValue = useFactValue();
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      onClick={() => onChoose(fact.id)}
      className={classes(
        "-mx-2 flex w-[calc(100%+1rem)] items-baseline gap-3 rounded-control px-2 py-1 text-left hover:bg-hover",
        isChosen && "bg-accent-soft hover:bg-accent-soft",
      )}
    >
      <Icon name={sourceIcons[fact.source.kind]} className="size-3 translate-y-px text-ink-faint" />
      <span className="shrink-0 text-ink-soft">{words("property", fact.property)}</span>
      <span className="ml-auto truncate text-right font-medium">{factValue(fact)}</span>
    </button>
  );
}

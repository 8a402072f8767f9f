import type { SuiteView } from "@waremind/contract";
import { type ReactElement, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { Age } from "../../ui/age.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Mono } from "../../ui/mono.tsx";
import { Holds } from "./scoreboard.tsx";

interface SuiteCardProps {
  readonly suite: SuiteView;
  readonly onChange: (verb: "run" | "cancel") => void;
}

export function SuiteCard({ suite, onChange }: SuiteCardProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isRunning = suite.state === "running";
  return (
    <li data-testid={`suite-${suite.suite}`} data-state={suite.state}>
      <Card
        title={
          <span className="flex flex-wrap items-center gap-2">
            {format.text(suite.title)} <Mono className="font-normal text-ink-faint">{suite.suite}</Mono>
            <Holds suite={suite} />
          </span>
        }
        aside={
          <span className="flex items-center gap-3">
            {suite.ranAt !== null && (
              <span className="text-ink-faint text-small">
                {t("prove.ran")} <Age at={suite.ranAt} />
              </span>
            )}
            {isRunning ? (
              <Button size="small" icon="stop" onClick={() => onChange("cancel")}>
                {t("prove.cancel")}
              </Button>
            ) : (
              <Button
                size="small"
                icon="scenario"
                onClick={() => onChange("run")}
                data-testid={`suite-run-${suite.suite}`}
              >
                {t("prove.run")}
              </Button>
            )}
          </span>
        }
      >
        <Failures failures={suite.result?.failures ?? []} />
        <Log lines={suite.log} isRunning={isRunning} label={t("prove.log")} />
        {suite.log.length === 0 && suite.result === null && (
          <p className="text-ink-soft">{t("prove.notRunText")}</p>
        )}
      </Card>
    </li>
  );
}

function Failures({ failures }: { readonly failures: readonly string[] }): ReactElement | null {
  if (failures.length === 0) return null;
  return (
    <ul className="mb-3 flex flex-col gap-1">
      {failures.map((failure) => (
        <li key={failure} className="flex items-start gap-2 text-bad">
          <Icon name="cross" className="mt-0.5 size-3.5" />
          {failure}
        </li>
      ))}
    </ul>
  );
}

interface LogProps {
  readonly lines: readonly string[];
  readonly isRunning: boolean;
  readonly label: string;
}

/** The run's own words; follows its end while it runs. */
function Log({ lines, isRunning, label }: LogProps): ReactElement | null {
  const box = useRef<HTMLPreElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is what asks to scroll.
  useEffect(() => {
    if (isRunning) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [lines, isRunning]);
  if (lines.length === 0) return null;
  return (
    <pre
      ref={box}
      role="log"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard.
      tabIndex={0}
      className="max-h-64 overflow-auto whitespace-pre-wrap rounded-control border border-line bg-sunken px-3 py-2 font-mono text-small"
    >
      {lines.join("\n")}
    </pre>
  );
}

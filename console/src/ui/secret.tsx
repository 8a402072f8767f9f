import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { CopyButton } from "./copy-button.tsx";
import { Icon } from "./icon.tsx";

export interface SecretProps {
  readonly label: string;
  readonly text: string;
  readonly testId?: string;
}

/** A text to take along: shown whole, with a button that copies it. */
export function Secret({ label, text, testId }: SecretProps): ReactElement {
  return (
    <div>
      <div className="mb-1 flex items-center justify-between gap-2">
        <span className="font-medium text-ink-soft text-small">{label}</span>
        <CopyButton text={text} />
      </div>
      <code
        translate="no"
        data-testid={testId}
        className="block whitespace-pre-wrap break-all rounded-control border border-line bg-sunken px-3 py-2 font-mono text-small"
      >
        {text}
      </code>
    </div>
  );
}

/** Says that what stands below is shown this once. */
export function OnceNotice(): ReactElement {
  const { t } = useTranslation();
  return (
    <p className="flex items-start gap-2 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-warn">
      <Icon name="alarm" className="mt-0.5" />
      {t("credential.once")}
    </p>
  );
}

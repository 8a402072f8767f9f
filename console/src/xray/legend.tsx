import type { Claim } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";
import { verdictLooks } from "./verdict-looks.ts";

const verdicts = ["supported", "customer-words", "unsupported"] as const;

/** What the underlines mean, with how many of each there are. */
export function XrayLegend({ claims }: { readonly claims: readonly Claim[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-ink-soft text-small">
      {verdicts.map((verdict) => {
        const look = verdictLooks[verdict];
        const count = claims.filter((claim) => claim.verdict === verdict).length;
        return (
          <li key={verdict} className="flex items-center gap-1">
            <Icon name={look.icon} className={classes("size-3", look.text)} />
            <span className={classes("underline decoration-2 underline-offset-4", look.underline)}>
              {t(`xray.verdict.${verdict}`)}
            </span>
            <span className="text-ink-faint">{count}</span>
          </li>
        );
      })}
    </ul>
  );
}

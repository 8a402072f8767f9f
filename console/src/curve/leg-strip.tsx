import type { CustodyLeg } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { classes } from "../ui/classes.ts";
import { axisWidth, rightMargin } from "./curve-chart.ts";

export interface LegStripProps {
  readonly legs: readonly CustodyLeg[];
  readonly range: { readonly from: number; readonly to: number };
  readonly nowAt: number;
}

/** Who held the goods, above the curve and to its scale; the legs of the shop itself are filled. */
export function LegStrip({ legs, range, nowAt }: LegStripProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const span = Math.max(1, range.to - range.from);
  const shareOf = (at: number): number => Math.min(1, Math.max(0, (at - range.from) / span));
  return (
    <ol
      aria-label={t("curve.legs")}
      data-testid="custody-legs"
      className="relative mb-1 h-6"
      style={{ marginLeft: axisWidth, marginRight: rightMargin }}
    >
      {legs.map((leg) => {
        const begin = shareOf(leg.beganAt);
        const end = shareOf(leg.endedAt ?? Math.max(nowAt, leg.beganAt));
        const until = leg.endedAt === null ? t("curve.legOpen") : format.instant(leg.endedAt);
        const title = `${format.text(leg.holder)} · ${t(leg.isOurs ? "curve.legOurs" : "curve.legTheirs")} · ${format.instant(leg.beganAt)} – ${until}`;
        return (
          <li
            key={leg.position}
            title={title}
            hidden={end <= begin}
            className={classes(
              "absolute inset-y-0 overflow-hidden rounded-[5px] border px-1.5 text-small leading-[1.375rem]",
              leg.isOurs
                ? "border-accent-line bg-accent-soft font-medium text-accent"
                : "border-line-strong bg-surface text-ink-soft",
            )}
            style={{ left: `${begin * 100}%`, width: `calc(${(end - begin) * 100}% - 2px)` }}
          >
            <span className="block truncate">{format.text(leg.holder)}</span>
            <span className="sr-only">{title}</span>
          </li>
        );
      })}
    </ol>
  );
}

import type { RolloutView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { classes } from "../../ui/classes.ts";
import type { IconName } from "../../ui/icon.tsx";
import { type RingPicture, type RingState, ringPictures } from "./rings.ts";

const looks: Record<RingState, { readonly tone: Tone; readonly icon: IconName }> = {
  done: { tone: "good", icon: "check" },
  serving: { tone: "accent", icon: "scenario" },
  waiting: { tone: "neutral", icon: "clock" },
  halted: { tone: "warn", icon: "pause" },
  unreached: { tone: "neutral", icon: "cross" },
};

/** The rings from left to right, each as wide as the devices it adds, filled by what is updated and what failed. */
export function Rings({ rollout }: { readonly rollout: RolloutView }): ReactElement {
  const { t } = useTranslation();
  return (
    <ol aria-label={t("rollout.rings")} className="flex flex-wrap gap-2 sm:flex-nowrap">
      {ringPictures(rollout).map((ring) => (
        <Ring key={ring.index} ring={ring} />
      ))}
    </ol>
  );
}

/** The narrowest ring still holds its words. In per cent, since rings that grow by less than 1 leave room unused. */
const growMin = 18;

function Ring({ ring }: { readonly ring: RingPicture }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const shareOf = (count: number): string =>
    `${ring.deviceCount === 0 ? 0 : (count / ring.deviceCount) * 100}%`;
  return (
    <li
      data-testid={`ring-${ring.index}`}
      data-state={ring.state}
      className={classes(
        "min-w-40 rounded-control border p-3",
        ring.state === "serving" ? "border-accent bg-accent-soft" : "border-line bg-sunken",
      )}
      style={{ flexGrow: Math.max(growMin, ring.share * 100), flexBasis: 0 }}
    >
      <p className="flex flex-wrap items-center justify-between gap-2">
        <strong className="font-medium">{t("rollout.ring", { number: ring.index + 1 })}</strong>
        <Badge {...looks[ring.state]}>{t(`rollout.ringState.${ring.state}`)}</Badge>
      </p>
      <div
        className="my-2 flex h-2.5 overflow-hidden rounded-full border border-line bg-surface"
        aria-hidden="true"
      >
        <span className="bg-good" style={{ width: shareOf(ring.updated) }} />
        <span className="hatched bg-bad" style={{ width: shareOf(ring.failed) }} />
      </div>
      <p className="text-ink-soft text-small">
        {t("rollout.progress", {
          updated: format.number(ring.updated),
          total: format.number(ring.deviceCount),
        })}
      </p>
      <p className={classes("text-small", ring.isBeyond ? "font-medium text-bad" : "text-ink-faint")}>
        {t(ring.isBeyond ? "rollout.failedBeyond" : "rollout.failedCount", {
          failed: format.number(ring.failed),
          share: format.number(ring.failureShare * 100, 1),
        })}
      </p>
    </li>
  );
}

import { type ReactElement, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLiveState } from "../api/use-live.ts";
import { now, useNow } from "../clock.ts";
import { useFormat } from "../format/use-format.ts";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";

const dots = { connecting: "bg-warn", open: "bg-good", lost: "bg-bad" } as const;

/** In the header: whether what is on screen follows the shop by itself. */
export function LiveIndicator(): ReactElement {
  const { t } = useTranslation();
  const state = useLiveState();
  return (
    <span
      className="flex items-center gap-1.5 px-2 text-ink-soft text-small"
      title={t(`live.${state}Hint`)}
      data-testid="live-state"
      data-state={state}
    >
      <span className={classes("size-2 rounded-full", dots[state], state === "open" && "pulse-dot")} />
      <span className="max-sm:sr-only">{t(`live.${state}`)}</span>
    </span>
  );
}

/** How long the line may be broken before the banner says so; short breaks heal by themselves. */
const patienceMs = 2_500;

/** Across the page while the live connection is broken: how old the picture may be. */
export function LiveBanner(): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const state = useLiveState();
  const time = useNow(1_000);
  const [lostAt, setLostAt] = useState<number | null>(null);
  useEffect(() => {
    setLostAt((before) => (state === "lost" ? (before ?? now()) : null));
  }, [state]);
  if (lostAt === null || time - lostAt < patienceMs) return null;
  return (
    <div
      role="status"
      data-testid="live-banner"
      className="flex items-center gap-2 border-warn-line border-b bg-warn-soft px-4 py-1.5 text-warn sm:px-6"
    >
      <Icon name="silent" />
      <span>{t("live.banner", { time: format.instant(lostAt, "time-seconds") })}</span>
    </div>
  );
}

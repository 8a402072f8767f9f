import type { RolloutView } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { useChange } from "../../ui/use-change.ts";
import { RolloutDevices } from "./rollout-devices.tsx";
import { Rings } from "./rollout-rings.tsx";

const looks: Record<RolloutView["state"], { readonly tone: Tone; readonly icon: IconName }> = {
  running: { tone: "accent", icon: "scenario" },
  paused: { tone: "warn", icon: "pause" },
  stopped: { tone: "bad", icon: "stop" },
  finished: { tone: "good", icon: "check-circle" },
};

/** One release on its way to the devices, ring by ring. */
export function RolloutCard({ rollout }: { readonly rollout: RolloutView }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <li
      data-testid={`rollout-${rollout.id}`}
      data-state={rollout.state}
      className="rounded-card border border-line bg-surface p-4 shadow-card"
    >
      <header className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="font-semibold text-title">{rollout.releaseTitle}</h2>
        <Badge {...looks[rollout.state]}>{words("rolloutState", rollout.state)}</Badge>
        <span className="text-ink-faint text-small">
          {rollout.createdBy} · {format.instant(rollout.createdAt, "full")}
          {rollout.endedAt !== null && ` – ${format.instant(rollout.endedAt, "full")}`}
        </span>
        <span className="ml-auto flex flex-wrap gap-2">
          <RolloutActions rollout={rollout} />
        </span>
      </header>
      {rollout.stoppedReason !== null && (
        <p className="mb-3 flex items-start gap-2 rounded-control border border-bad-line bg-bad-soft px-3 py-2 text-bad">
          <Icon name="stop" className="mt-0.5" />
          {format.text(rollout.stoppedReason)}
        </p>
      )}
      <Rings rollout={rollout} />
      <p className="mt-2 text-ink-faint text-small">
        {t("rollout.rule", {
          share: format.number(rollout.failureShareMax * 100, 1),
          count: rollout.failuresMin,
          soak: format.minutes(rollout.soakMinutes),
        })}
      </p>
      <RolloutDevices rollout={rollout} />
    </li>
  );
}

type Verb = "pause" | "resume" | "next" | "stop" | "roll-back";
const asks = {
  next: { verb: "rollout.next", title: "rollout.nextTitle", text: "rollout.nextText" },
  stop: { verb: "rollout.stop", title: "rollout.stopTitle", text: "rollout.stopText" },
  "roll-back": { verb: "rollout.rollBack", title: "rollout.rollBackTitle", text: "rollout.rollBackText" },
} as const;

function RolloutActions({ rollout }: { readonly rollout: RolloutView }): ReactElement | null {
  const { t } = useTranslation();
  const may = useMay();
  const [asked, setAsked] = useState<keyof typeof asks | null>(null);
  const act = useChange<Verb>({
    run: (verb) =>
      request(`/api/rollouts/${encodeURIComponent(rollout.id)}/${verb}`, { method: "POST", body: {} }),
    refreshes: ["rollouts", "rollout", "releases"],
    failed: t("rollout.failed"),
    onDone: () => setAsked(null),
  });
  if (!may("devices.write")) return null;
  const { state } = rollout;
  const isOpen = state === "running" || state === "paused";
  const ask = (verb: keyof typeof asks): void => {
    // What failed the last time is not said of this one.
    act.reset();
    setAsked(verb);
  };
  const words = asked === null ? null : asks[asked];
  return (
    <>
      {state === "running" && (
        <Button
          size="small"
          icon="pause"
          isBusy={act.isPending}
          onClick={() => act.mutate("pause")}
          data-testid="rollout-pause"
        >
          {t("rollout.pause")}
        </Button>
      )}
      {state === "paused" && (
        <Button
          size="small"
          icon="scenario"
          isBusy={act.isPending}
          onClick={() => act.mutate("resume")}
          data-testid="rollout-resume"
        >
          {t("rollout.resume")}
        </Button>
      )}
      {isOpen && rollout.ring < rollout.rings.length - 1 && (
        <Button size="small" icon="arrow-right" onClick={() => ask("next")} data-testid="rollout-next">
          {t("rollout.next")}
        </Button>
      )}
      {isOpen && (
        <Button size="small" icon="stop" onClick={() => ask("stop")} data-testid="rollout-stop">
          {t("rollout.stop")}
        </Button>
      )}
      {hasBegun(rollout) && (
        <Button
          size="small"
          look="bad"
          icon="undo"
          onClick={() => ask("roll-back")}
          data-testid="rollout-roll-back"
        >
          {t("rollout.rollBack")}
        </Button>
      )}
      <Confirm
        isOpen={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked !== null && act.mutate(asked)}
        title={words === null ? "" : t(words.title, { release: rollout.releaseTitle })}
        verb={words === null ? "" : t(words.verb)}
        isBusy={act.isPending}
        error={act.error}
      >
        <p>{words !== null && t(words.text)}</p>
      </Confirm>
    </>
  );
}

/** Whether some device took or may have taken the release, so that there is something to take back. */
function hasBegun({ rings, devices }: RolloutView): boolean {
  const total = rings.reduce((sum, ring) => sum + ring.deviceCount, 0);
  const untouched = ["waiting", "failed", "rolled-back"];
  // Of a large rollout not every device is listed.
  return devices.length < total || devices.some((device) => !untouched.includes(device.state));
}

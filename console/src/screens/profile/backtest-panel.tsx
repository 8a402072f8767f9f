import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Backtest, backtestAt, backtestQuery, startBacktest } from "../../api/backtests.ts";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField } from "../../ui/field.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";
import type { RuleDraft } from "./profile-draft.ts";
import { ruleOf } from "./rule-draft.ts";

const spans = [1, 7, 30, 90] as const;

/** What this rule would have raised, had it been there for the last days; nothing is stored. */
export function BacktestPanel({
  draft,
  profileId,
}: {
  readonly draft: RuleDraft;
  readonly profileId: string;
}): ReactElement | null {
  const { t } = useTranslation();
  const may = useMay();
  const [days, setDays] = useState(7);
  const [runId, setRunId] = useState<string | null>(null);
  const rule = ruleOf(draft);
  const start = useChange<void, Backtest>({
    run: () => startBacktest({ rule, profileId, days }),
    refreshes: [],
    onDone: (run) => setRunId(run.id),
  });
  const run = useQuery(backtestQuery(runId));
  const isRunning = run.data?.state === "running";
  if (!may("devices.write")) return null;
  return (
    <div className="flex flex-col gap-3 border-line border-t pt-3">
      <div className="flex flex-wrap items-end gap-2">
        <SelectField
          label={t("backtest.days")}
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
          className="w-36"
        >
          {spans.map((one) => (
            <option key={one} value={one}>
              {t("backtest.lastDays", { count: one })}
            </option>
          ))}
        </SelectField>
        <Button
          icon="scenario"
          className="h-9"
          disabled={rule === null || isRunning}
          isBusy={start.isPending}
          onClick={() => {
            setRunId(null);
            start.mutate();
          }}
          data-testid="rule-backtest"
        >
          {t("backtest.start")}
        </Button>
        {rule === null && <p className="pb-2 text-ink-faint text-small">{t("backtest.incomplete")}</p>}
      </div>
      {start.isError && <ProblemNotice error={start.error} />}
      {runId !== null && run.isError && (
        <ProblemNotice error={run.error} onRetry={() => void run.refetch()} />
      )}
      {run.data !== undefined && <Outcome run={run.data} />}
    </div>
  );
}

function Outcome({ run }: { readonly run: Backtest }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { devicesDone, devices, readings } = run.progress;
  const cancel = useChange({
    run: () => request(`${backtestAt(run.id)}/cancel`, { method: "POST", body: {} }),
    ...{ refreshes: ["backtest"], failed: t("backtest.cancelFailed") },
  });
  return (
    <div className="flex flex-col gap-2" data-testid="backtest" data-state={run.state}>
      <div role="status" className="flex flex-wrap items-center gap-3">
        <span className="font-medium">{t(`backtest.state.${run.state}`)}</span>
        <span className="text-ink-soft text-small tabular-nums">
          {t("backtest.progress", {
            ...{ done: format.number(devicesDone), devices: format.number(devices) },
            readings: format.number(readings),
          })}
        </span>
        {run.state === "running" && (
          <>
            <progress
              className="h-1.5 w-40 accent-accent"
              aria-label={t("jobs.progress")}
              value={devicesDone}
              max={Math.max(1, devices)}
            />
            <Button size="small" icon="cross" isBusy={cancel.isPending} onClick={() => cancel.mutate()}>
              {t("common.cancel")}
            </Button>
          </>
        )}
      </div>
      {run.problem !== null && <p className="text-bad">{format.text(run.problem)}</p>}
      <p data-testid="backtest-totals">
        {t("backtest.totals", {
          count: run.alarmCount,
          minutes: format.minutes(Math.round(run.alarmMinutes)),
          devices: format.number(run.devicesWithAlarms),
        })}
      </p>
      {run.devices.length > 0 && (
        <ul className="flex flex-col gap-1.5">
          {run.devices.map((device) => (
            <Timeline key={device.deviceName} device={device} run={run} />
          ))}
        </ul>
      )}
      {run.devices.length > 0 && (
        <p className="flex justify-between text-ink-faint text-small sm:pl-44">
          <span>{format.instant(run.fromAt)}</span>
          <span>{format.instant(run.toAt)}</span>
        </p>
      )}
    </div>
  );
}

/** One device's alarms as bars over the time that was looked at; each says its times to who hovers or listens. */
function Timeline({
  device,
  run,
}: {
  readonly device: Backtest["devices"][number];
  readonly run: Backtest;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const span = Math.max(1, run.toAt - run.fromAt);
  const percent = (at: number): number => Math.min(100, Math.max(0, ((at - run.fromAt) / span) * 100));
  const spoken = t("backtest.device", {
    device: device.deviceName,
    count: device.alarmCount,
    minutes: format.minutes(Math.round(device.alarmMinutes)),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <span className="w-40 truncate text-small" title={spoken}>
        {device.deviceName} · {format.number(device.alarmCount)}
      </span>
      <span className="relative h-4 min-w-40 flex-1 rounded-control border border-line bg-surface">
        <span className="sr-only">{spoken}</span>
        {device.spans.map(({ beganAt, endedAt }) => (
          <span
            key={beganAt}
            title={`${format.instant(beganAt, "full")} – ${endedAt === null ? "…" : format.instant(endedAt, "full")}`}
            className="absolute inset-y-0.5 min-w-0.5 rounded-sm bg-bad"
            style={{
              left: `${percent(beganAt)}%`,
              width: `${percent(endedAt ?? run.toAt) - percent(beganAt)}%`,
            }}
          />
        ))}
      </span>
    </li>
  );
}

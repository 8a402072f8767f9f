import { useNavigate } from "@tanstack/react-router";
import type { ReleaseView, RolloutView } from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Mono } from "../../ui/mono.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";
import { parseRings } from "./rings.ts";

interface StartRolloutProps {
  readonly release: ReleaseView;
  readonly onClose: () => void;
}

/** Rings, and when to stop: a bad release should meet few devices, and stop by itself. */
export function StartRollout({ release, onClose }: StartRolloutProps): ReactElement {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [rings, setRings] = useState("5, 25, 100");
  const parsed = parseRings(rings);
  const start = useChange<Record<string, unknown>, RolloutView>({
    run: (body) => request<RolloutView>("/api/rollouts", { method: "POST", body }),
    refreshes: ["rollouts", "releases"],
    done: t("rollout.started"),
    onDone: () => {
      onClose();
      void navigate({ to: "/releases", search: {} });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const number = (name: string): number => Number(form.get(name));
    if (parsed === null) return;
    start.mutate({
      releaseId: release.id,
      rings: parsed,
      failureShareMax: number("failurePercent") / 100,
      failuresMin: number("failuresMin"),
      soakMinutes: number("soakMinutes"),
    });
  };
  const numeric = { type: "number", required: true, autoComplete: "off" } as const;
  return (
    <Modal isOpen onClose={onClose} title={t("rollout.start")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p>
          <strong className="font-semibold">{release.title}</strong> <Mono>{release.version}</Mono>
        </p>
        <TextField
          label={t("rollout.rings")}
          value={rings}
          onChange={(event) => setRings(event.target.value)}
          hint={
            parsed === null ? (
              <span className="text-bad">{t("rollout.ringsFault")}</span>
            ) : (
              t("rollout.ringsHint", { count: parsed.length })
            )
          }
          autoComplete="off"
          testId="rollout-rings"
        />
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <TextField
            {...numeric}
            name="failurePercent"
            label={t("rollout.failurePercent")}
            defaultValue="10"
            min={0}
            max={100}
            step="any"
          />
          <TextField
            {...numeric}
            name="failuresMin"
            label={t("rollout.failuresMin")}
            defaultValue="2"
            min={1}
            max={10_000}
          />
        </div>
        <TextField
          {...numeric}
          name="soakMinutes"
          label={t("rollout.soak")}
          hint={t("rollout.soakHint")}
          defaultValue="30"
          min={0}
          max={43_200}
          step="any"
        />
        {start.isError && <ProblemNotice error={start.error} />}
        <Button
          look="primary"
          type="submit"
          disabled={parsed === null}
          isBusy={start.isPending}
          className="self-end"
          data-testid="rollout-submit"
        >
          {t("rollout.start")}
        </Button>
      </form>
    </Modal>
  );
}

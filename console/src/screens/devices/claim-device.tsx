import { useNavigate } from "@tanstack/react-router";
import type { DeviceView } from "@waremind/contract";
import type { FormEvent, ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { TextField } from "../../ui/field.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Submit } from "../../ui/submit.tsx";
import { useNotify } from "../../ui/toasts.tsx";
import { useChange } from "../../ui/use-change.ts";

interface ClaimDeviceProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

interface Claim {
  readonly deviceName: string;
  readonly secret: string;
  readonly label?: string;
}

/** A device that waits to be claimed becomes the shop's by the name and secret on its label. */
export function ClaimDevice({ isOpen, onClose }: ClaimDeviceProps): ReactElement {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const notify = useNotify();
  const claim = useChange({
    run: (body: Claim) => request<{ device: DeviceView }>("/api/claims", { method: "POST", body }),
    refreshes: ["devices", "device-rows"],
    onDone: ({ device }) => {
      notify("good", t("claim.done", { device: device.name }));
      close();
      void navigate({ to: "/devices/$deviceName", params: { deviceName: device.name } });
    },
  });
  const close = (): void => {
    claim.reset();
    onClose();
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? "");
    const label = text("label").trim();
    claim.mutate({
      deviceName: text("deviceName").trim(),
      secret: text("secret"),
      ...(label === "" ? {} : { label }),
    });
  };
  return (
    <Modal isOpen={isOpen} onClose={close} title={t("claim.title")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-pretty text-ink-soft">{t("claim.lead")}</p>
        <TextField
          name="deviceName"
          label={t("devices.name")}
          required
          maxLength={255}
          autoComplete="off"
          spellCheck={false}
          testId="claim-name"
        />
        <TextField
          name="secret"
          label={t("claim.secret")}
          hint={t("claim.secretHint")}
          maxLength={255}
          autoComplete="off"
          spellCheck={false}
          testId="claim-secret"
        />
        <TextField
          name="label"
          label={t("claim.label")}
          maxLength={120}
          autoComplete="off"
          testId="claim-label"
        />
        <Submit change={claim} testId="claim-submit">
          {t("claim.do")}
        </Submit>
      </form>
    </Modal>
  );
}

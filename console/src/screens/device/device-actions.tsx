import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceDetail, DeviceDetailView } from "../../api/answers.ts";
import { deviceAt, deviceQueries } from "../../api/device-queries.ts";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { Button } from "../../ui/button.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { CheckField, SelectField, TextField } from "../../ui/field.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Submit } from "../../ui/submit.tsx";
import { useNotify } from "../../ui/toasts.tsx";
import { useChange } from "../../ui/use-change.ts";

const refreshes = ["device", "device-rows", "devices", "profiles", "device-history"];

interface DeviceActionsProps {
  readonly detail: DeviceDetail;
}

/** Edit, disable, delete: for whoever may, and each says first what it does. */
export function DeviceActions({ detail }: DeviceActionsProps): ReactElement | null {
  const { t } = useTranslation();
  const may = useMay();
  const [opened, setOpened] = useState<"edit" | "state" | "delete" | null>(null);
  const { device } = detail;
  if (!may("devices.write")) return null;
  const close = (): void => setOpened(null);
  return (
    <>
      <Button icon="edit" onClick={() => setOpened("edit")} data-testid="device-edit">
        {t("device.edit")}
      </Button>
      <Button
        icon={device.state === "active" ? "pause" : "scenario"}
        onClick={() => setOpened("state")}
        data-testid="device-state"
      >
        {t(device.state === "active" ? "device.disable" : "device.enable")}
      </Button>
      <Button look="bad" icon="trash" onClick={() => setOpened("delete")} data-testid="device-delete">
        {t("device.delete")}
      </Button>
      {opened === "edit" && <EditDevice device={device} onClose={close} />}
      {opened === "state" && <ChangeState device={device} onClose={close} />}
      {opened === "delete" && <DeleteDevice detail={detail} onClose={close} />}
    </>
  );
}

interface OneDeviceProps {
  readonly device: DeviceDetailView;
  readonly onClose: () => void;
}

function useEdit(device: DeviceDetailView, onClose: () => void, done: string) {
  return useChange({
    run: (body: Record<string, string | boolean>) => request(deviceAt(device.name), { method: "POST", body }),
    refreshes,
    done,
    onDone: onClose,
  });
}

function EditDevice({ device, onClose }: OneDeviceProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const profiles = useQuery(deviceQueries.profiles()).data?.items ?? [];
  const [profileId, setProfileId] = useState(device.profileId);
  const [isGateway, setIsGateway] = useState(device.isGateway);
  const edit = useEdit(device, onClose, t("device.edited"));
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const label = String(new FormData(event.currentTarget).get("label") ?? "").trim();
    edit.mutate({ label, profileId, isGateway });
  };
  return (
    <Modal isOpen onClose={onClose} title={t("device.edit")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          name="label"
          label={t("devices.label")}
          defaultValue={device.label}
          maxLength={120}
          autoComplete="off"
          testId="edit-label"
        />
        <SelectField
          label={t("devices.profile")}
          value={profileId}
          onChange={(event) => setProfileId(event.target.value)}
          hint={profileId === device.profileId ? undefined : t("device.profileHint")}
        >
          {profiles.every((profile) => profile.id !== profileId) && (
            <option value={profileId}>{profileId}</option>
          )}
          {profiles.map((profile) => (
            <option key={profile.id} value={profile.id}>
              {format.text(profile.name)}
            </option>
          ))}
        </SelectField>
        <CheckField
          label={t("devices.isGateway")}
          hint={t("devices.isGatewayHint")}
          checked={isGateway}
          onChange={(event) => setIsGateway(event.target.checked)}
        />
        <Submit change={edit} testId="edit-submit">
          {t("common.save")}
        </Submit>
      </form>
    </Modal>
  );
}

function ChangeState({ device, onClose }: OneDeviceProps): ReactElement {
  const { t } = useTranslation();
  const isActive = device.state === "active";
  const edit = useEdit(device, onClose, t(isActive ? "device.disabled" : "device.enabled"));
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={t(isActive ? "device.disableTitle" : "device.enableTitle", { device: device.name })}
      verb={t(isActive ? "device.disable" : "device.enable")}
      isBusy={edit.isPending}
      error={edit.error}
      onConfirm={() => edit.mutate({ state: isActive ? "disabled" : "active" })}
    >
      <p>{t(isActive ? "device.disableText" : "device.enableText")}</p>
    </Confirm>
  );
}

function DeleteDevice({
  detail,
  onClose,
}: {
  readonly detail: DeviceDetail;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const notify = useNotify();
  const { device, series } = detail;
  const remove = useChange({
    run: () => request(deviceAt(device.name), { method: "DELETE" }),
    refreshes: refreshes.slice(1),
    onDone: () => {
      notify("good", t("device.deleted", { device: device.name }));
      void navigate({ to: "/devices" });
    },
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={t("device.deleteTitle", { device: device.name })}
      verb={t("device.deleteForGood")}
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
    >
      <p>{t("device.deleteText")}</p>
      <ul className="list-disc pl-5">
        <li>{t("device.lost.series", { count: series.length })}</li>
        <li>{t("device.lost.quarantined", { count: device.quarantinedCount })}</li>
        <li>{t("device.lost.rest")}</li>
        {device.isGateway && <li>{t("device.lost.gateway")}</li>}
      </ul>
      {device.boundTo.length > 0 && (
        <p className="flex items-start gap-2 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-warn">
          <Icon name="link" className="mt-0.5" />
          {t("device.boundFirst", { bound: device.boundTo.map((one) => one.label).join(", ") })}
        </p>
      )}
    </Confirm>
  );
}

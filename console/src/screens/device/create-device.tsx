import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CreatedDevice } from "../../api/answers.ts";
import { deviceQueries } from "../../api/device-queries.ts";
import { request } from "../../api/request.ts";
import { useFormat } from "../../format/use-format.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField, TextField } from "../../ui/field.tsx";
import { Modal } from "../../ui/modal.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { CredentialFields, readCredential } from "./credentials/credential-fields.tsx";
import { IssuedOnce } from "./credentials/issued-once.tsx";

interface CreateDeviceProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

interface NewDevice {
  readonly name: string;
  readonly label: string;
  readonly profileId: string;
  readonly isGateway: boolean;
  readonly credential: Record<string, string>;
}

/** Registers a device and shows its credential, once. */
export function CreateDevice({ isOpen, onClose }: CreateDeviceProps): ReactElement {
  const { t } = useTranslation();
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: (body: NewDevice) => request<CreatedDevice>("/api/devices", { method: "POST", body }),
    onSuccess: () =>
      Promise.all(
        ["devices", "device-rows", "profiles"].map((resource) =>
          client.invalidateQueries({ queryKey: [resource] }),
        ),
      ),
  });
  const close = (): void => {
    create.reset();
    onClose();
  };
  return (
    <Modal
      isOpen={isOpen}
      onClose={close}
      title={create.isSuccess ? t("devices.created") : t("devices.create")}
      className="sm:max-w-xl"
    >
      {create.data === undefined ? (
        <DeviceForm onSubmit={create.mutate} isBusy={create.isPending} error={create.error} />
      ) : (
        <IssuedOnce credential={create.data.credential} onClose={close} />
      )}
    </Modal>
  );
}

interface DeviceFormProps {
  readonly onSubmit: (body: NewDevice) => void;
  readonly isBusy: boolean;
  readonly error: unknown;
}

function DeviceForm({ onSubmit, isBusy, error }: DeviceFormProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const profiles = useQuery(deviceQueries.profiles());
  const [isGateway, setIsGateway] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    onSubmit({
      name: text("name"),
      label: text("label"),
      profileId: text("profileId"),
      isGateway,
      credential: readCredential(form),
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        name="name"
        label={t("devices.name")}
        hint={t("devices.nameHint")}
        testId="device-name"
        required
        maxLength={255}
        autoComplete="off"
        spellCheck={false}
      />
      <TextField
        name="label"
        label={t("devices.label")}
        testId="device-label"
        maxLength={120}
        autoComplete="off"
      />
      <SelectField name="profileId" label={t("devices.profile")} required testId="device-profile">
        {(profiles.data?.items ?? []).map((profile) => (
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
        testId="device-gateway"
      />
      <CredentialFields />
      {profiles.isError && <ProblemNotice error={profiles.error} onRetry={() => void profiles.refetch()} />}
      {error !== null && error !== undefined && <ProblemNotice error={error} />}
      <Button look="primary" type="submit" isBusy={isBusy} data-testid="device-submit" className="self-end">
        {t("devices.create")}
      </Button>
    </form>
  );
}

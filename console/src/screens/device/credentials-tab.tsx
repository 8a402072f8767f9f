import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { CredentialView, IssuedCredential } from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { deviceAt, deviceQueries } from "../../api/device-queries.ts";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Mono } from "../../ui/mono.tsx";
import { EmptyState, Loaded } from "../../ui/states.tsx";
import { Submit } from "../../ui/submit.tsx";
import { DataTable } from "../../ui/table.tsx";
import { useChange } from "../../ui/use-change.ts";
import { CredentialFields, readCredential } from "./credentials/credential-fields.tsx";
import { IssuedOnce } from "./credentials/issued-once.tsx";

/** With what the device proves who it is. Secrets are shown when they are made and never again. */
export function CredentialsTab({ deviceName }: { readonly deviceName: string }): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const credentials = useQuery(deviceQueries.credentials(deviceName));
  const [isAdding, setIsAdding] = useState(false);
  const [revoking, setRevoking] = useState<CredentialView | null>(null);
  const canWrite = may("devices.write");
  return (
    <Card
      title={t("device.tab.credentials")}
      isPadded={false}
      aside={
        canWrite && (
          <Button size="small" icon="plus" onClick={() => setIsAdding(true)} data-testid="credential-add">
            {t("credential.add")}
          </Button>
        )
      }
    >
      <Loaded query={credentials} skeletonRows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon="key" title={t("credential.empty")} text={t("credential.emptyText")} />
          ) : (
            <CredentialList items={items} onRevoke={canWrite ? setRevoking : null} />
          )
        }
      </Loaded>
      <AddCredential deviceName={deviceName} isOpen={isAdding} onClose={() => setIsAdding(false)} />
      <RevokeCredential credential={revoking} onClose={() => setRevoking(null)} />
    </Card>
  );
}

interface CredentialListProps {
  readonly items: readonly CredentialView[];
  readonly onRevoke: ((credential: CredentialView) => void) | null;
}

function CredentialList({ items, onRevoke }: CredentialListProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <DataTable
      label={t("device.tab.credentials")}
      rows={items}
      keyOf={(credential) => credential.id}
      testIdOf={(credential) => `credential-${credential.id}`}
      rowClass={(credential) => (credential.revokedAt === null ? undefined : "text-ink-faint")}
      columns={[
        { key: "kind", title: t("credential.kind"), cell: (one) => words("credentialKind", one.kind) },
        {
          key: "hint",
          title: t("credential.hint"),
          cell: (one) => <Mono className="break-all">{one.hint}</Mono>,
        },
        {
          key: "made",
          title: t("credential.made"),
          from: "sm",
          cell: (one) => format.instant(one.createdAt, "full"),
        },
        {
          key: "state",
          title: t("common.state"),
          cell: (one) =>
            one.revokedAt === null ? (
              <Badge tone="good" icon="check">
                {t("credential.valid")}
              </Badge>
            ) : (
              <Badge tone="neutral" icon="cross" title={format.instant(one.revokedAt, "full")}>
                {t("credential.revoked")}
              </Badge>
            ),
        },
        {
          key: "actions",
          title: <span className="sr-only">{t("common.actions")}</span>,
          isNumber: true,
          cell: (one) =>
            one.revokedAt === null &&
            onRevoke !== null && (
              <Button
                size="small"
                look="bad"
                onClick={() => onRevoke(one)}
                data-testid={`credential-revoke-${one.id}`}
              >
                {t("credential.revoke")}
              </Button>
            ),
        },
      ]}
    />
  );
}

interface AddCredentialProps {
  readonly deviceName: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

function AddCredential({ deviceName, isOpen, onClose }: AddCredentialProps): ReactElement {
  const { t } = useTranslation();
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: (body: Record<string, string>) =>
      request<{ credential: IssuedCredential }>(`${deviceAt(deviceName)}/credentials`, {
        method: "POST",
        body,
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["device-credentials"] }),
  });
  const close = (): void => {
    add.reset();
    onClose();
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    add.mutate(readCredential(new FormData(event.currentTarget)));
  };
  return (
    <Modal isOpen={isOpen} onClose={close} title={t("credential.add")} className="sm:max-w-xl">
      {add.data === undefined ? (
        <form onSubmit={submit} className="flex flex-col gap-4">
          <CredentialFields />
          <Submit change={add} testId="credential-submit">
            {t("credential.add")}
          </Submit>
        </form>
      ) : (
        <IssuedOnce credential={add.data.credential} onClose={close} />
      )}
    </Modal>
  );
}

interface RevokeCredentialProps {
  readonly credential: CredentialView | null;
  readonly onClose: () => void;
}

function RevokeCredential({ credential, onClose }: RevokeCredentialProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const revoke = useChange({
    run: (id: number) => request(`/api/credentials/${id}/revoke`, { method: "POST", body: {} }),
    refreshes: ["device-credentials", "device", "device-history"],
    done: t("credential.revokedDone"),
    onDone: onClose,
  });
  return (
    <Confirm
      isOpen={credential !== null}
      onClose={onClose}
      title={t("credential.revokeTitle")}
      verb={t("credential.revoke")}
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => credential !== null && revoke.mutate(credential.id)}
    >
      {credential !== null && (
        <p>
          {words("credentialKind", credential.kind)} <Mono>{credential.hint}</Mono>
        </p>
      )}
      <p>{t("credential.revokeText")}</p>
    </Confirm>
  );
}

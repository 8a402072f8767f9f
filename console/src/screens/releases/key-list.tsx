import type { ReleaseKey } from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { TextAreaField, TextField } from "../../ui/field.tsx";
import { Modal } from "../../ui/modal.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Submit } from "../../ui/submit.tsx";
import { useChange } from "../../ui/use-change.ts";

/** Whose signatures are believed. Only public keys: what signs a package never comes here. */
export function KeyList({ keys }: { readonly keys: readonly ReleaseKey[] }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const [isAdding, setIsAdding] = useState(false);
  const [revoking, setRevoking] = useState<ReleaseKey | null>(null);
  const canWrite = may("devices.write");
  return (
    <Card
      title={t("release.keys")}
      isPadded={false}
      aside={
        canWrite && (
          <Button size="small" icon="plus" onClick={() => setIsAdding(true)} data-testid="release-key-add">
            {t("release.addKey")}
          </Button>
        )
      }
    >
      {keys.length === 0 ? (
        <EmptyState icon="key" title={t("release.noKeys")} text={t("release.noKeysText")} />
      ) : (
        <ul>
          {keys.map((key) => (
            <li
              key={key.id}
              className="flex flex-wrap items-center gap-3 border-line border-b px-4 py-3 last:border-b-0"
            >
              <strong className="font-medium">{key.name}</strong>
              <Badge
                tone={key.revokedAt === null ? "good" : "neutral"}
                icon={key.revokedAt === null ? "check" : "cross"}
              >
                {t(key.revokedAt === null ? "credential.valid" : "credential.revoked")}
              </Badge>
              <span className="text-ink-faint text-small">{format.instant(key.createdAt, "full")}</span>
              {key.revokedAt === null && canWrite && (
                <Button size="small" look="bad" className="ml-auto" onClick={() => setRevoking(key)}>
                  {t("credential.revoke")}
                </Button>
              )}
              <details className="w-full text-small">
                <summary className="text-ink-soft">{t("release.publicKey")}</summary>
                <pre
                  translate="no"
                  className="mt-1 overflow-x-auto rounded-control bg-sunken px-3 py-2 font-mono"
                >
                  {key.publicPem}
                </pre>
              </details>
            </li>
          ))}
        </ul>
      )}
      {isAdding && <AddKey onClose={() => setIsAdding(false)} />}
      {revoking !== null && <RevokeKey releaseKey={revoking} onClose={() => setRevoking(null)} />}
    </Card>
  );
}

function AddKey({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const add = useChange({
    run: (body: { name: string; publicPem: string }) =>
      request("/api/release-keys", { method: "POST", body }),
    refreshes: ["releases"],
    done: t("release.keyAdded"),
    onDone: onClose,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    add.mutate({ name: text("name"), publicPem: text("publicPem") });
  };
  return (
    <Modal isOpen onClose={onClose} title={t("release.addKey")} className="sm:max-w-xl">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField name="name" label={t("release.keyName")} required maxLength={100} autoComplete="off" />
        <TextAreaField
          name="publicPem"
          label={t("release.publicKey")}
          hint={t("release.publicKeyHint")}
          required
          rows={5}
          spellCheck={false}
          placeholder={"-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----"}
          className="[&_textarea]:font-mono [&_textarea]:text-small"
        />
        <Submit change={add} testId="release-key-submit">
          {t("release.addKey")}
        </Submit>
      </form>
    </Modal>
  );
}

function RevokeKey({
  releaseKey,
  onClose,
}: {
  readonly releaseKey: ReleaseKey;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const revoke = useChange({
    run: () =>
      request(`/api/release-keys/${encodeURIComponent(releaseKey.id)}/revoke`, { method: "POST", body: {} }),
    refreshes: ["releases"],
    done: t("credential.revokedDone"),
    onDone: onClose,
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      onConfirm={() => revoke.mutate()}
      title={t("release.revokeKey", { name: releaseKey.name })}
      verb={t("credential.revoke")}
      isBusy={revoke.isPending}
      error={revoke.error}
    >
      <p>{t("release.revokeKeyText")}</p>
    </Confirm>
  );
}

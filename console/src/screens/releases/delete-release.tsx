import type { ReleaseView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { useChange } from "../../ui/use-change.ts";

interface DeleteReleaseProps {
  readonly release: ReleaseView;
  readonly onClose: () => void;
}

/** What still uses the package is named by the server's refusal. */
export function DeleteRelease({ release, onClose }: DeleteReleaseProps): ReactElement {
  const { t } = useTranslation();
  const name = `${release.title} ${release.version}`;
  const remove = useChange({
    run: () => request(`/api/releases/${encodeURIComponent(release.id)}`, { method: "DELETE" }),
    refreshes: ["releases"],
    done: t("release.deleted", { name }),
    onDone: onClose,
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t("release.deleteTitle", { name })}
      verb={t("release.delete")}
      isBusy={remove.isPending}
      error={remove.error}
    >
      <p>{t("release.deleteText")}</p>
    </Confirm>
  );
}

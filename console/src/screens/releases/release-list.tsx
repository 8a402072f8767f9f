import type { ReleaseKey, ReleaseView } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "../../api/use-may.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Mono } from "../../ui/mono.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { DataTable } from "../../ui/table.tsx";
import { useProfileNames } from "../devices/device-columns.tsx";
import { DeleteRelease } from "./delete-release.tsx";
import { StartRollout } from "./start-rollout.tsx";
import { UploadRelease } from "./upload-release.tsx";

interface ReleaseListProps {
  readonly releases: readonly ReleaseView[];
  readonly keys: readonly ReleaseKey[];
}

/** Packages as they were signed and taken in; a rollout brings one to the devices of its profile. */
export function ReleaseList({ releases, keys }: ReleaseListProps): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const [isUploading, setIsUploading] = useState(false);
  const [starting, setStarting] = useState<ReleaseView | null>(null);
  const [deleting, setDeleting] = useState<ReleaseView | null>(null);
  const canWrite = may("devices.write");
  const hasKey = keys.some((key) => key.revokedAt === null);
  return (
    <Card
      title={t("release.list")}
      isPadded={false}
      aside={
        canWrite && (
          <Button
            size="small"
            icon="upload"
            disabled={!hasKey}
            title={hasKey ? undefined : t("release.keyFirst")}
            onClick={() => setIsUploading(true)}
            data-testid="release-upload"
          >
            {t("release.upload")}
          </Button>
        )
      }
    >
      {releases.length === 0 ? (
        <EmptyState
          icon="release"
          title={t("release.empty")}
          text={t(hasKey ? "release.emptyText" : "release.keyFirst")}
        />
      ) : (
        <ReleaseTable
          releases={releases}
          actions={canWrite ? { start: setStarting, remove: setDeleting } : null}
        />
      )}
      {isUploading && <UploadRelease keys={keys} onClose={() => setIsUploading(false)} />}
      {starting !== null && <StartRollout release={starting} onClose={() => setStarting(null)} />}
      {deleting !== null && <DeleteRelease release={deleting} onClose={() => setDeleting(null)} />}
    </Card>
  );
}

interface ReleaseTableProps {
  readonly releases: readonly ReleaseView[];
  readonly actions: Record<"start" | "remove", (release: ReleaseView) => void> | null;
}

function ReleaseTable({ releases, actions }: ReleaseTableProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const profileNames = useProfileNames();
  return (
    <DataTable
      label={t("release.list")}
      rows={releases}
      keyOf={(release) => release.id}
      testIdOf={(release) => `release-${release.id}`}
      columns={[
        {
          key: "title",
          title: t("release.title"),
          cell: (one) => (
            <>
              <span className="font-medium">{one.title}</span> <Mono>{one.version}</Mono>
              <span className="block text-ink-faint text-micro">
                {one.fileName} · {t("release.bytes", { bytes: format.number(one.sizeBytes) })}
              </span>
            </>
          ),
        },
        { key: "kind", title: t("release.kind"), from: "md", cell: (one) => words("releaseKind", one.kind) },
        {
          key: "profile",
          title: t("devices.profile"),
          from: "md",
          cell: (one) => profileNames.get(one.profileId) ?? one.profileId,
        },
        {
          key: "checksum",
          title: t("release.checksumShort"),
          from: "lg",
          cell: (one) => (
            <span title={one.checksum}>
              {one.checksumAlgorithm} <Mono>{one.checksum.slice(0, 12)}…</Mono>
            </span>
          ),
        },
        { key: "key", title: t("release.signedBy"), from: "lg", cell: (one) => one.keyName },
        {
          key: "by",
          title: t("release.uploadedBy"),
          from: "xl",
          cell: (one) => `${one.createdBy} · ${format.instant(one.createdAt)}`,
        },
        {
          key: "confirmed",
          title: t("release.confirmed"),
          isNumber: true,
          cell: (one) =>
            t("release.confirmedOf", {
              confirmed: format.number(one.confirmedCount),
              assigned: format.number(one.assignedCount),
            }),
        },
        {
          key: "actions",
          title: <span className="sr-only">{t("common.actions")}</span>,
          isNumber: true,
          cell: (one) =>
            actions !== null && (
              <span className="flex flex-wrap justify-end gap-2">
                <Button
                  size="small"
                  icon="scenario"
                  onClick={() => actions.start(one)}
                  data-testid={`rollout-start-${one.id}`}
                >
                  {t("rollout.start")}
                </Button>
                <Button
                  size="small"
                  icon="trash"
                  aria-label={t("release.delete")}
                  title={t("release.delete")}
                  onClick={() => actions.remove(one)}
                  data-testid={`release-delete-${one.id}`}
                />
              </span>
            ),
        },
      ]}
    />
  );
}

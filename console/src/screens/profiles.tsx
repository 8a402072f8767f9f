import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ProfileView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../api/device-queries.ts";
import { useMay } from "../api/use-may.ts";
import { useFormat } from "../format/use-format.ts";
import { useWords } from "../i18n/words.ts";
import { buttonStyle } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Icon } from "../ui/icon.tsx";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { DataTable } from "../ui/table.tsx";
import { newProfileId } from "./profile.tsx";

/** Kinds of device: what each measures, understands and may send. */
export function Profiles(): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const profiles = useQuery(deviceQueries.profiles());
  return (
    <Page
      title={t("nav.profiles")}
      lead={t("profiles.lead")}
      actions={
        may("devices.write") && (
          <Link
            to="/profiles/$profileId"
            params={{ profileId: newProfileId }}
            className={buttonStyle({ look: "primary" })}
            data-testid="profile-new"
          >
            <Icon name="plus" className="size-3.5" />
            {t("profile.new")}
          </Link>
        )
      }
    >
      <Card isPadded={false}>
        <Loaded query={profiles} skeletonRows={6}>
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState icon="rules" title={t("profiles.empty")} text={t("profiles.emptyText")} />
            ) : (
              <ProfileTable profiles={items} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

function ProfileTable({ profiles }: { readonly profiles: readonly ProfileView[] }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <DataTable
      label={t("nav.profiles")}
      rows={profiles}
      keyOf={(profile) => profile.id}
      testIdOf={(profile) => `profile-row-${profile.id}`}
      columns={[
        {
          key: "name",
          title: t("devices.profile"),
          cell: (profile) => (
            <Link
              to="/profiles/$profileId"
              params={{ profileId: profile.id }}
              className="flex flex-col after:absolute after:inset-0"
            >
              <span className="font-medium">{format.text(profile.name)}</span>
              <Mono className="text-ink-faint text-micro">{profile.id}</Mono>
            </Link>
          ),
        },
        {
          key: "devices",
          title: t("nav.devices"),
          isNumber: true,
          cell: (one) => format.number(one.deviceCount),
        },
        {
          key: "keys",
          title: t("profile.section.keys"),
          from: "sm",
          cell: (one) => <KeyNames names={one.keys.map((key) => words("seriesKey", key.key))} />,
        },
        {
          key: "commands",
          title: t("profile.section.commands"),
          isNumber: true,
          from: "md",
          cell: (one) => one.commands.length,
        },
        {
          key: "rules",
          title: t("profile.section.rules"),
          isNumber: true,
          from: "md",
          cell: (one) => one.alarmRules.length,
        },
        {
          key: "interval",
          title: t("devices.interval"),
          isNumber: true,
          from: "lg",
          cell: (one) => format.quantity(one.expectedIntervalSeconds, "s"),
        },
        {
          key: "provisioning",
          title: t("profile.section.provisioning"),
          from: "lg",
          cell: (one) => words("provisionStrategy", one.provisioning.strategy),
        },
        {
          key: "version",
          title: t("profile.versionShort"),
          isNumber: true,
          from: "xl",
          cell: (one) => one.version,
        },
      ]}
    />
  );
}

const namesMax = 4;

function KeyNames({ names }: { readonly names: readonly string[] }): ReactElement {
  const { t } = useTranslation();
  if (names.length === 0) return <span className="text-ink-faint">{t("profile.anyKey")}</span>;
  const rest = names.length - namesMax;
  return (
    <>
      {names.slice(0, namesMax).join(" · ")}
      {rest > 0 && <span className="text-ink-faint"> · {t("profile.moreKeys", { count: rest })}</span>}
    </>
  );
}

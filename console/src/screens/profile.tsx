import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../api/device-queries.ts";
import { useFormat } from "../format/use-format.ts";
import { BackLink } from "../ui/back-link.tsx";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { Loaded } from "../ui/states.tsx";
import { Editor } from "./profile/editor.tsx";

const route = getRouteApi("/app/profiles/$profileId");
/** No profile can be named so: the address of the editor of a new one. */
export const newProfileId = "~new";

export function Profile(): ReactElement {
  const { t } = useTranslation();
  const { profileId } = route.useParams();
  const back = <BackLink to="/profiles">{t("nav.profiles")}</BackLink>;
  if (profileId !== newProfileId) return <ExistingProfile key={profileId} profileId={profileId} />;
  return (
    <Page title={t("profile.new")} above={back}>
      <Editor key="new" profile={null} onReload={() => {}} />
    </Page>
  );
}

function ExistingProfile({ profileId }: { readonly profileId: string }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  // A newer version must not sweep away what is being typed: the editor starts anew only when it is asked to.
  const profile = useQuery({
    ...deviceQueries.profile(profileId),
    refetchInterval: false,
    refetchOnWindowFocus: false,
  });
  const [round, setRound] = useState(0);
  const reload = async (): Promise<void> => {
    await profile.refetch();
    setRound((before) => before + 1);
  };
  const name = profile.data === undefined ? profileId : format.text(profile.data.name);
  return (
    <Page
      title={name}
      above={<BackLink to="/profiles">{t("nav.profiles")}</BackLink>}
      lead={
        profile.data !== undefined && (
          <>
            <Mono>{profileId}</Mono> · {t("profile.version", { version: profile.data.version })} ·{" "}
            {t("profile.devices", { count: profile.data.deviceCount })}
          </>
        )
      }
    >
      <Loaded query={profile} skeletonRows={8}>
        {(answer) => <Editor key={round} profile={answer} onReload={() => void reload()} />}
      </Loaded>
    </Page>
  );
}

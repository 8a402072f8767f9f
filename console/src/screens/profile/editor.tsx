import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import type { ProfileView } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { ProblemError } from "../../api/problem-error.ts";
import { request } from "../../api/request.ts";
import { useMay } from "../../api/use-may.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState, ProblemNotice } from "../../ui/states.tsx";
import { TabLinks } from "../../ui/tab-links.tsx";
import { useChange } from "../../ui/use-change.ts";
import { CommandsSection } from "./commands-section.tsx";
import { GeneralSection } from "./general-section.tsx";
import { UnitList } from "./inputs.tsx";
import { KeysSection } from "./keys-section.tsx";
import { LimitsSection } from "./limits-section.tsx";
import { draftOf, emptyDraft, type ProfileDraft } from "./profile-draft.ts";
import { ProvisioningSection } from "./provisioning-section.tsx";
import { type Fault, readDraft, type Section, sections } from "./read-draft.ts";
import { RulesSection } from "./rules-section.tsx";
import { TransportSection } from "./transport-section.tsx";

const route = getRouteApi("/app/profiles/$profileId");

interface EditorProps {
  /** Null: a new one. */
  readonly profile: ProfileView | null;
  readonly onReload: () => void;
}

/** A profile in sections, saved as one; whoever saves an old version is told so and loses nothing unasked. */
export function Editor({ profile, onReload }: EditorProps): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const router = useRouter();
  const { profileId } = route.useParams();
  const { tab } = route.useSearch();
  const [draft, setDraft] = useState<ProfileDraft>(() =>
    profile === null ? emptyDraft() : draftOf(profile),
  );
  // What is typed is typed upon this version, whatever is read later.
  const [version, setVersion] = useState(profile?.version ?? 0);
  const [isTried, setIsTried] = useState(false);
  const read = readDraft(draft);
  const save = useChange<void, ProfileView>({
    run: () =>
      profile === null
        ? request<ProfileView>("/api/profiles", { method: "POST", body: { id: draft.id, ...read.parts } })
        : request<ProfileView>(`/api/profiles/${encodeURIComponent(profile.id)}`, {
            method: "POST",
            body: { version, ...read.parts },
          }),
    refreshes: ["profiles", "profile"],
    done: t("profile.saved"),
    onDone: () => {
      if (profile === null)
        void navigate({ to: "/profiles/$profileId", params: { profileId: draft.id }, replace: true });
      else onReload();
    },
  });
  const current = sections.find((one) => one === tab) ?? "general";
  const isReadOnly = !may("devices.write");
  return (
    <>
      <UnitList />
      <TabLinks
        label={t("profile.sections")}
        current={current}
        tabs={sections.map((id) => ({ id, label: t(`profile.section.${id}`), ...countOf(id, draft) }))}
        hrefOf={(id) =>
          router.buildLocation({
            to: "/profiles/$profileId",
            params: { profileId },
            search: id === "general" ? {} : { tab: id },
          }).href
        }
      />
      <Card>
        <fieldset disabled={isReadOnly} className="min-w-0">
          <legend className="sr-only">{t(`profile.section.${current}`)}</legend>
          <SectionBody
            section={current}
            draft={draft}
            profile={profile}
            isReadOnly={isReadOnly}
            version={version}
            onVersion={setVersion}
            onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
          />
        </fieldset>
      </Card>
      {isTried && <Faults faults={read.faults} />}
      {save.isError && <SaveFailed error={save.error} onReload={onReload} />}
      {current !== "provisioning" && !isReadOnly && (
        <div className="mt-4 flex justify-end">
          <Button
            look="primary"
            isBusy={save.isPending}
            data-testid="profile-save"
            onClick={() => {
              setIsTried(true);
              if (read.faults.length === 0) save.mutate();
            }}
          >
            {t(profile === null ? "profile.create" : "common.save")}
          </Button>
        </div>
      )}
    </>
  );
}

function countOf(section: Section, draft: ProfileDraft): { count?: number } {
  if (section === "keys") return { count: draft.keys.length };
  if (section === "commands") return { count: draft.commands.length };
  return section === "rules" ? { count: draft.rules.length } : {};
}

interface SectionBodyProps extends Pick<EditorProps, "profile"> {
  readonly section: Section;
  readonly version: number;
  readonly onVersion: (version: number) => void;
  readonly draft: ProfileDraft;
  readonly isReadOnly: boolean;
  readonly onChange: (change: Partial<ProfileDraft>) => void;
}

function SectionBody(props: SectionBodyProps): ReactElement {
  const { section, draft, profile, version, isReadOnly, onChange, onVersion } = props;
  const { t } = useTranslation();
  switch (section) {
    case "general":
      return <GeneralSection draft={draft} isNew={profile === null} onChange={onChange} />;
    case "keys":
      return <KeysSection keys={draft.keys} onChange={(keys) => onChange({ keys })} />;
    case "commands":
      return <CommandsSection commands={draft.commands} onChange={(commands) => onChange({ commands })} />;
    case "rules":
      return (
        <RulesSection
          profileId={profile?.id ?? null}
          rules={draft.rules}
          keys={draft.keys}
          onChange={(rules) => onChange({ rules })}
        />
      );
    case "limits":
      return <LimitsSection limits={draft.limits} onChange={(limits) => onChange({ limits })} />;
    case "transport":
      return <TransportSection draft={draft} onChange={onChange} />;
    case "provisioning":
      return profile === null ? (
        <EmptyState icon="key" title={t("profile.saveFirst")} />
      ) : (
        <ProvisioningSection
          profile={profile}
          version={version}
          isReadOnly={isReadOnly}
          onSaved={(saved) => onVersion(saved.version)}
        />
      );
  }
}

function Faults({ faults }: { readonly faults: readonly Fault[] }): ReactElement | null {
  const { t } = useTranslation();
  if (faults.length === 0) return null;
  return (
    <div
      role="alert"
      data-testid="profile-faults"
      className="mt-4 rounded-control border border-bad-line bg-bad-soft px-3 py-2"
    >
      <p className="flex items-center gap-2 font-medium text-bad">
        <Icon name="cross-circle" />
        {t("profile.notSaved")}
      </p>
      <ul className="mt-1 list-disc pl-6">
        {faults.map((fault) => (
          <li key={`${fault.section}-${fault.row}-${fault.code}`}>
            {t(`profile.section.${fault.section}`)}
            {fault.row !== "" && ` · ${fault.row}`}: {t(`profile.fault.${fault.code}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** An old version is a matter of its own: what was typed stays until the reader asks for the newer one. */
function SaveFailed({
  error,
  onReload,
}: {
  readonly error: unknown;
  readonly onReload: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const isOld = error instanceof ProblemError && error.status === 409;
  return (
    <div className="mt-4 flex flex-col gap-2">
      <ProblemNotice error={error} />
      {isOld && (
        <div className="flex flex-wrap items-center gap-3 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-warn">
          <p className="min-w-48 flex-1">{t("profile.conflict")}</p>
          <Button size="small" icon="refresh" onClick={onReload} data-testid="profile-reload">
            {t("profile.reload")}
          </Button>
        </div>
      )}
    </div>
  );
}

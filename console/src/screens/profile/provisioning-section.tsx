import type { ProfileView } from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { useWords } from "../../i18n/words.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField, TextAreaField, TextField } from "../../ui/field.tsx";
import { newKey } from "../../ui/new-key.ts";
import { OnceNotice, Secret } from "../../ui/secret.tsx";
import { ProblemNotice } from "../../ui/states.tsx";
import { useChange } from "../../ui/use-change.ts";

const strategies = ["disabled", "allow-create-new", "check-pre-provisioned", "x509-chain"] as const;
type Strategy = (typeof strategies)[number];

interface ProvisioningSectionProps {
  readonly profile: ProfileView;
  /** The version that was read; the server refuses an older one. */
  readonly version: number;
  readonly isReadOnly: boolean;
  readonly onSaved: (profile: ProfileView) => void;
}

interface ProvisioningBody {
  readonly strategy: Strategy;
  readonly key?: string | null;
  readonly secret?: string;
  readonly issuerPem?: string | null;
  readonly commonNamePattern?: string | null;
}

/** How a device that nobody entered by hand may get its credentials; the secret is made here and shown once. */
export function ProvisioningSection({
  profile,
  version,
  isReadOnly,
  onSaved,
}: ProvisioningSectionProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const { provisioning } = profile;
  const [strategy, setStrategy] = useState<Strategy>(provisioning.strategy);
  const [makesSecret, setMakesSecret] = useState(!provisioning.hasSecret);
  const [secret, setSecret] = useState<string | null>(null);
  const usesKey = strategy === "allow-create-new" || strategy === "check-pre-provisioned";
  const save = useChange<ProvisioningBody, ProfileView>({
    run: async (body) => {
      const saved = await request<ProfileView>(`/api/profiles/${encodeURIComponent(profile.id)}`, {
        method: "POST",
        body: { version, provisioning: body },
      });
      setSecret(body.secret ?? null);
      return saved;
    },
    refreshes: ["profiles", "profile"],
    done: t("profile.saved"),
    onDone: onSaved,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string | null => String(form.get(name) ?? "").trim() || null;
    if (usesKey) {
      save.mutate({ strategy, key: text("key"), ...(makesSecret ? { secret: newKey() } : {}) });
    } else if (strategy === "x509-chain") {
      save.mutate({ strategy, issuerPem: text("issuerPem"), commonNamePattern: text("commonNamePattern") });
    } else save.mutate({ strategy });
  };
  return (
    <form onSubmit={submit} className="flex max-w-3xl flex-col gap-4">
      <p className="text-pretty text-ink-soft">{t("profile.provisioningLead")}</p>
      <SelectField
        label={t("profile.strategy")}
        value={strategy}
        disabled={isReadOnly}
        hint={t(`profile.strategyHint.${strategy}`)}
        onChange={(event) => setStrategy(strategies.find((one) => one === event.target.value) ?? "disabled")}
        className="max-w-md"
        testId="provision-strategy"
      >
        {strategies.map((one) => (
          <option key={one} value={one}>
            {words("provisionStrategy", one)}
          </option>
        ))}
      </SelectField>
      {usesKey && (
        <>
          <TextField
            name="key"
            label={t("profile.provisionKey")}
            defaultValue={provisioning.key ?? newKey().slice(0, 20)}
            required
            minLength={8}
            maxLength={200}
            autoComplete="off"
            disabled={isReadOnly}
            testId="provision-key"
          />
          {provisioning.hasSecret && (
            <CheckField
              label={t("profile.newSecret")}
              hint={t("profile.newSecretHint")}
              checked={makesSecret}
              disabled={isReadOnly}
              onChange={(event) => setMakesSecret(event.target.checked)}
            />
          )}
        </>
      )}
      {strategy === "x509-chain" && <ChainFields profile={profile} isReadOnly={isReadOnly} />}
      {save.isError && <ProblemNotice error={save.error} />}
      {secret !== null && (
        <>
          <OnceNotice />
          <Secret label={t("profile.provisionSecret")} text={secret} testId="provision-secret" />
        </>
      )}
      {!isReadOnly && (
        <Button
          look="primary"
          type="submit"
          isBusy={save.isPending}
          className="self-start"
          data-testid="provision-save"
        >
          {t("profile.saveProvisioning")}
        </Button>
      )}
    </form>
  );
}

function ChainFields({
  profile: { provisioning },
  isReadOnly,
}: Pick<ProvisioningSectionProps, "profile" | "isReadOnly">): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <TextAreaField
        name="issuerPem"
        label={t("profile.issuerPem")}
        defaultValue={provisioning.issuerPem ?? ""}
        required
        rows={6}
        spellCheck={false}
        disabled={isReadOnly}
        className="[&_textarea]:font-mono [&_textarea]:text-small"
      />
      <TextField
        name="commonNamePattern"
        label={t("profile.commonName")}
        hint={t("profile.commonNameHint")}
        defaultValue={provisioning.commonNamePattern ?? ""}
        required
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        disabled={isReadOnly}
      />
    </>
  );
}

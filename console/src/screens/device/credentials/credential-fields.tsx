import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { useWords } from "../../../i18n/words.ts";
import { SelectField, TextAreaField, TextField } from "../../../ui/field.tsx";

const kinds = ["access-token", "basic", "x509"] as const;
type Kind = (typeof kinds)[number];

/** The kind of credential and what a person may supply for it; what is left empty the server makes. */
export function CredentialFields(): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const [kind, setKind] = useState<Kind>("access-token");
  return (
    <>
      <SelectField
        name="kind"
        label={t("credential.kind")}
        value={kind}
        testId="credential-kind"
        hint={t(`credential.kindHint.${kind}`)}
        onChange={(event) => setKind(kinds.find((one) => one === event.target.value) ?? "access-token")}
      >
        {kinds.map((one) => (
          <option key={one} value={one}>
            {words("credentialKind", one)}
          </option>
        ))}
      </SelectField>
      {kind === "access-token" && (
        <TextField
          name="token"
          label={t("credential.ownToken")}
          hint={t("credential.ownTokenHint")}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      {kind === "basic" && (
        <div className="grid grid-cols-1 gap-3 sm:grid-cols-3">
          <TextField
            name="clientId"
            label={t("credential.clientId")}
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
          />
          <TextField
            name="userName"
            label={t("credential.userName")}
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
          />
          <TextField
            name="password"
            label={t("credential.password")}
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
          />
        </div>
      )}
      {kind === "x509" && (
        <TextAreaField
          name="pem"
          label={t("credential.pem")}
          required
          rows={6}
          spellCheck={false}
          placeholder={"-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----"}
          className="[&_textarea]:font-mono [&_textarea]:text-small"
        />
      )}
    </>
  );
}

/** The fields above as the API takes them; what was left empty is absent. */
export function readCredential(form: FormData): Record<string, string> {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const kind = text("kind");
  const names =
    { "access-token": ["token"], basic: ["clientId", "userName", "password"], x509: ["pem"] }[kind] ?? [];
  const given = names.map((name) => [name, text(name)] as const).filter(([, value]) => value !== "");
  return { kind, ...Object.fromEntries(given) };
}

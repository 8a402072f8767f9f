import type { IssuedCredential } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../ui/button.tsx";
import { OnceNotice, Secret } from "../../../ui/secret.tsx";
import { credentialExamples } from "./credential-examples.ts";

interface IssuedOnceProps {
  readonly credential: IssuedCredential;
  readonly onClose: () => void;
}

/** A fresh credential with lines to try it at once; its secret parts are never shown again. */
export function IssuedOnce({ credential, onClose }: IssuedOnceProps): ReactElement {
  const { t } = useTranslation();
  const place = { origin: location.origin, host: location.hostname };
  return (
    <div className="flex flex-col gap-4">
      {credential.kind !== "x509" && <OnceNotice />}
      <SecretParts credential={credential} />
      <div className="flex flex-col gap-3">
        <h3 className="font-medium">{t("devices.example")}</h3>
        {credentialExamples(credential, place).map((example) => (
          <Secret
            key={example.tool}
            label={example.tool}
            text={example.line}
            testId={`example-${example.tool}`}
          />
        ))}
        <p className="text-ink-faint text-small">{t("credential.exampleHint")}</p>
      </div>
      <Button look="primary" onClick={onClose} className="self-end" data-testid="credential-kept">
        {t(credential.kind === "x509" ? "common.close" : "devices.tokenKept")}
      </Button>
    </div>
  );
}

function SecretParts({ credential }: { readonly credential: IssuedCredential }): ReactElement {
  const { t } = useTranslation();
  switch (credential.kind) {
    case "access-token":
      return <Secret label={t("devices.token")} text={credential.token} testId="device-token" />;
    case "basic":
      return (
        <>
          {credential.clientId !== null && (
            <Secret label={t("credential.clientId")} text={credential.clientId} />
          )}
          {credential.userName !== null && (
            <Secret label={t("credential.userName")} text={credential.userName} />
          )}
          {credential.password !== null && (
            <Secret label={t("credential.password")} text={credential.password} testId="device-password" />
          )}
        </>
      );
    case "x509":
      return <Secret label={t("credential.fingerprint")} text={credential.fingerprint} />;
  }
}

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { CheckField, SelectField, TextAreaField } from "../../ui/field.tsx";
import { TextInput } from "./inputs.tsx";
import { type ProfileDraft, schemaNames, topicNames } from "./profile-draft.ts";

interface TransportSectionProps {
  readonly draft: ProfileDraft;
  readonly onChange: (change: Partial<ProfileDraft>) => void;
}

const usualTopics: Readonly<Record<(typeof topicNames)[number], string>> = {
  telemetryTopic: "v1/devices/me/telemetry",
  attributesTopic: "v1/devices/me/attributes",
  attributesSubscribeTopic: "v1/devices/me/attributes",
};

/** How messages are written, and by which topic names; ThingsBoard's own names always work besides. */
export function TransportSection({ draft, onChange }: TransportSectionProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="flex max-w-3xl flex-col gap-4">
      <SelectField
        label={t("profile.payload")}
        value={draft.payloadType}
        hint={t("profile.payloadHint")}
        onChange={(event) =>
          onChange({ payloadType: event.target.value === "protobuf" ? "protobuf" : "json" })
        }
        className="max-w-xs"
        testId="profile-payload"
      >
        <option value="json">JSON</option>
        <option value="protobuf">Protobuf</option>
      </SelectField>
      {draft.payloadType === "protobuf" && (
        <>
          <CheckField
            label={t("profile.ownSchemas")}
            hint={t("profile.ownSchemasHint")}
            checked={draft.hasSchemas}
            onChange={(event) => onChange({ hasSchemas: event.target.checked })}
          />
          {draft.hasSchemas &&
            schemaNames.map((name) => (
              <TextAreaField
                key={name}
                label={t(`profile.schema.${name}`)}
                value={draft.schemas[name]}
                rows={7}
                maxLength={20_000}
                spellCheck={false}
                onChange={(event) => onChange({ schemas: { ...draft.schemas, [name]: event.target.value } })}
                className="[&_textarea]:font-mono [&_textarea]:text-small"
              />
            ))}
        </>
      )}
      {topicNames.map((name) => (
        <TextInput
          key={name}
          label={t(`profile.topic.${name}`)}
          value={draft.topics[name]}
          onChange={(value) => onChange({ topics: { ...draft.topics, [name]: value } })}
          hint={t("profile.topicHint", { topic: usualTopics[name] })}
        />
      ))}
    </div>
  );
}

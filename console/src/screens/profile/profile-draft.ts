// A profile while it is edited: every field as text, as a person types it, each row with an identity of its own.
import type { ProfileTransport, ProfileView } from "@waremind/contract";
import { nextRow } from "./next-row.ts";
import { type RuleDraft, ruleDraftOf } from "./rule-draft.ts";

export { nextRow } from "./next-row.ts";
export { newRuleDraft, type RuleDraft } from "./rule-draft.ts";

export interface KeyDraft {
  readonly row: number;
  readonly key: string;
  readonly type: "number" | "text" | "boolean" | "json";
  readonly unit: string;
  readonly min: string;
  readonly max: string;
  readonly decimals: string;
  readonly acceptsText: boolean;
  readonly sentUnit: string;
}
export interface ParameterDraft {
  readonly row: number;
  readonly name: string;
  readonly type: "number" | "text" | "boolean";
  readonly unit: string;
  readonly min: string;
  readonly max: string;
  readonly isRequired: boolean;
}
export interface CommandDraft {
  readonly row: number;
  readonly method: string;
  readonly nameEn: string;
  readonly nameZh: string;
  readonly isPhysical: boolean;
  readonly isOneWay: boolean;
  readonly parameters: readonly ParameterDraft[];
}
export const topicNames = ["telemetryTopic", "attributesTopic", "attributesSubscribeTopic"] as const;
export const schemaNames = ["telemetry", "attributes", "commandRequest", "commandResponse"] as const;
export const rateNames = ["messages", "telemetryMessages", "telemetryPoints"] as const;

export interface ProfileDraft {
  readonly id: string;
  readonly nameEn: string;
  readonly nameZh: string;
  readonly expectedIntervalSeconds: string;
  readonly keys: readonly KeyDraft[];
  readonly commands: readonly CommandDraft[];
  readonly rules: readonly RuleDraft[];
  readonly limits: Readonly<Record<(typeof rateNames)[number] | "devicesPerGatewayMax", string>>;
  readonly payloadType: ProfileTransport["payloadType"];
  readonly hasSchemas: boolean;
  readonly schemas: Readonly<Record<(typeof schemaNames)[number], string>>;
  readonly topics: Readonly<Record<(typeof topicNames)[number], string>>;
}

export const newKeyDraft = (): KeyDraft => ({
  row: nextRow(),
  key: "",
  type: "number",
  unit: "",
  min: "",
  max: "",
  decimals: "",
  acceptsText: false,
  sentUnit: "",
});
export const newParameterDraft = (): ParameterDraft => ({
  row: nextRow(),
  name: "",
  type: "number",
  unit: "",
  min: "",
  max: "",
  isRequired: true,
});
export const newCommandDraft = (): CommandDraft => ({
  row: nextRow(),
  method: "",
  nameEn: "",
  nameZh: "",
  isPhysical: false,
  isOneWay: false,
  parameters: [],
});
export function emptyDraft(): ProfileDraft {
  return {
    id: "",
    nameEn: "",
    nameZh: "",
    expectedIntervalSeconds: "60",
    keys: [newKeyDraft()],
    commands: [],
    rules: [],
    limits: { messages: "", telemetryMessages: "", telemetryPoints: "", devicesPerGatewayMax: "" },
    payloadType: "json",
    hasSchemas: false,
    schemas: { telemetry: "", attributes: "", commandRequest: "", commandResponse: "" },
    topics: { telemetryTopic: "", attributesTopic: "", attributesSubscribeTopic: "" },
  };
}

const textOf = (number: number | null | undefined): string =>
  number === null || number === undefined ? "" : String(number);

export function draftOf(profile: ProfileView): ProfileDraft {
  const { transport, limits } = profile;
  return {
    id: profile.id,
    nameEn: profile.name.en,
    nameZh: profile.name.zh,
    expectedIntervalSeconds: String(profile.expectedIntervalSeconds),
    keys: profile.keys.map((key) => ({
      ...limitsText(key),
      row: nextRow(),
      key: key.key,
      type: key.type,
      decimals: textOf(key.decimals),
      acceptsText: key.acceptsText === true,
      sentUnit: key.sentUnit ?? "",
    })),
    commands: profile.commands.map((command) => ({
      row: nextRow(),
      method: command.method,
      nameEn: command.name.en,
      nameZh: command.name.zh,
      isPhysical: command.isPhysical,
      isOneWay: command.isOneWay,
      parameters: command.parameters.map((one) => ({ ...one, ...limitsText(one), row: nextRow() })),
    })),
    rules: profile.alarmRules.map(ruleDraftOf),
    limits: {
      messages: limits.messages ?? "",
      telemetryMessages: limits.telemetryMessages ?? "",
      telemetryPoints: limits.telemetryPoints ?? "",
      devicesPerGatewayMax: textOf(limits.devicesPerGatewayMax),
    },
    payloadType: transport.payloadType,
    hasSchemas: transport.protobuf != null,
    schemas: transport.protobuf ?? emptyDraft().schemas,
    topics: {
      telemetryTopic: transport.telemetryTopic ?? "",
      attributesTopic: transport.attributesTopic ?? "",
      attributesSubscribeTopic: transport.attributesSubscribeTopic ?? "",
    },
  };
}

function limitsText(one: { unit: string | null; min: number | null; max: number | null }) {
  return { unit: one.unit ?? "", min: textOf(one.min), max: textOf(one.max) };
}

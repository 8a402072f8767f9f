// What a ThingsBoard calls a profile, a device and its credentials, in our words.
import type { BilingualText, JsonValue } from "@waremind/contract";
import type { AttributeScope, NewCredential, NewProfile, Profile } from "../../devices/index.ts";
import type {
  SourceAttribute,
  SourceCredentials,
  SourceDevice,
  SourceProfile,
  SourceScope,
} from "./source.ts";

/** ThingsBoard's own measure of silence is ten minutes, and a profile there names no interval. */
const expectedIntervalSeconds = 600;
const idLengthMax = 64;

/**
 * Our profile for theirs: one that bears its name already, or a new one. The name is the id where it can be one, so that
 * gateways and provisioning find it by the name that they use.
 */
export function profileFor(
  source: SourceProfile,
  present: readonly Profile[],
):
  | { readonly kind: "present"; readonly id: string }
  | { readonly kind: "new"; readonly profile: NewProfile } {
  const plain = identifierOf(source.name);
  const own = `${plain.slice(0, idLengthMax - 9) || "profile"}-${source.id.id.slice(0, 8)}`;
  for (const id of [plain, own]) {
    const known = present.find((profile) => profile.id === id);
    if (known !== undefined && (known.nameEn === source.name || id === source.name || id === own))
      return { kind: "present", id };
    if (known === undefined && id !== "")
      return {
        kind: "new",
        profile: {
          ...{ id, nameEn: source.name, nameZh: source.name, keys: [], expectedIntervalSeconds },
          transport: transportOf(source),
        },
      };
  }
  return { kind: "present", id: own };
}

function identifierOf(name: string): string {
  return name
    .normalize("NFKC")
    .replaceAll(/[^\w.-]+/gu, "-")
    .replaceAll(/^-+|-+$/gu, "")
    .slice(0, idLengthMax);
}

const usualTopics: ReadonlySet<string> = new Set(["v1/devices/me/telemetry", "v1/devices/me/attributes"]);

/** Other names of topics, where the profile has some; Protobuf schemas have to be entered by a person. */
function transportOf({ profileData }: SourceProfile): Profile["transport"] {
  const settings = profileData?.transportConfiguration;
  if (settings?.type !== "MQTT") return { payloadType: "json" };
  const renamed = (topic: string | null | undefined): string | null =>
    topic === null || topic === undefined || topic === "" || usualTopics.has(topic) ? null : topic;
  return {
    payloadType: "json",
    telemetryTopic: renamed(settings.deviceTelemetryTopic),
    attributesTopic: renamed(settings.deviceAttributesTopic),
    attributesSubscribeTopic: renamed(settings.deviceAttributesSubscribeTopic),
  };
}

/** What of a profile is not taken over and has to be entered again. */
export function profileProblems(source: SourceProfile): readonly BilingualText[] {
  const { name, profileData } = source;
  const rules = profileData?.alarms?.length ?? 0;
  const payload =
    profileData?.transportConfiguration?.transportPayloadTypeConfiguration?.transportPayloadType ?? "JSON";
  return [
    ...(rules === 0
      ? []
      : [
          {
            en: `The ${rules} alarm rules of the profile ${name} are not taken over; enter them on the profile.`,
            zh: `设备配置 ${name} 的 ${rules} 条报警规则未导入,请在配置中重新填写。`,
          },
        ]),
    ...(payload === "JSON"
      ? []
      : [
          {
            en: `Devices of the profile ${name} speak ${payload}; enter its schemas on the profile.`,
            zh: `设备配置 ${name} 的设备使用 ${payload},请在配置中填写其模式。`,
          },
        ]),
  ];
}

export function isGateway({ additionalInfo }: SourceDevice): boolean {
  return additionalInfo?.gateway === true;
}

/** The id, there, of the gateway it was last heard through. */
export function gatewayOf({ additionalInfo }: SourceDevice): string | null {
  const id = additionalInfo?.lastConnectedGateway;
  return typeof id === "string" ? id : null;
}

/** Null with a reason for kinds that no transport of ours speaks. */
export function credentialOf(
  source: SourceCredentials,
): { readonly credential: NewCredential } | { readonly problem: BilingualText } {
  switch (source.credentialsType) {
    case "ACCESS_TOKEN":
      return source.credentialsId
        ? { credential: { kind: "access-token", token: source.credentialsId } }
        : { problem: unreadable };
    case "X509_CERTIFICATE":
      return source.credentialsValue
        ? { credential: { kind: "x509", pem: source.credentialsValue } }
        : { problem: unreadable };
    case "MQTT_BASIC":
      return basicOf(source.credentialsValue);
    default:
      return {
        problem: {
          en: `its credentials are of the kind ${source.credentialsType}, which is not spoken here`,
          zh: `其凭证类型 ${source.credentialsType} 在此不受支持`,
        },
      };
  }
}

const unreadable: BilingualText = { en: "its credentials cannot be read", zh: "无法读取其凭证" };

function basicOf(value: string | null | undefined): ReturnType<typeof credentialOf> {
  try {
    const { clientId, userName, password } = JSON.parse(value ?? "") as Record<string, unknown>;
    const text = (one: unknown) => (typeof one === "string" && one !== "" ? one : null);
    return {
      credential: {
        ...{ kind: "basic", clientId: text(clientId), userName: text(userName) },
        // Null and not absent: none is made up, since the device knows none.
        password: text(password),
      },
    };
  } catch {
    // Not the JSON that ThingsBoard keeps there.
    return { problem: unreadable };
  }
}

export const scopes = {
  CLIENT_SCOPE: "client",
  SHARED_SCOPE: "shared",
  SERVER_SCOPE: "server",
} as const satisfies Record<SourceScope, AttributeScope>;

/** What ThingsBoard itself notes of a device's connection: here it would be a lie from the first minute. */
const ownNotes: ReadonlySet<string> = new Set([
  "active",
  "lastActivityTime",
  "lastConnectTime",
  "lastDisconnectTime",
  "inactivityAlarmTime",
]);

export function attributeValues(
  attributes: readonly SourceAttribute[],
  scope: SourceScope,
): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(
    attributes
      .filter(({ key, value }) => value !== null && !(scope === "SERVER_SCOPE" && ownNotes.has(key)))
      .map(({ key, value }) => [key, value]),
  );
}

/** `*` stands for any characters, `?` for one; the whole name, without regard to case. */
export function namePattern(pattern: string | null): (name: string) => boolean {
  if (pattern === null) return () => true;
  const wanted = [...pattern.toLowerCase()];
  return (name) => matches(wanted, [...name.toLowerCase()]);
}

/** Goes back to the last star only, so that no pattern takes more than its length times the name's. */
function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let [place, at, star, starAt] = [0, 0, -1, 0];
  while (at < name.length) {
    if (pattern[place] === "*") {
      [star, starAt] = [place, at];
      place += 1;
    } else if (pattern[place] === "?" || pattern[place] === name[at]) {
      place += 1;
      at += 1;
    } else if (star >= 0) {
      starAt += 1;
      [place, at] = [star + 1, starAt];
    } else return false;
  }
  while (pattern[place] === "*") place += 1;
  return place === pattern.length;
}

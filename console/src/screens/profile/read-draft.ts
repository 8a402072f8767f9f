// From a draft to what the API takes, with every fault named: its section, its row and what is wrong.
import type {
  AlarmRule,
  CommandDefinition,
  ProfileLimits,
  ProfileTransport,
  ProfileView,
} from "@waremind/contract";
import {
  type CommandDraft,
  type KeyDraft,
  type ProfileDraft,
  type RuleDraft,
  rateNames,
  topicNames,
} from "./profile-draft.ts";
import { parseRate } from "./rate-text.ts";
import { ruleOf } from "./rule-draft.ts";

export const sections = [
  "general",
  "keys",
  "commands",
  "rules",
  "limits",
  "transport",
  "provisioning",
] as const;
export type Section = (typeof sections)[number];
export interface Fault {
  readonly section: Section;
  /** The row's own name, empty where it has none yet. */
  readonly row: string;
  readonly code:
    | "id"
    | "name"
    | "interval"
    | "missing"
    | "twice"
    | "number"
    | "range"
    | "decimals"
    | "rule"
    | "rate"
    | "schema";
}

/** What the API takes of a profile, besides its id, its version and how devices are let in. */
export interface ProfileParts extends Pick<ProfileView, "name" | "keys" | "expectedIntervalSeconds"> {
  readonly commands: readonly CommandDefinition[];
  readonly transport: ProfileTransport;
  readonly limits: ProfileLimits;
  readonly alarmRules: readonly AlarmRule[];
}

const identifier = /^[\w.-]{1,64}$/u;

export function readDraft(draft: ProfileDraft): {
  readonly parts: ProfileParts;
  readonly faults: readonly Fault[];
} {
  const faults: Fault[] = [];
  const blame = (section: Section, row: string, code: Fault["code"]): void => {
    faults.push({ section, row, code });
  };
  const interval = Number(draft.expectedIntervalSeconds);
  if (!identifier.test(draft.id)) blame("general", "", "id");
  if (draft.nameEn.trim() === "" || draft.nameZh.trim() === "") blame("general", "", "name");
  if (!(interval > 0) || interval > 31_536_000) blame("general", "", "interval");
  twice(
    "keys",
    draft.keys.map((one) => one.key),
    blame,
  );
  twice(
    "commands",
    draft.commands.map((one) => one.method),
    blame,
  );
  twice(
    "rules",
    draft.rules.map((one) => one.id),
    blame,
  );
  const parts: ProfileParts = {
    name: { en: draft.nameEn.trim(), zh: draft.nameZh.trim() },
    expectedIntervalSeconds: interval,
    keys: draft.keys.map((one) => readKey(one, blame)),
    commands: draft.commands.map((one) => readCommand(one, blame)),
    alarmRules: draft.rules.flatMap((one) => readRule(one, draft, blame) ?? []),
    limits: readLimits(draft, blame),
    transport: readTransport(draft, blame),
  };
  return { parts, faults };
}

type Blame = (section: Section, row: string, code: Fault["code"]) => void;

function twice(section: Section, names: readonly string[], blame: Blame): void {
  const repeated = names.filter((name, index) => name !== "" && names.indexOf(name) !== index);
  for (const name of new Set(repeated)) blame(section, name, "twice");
}

/** A number or null for an empty field; NaN is blamed. */
function numberOf(text: string, blame: () => void): number | null {
  if (text.trim() === "") return null;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  blame();
  return null;
}

function readRange(
  one: { readonly min: string; readonly max: string },
  blame: (code: Fault["code"]) => void,
) {
  const min = numberOf(one.min, () => blame("number"));
  const max = numberOf(one.max, () => blame("number"));
  if (min !== null && max !== null && min > max) blame("range");
  return { min, max };
}

function readKey(draft: KeyDraft, blame: Blame): ProfileView["keys"][number] {
  const own = (code: Fault["code"]): void => blame("keys", draft.key, code);
  if (draft.key.trim() === "") own("missing");
  const isNumber = draft.type === "number";
  const decimals = isNumber ? numberOf(draft.decimals, () => own("decimals")) : null;
  if (decimals !== null && !(Number.isInteger(decimals) && decimals >= 0 && decimals <= 17)) own("decimals");
  return {
    key: draft.key.trim(),
    type: draft.type,
    unit: isNumber && draft.unit.trim() !== "" ? draft.unit.trim() : null,
    ...(isNumber ? readRange(draft, own) : { min: null, max: null }),
    decimals,
    ...(isNumber && draft.acceptsText ? { acceptsText: true } : {}),
    ...(isNumber && draft.sentUnit.trim() !== "" ? { sentUnit: draft.sentUnit.trim() } : {}),
  };
}

function readCommand(draft: CommandDraft, blame: Blame): CommandDefinition {
  const own = (code: Fault["code"]): void => blame("commands", draft.method, code);
  if (draft.method.trim() === "") own("missing");
  if (draft.nameEn.trim() === "" || draft.nameZh.trim() === "") own("name");
  twice(
    "commands",
    draft.parameters.map((one) => one.name),
    blame,
  );
  return {
    method: draft.method.trim(),
    name: { en: draft.nameEn.trim(), zh: draft.nameZh.trim() },
    isPhysical: draft.isPhysical,
    isOneWay: draft.isOneWay,
    parameters: draft.parameters.map((one) => {
      if (!identifier.test(one.name)) blame("commands", `${draft.method} · ${one.name}`, "id");
      const isNumber = one.type === "number";
      return {
        name: one.name,
        type: one.type,
        unit: isNumber && one.unit.trim() !== "" ? one.unit.trim() : null,
        ...(isNumber
          ? readRange(one, (code) => blame("commands", `${draft.method} · ${one.name}`, code))
          : { min: null, max: null }),
        isRequired: one.isRequired,
      };
    }),
  };
}

function readRule(draft: RuleDraft, profile: ProfileDraft, blame: Blame): AlarmRule | null {
  const own = (code: Fault["code"]): void => blame("rules", draft.id, code);
  if (!identifier.test(draft.id)) own("id");
  if (draft.nameEn.trim() === "" || draft.nameZh.trim() === "") own("name");
  const rule = ruleOf(draft);
  if (rule === null || !hasItsKeys(rule, profile)) {
    own("rule");
    return null;
  }
  return rule;
}

/** Whether the profile has the keys that a rule judges; what an expression names is looked at by the server. */
function hasItsKeys(rule: AlarmRule, { keys }: ProfileDraft): boolean {
  const isNumber = (key: string): boolean => keys.some((one) => one.key === key && one.type === "number");
  switch (rule.kind) {
    case "threshold":
      return isNumber(rule.key) && (rule.above !== null || rule.below !== null);
    case "rate-of-change":
      return isNumber(rule.key);
    case "absence":
      return rule.key === null || keys.some((one) => one.key === rule.key);
    case "geofence":
      return isNumber(rule.latitudeKey) && isNumber(rule.longitudeKey);
    case "count-in-window":
      return keys.some((one) => one.key === rule.key);
    case "expression":
      return true;
  }
}

function readLimits({ limits }: ProfileDraft, blame: Blame): ProfileLimits {
  const rates = rateNames.map((name) => {
    const text = limits[name].replaceAll(" ", "");
    if (parseRate(text) === null) blame("limits", text, "rate");
    return [name, text] as const;
  });
  const most = numberOf(limits.devicesPerGatewayMax, () =>
    blame("limits", limits.devicesPerGatewayMax, "number"),
  );
  if (most !== null && !(Number.isInteger(most) && most >= 0 && most <= 100_000))
    blame("limits", String(most), "number");
  return {
    ...Object.fromEntries(rates.filter(([, text]) => text !== "")),
    ...(most === null ? {} : { devicesPerGatewayMax: most }),
  };
}

function readTransport(draft: ProfileDraft, blame: Blame): ProfileTransport {
  const hasSchemas = draft.payloadType === "protobuf" && draft.hasSchemas;
  const isIncomplete = Object.values(draft.schemas).some((text) => text.trim() === "");
  if (hasSchemas && isIncomplete) blame("transport", "", "schema");
  const topics = topicNames.map((name) => [name, draft.topics[name].trim() || null] as const);
  return {
    payloadType: draft.payloadType,
    protobuf: hasSchemas ? draft.schemas : null,
    ...Object.fromEntries(topics),
  };
}

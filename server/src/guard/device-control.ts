// The rules for acting on devices: who may send which command with which parameters, and who may change attributes.
import type {
  Action,
  Actor,
  BilingualText,
  CommandDefinition,
  Decision,
  JsonValue,
} from "@waremind/contract";
import { clauseIds, type DeviceControlParameters } from "./clauses.ts";
import type { ActionState, PolicyClause } from "./guard.ts";

type CommandAction = Extract<Action, { name: "send-command" }>;
export type DeviceAction = Extract<Action, { name: "send-command" | "set-attributes" }>;
type DeviceRows = NonNullable<ActionState["device"]>;

export function isDeviceAction(action: Action): action is DeviceAction {
  return action.name === "send-command" || action.name === "set-attributes";
}

/** Who a rule sees: a person's roles, and for whoever is no person the kind of actor. */
const standingsOf = (actor: Actor): readonly string[] =>
  actor.kind === "person" ? actor.roles : [actor.kind];

/** Whether somebody of this standing may come with any act on a device, and so learn what became of an earlier one. */
export function mayAskOfDevices(actor: Actor, clauses: readonly PolicyClause[]): boolean {
  const clause = clauses.find(({ id }) => id === clauseIds.deviceControl);
  const rules = clause === undefined ? null : deviceControlOf(clause);
  if (rules === null) return false;
  const all = [
    ...rules.physical,
    ...rules.other,
    ...rules.undeclared,
    ...rules.attributes,
    ...rules.approved,
  ];
  return standingsOf(actor).some((one) => all.includes(one));
}

export function decideDeviceAction(
  actor: Actor,
  action: DeviceAction,
  { device }: ActionState,
  clauses: readonly PolicyClause[],
): Decision {
  const clause = clauses.find(({ id }) => id === clauseIds.deviceControl);
  const rules = clause === undefined ? null : deviceControlOf(clause);
  const reference = { clauseId: clauseIds.deviceControl, version: clause?.version ?? 0 };
  const deny = (code: string, reason: BilingualText): Decision => ({
    verdict: "deny",
    code,
    reason,
    clause: reference,
  });
  if (rules === null)
    return deny("no-clause", {
      en: "No policy in force allows acting on devices.",
      zh: "没有生效的规则允许操作设备。",
    });
  const need = action.name === "set-attributes" ? attributesNeed(rules) : commandNeed(rules, action, device);
  const standings = standingsOf(actor);
  const isAllowed = standings.some((one) => need.allowed.includes(one));
  const isApprovable = standings.some((one) => need.approvable.includes(one));
  // Whoever may not act at all learns nothing of which devices there are and what they understand.
  if (!isAllowed && !isApprovable) return deny("role-missing", need.reason);
  if (device === undefined || device.name !== action.deviceName)
    return deny("not-found", {
      en: `There is no device ${action.deviceName}.`,
      zh: `没有设备 ${action.deviceName}。`,
    });
  const broken = deviceFault(action, device);
  if (broken !== null) return deny(broken.code, broken.reason);
  if (isAllowed) return { verdict: "allow", clause: reference };
  return {
    verdict: "needs-approval",
    level: "owner",
    reason: {
      en: "Acting on this device needs the owner's consent.",
      zh: "操作该设备需经店主同意。",
    },
    clause: reference,
  };
}

interface Need {
  readonly allowed: readonly string[];
  /** Who may ask for it: the owner then consents or not. */
  readonly approvable: readonly string[];
  readonly reason: BilingualText;
}

function attributesNeed(rules: DeviceControlParameters): Need {
  return {
    allowed: rules.attributes,
    approvable: [],
    reason: {
      en: "This role may not change the attributes of devices.",
      zh: "该角色无权更改设备属性。",
    },
  };
}

/** What nobody declared may move something, so it asks for the most. */
function commandNeed(
  rules: DeviceControlParameters,
  action: CommandAction,
  device: DeviceRows | undefined,
): Need {
  if (device === undefined)
    // Whether there is such a device is told to whoever may send anything to one.
    return {
      allowed: [...rules.physical, ...rules.other, ...rules.undeclared],
      approvable: [],
      reason: { en: "This role may not send this command.", zh: "该角色无权发送此命令。" },
    };
  const definition = device.commands.find(({ method }) => method === action.method);
  if (definition === undefined)
    return {
      allowed: rules.undeclared,
      approvable: [],
      reason: {
        en: `The profile of this device declares no command ${action.method}; only the owner or operations may send it.`,
        zh: `该设备的配置没有声明命令 ${action.method}，仅店主或运营可以发送。`,
      },
    };
  return {
    allowed: definition.isPhysical ? rules.physical : rules.other,
    approvable: rules.approved,
    reason: { en: "This role may not send this command.", zh: "该角色无权发送此命令。" },
  };
}

interface DeviceFault {
  readonly code: string;
  readonly reason: BilingualText;
}

function deviceFault(action: DeviceAction, device: DeviceRows): DeviceFault | null {
  if (device.state !== "active")
    return {
      code: "device-disabled",
      reason: {
        en: `The device ${device.name} is disabled; enable it first.`,
        zh: `设备 ${device.name} 已停用，请先启用。`,
      },
    };
  if (action.name === "set-attributes") return null;
  const definition = device.commands.find(({ method }) => method === action.method);
  if (definition === undefined) return null;
  if (definition.isOneWay && !action.isOneWay)
    return {
      code: "command-one-way",
      reason: {
        en: `The device does not answer ${action.method}; send it one-way.`,
        zh: `设备不应答命令 ${action.method}，请以单向方式发送。`,
      },
    };
  return parameterFault(definition, action.params);
}

/** The first parameter that is not as the profile declares it. */
export function parameterFault(definition: CommandDefinition, params: JsonValue): DeviceFault | null {
  const given = params ?? {};
  if (typeof given !== "object" || Array.isArray(given))
    return invalid("params", "must be an object of named parameters", "须为由参数名组成的对象");
  const unknown = Object.keys(given).find((name) => !definition.parameters.some((one) => one.name === name));
  if (unknown !== undefined)
    return invalid(
      unknown,
      `is not a parameter of ${definition.method}`,
      `不是命令 ${definition.method} 的参数`,
    );
  for (const parameter of definition.parameters) {
    const value = Object.hasOwn(given, parameter.name) ? given[parameter.name] : undefined;
    const broken = valueFault(parameter, value);
    if (broken !== null) return broken;
  }
  return null;
}

const jsonTypes = { number: "number", text: "string", boolean: "boolean" } as const;
const typeWords = {
  number: { en: "must be a number", zh: "须为数字" },
  text: { en: "must be text", zh: "须为文本" },
  boolean: { en: "must be true or false", zh: "须为 true 或 false" },
} as const;

function valueFault(
  { name, type, min, max, unit, isRequired }: CommandDefinition["parameters"][number],
  value: JsonValue | undefined,
): DeviceFault | null {
  if (value === undefined) return isRequired ? invalid(name, "is missing", "缺失") : null;
  if (typeof value !== jsonTypes[type]) return invalid(name, typeWords[type].en, typeWords[type].zh);
  if (typeof value !== "number") return null;
  const unitWord = unit === null ? "" : ` ${unit}`;
  if (min !== null && value < min)
    return invalid(name, `must be at least ${min}${unitWord}`, `不得小于 ${min}${unitWord}`);
  if (max !== null && value > max)
    return invalid(name, `must be at most ${max}${unitWord}`, `不得大于 ${max}${unitWord}`);
  return null;
}

function invalid(name: string, en: string, zh: string): DeviceFault {
  return {
    code: "parameter-invalid",
    reason: { en: `The parameter ${name} ${en}.`, zh: `参数 ${name} ${zh}。` },
  };
}

/** Null when a list is missing: a clause that cannot be read forbids what it would have allowed. */
function deviceControlOf({ parameters }: PolicyClause): DeviceControlParameters | null {
  const { physical, other, undeclared, attributes, approved } = parameters;
  const isComplete =
    isTextList(physical) &&
    isTextList(other) &&
    isTextList(undeclared) &&
    isTextList(attributes) &&
    isTextList(approved);
  return isComplete ? { physical, other, undeclared, attributes, approved } : null;
}

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

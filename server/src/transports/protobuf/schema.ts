// Reads a proto3 text into a plan of its last message. The library only parses: its own coders are generated as program
// text (`Function`) from the names in a schema, and a schema is what somebody typed, so messages are read and written by
// `wire.ts` instead, which follows the plan and generates nothing.
import type { BilingualText } from "@waremind/contract";
import protobuf from "protobufjs";

export const schemaLimits = {
  textLengthMax: 20_000,
  messagesMax: 100,
  fieldsMax: 1_000,
} as const;

const scalars = [
  ...(["double", "float", "int32", "uint32", "sint32", "fixed32", "sfixed32"] as const),
  ...(["int64", "uint64", "sint64", "fixed64", "sfixed64", "bool", "string", "bytes"] as const),
] as const;
export type Scalar = (typeof scalars)[number];

export interface FieldPlan {
  readonly id: number;
  readonly name: string;
  readonly kind: Scalar | "enum" | "message";
  /** Null unless `kind` is "message". */
  readonly message: MessagePlan | null;
  /** Null unless `kind` is "enum". */
  readonly enumeration: EnumPlan | null;
  readonly isRepeated: boolean;
  /** The kind of the keys of a map; null for anything else. */
  readonly mapKey: Scalar | null;
  /** Whether an unset field is absent; without it an unset field has its zero value, which is never on the wire. */
  readonly hasPresence: boolean;
  /** The oneof it belongs to; of its members only the last one on the wire counts. */
  readonly oneOf: string | null;
}

export interface EnumPlan {
  readonly names: ReadonlyMap<number, string>;
  readonly numbers: ReadonlyMap<string, number>;
}

export interface MessagePlan {
  readonly name: string;
  readonly fields: readonly FieldPlan[];
  readonly byId: ReadonlyMap<number, FieldPlan>;
}

/** A schema that cannot be used, and why. */
export interface SchemaFault {
  readonly fault: BilingualText;
}

/** The plan of the last message of the text, as ThingsBoard takes it. Never throws. */
export function readSchema(text: string): MessagePlan | SchemaFault {
  const { textLengthMax } = schemaLimits;
  if (text.length > textLengthMax) {
    return faultOf(`it is longer than ${textLengthMax} characters`, `超过 ${textLengthMax} 个字符`);
  }
  if (!/\bsyntax\s*=\s*(?:"proto3"|'proto3')\s*;/.test(text)) {
    return faultOf('it does not say syntax = "proto3";', '缺少 syntax = "proto3"; 声明');
  }
  // The library leaves such a field out without a word.
  if (text.includes("__proto__")) return faultOf("__proto__ is no usable name", "__proto__ 不能用作名称");
  try {
    return planOf(text);
  } catch (error) {
    // The parser's own words name the line and what is wrong there.
    const words = error instanceof Error ? error.message.slice(0, 200) : "unreadable";
    return faultOf(words, words);
  }
}

function planOf(text: string): MessagePlan | SchemaFault {
  const parsed = protobuf.parse(text, { keepCase: true });
  if ((parsed.imports ?? parsed.weakImports ?? []).length > 0) {
    return faultOf(
      "it imports another file; put all messages into this one",
      "引用了其他文件；请将所有消息写在同一文件中",
    );
  }
  parsed.root.resolveAll();
  const types = messagesIn(parsed.root);
  if (types.length > schemaLimits.messagesMax || countFields(types) > schemaLimits.fieldsMax) {
    const { fieldsMax, messagesMax } = schemaLimits;
    return faultOf(
      `it has more than ${messagesMax} messages or ${fieldsMax} fields`,
      `消息超过 ${messagesMax} 个或字段超过 ${fieldsMax} 个`,
    );
  }
  const space = parsed.package === undefined ? parsed.root : parsed.root.lookup(parsed.package);
  const last = space instanceof protobuf.Namespace ? space.nestedArray.filter(isType).at(-1) : undefined;
  if (last === undefined) return faultOf("it declares no message", "没有声明任何消息");
  const group = types.flatMap((type) => type.fieldsArray).find((field) => field.required || field.delimited);
  if (group !== undefined) {
    return faultOf(`${group.name} is no field of proto3`, `${group.name} 不是 proto3 字段`);
  }
  return createPlanner()(last);
}

const isType = (entry: protobuf.ReflectionObject): entry is protobuf.Type => entry instanceof protobuf.Type;

function messagesIn(space: protobuf.NamespaceBase): protobuf.Type[] {
  return space.nestedArray.flatMap((entry) => {
    const inner = entry instanceof protobuf.Namespace ? messagesIn(entry) : [];
    return isType(entry) ? [entry, ...inner] : inner;
  });
}

function countFields(types: readonly protobuf.Type[]): number {
  return types.reduce((count, type) => count + type.fieldsArray.length, 0);
}

/** Messages may hold themselves, so each is planned once. */
function createPlanner(): (type: protobuf.Type) => MessagePlan {
  const plans = new Map<protobuf.Type, MessagePlan>();
  const plan = (type: protobuf.Type): MessagePlan => {
    const known = plans.get(type);
    if (known !== undefined) return known;
    const fields: FieldPlan[] = [];
    const byId = new Map<number, FieldPlan>();
    const made: MessagePlan = { name: type.name, fields, byId };
    plans.set(type, made);
    for (const field of type.fieldsArray) {
      const planned = fieldPlan(field, plan);
      fields.push(planned);
      byId.set(planned.id, planned);
    }
    return made;
  };
  return plan;
}

function fieldPlan(field: protobuf.Field, plan: (type: protobuf.Type) => MessagePlan): FieldPlan {
  const resolved = field.resolvedType;
  const base = {
    id: field.id,
    name: field.name,
    isRepeated: field.repeated,
    mapKey: field instanceof protobuf.MapField ? scalarOf(field.keyType) : null,
    hasPresence: field.hasPresence,
    oneOf: field.partOf === null ? null : field.partOf.name,
  };
  if (resolved instanceof protobuf.Type) {
    return { ...base, kind: "message", message: plan(resolved), enumeration: null, hasPresence: true };
  }
  if (resolved instanceof protobuf.Enum) {
    return { ...base, kind: "enum", message: null, enumeration: enumPlan(resolved) };
  }
  return { ...base, kind: scalarOf(field.type), message: null, enumeration: null };
}

function enumPlan({ values }: protobuf.Enum): EnumPlan {
  const names = new Map<number, string>();
  // Of two names for one number the first is its name.
  for (const [name, number] of Object.entries(values)) if (!names.has(number)) names.set(number, name);
  return { names, numbers: new Map(Object.entries(values)) };
}

function scalarOf(type: string): Scalar {
  const scalar = scalars.find((known) => known === type);
  if (scalar === undefined) throw new Error(`no such type ${type}`);
  return scalar;
}

function faultOf(en: string, zh: string): SchemaFault {
  return { fault: { en, zh } };
}

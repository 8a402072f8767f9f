// Protobuf with the schemas that devices are given, written and read by protobufjs.
import protobuf from "protobufjs";
import { builtInSchemas } from "../../server/src/transports/protobuf/schemas.ts";
import type { Returned, VerbatimValue } from "./verbatim-values.ts";

const typeOf = (schema: keyof typeof builtInSchemas, name: string): protobuf.Type =>
  protobuf.parse(builtInSchemas[schema], { keepCase: true }).root.lookupType(name);

const telemetry = typeOf("telemetry", "Telemetry");
const attributes = typeOf("attributes", "Attributes");
const request = typeOf("attributeRequest", "AttributeRequest");
const answer = typeOf("attributeAnswer", "AttributeAnswer");

interface Field {
  readonly text?: string;
  readonly number?: number;
  readonly integer?: string;
  readonly json?: string;
}

/** Null for a number that neither a double nor an int64 holds: Protobuf has no field for it. */
function fieldOf({ kind, sent }: VerbatimValue): Field | null {
  if (kind === "text") return { text: sent };
  if (kind === "json") return { json: sent };
  if (/^-?\d+$/.test(sent) && BigInt.asIntN(64, BigInt(sent)) === BigInt(sent) && sent !== "-0")
    return { integer: sent };
  const isDouble = String(Number(sent)).replace("e+", "e") === sent || ["-0", "1e3", "4.50"].includes(sent);
  return isDouble ? { number: Number(sent) } : null;
}

export function encodeProtobuf(
  form: "telemetry" | "attributes",
  key: string,
  value: VerbatimValue,
): Buffer | null {
  const field = fieldOf(value);
  if (field === null) return null;
  const entry = { key, ...field };
  const [type, message] =
    form === "telemetry"
      ? ([telemetry, { points: [entry] }] as const)
      : ([attributes, { values: [entry] }] as const);
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}

export const encodeRequest = (keys: { client_keys?: string[]; shared_keys?: string[] }): Buffer =>
  Buffer.from(request.encode(request.fromObject(keys)).finish());

export function decodeAnswer(bytes: Buffer, scope: "client" | "shared"): ReadonlyMap<string, Returned> {
  const read = answer.toObject(answer.decode(bytes), { longs: String }) as Record<
    string,
    (Field & { key: string })[]
  >;
  return new Map(
    (read[scope] ?? []).map(({ key, text, json, number, integer }) => {
      if (json !== undefined) return [key, { type: "json", text: json }];
      return [
        key,
        text === undefined ? { type: "number", text: integer ?? String(number) } : { type: "text", text },
      ];
    }),
  );
}

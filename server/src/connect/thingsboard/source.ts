// What is read from a ThingsBoard, as its REST API answers it; see specs of /api/deviceProfiles, /api/tenant/devices,
// /api/plugins/telemetry and /api/device/{id}/credentials.
import type { JsonValue, ReadingValue } from "@waremind/contract";
import { z } from "zod";
import { numberValue } from "../../telemetry/index.ts";
import type { ThingsboardClient } from "./client.ts";
import { oddAnswer } from "./source-problems.ts";

export const sourceLimits = {
  entitiesPerPage: 100,
  /** Points of one answer; the first page of a key. */
  pointsPerPage: 1_000,
  /** A page that is all of one millisecond is asked for again, larger, up to this. */
  pointsPerPageMax: 64_000,
} as const;

const idSchema = z.object({ id: z.string().min(1).max(100) });
const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item), hasNext: z.boolean() });

const profileSchema = z.object({
  id: idSchema,
  name: z.string(),
  profileData: z
    .object({
      transportConfiguration: z
        .object({
          type: z.string().optional(),
          deviceTelemetryTopic: z.string().nullish(),
          deviceAttributesTopic: z.string().nullish(),
          deviceAttributesSubscribeTopic: z.string().nullish(),
          transportPayloadTypeConfiguration: z
            .object({ transportPayloadType: z.string().optional() })
            .nullish(),
        })
        .nullish(),
      alarms: z.array(z.unknown()).nullish(),
    })
    .nullish(),
});
export type SourceProfile = z.infer<typeof profileSchema>;

const deviceSchema = z.object({
  id: idSchema,
  name: z.string(),
  label: z.string().nullish(),
  deviceProfileId: idSchema,
  additionalInfo: z
    .object({ gateway: z.unknown().optional(), lastConnectedGateway: z.unknown().optional() })
    .nullish()
    .catch(null),
});
export type SourceDevice = z.infer<typeof deviceSchema>;

const attributeSchema = z.object({ key: z.string(), value: z.json() });
export type SourceAttribute = z.infer<typeof attributeSchema>;
export type SourceScope = "CLIENT_SCOPE" | "SHARED_SCOPE" | "SERVER_SCOPE";

const credentialsSchema = z.object({
  credentialsType: z.string(),
  credentialsId: z.string().nullish(),
  credentialsValue: z.string().nullish(),
});
export type SourceCredentials = z.infer<typeof credentialsSchema>;

export interface SourcePoint {
  readonly at: number;
  readonly value: ReadingValue;
}

export interface ThingsboardSource {
  profiles(): AsyncIterable<SourceProfile>;
  devices(): AsyncIterable<SourceDevice>;
  /** Empty for a device that is gone meanwhile. */
  attributes(deviceId: string, scope: SourceScope): Promise<readonly SourceAttribute[]>;
  credentials(deviceId: string): Promise<SourceCredentials | null>;
  keys(deviceId: string): Promise<readonly string[]>;
  /** Oldest first, `from` inclusive, `to` exclusive, at most `limit`. */
  points(
    deviceId: string,
    ask: { readonly key: string; readonly from: number; readonly to: number; readonly limit: number },
  ): Promise<readonly SourcePoint[]>;
}

export function createThingsboardSource(client: ThingsboardClient): ThingsboardSource {
  async function* pages<Item extends z.ZodType>(path: string, item: Item): AsyncIterable<z.output<Item>> {
    const schema = pageOf(item);
    for (let page = 0; ; page += 1) {
      const text = await client.get(path, {
        ...{ pageSize: sourceLimits.entitiesPerPage, page },
        ...{ sortProperty: "createdTime", sortOrder: "ASC" },
      });
      if (text === null) throw oddAnswer(path, "HTTP 404");
      const { data, hasNext } = read(schema, text, path);
      yield* data as z.output<Item>[];
      if (!hasNext) return;
    }
  }
  const telemetryOf = (deviceId: string) => `/api/plugins/telemetry/DEVICE/${encodeURIComponent(deviceId)}`;
  return {
    profiles: () => pages("/api/deviceProfiles", profileSchema),
    devices: () => pages("/api/tenant/devices", deviceSchema),
    attributes: async (deviceId, scope) => {
      const path = `${telemetryOf(deviceId)}/values/attributes/${scope}`;
      const text = await client.get(path);
      return text === null ? [] : read(z.array(attributeSchema), text, path);
    },
    credentials: async (deviceId) => {
      const path = `/api/device/${encodeURIComponent(deviceId)}/credentials`;
      const text = await client.get(path);
      return text === null || text === "" ? null : read(credentialsSchema, text, path);
    },
    keys: async (deviceId) => {
      const path = `${telemetryOf(deviceId)}/keys/timeseries`;
      const text = await client.get(path);
      return text === null ? [] : read(z.array(z.string()), text, path);
    },
    points: async (deviceId, { key, from, to, limit }) => {
      const path = `${telemetryOf(deviceId)}/values/timeseries`;
      const text = await client.get(path, {
        ...{ keys: key, startTs: from, endTs: to, limit },
        // Without it ThingsBoard answers every value as text, and a number could not be told from a serial number.
        ...{ agg: "NONE", orderBy: "ASC", useStrictDataTypes: true },
      });
      return text === null ? [] : pointsIn(text, path, key);
    },
  };
}

function read<Schema extends z.ZodType>(schema: Schema, text: string, path: string): z.output<Schema> {
  const parsed = schema.safeParse(parseKeepingDigits(text, path, (source) => source));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw oddAnswer(path, `${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
}

/** A number that a double does not give back, on its way through JSON. */
class LiteralNumber {
  readonly literal: string;

  constructor(literal: string) {
    this.literal = literal;
  }
}

const answerSchema = z.record(z.string(), z.array(z.object({ ts: z.int(), value: z.unknown() })));

function pointsIn(text: string, path: string, key: string): SourcePoint[] {
  const parsed = answerSchema.safeParse(
    parseKeepingDigits(text, path, (source) => new LiteralNumber(source)),
  );
  if (!parsed.success) throw oddAnswer(path, parsed.error.issues[0]?.message ?? "");
  const points = (parsed.data[key] ?? []).flatMap(({ ts, value }): SourcePoint[] =>
    value === null || value === undefined ? [] : [{ at: ts, value: readingValueOf(value) }],
  );
  const isInOrder = points.every((point, index) => index === 0 || point.at >= (points[index - 1]?.at ?? 0));
  if (!isInOrder) throw oddAnswer(path, "its points are not oldest first, as orderBy=ASC asks");
  return points;
}

/** By the type that JSON gives it; text stays text whatever it looks like. */
function readingValueOf(value: unknown): ReadingValue {
  if (value instanceof LiteralNumber) return numberValue(value.literal, Number(value.literal));
  if (typeof value === "number") return { type: "number", number: value };
  if (typeof value === "string") return { type: "text", text: value };
  if (typeof value === "boolean") return { type: "boolean", boolean: value };
  return { type: "json", json: plain(value) };
}

/** Within a JSON value, what a double would alter becomes the text of its digits, as when a device sends it. */
function plain(value: unknown): JsonValue {
  if (value instanceof LiteralNumber) return value.literal;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value as JsonValue;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

const shortNumber = /^-?\d{1,15}$/u;

/** `keep` makes something of the digits of a number that its double does not give back. */
function parseKeepingDigits(text: string, path: string, keep: (source: string) => unknown): unknown {
  const revive = (_name: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || shortNumber.test(source)) return value;
    return numberValue(source, value).literal === undefined ? value : keep(source);
  };
  try {
    return JSON.parse(text, revive) as unknown;
  } catch (error) {
    throw oddAnswer(path, `no JSON (${(error as Error).message})`);
  }
}

import { profileSchema, provisionStrategySchema } from "@waremind/contract";
import { z } from "zod";
import type { NewProfile, Profile, ProfileEdit, ProvisioningSettings } from "../../devices/index.ts";
import { checkRules } from "../../flows/check-rules.ts";
import { DomainError } from "../../platform/errors.ts";
import { uniqueViolation } from "../../platform/violations.ts";
import { type ConversionFound, conversionOf } from "../../telemetry/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, notFound, personOf, type Route } from "../route.ts";

/** A profile has up to five hundred keys and four schemas of Protobuf. */
const bodyBytesMax = 512 * 1024;

const { id, name, keys, expectedIntervalSeconds, commands, transport, limits, alarmRules } =
  profileSchema.shape;
const text = z.string().max(20_000).nullable().optional();
const editSchema = z.object({
  version: z.int(),
  name: name.optional(),
  keys: keys.optional(),
  expectedIntervalSeconds: expectedIntervalSeconds.optional(),
  commands: commands.optional(),
  transport: transport.optional(),
  limits: limits.optional(),
  alarmRules: alarmRules.optional(),
  /** A null secret removes it, a text sets it; it is never answered. */
  provisioning: z
    .object({
      strategy: provisionStrategySchema,
      ...{ key: text, secret: text, issuerPem: text, commonNamePattern: text },
    })
    .optional(),
});

/** Kinds of device: what they measure, understand and may. */
export function profileRoutes(needs: HttpDependencies): readonly Route[] {
  return [...readRoutes(needs), createRoute(needs), editRoute(needs)];
}

function readRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/profiles",
      summary: "Kinds of device.",
      access: "devices.read",
      answers: itemsOf(profileSchema),
      handle: async () => ({ items: await profileViews(needs) }),
    }),
    defineRoute({
      method: "get",
      path: "/api/profiles/{id}",
      summary: "One kind of device.",
      access: "devices.read",
      params: idParam,
      answers: profileSchema,
      handle: ({ params }) => profileView(needs, params.id),
    }),
  ];
}

type ProfileView = z.infer<typeof profileSchema>;

async function profileViews(needs: HttpDependencies): Promise<ProfileView[]> {
  const settings = await needs.deviceProvisioning.settings();
  const counts = new Map<string, number>();
  for (const { profileId } of await needs.devices.listDevices())
    counts.set(profileId, (counts.get(profileId) ?? 0) + 1);
  return (await needs.devices.listProfiles()).map((profile) =>
    viewOf(profile, settings.get(profile.id), counts.get(profile.id) ?? 0),
  );
}

async function profileView(needs: HttpDependencies, profileId: string): Promise<ProfileView> {
  const found = (await profileViews(needs)).find((profile) => profile.id === profileId);
  if (found === undefined) throw notFound({ en: `profile ${profileId}`, zh: `设备配置 ${profileId}` });
  return found;
}

const closed: ProvisioningSettings = {
  ...{ strategy: "disabled", key: null, hasSecret: false, issuerPem: null, commonNamePattern: null },
};

function viewOf(
  profile: Profile,
  provisioning: ProvisioningSettings | undefined,
  deviceCount: number,
): ProfileView {
  return {
    ...{ id: profile.id, version: profile.version, name: { en: profile.nameEn, zh: profile.nameZh } },
    ...{ keys: [...profile.keys], expectedIntervalSeconds: profile.expectedIntervalSeconds },
    ...{ commands: [...profile.commands], transport: profile.transport, limits: profile.limits },
    ...{ alarmRules: [...profile.alarmRules], provisioning: provisioning ?? closed, deviceCount },
  };
}

function createRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/profiles",
    summary: "Adds a kind of device.",
    access: "devices.write",
    body: z.object({
      ...{ id, name, keys, expectedIntervalSeconds },
      commands: commands.default([]),
      transport: transport.default({ payloadType: "json" }),
      limits: limits.default({}),
      alarmRules: alarmRules.default([]),
    }),
    bodyBytesMax,
    answers: profileSchema,
    handle: async ({ body, caller }) => {
      const { name: names, ...rest } = body;
      needs.checkTransport(body.transport);
      checkParts(rest);
      await checkUnits(rest.keys);
      checkRules(rest.alarmRules, rest);
      const profile: NewProfile = { ...rest, nameEn: names.en, nameZh: names.zh };
      await needs.database
        .transaction(async (connection) => {
          await needs.devices.createProfile(connection, profile);
          await needs.guard.appendAudit(connection, {
            kind: "profile-created",
            actor: personOf(caller),
            body: { profileId: profile.id },
          });
        })
        .catch((error: unknown) => {
          throw uniqueViolation(error) === null ? error : taken(profile.id, error);
        });
      return profileView(needs, profile.id);
    },
  });
}

function taken(profileId: string, cause: unknown): DomainError {
  return new DomainError(
    "conflict",
    {
      en: `A profile has the id ${profileId} already. Choose another one, or change that profile.`,
      zh: `已有标识为 ${profileId} 的设备配置,请换一个标识,或修改该配置。`,
    },
    { profileId },
    cause,
  );
}

function editRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/profiles/{id}",
    summary: "Changes a kind of device; refused when somebody changed it since `version`.",
    access: "devices.write",
    params: idParam,
    body: editSchema,
    bodyBytesMax,
    answers: profileSchema,
    handle: async ({ params, body, caller }) => {
      const { version, ...parts } = body;
      if (parts.transport !== undefined) needs.checkTransport(parts.transport);
      checkParts(parts);
      await checkUnits(parts.keys ?? []);
      await checkChangedRules(needs, params.id, parts);
      await needs.database.transaction(async (connection) => {
        await needs.deviceProvisioning.editProfile(connection, params.id, version, editOf(parts));
        await needs.guard.appendAudit(connection, {
          kind: "profile-changed",
          actor: personOf(caller),
          // Names alone: among the values there may be a secret.
          body: { profileId: params.id, version, changed: Object.keys(parts) },
        });
      });
      return profileView(needs, params.id);
    },
  });
}

/** With the keys and the interval that the profile then has: a change of these may make a rule impossible. */
async function checkChangedRules(
  { devices }: HttpDependencies,
  profileId: string,
  parts: Pick<z.infer<typeof editSchema>, "alarmRules" | "keys" | "expectedIntervalSeconds">,
): Promise<void> {
  const present = (await devices.listProfiles()).find(({ id }) => id === profileId);
  if (present === undefined || (parts.alarmRules === undefined && parts.keys === undefined)) return;
  const { keys: ownKeys, expectedIntervalSeconds: interval } = present;
  checkRules(parts.alarmRules ?? present.alarmRules, {
    keys: parts.keys ?? ownKeys,
    expectedIntervalSeconds: parts.expectedIntervalSeconds ?? interval,
  });
}

function editOf({
  name: names,
  provisioning,
  ...parts
}: Omit<z.infer<typeof editSchema>, "version">): ProfileEdit {
  const present = <Part extends object>(part: Part) =>
    Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as {
      [Name in keyof Part]?: Exclude<Part[Name], undefined>;
    };
  return {
    ...present(parts),
    ...(names === undefined ? {} : { nameEn: names.en, nameZh: names.zh }),
    ...(provisioning === undefined
      ? {}
      : { provisioning: { ...present(provisioning), strategy: provisioning.strategy } }),
  };
}

/** What the shape of each part alone does not show: names that come twice, ranges upside down. */
function checkParts(parts: {
  readonly keys?: z.infer<typeof keys> | undefined;
  readonly commands?: z.infer<typeof commands> | undefined;
  readonly alarmRules?: z.infer<typeof alarmRules> | undefined;
}): void {
  requireDistinct("keys", parts.keys?.map((one) => one.key) ?? []);
  requireDistinct("commands", parts.commands?.map((one) => one.method) ?? []);
  requireDistinct("alarmRules", parts.alarmRules?.map((one) => one.id) ?? []);
  for (const { key, min, max } of parts.keys ?? []) {
    if (min === null || max === null || min <= max) continue;
    throw new DomainError(
      "invalid-input",
      {
        en: `The smallest value of ${key} (${min}) is above its largest (${max}).`,
        zh: `${key} 的最小值(${min})大于最大值(${max})。`,
      },
      { field: "keys", key },
    );
  }
}

/** Refused with the reason, so that nothing is sent in vain. */
async function checkUnits(of: z.infer<typeof keys>): Promise<void> {
  for (const { key, type, unit, sentUnit } of of) {
    if (sentUnit === undefined) continue;
    const found = type === "number" && unit !== null ? await conversionOf(sentUnit, unit) : noUnit;
    if (found.isPossible) continue;
    const { en, zh } = found.reason;
    throw new DomainError(
      "invalid-input",
      { en: `${key}: ${en}`, zh: `${key}：${zh}` },
      { field: "keys", key },
    );
  }
}

const noUnit: ConversionFound = {
  isPossible: false,
  reason: {
    en: "only a number with a unit can be sent in another unit.",
    zh: "只有带单位的数值才能以另一种单位发送。",
  },
};

function requireDistinct(field: string, names: readonly string[]): void {
  const twice = names.find((one, index) => names.indexOf(one) !== index);
  if (twice === undefined) return;
  throw new DomainError(
    "invalid-input",
    {
      en: `${field} has ${twice} twice; each name once.`,
      zh: `${field} 中 ${twice} 重复出现,每个名称只能出现一次。`,
    },
    { field, name: twice },
  );
}

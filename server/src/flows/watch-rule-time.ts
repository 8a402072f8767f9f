// Looks every few seconds at what time alone changes of alarm rules: who fell silent, and which counts ran out.
import type { LiveEvent } from "@waremind/contract";
import type { Devices } from "../devices/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { type DeviceRule, rulesOf } from "./device-rules.ts";
import { causeOf, heardThrough, type SightOfDevice, speakForChildren } from "./gateway-silence.ts";
import { examineRule } from "./rule-time.ts";

/** After an outage thousands may be silent at once: the rest is looked at by the next checks. */
const examinedPerCheckMax = 200;
const lookAgainKeptMax = 50_000;

export interface RuleTimeWatch {
  /** Never twice at once. Answers the events, all committed. */
  check(): Promise<readonly LiveEvent[]>;
}

export interface RuleTimeDependencies {
  readonly database: Database;
  readonly telemetry: Pick<Telemetry, "ruleHistory" | "silences" | "seriesOfDevices" | "raiseAlarm">;
  readonly devices: Pick<Devices, "listDevices" | "listProfiles" | "connections" | "liveBindings">;
  readonly clock: Clock;
}

interface Candidate {
  readonly sight: SightOfDevice;
  readonly rule: DeviceRule;
  readonly lastAt: number;
}

interface Sights {
  readonly byId: ReadonlyMap<number, SightOfDevice>;
  readonly rules: ReadonlyMap<number, readonly DeviceRule[]>;
  readonly heard: ReadonlyMap<number, number>;
}

export function createRuleTimeWatch(deps: RuleTimeDependencies): RuleTimeWatch {
  let watchingSince: number | undefined;
  /** By device and rule: when time next changes something, unless a reading comes. */
  const lookAgainAt = new Map<string, number>();
  return {
    check: async () => {
      const now = deps.clock.now();
      // Nobody is blamed for the time in which this program did not listen.
      watchingSince ??= now;
      const sights = await sightsOf(deps);
      if (sights.rules.size === 0) return [];
      if (lookAgainAt.size > lookAgainKeptMax) lookAgainAt.clear();
      const due = await dueOf(deps, sights, { now, since: watchingSince, lookAgainAt });
      const events: LiveEvent[] = [];
      const children = new Map<number, { deviceId: number; silentFrom: number }[]>();
      for (const candidate of due.slice(0, examinedPerCheckMax)) {
        const gatewayId = gatewayDown(candidate, sights, now);
        if (gatewayId === null)
          events.push(...(await examine(deps, candidate, { sights, now, lookAgainAt })));
        else {
          const own = children.get(gatewayId) ?? [];
          own.push({ deviceId: candidate.sight.device.id, silentFrom: candidate.lastAt });
          children.set(gatewayId, own);
        }
      }
      for (const [gatewayId, all] of children) {
        const gateway = sights.byId.get(gatewayId);
        if (gateway === undefined) continue;
        const told = { gateway, children: all, now };
        events.push(
          ...(await deps.database.transaction((one) => speakForChildren(deps.telemetry, one, told))),
        );
      }
      return events;
    },
  };
}

async function sightsOf({ devices }: RuleTimeDependencies): Promise<Sights> {
  const profiles = new Map((await devices.listProfiles()).map((profile) => [profile.id, profile]));
  const connections = new Map((await devices.connections()).map((one) => [one.deviceId, one]));
  const bindings = Map.groupBy(await devices.liveBindings(), ({ deviceId }) => deviceId);
  const byId = new Map<number, SightOfDevice>();
  const rules = new Map<number, readonly DeviceRule[]>();
  for (const device of await devices.listDevices()) {
    const profile = profiles.get(device.profileId);
    if (profile === undefined || device.state !== "active") continue;
    byId.set(device.id, { device, profile, connection: connections.get(device.id) });
    const own = (bindings.get(device.id) ?? []).filter(({ alarmRules }) => alarmRules.length > 0);
    const timed = rulesOf(profile, own).filter(
      ({ compiled: { silenceMs, windowMs } }) => (silenceMs ?? windowMs) !== null,
    );
    if (timed.length > 0) rules.set(device.id, timed);
  }
  return { byId, rules, heard: heardThrough([...byId.values()]) };
}

/** Devices silent for longer than a rule allows, and alarms that are open and may end with time. */
async function dueOf(
  { database, telemetry }: RuleTimeDependencies,
  { byId, rules }: Sights,
  when: { readonly now: number; readonly since: number; readonly lookAgainAt: ReadonlyMap<string, number> },
): Promise<readonly Candidate[]> {
  const open = new Set(
    (await telemetry.silences.openTimed(database)).map(({ deviceId, ruleId }) => `${deviceId}/${ruleId}`),
  );
  const heard = Map.groupBy(
    await telemetry.silences.heardAt(database, [...rules.keys()]),
    ({ deviceId }) => deviceId,
  );
  const isDue = ({ sight, rule, lastAt }: Candidate): boolean => {
    const { id } = sight.device;
    if ((when.lookAgainAt.get(keyOf(id, rule, lastAt)) ?? 0) > when.now) return false;
    const { silenceMs } = rule.compiled;
    const isSilent = silenceMs !== null && when.now - Math.max(lastAt, when.since) > silenceMs;
    return isSilent || open.has(`${id}/${rule.ruleId}`);
  };
  return [...rules].flatMap(([deviceId, own]) => {
    const sight = byId.get(deviceId);
    if (sight === undefined) return [];
    return own.flatMap((rule) => {
      const { keys } = rule.compiled;
      const times = (heard.get(deviceId) ?? []).filter(({ key }) => keys === null || keys.includes(key));
      const candidate = { sight, rule, lastAt: Math.max(...times.map(({ at }) => at)) };
      return times.length > 0 && isDue(candidate) ? [candidate] : [];
    });
  });
}

const keyOf = (deviceId: number, { ruleId }: DeviceRule, lastAt: number): string =>
  `${deviceId}/${ruleId}/${lastAt}`;

/** The gateway that is to blame; null: none is, or it came back so lately that its children had no time to speak. */
function gatewayDown({ sight, rule }: Candidate, { byId, heard }: Sights, now: number): number | null {
  const { silenceMs } = rule.compiled;
  const { gatewayId } = sight.device;
  const gateway = gatewayId === null ? undefined : byId.get(gatewayId);
  if (gateway === undefined || silenceMs === null) return null;
  if (causeOf(sight, gateway, { at: now, heard }) === "gateway-down") return gateway.device.id;
  return null;
}

async function examine(
  { database, telemetry }: RuleTimeDependencies,
  { sight, rule, lastAt }: Candidate,
  {
    sights,
    now,
    lookAgainAt,
  }: { readonly sights: Sights; readonly now: number; readonly lookAgainAt: Map<string, number> },
): Promise<readonly LiveEvent[]> {
  const { id, name, gatewayId } = sight.device;
  const gateway = gatewayId === null ? undefined : sights.byId.get(gatewayId);
  const { silenceMs } = rule.compiled;
  const backAt = gateway?.connection?.connectedAt ?? null;
  if (silenceMs !== null && backAt !== null && backAt > lastAt && now - backAt <= silenceMs) return [];
  const series = await telemetry.seriesOfDevices([id]);
  const device = { deviceId: id, deviceName: name, series: new Map(series.map((one) => [one.id, one])) };
  const cause = silenceMs === null ? null : causeOf(sight, gateway, { at: now, heard: sights.heard });
  const { events, nextAt } = await database.transaction((connection) =>
    examineRule({ history: telemetry.ruleHistory, connection }, { device, rule }, { until: now, cause }),
  );
  lookAgainAt.set(keyOf(id, rule, lastAt), nextAt ?? Number.POSITIVE_INFINITY);
  return events;
}

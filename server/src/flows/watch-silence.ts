// Silence is data: devices that should have spoken and did not, and shipments whose temperature nobody measures.
import type { Alarm, AlarmRule, Band, LiveEvent } from "@waremind/contract";
import type { Catalog } from "../catalog/index.ts";
import { conditionOf } from "../decisions/coldchain/index.ts";
import type { Binding, Device, DeviceConnection, Devices, Profile } from "../devices/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import type { Shipment, ShipmentConditionRow, Shipments } from "../shipments/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { causeOf, heardThrough, speakForChildren } from "./gateway-silence.ts";
import { silenceText } from "./shipment-alarm-texts.ts";
import { isSilent, isUnderway, type WatchState, watchStateOf } from "./shipment-watch.ts";
import { lockTarget } from "./target-lock.ts";

export interface SilenceWatchDependencies {
  readonly database: Database;
  readonly devices: Devices;
  readonly telemetry: Telemetry;
  readonly shipments: Shipments;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

export interface SilenceWatch {
  /**
   * Looks once: raises `absence` for who fell silent, ends it for who was heard again or is unbound, ends every alarm
   * of a shipment that arrived, and keeps silent shipments' conditions up to date. Call it every few seconds, never twice at once. Answers the events,
   * all committed.
   */
  check(): Promise<readonly LiveEvent[]>;
}

/** Expected intervals without a word after which a device is absent; the same as a gap in a condition. */
export const intervalsPerAbsence = 3;
/** After an outage thousands may be silent at once: the rest is raised by the next checks. */
const changesPerCheckMax = 200;
const alarmsReadMax = 1_000;
/** How often the growing gap of a silent shipment is written down. */
const silentSaveMs = 60_000;

interface Sight {
  readonly device: Device;
  readonly profile: Profile;
  readonly connection: DeviceConnection | undefined;
  readonly bindings: readonly Binding[];
}

/** A subject that may be absent, since when, and why that matters. */
interface Subject {
  readonly kind: "shipment" | "device";
  readonly id: string;
  readonly label: string;
  readonly device: Device;
  readonly isConnected: boolean;
  readonly lastHeardAt: number | null;
  readonly silentFrom: number;
  readonly silentAfterMs: number;
  readonly shipment: { readonly detail: Shipment; readonly band: Band } | null;
}

export function createSilenceWatch(deps: SilenceWatchDependencies): SilenceWatch {
  let watchingSince: number | undefined;
  return {
    check: async () => {
      const now = deps.clock.now();
      // Nobody is blamed for the time in which this program did not listen.
      watchingSince ??= now;
      const sights = await sightsOf(deps.devices);
      const gateways = createGatewayView(sights, now);
      const subjects = await subjectsOf(deps, sights);
      const alarms = await deps.telemetry.alarms({ onlyOpen: true, limit: alarmsReadMax });
      const open = alarms.filter((alarm) => alarm.kind === "absence");
      const silent = subjects.filter((subject) => isAbsent(subject, { now, since: watchingSince ?? now }));
      const silentKeys = new Set([...silent.map(keyOf), ...gateways.downKeys(open)]);
      const events: LiveEvent[] = [];
      const ended = open.filter((alarm) => !silentKeys.has(`${alarm.subjectKind}/${alarm.subjectId}`));
      const over = [...ended, ...(await ofArrivedShipments(deps.shipments, alarms))];
      for (const alarm of over.slice(0, changesPerCheckMax))
        events.push(...(await endAlarm(deps, alarm, now)));
      const openKeys = new Set(open.map((alarm) => `${alarm.subjectKind}/${alarm.subjectId}`));
      const { alone, behind } = gateways.split(silent.filter((subject) => !openKeys.has(keyOf(subject))));
      events.push(...(await speakForAll(deps, behind, now)));
      // The gateway's own silence is the alarm that was raised for all of them.
      const raised = alone.filter((subject) => !behind.has(subject.device.id));
      for (const subject of raised.slice(0, changesPerCheckMax))
        events.push(...(await raiseAbsence(deps, subject, now)));
      const going = silent.filter((subject) => openKeys.has(keyOf(subject)) && subject.kind === "shipment");
      for (const subject of going.slice(0, changesPerCheckMax))
        events.push(...(await keepSilent(deps, subject, now)));
      return events;
    },
  };
}

const keyOf = (subject: Subject): string => `${subject.kind}/${subject.id}`;

function isAbsent(subject: Subject, { now, since }: { now: number; since: number }): boolean {
  return now - Math.max(subject.silentFrom, since) > subject.silentAfterMs;
}

/** Alarms of temperature end with the way: a delivered or cancelled shipment rings no more. */
async function ofArrivedShipments(shipments: Shipments, alarms: readonly Alarm[]): Promise<readonly Alarm[]> {
  const ofShipments = alarms.filter((alarm) => alarm.kind !== "absence" && alarm.subjectKind === "shipment");
  if (ofShipments.length === 0) return [];
  const found = await shipments.findShipments([...new Set(ofShipments.map((alarm) => alarm.subjectId))]);
  const underway = new Set(found.filter(({ state }) => isUnderway(state)).map(({ id }) => id));
  return ofShipments.filter((alarm) => !underway.has(alarm.subjectId));
}

/** A logger of a shipment underway is told by its shipment; every other device that was heard, or is bound, by itself. */
async function subjectsOf(
  deps: SilenceWatchDependencies,
  sights: readonly Sight[],
): Promise<readonly Subject[]> {
  const underway = await shipmentsUnderway(
    deps,
    sights.flatMap(({ bindings }) => bindings),
  );
  return sights.flatMap((sight) => {
    const subjects = shipmentSubjects(sight, underway);
    if (subjects.length > 0) return subjects;
    // A rule of its own tells of it, as the profile wants it told.
    return sight.profile.alarmRules.some(isAbsenceOfAll) ? [] : deviceSubject(sight);
  });
}

const isAbsenceOfAll = (rule: AlarmRule): boolean =>
  rule.kind === "absence" && rule.key === null && rule.isEnabled;

/** Which gateways are down, and who is silent only because of that. */
function createGatewayView(sights: readonly Sight[], now: number) {
  const byId = new Map(sights.map((sight) => [sight.device.id, sight]));
  const heard = heardThrough(sights);
  const isDown = (gateway: Sight): boolean =>
    causeOf(gateway, gateway, { at: now, heard }) === "gateway-down";
  const gatewayOf = ({ device, kind }: Subject): Sight | undefined =>
    kind === "device" && device.gatewayId !== null ? byId.get(device.gatewayId) : undefined;
  const hasJustComeBack = (subject: Subject): boolean => {
    const backAt = gatewayOf(subject)?.connection?.connectedAt ?? null;
    return backAt !== null && backAt > subject.silentFrom && now - backAt <= subject.silentAfterMs;
  };
  return {
    downKeys: (open: readonly Alarm[]): string[] =>
      open.flatMap(({ cause, subjectId }) => {
        const gateway = cause === "gateway-down" ? byId.get(Number(subjectId)) : undefined;
        return gateway !== undefined && isDown(gateway) ? [`device/${subjectId}`] : [];
      }),
    split: (silent: readonly Subject[]) => {
      const behind = new Map<number, { readonly gateway: Sight; readonly children: Subject[] }>();
      const alone: Subject[] = [];
      for (const subject of silent) {
        const gateway = gatewayOf(subject);
        if (gateway === undefined || !isDown(gateway)) alone.push(subject);
        else {
          const own = behind.get(gateway.device.id) ?? { gateway, children: [] };
          own.children.push(subject);
          behind.set(gateway.device.id, own);
        }
      }
      return { alone: alone.filter((subject) => !hasJustComeBack(subject)), behind };
    },
  };
}

async function speakForAll(
  { database, telemetry }: SilenceWatchDependencies,
  behind: ReadonlyMap<number, { readonly gateway: Sight; readonly children: readonly Subject[] }>,
  now: number,
): Promise<readonly LiveEvent[]> {
  const events: LiveEvent[] = [];
  for (const { gateway, children } of behind.values()) {
    const silent = children.map(({ device, silentFrom }) => ({ deviceId: device.id, silentFrom }));
    const told = { gateway, children: silent, now };
    events.push(...(await database.transaction((one) => speakForChildren(telemetry, one, told))));
  }
  return events;
}

interface Underway {
  readonly detail: Shipment;
  readonly band: Band;
  readonly row: ShipmentConditionRow | undefined;
}

/** In three statements and one per band, however many loggers there are. */
async function shipmentsUnderway(
  deps: SilenceWatchDependencies,
  bindings: readonly Binding[],
): Promise<ReadonlyMap<string, Underway>> {
  const ids = new Set(
    bindings.filter(({ kind }) => kind === "logger-shipment").map(({ targetId }) => targetId),
  );
  const found = ids.size === 0 ? [] : await deps.shipments.findShipments([...ids]);
  const details = found.filter(({ state }) => isUnderway(state));
  const rows = await deps.shipments.conditionOf(
    deps.database,
    details.map(({ id }) => id),
  );
  const bandIds = new Set(details.flatMap(({ bandId }) => (bandId === null ? [] : [bandId])));
  const bands = new Map<string, Band | null>();
  for (const id of bandIds) bands.set(id, await deps.catalog.findBand(id));
  return new Map(
    details.flatMap((detail) => {
      const band = detail.bandId === null ? null : (bands.get(detail.bandId) ?? null);
      return band === null ? [] : [[detail.id, { detail, band, row: rows.get(detail.id) }] as const];
    }),
  );
}

async function sightsOf(devices: Devices): Promise<readonly Sight[]> {
  const profiles = new Map((await devices.listProfiles()).map((profile) => [profile.id, profile]));
  const connections = new Map((await devices.connections()).map((one) => [one.deviceId, one]));
  const bindings = Map.groupBy(await devices.liveBindings(), (binding) => binding.deviceId);
  return (await devices.listDevices()).flatMap((device) => {
    const profile = profiles.get(device.profileId);
    const isWatched = profile !== undefined && device.state === "active";
    return isWatched
      ? [{ device, profile, connection: connections.get(device.id), bindings: bindings.get(device.id) ?? [] }]
      : [];
  });
}

function deviceSubject({ device, profile, connection, bindings }: Sight): readonly Subject[] {
  const lastHeardAt = connection?.lastHeardAt ?? null;
  const silentFrom = lastHeardAt ?? bindings[0]?.boundAt;
  if (silentFrom === undefined) return [];
  return [
    {
      kind: "device",
      id: String(device.id),
      label: device.label === "" ? device.name : device.label,
      device,
      isConnected: connection?.isConnected ?? false,
      lastHeardAt,
      silentFrom,
      silentAfterMs: profile.expectedIntervalSeconds * 1000 * intervalsPerAbsence,
      shipment: null,
    },
  ];
}

function shipmentSubjects(
  { device, connection, bindings }: Sight,
  underway: ReadonlyMap<string, Underway>,
): readonly Subject[] {
  return bindings.flatMap((binding) => {
    const shipment = binding.kind === "logger-shipment" ? underway.get(binding.targetId) : undefined;
    if (shipment === undefined) return [];
    const { detail, band, row } = shipment;
    const lastAt = row?.condition.lastAt ?? null;
    return [
      {
        kind: "shipment" as const,
        id: detail.id,
        label: detail.number,
        device,
        isConnected: connection?.isConnected ?? false,
        lastHeardAt: lastAt,
        silentFrom: Math.max(lastAt ?? 0, binding.boundAt),
        silentAfterMs: band.expectedIntervalSeconds * 1000 * intervalsPerAbsence,
        shipment: { detail, band },
      },
    ];
  });
}

async function raiseAbsence(
  deps: SilenceWatchDependencies,
  subject: Subject,
  now: number,
): Promise<readonly LiveEvent[]> {
  const message = silenceText({
    deviceName: subject.device.name,
    shipmentNumber: subject.shipment?.detail.number ?? null,
    silentMinutes: (now - subject.silentFrom) / 60_000,
    isConnected: subject.isConnected,
    wasHeard: subject.lastHeardAt !== null,
  });
  return deps.database.transaction(async (connection) => {
    const condition = await saveSilence(deps, connection, subject, now);
    if (condition === "heard") return [];
    const alarmId = await deps.telemetry.raiseAlarm(connection, {
      kind: "absence",
      severity: "warning",
      subjectKind: subject.kind,
      subjectId: subject.id,
      subjectLabel: subject.label,
      deviceId: subject.device.id,
      seriesId: null,
      beganAt: subject.silentFrom,
      value: null,
      unit: null,
      messageEn: message.en,
      messageZh: message.zh,
    });
    const changed: LiveEvent[] =
      alarmId === null
        ? []
        : [{ kind: "alarm-changed", alarmId, subjectKind: subject.kind, subjectId: subject.id }];
    return [...changed, ...condition];
  });
}

/** Writes the silence into the shipment's condition, unless a reading came while we looked. */
async function saveSilence(
  deps: SilenceWatchDependencies,
  connection: Connection,
  { shipment }: Subject,
  now: number,
): Promise<readonly LiveEvent[] | "heard"> {
  if (shipment === null) return [];
  const { detail, band } = shipment;
  await lockTarget(deps.database, connection, detail.id);
  const row = (await deps.shipments.conditionOf(connection, [detail.id])).get(detail.id);
  const watch = watchStateOf(row?.state);
  if (row === undefined || watch === null) return [];
  const condition = conditionOf(watch.condition, band, now);
  if (!isSilent(condition)) return "heard";
  const state: WatchState = { ...watch, alarms: { ...watch.alarms, absence: true } };
  await deps.shipments.saveCondition(connection, { ...row, state, condition, updatedAt: now });
  return [{ kind: "shipment-condition-changed", shipmentId: detail.id, verdict: condition.verdict }];
}

async function keepSilent(
  deps: SilenceWatchDependencies,
  subject: Subject,
  now: number,
): Promise<readonly LiveEvent[]> {
  const row = (await deps.shipments.conditionOf(deps.database, [subject.id])).get(subject.id);
  if (row === undefined || now - row.updatedAt < silentSaveMs) return [];
  const saved = await deps.database.transaction((connection) => saveSilence(deps, connection, subject, now));
  return saved === "heard" ? [] : saved;
}

async function endAlarm(
  deps: SilenceWatchDependencies,
  { kind, subjectKind, subjectId }: Alarm,
  now: number,
): Promise<readonly LiveEvent[]> {
  return deps.database.transaction(async (connection) => {
    const subject = { kind, subjectKind, subjectId };
    const alarmId = await deps.telemetry.endAlarm(connection, { ...subject, endedAt: now });
    if (alarmId !== null) await deps.telemetry.silences.release(connection, alarmId);
    return alarmId === null ? [] : [{ kind: "alarm-changed", alarmId, subjectKind, subjectId }];
  });
}

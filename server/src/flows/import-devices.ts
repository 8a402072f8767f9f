// Devices from a table: every line is created, exists already, or is refused with its reason.
import type { BilingualText, DeviceImportRow } from "@waremind/contract";
import {
  checkAccessToken,
  checkDeviceLabel,
  checkDeviceName,
  type Device,
  type Devices,
  type GatewayChildren,
} from "../devices/index.ts";
import { chunksOf } from "../platform/chunks.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { type DeviceCsvColumn, type DeviceCsvLine, readDeviceCsv } from "./read-device-csv.ts";

/** Lines of one transaction: intake on the embedded store waits no longer than for these. */
const linesPerTransactionMax = 200;
/** In the column `gateway`: the device is a gateway itself. Anything else there is the name of its gateway. */
const isGatewayWords = new Set(["yes", "true", "1", "是"]);

export interface DeviceImport {
  /**
   * Columns: name, label, profile (id or name), gateway (`yes`: it is one; otherwise the name of the gateway that speaks for
   * it), token (absent: one is made). Tokens are answered this once. `dryRun` does the same and undoes it; what it calls
   * created would be.
   *
   * @throws DomainError `invalid-input` for a file that is no such table, `payload-too-large`, `limit-reached`
   */
  run(input: {
    readonly csv: Uint8Array | string;
    readonly dryRun: boolean;
  }): Promise<readonly DeviceImportRow[]>;
}

export interface DeviceImportDependencies {
  readonly database: Database;
  readonly devices: Devices;
  readonly gatewayChildren: GatewayChildren;
}

interface Plan {
  readonly line: number;
  readonly name: string;
  readonly label: string;
  readonly profileId: string;
  readonly isGateway: boolean;
  readonly gatewayName: string | null;
  readonly token: string | undefined;
}

interface Written {
  readonly plan: Plan;
  readonly device: Device;
  readonly token: string | null;
}

interface Run extends DeviceImportDependencies {
  readonly dryRun: boolean;
  /** By name, those of this run included. */
  readonly known: Map<string, Device>;
  readonly rows: Map<number, DeviceImportRow>;
}

export function createDeviceImport(dependencies: DeviceImportDependencies): DeviceImport {
  return {
    run: async ({ csv, dryRun }) => {
      const lines = readDeviceCsv(csv);
      const known = new Map(
        (await dependencies.devices.listDevices()).map((device) => [device.name, device]),
      );
      const run: Run = { ...dependencies, dryRun, known, rows: new Map() };
      const plans = await planLines(run, lines);
      // Gateways are there before their children, wherever they stand in the file.
      const [direct, children] = [
        plans.filter((plan) => plan.gatewayName === null),
        plans.filter((plan) => plan.gatewayName !== null),
      ];
      for (const batch of [
        ...chunksOf(direct, linesPerTransactionMax),
        ...chunksOf(children, linesPerTransactionMax),
      ])
        await writeBatch(run, batch);
      return lines.flatMap(({ line }) => run.rows.get(line) ?? []);
    },
  };
}

/** What can be told without the store's help; what remains is to be written. */
async function planLines(run: Run, lines: readonly DeviceCsvLine[]): Promise<Plan[]> {
  const profileIds = await profilesByWord(run.devices);
  const gateways = new Set(lines.filter(isGatewayLine).map((line) => line.name));
  for (const device of run.known.values()) if (device.isGateway) gateways.add(device.name);
  const seen = { names: new Map<string, number>(), tokens: new Map<string, number>() };
  const plans: Plan[] = [];
  for (const line of lines) {
    const existing = run.known.get(line.name);
    const fault = findFault(line, { profileIds, gateways, seen, isKnown: existing !== undefined });
    if (fault !== null) refuse(run, line, fault.column, fault.reason);
    else if (existing !== undefined)
      run.rows.set(line.line, {
        line: line.line,
        name: line.name,
        outcome: "exists",
        message: null,
        token: null,
      });
    else plans.push(planOf(line, profileIds.get(line.profile) ?? line.profile));
  }
  return plans;
}

/** By id and by either name; an id wins over another profile's name. */
async function profilesByWord(devices: Devices): Promise<ReadonlyMap<string, string>> {
  const profiles = await devices.listProfiles();
  return new Map([
    ...profiles.flatMap(({ id, nameEn, nameZh }): [string, string][] => [
      [nameEn, id],
      [nameZh, id],
    ]),
    ...profiles.map(({ id }): [string, string] => [id, id]),
  ]);
}

const isGatewayLine = (line: DeviceCsvLine) => isGatewayWords.has(line.gateway.toLowerCase());

function planOf(line: DeviceCsvLine, profileId: string): Plan {
  const isGateway = isGatewayLine(line);
  return {
    ...{ line: line.line, name: line.name, label: line.label, profileId, isGateway },
    gatewayName: isGateway || line.gateway === "" ? null : line.gateway,
    token: line.token === "" ? undefined : line.token,
  };
}

interface Fault {
  readonly column: DeviceCsvColumn;
  readonly reason: BilingualText;
}

interface Known {
  readonly profileIds: ReadonlyMap<string, string>;
  readonly gateways: ReadonlySet<string>;
  readonly seen: { readonly names: Map<string, number>; readonly tokens: Map<string, number> };
  readonly isKnown: boolean;
}

function findFault(line: DeviceCsvLine, known: Known): Fault | null {
  if (line.isTooLong) return fault("token", "there are more values than columns", "值的个数多于列数");
  return (
    checked("name", () => checkDeviceName(line.name)) ??
    repeated("name", line, known.seen.names) ??
    // Nothing of a device that exists is changed, so nothing else of its line matters.
    (known.isKnown ? null : findFaultOfNew(line, known))
  );
}

function findFaultOfNew(line: DeviceCsvLine, known: Known): Fault | null {
  const { profile, gateway, token } = line;
  if (!known.profileIds.has(profile)) {
    return profile === ""
      ? fault("profile", "the profile is missing", "缺少设备配置")
      : fault("profile", `there is no profile "${profile}"`, `没有设备配置“${profile}”`);
  }
  const isChild = gateway !== "" && !isGatewayLine(line);
  if (isChild && !known.gateways.has(gateway)) {
    const en = `no gateway is named "${gateway}"; write "yes" if the device is one itself`;
    return fault("gateway", en, `没有名为“${gateway}”的网关；如果该设备本身是网关，请填“是”`);
  }
  if (isChild && token !== "") {
    const en = "a device behind a gateway has no token of its own; leave it empty";
    return fault("token", en, "网关后的设备没有自己的令牌，请留空");
  }
  const shortOrLong =
    checked("label", () => checkDeviceLabel(line.label)) ??
    (token === "" ? null : checked("token", () => checkAccessToken(token)));
  return shortOrLong ?? (token === "" ? null : repeated("token", line, known.seen.tokens));
}

const fault = (column: DeviceCsvColumn, en: string, zh: string): Fault => ({ column, reason: { en, zh } });

function checked(column: DeviceCsvColumn, check: () => void): Fault | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof DomainError) return { column, reason: error.sentence };
    throw error;
  }
}

/** The first line of a value counts. */
function repeated(column: "name" | "token", line: DeviceCsvLine, seen: Map<string, number>): Fault | null {
  const first = seen.get(line[column]);
  if (first !== undefined) return fault(column, `it stands in line ${first} already`, `与第 ${first} 行重复`);
  seen.set(line[column], line.line);
  return null;
}

function refuse(
  run: Run,
  { line, name }: { readonly line: number; readonly name: string },
  column: DeviceCsvColumn,
  reason: BilingualText,
): void {
  const message = {
    en: `Line ${line}, column ${column}: ${reason.en}`,
    zh: `第 ${line} 行，${column} 列：${reason.zh}`,
  };
  run.rows.set(line, { line, name, outcome: "refused", message, token: null });
}

/** Ends the transaction of a dry run. */
class Undone extends Error {
  readonly written: readonly Written[];
  constructor(written: readonly Written[]) {
    super("A dry run was undone.");
    this.written = written;
  }
}

/** All lines together; when the store refuses one (a token in use, a gateway that is full), half of them at a time. */
async function writeBatch(run: Run, plans: readonly Plan[]): Promise<void> {
  try {
    keep(run, await writeTogether(run, plans));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // The tokens of earlier lines must be answered, so that a store that goes away ends in refusals, not in an error.
    if (plans.length === 1 || error.code === "store-unavailable") {
      for (const plan of plans) refuse(run, plan, columnOf(error), error.sentence);
      return;
    }
    const middle = Math.ceil(plans.length / 2);
    await writeBatch(run, plans.slice(0, middle));
    await writeBatch(run, plans.slice(middle));
  }
}

async function writeTogether(run: Run, plans: readonly Plan[]): Promise<readonly Written[]> {
  try {
    return await run.database.transaction(async (connection) => {
      // One alone is written as a gateway or a person would enter it: then it may be a device that came meanwhile.
      const written =
        plans.length === 1
          ? await Promise.all(plans.map((plan) => write(run, connection, plan)))
          : await writeMany(run, connection, plans);
      if (run.dryRun) throw new Undone(written);
      return written;
    });
  } catch (error) {
    if (error instanceof Undone) return error.written;
    throw error;
  }
}

/** In a few statements. Of the plans either all have a gateway or none has one. */
async function writeMany(
  run: Run,
  connection: Connection,
  plans: readonly Plan[],
): Promise<readonly Written[]> {
  const { devices, gatewayChildren, known, dryRun } = run;
  // In a dry run a gateway may be one that the same file would make.
  const gatewayOf = ({ gatewayName }: Plan) => (gatewayName === null ? undefined : known.get(gatewayName));
  const missing = plans.find((plan) => plan.gatewayName !== null && gatewayOf(plan) === undefined);
  if (missing !== undefined && !dryRun) throw gatewayMissing(missing.gatewayName ?? "");
  const direct = plans.filter((plan) => gatewayOf(plan) === undefined);
  const entered = direct.length === 0 ? [] : await devices.enterDevices(connection, direct.map(directOf));
  const written = direct.flatMap((plan, index): Written[] => {
    const one = entered[index];
    return one === undefined ? [] : [{ plan, device: one.device, token: one.token }];
  });
  const groups = Map.groupBy(
    plans.filter((plan) => gatewayOf(plan) !== undefined),
    gatewayOf,
  );
  for (const [gateway, children] of groups) {
    if (gateway === undefined) continue;
    const made = await gatewayChildren.enterChildren(connection, gateway, children.map(childOf));
    for (const [index, plan] of children.entries()) {
      const device = made[index];
      if (device !== undefined) written.push({ plan, device, token: null });
    }
  }
  return written;
}

const directOf = ({ name, label, profileId, isGateway, token }: Plan) => ({
  ...{ name, label, profileId, isGateway, token },
});
const childOf = ({ name, label, profileId }: Plan) => ({ name, label, profileId });

async function write(run: Run, connection: Connection, plan: Plan): Promise<Written> {
  const { devices, gatewayChildren, known, dryRun } = run;
  const { name, label, profileId, isGateway, gatewayName } = plan;
  if (gatewayName === null) {
    const device = await devices.createDevice(connection, { name, label, profileId, isGateway });
    const { token } = await devices.issueAccessToken(connection, device.id, plan.token);
    return { plan, device, token };
  }
  const gateway = known.get(gatewayName);
  // In a dry run its gateway may be one that the same file would make.
  if (gateway === undefined && dryRun)
    return { plan, device: await devices.createDevice(connection, { name, label, profileId }), token: null };
  if (gateway === undefined) throw gatewayMissing(gatewayName);
  await gatewayChildren.openChild(connection, gateway, { name, profileName: profileId });
  return { plan, device: await devices.updateDevice(connection, name, { label }), token: null };
}

function gatewayMissing(gatewayName: string): DomainError {
  return new DomainError(
    "not-found",
    {
      en: `its gateway "${gatewayName}" was refused; mend its line first.`,
      zh: `其网关“${gatewayName}”未能导入，请先修正网关所在的行。`,
    },
    { field: "gateway" },
  );
}

function keep(run: Run, written: readonly Written[]): void {
  for (const { plan, device, token } of written) {
    if (!run.dryRun) run.known.set(device.name, device);
    const { line, name } = plan;
    run.rows.set(line, { line, name, outcome: "created", message: null, token: run.dryRun ? null : token });
  }
}

/** Which column a refusal of the registry speaks of. */
function columnOf(error: DomainError): DeviceCsvColumn {
  const { field, kind, limitName, profileId } = error.details ?? {};
  if (field === "gateway" || limitName === "devices-per-gateway") return "gateway";
  if (field === "token" || kind === "access-token") return "token";
  if (field === "label") return "label";
  return profileId === undefined ? "name" : "profile";
}

// One device of the source as a device here: its row, its credential, its attributes and where its history begins, in
// one transaction.
import { X509Certificate } from "node:crypto";
import type { BilingualText } from "@waremind/contract";
import { sql } from "kysely";
import type {
  AttributeValues,
  Device,
  DeviceAttributes,
  DeviceCredentials,
  Devices,
  NewCredential,
  Presented,
} from "../../devices/index.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../../platform/database.ts";
import { DomainError } from "../../platform/errors.ts";
import { noSum } from "./checksum.ts";
import { type DeviceProgress, insertDeviceProgress } from "./import-store.ts";
import type { SourceDevice, SourceScope, ThingsboardSource } from "./source.ts";
import { attributeValues, credentialOf, isGateway, scopes } from "./take-over.ts";

export interface RegisterDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly devices: Devices;
  readonly deviceCredentials: DeviceCredentials;
  readonly deviceAttributes: DeviceAttributes;
}

const scopeNames = Object.keys(scopes) as SourceScope[];
const writtenBy = "ThingsBoard import";

/** @throws DomainError when it cannot be a device here (`invalid-input`), or of the source or the store. */
export async function registerDevice(
  deps: RegisterDependencies,
  source: ThingsboardSource,
  runId: string,
  wanted: { readonly device: SourceDevice; readonly profileId: string },
): Promise<DeviceProgress> {
  const { device: foreign, profileId } = wanted;
  const attributes = await Promise.all(
    scopeNames.map(async (scope) => [scope, await source.attributes(foreign.id.id, scope)] as const),
  );
  const shown = await credentialShown(source, foreign);
  const present = await deps.devices.findDevice(foreign.name);
  const isOwn =
    present !== null && shown.credential !== null && (await opens(deps, shown.credential, present));
  return deps.database.transaction(async (connection) => {
    const device =
      present ??
      (await deps.devices.createDevice(connection, {
        ...{ name: foreign.name, label: foreign.label ?? "", profileId },
        isGateway: isGateway(foreign),
      }));
    const problems = [...shown.problems];
    const isCredentialTaken =
      !isOwn && (await issue(deps, connection, { device, credential: shown.credential, problems }));
    let attributesTaken = 0;
    for (const [scope, list] of attributes)
      attributesTaken += await writeScope(deps, connection, {
        ...{ device, scope, problems },
        values: attributeValues(list, scope),
      });
    const progress: DeviceProgress = {
      ...{ sourceId: foreign.id.id, name: device.name, deviceId: device.id, nextAt: {}, isDone: false },
      ...{ isCreated: present === null, isCredentialTaken, problems, attributesTaken },
      ...{ pointsRead: 0, pointsStored: 0, pointsPresent: 0, pointsQuarantined: 0 },
      ...{ sourceSum: noSum, storeSum: noSum, heldSum: noSum, revision: 0 },
    };
    await insertDeviceProgress(connection, runId, progress, deps.clock.now());
    return progress;
  });
}

interface Shown {
  readonly credential: NewCredential | null;
  readonly problems: readonly BilingualText[];
}

async function credentialShown(source: ThingsboardSource, device: SourceDevice): Promise<Shown> {
  const found = await source.credentials(device.id.id);
  if (found === null) return { credential: null, problems: [] };
  const ours = credentialOf(found);
  return "credential" in ours
    ? { credential: ours.credential, problems: [] }
    : { credential: null, problems: [ofDevice(device.name, ours.problem)] };
}

/** Whether it opens this very device already: an import that is run again finds its own work. */
async function opens(
  { deviceCredentials }: RegisterDependencies,
  credential: NewCredential,
  device: Device,
): Promise<boolean> {
  const presented = presentedBy(credential);
  const identity = presented === null ? null : await deviceCredentials.authenticate(presented);
  return identity?.device.id === device.id;
}

function presentedBy(credential: NewCredential): Presented | null {
  if (credential.kind === "access-token")
    return credential.token === undefined ? null : { kind: "access-token", token: credential.token };
  if (credential.kind === "basic") {
    const { clientId = null, userName = null, password = null } = credential;
    return { kind: "connect", clientId, userName, password };
  }
  const body = credential.pem.replaceAll(/-----[A-Z ]+-----|\s+/gu, "");
  try {
    return {
      kind: "certificate",
      der: new X509Certificate(Buffer.from(body, "base64")).raw,
      commonName: null,
    };
  } catch {
    // What is no certificate is refused, with its reason, when it is issued.
    return null;
  }
}

/** What is refused is told and the device taken over without it: a person can give it another. */
async function issue(
  { deviceCredentials }: RegisterDependencies,
  connection: Connection,
  given: {
    readonly device: Device;
    readonly credential: NewCredential | null;
    readonly problems: BilingualText[];
  },
): Promise<boolean> {
  const { device, credential, problems } = given;
  if (credential === null) return false;
  const refusal = await orRefused(connection, () =>
    deviceCredentials.issue(connection, device.id, credential),
  );
  if (refusal !== null) problems.push(ofDevice(device.name, refusal.sentence));
  return refusal === null;
}

/** A device's attributes of one scope. One that is refused is told, and the others are written without it. */
async function writeScope(
  { deviceAttributes }: RegisterDependencies,
  connection: Connection,
  given: {
    readonly device: Device;
    readonly scope: SourceScope;
    readonly values: AttributeValues;
    readonly problems: BilingualText[];
  },
): Promise<number> {
  const { device, scope, values, problems } = given;
  const write = (some: AttributeValues): Promise<DomainError | null> =>
    orRefused(connection, () =>
      deviceAttributes.write(connection, {
        ...{ deviceId: device.id, scope: scopes[scope], by: writtenBy },
        values: some,
      }),
    );
  if ((await write(values)) === null) return Object.keys(values).length;
  let taken = 0;
  for (const [key, value] of Object.entries(values)) {
    const refusal = await write({ [key]: value });
    if (refusal === null) taken += 1;
    else if (problems.length < problemsPerDeviceMax)
      problems.push(ofDevice(`${device.name}, ${key}`, refusal.sentence));
  }
  return taken;
}

/** The refusal, after which the transaction is as it was before; null when there was none. */
async function orRefused(connection: Connection, work: () => Promise<unknown>): Promise<DomainError | null> {
  const tables = tablesOf<unknown>(connection);
  await sql`savepoint before_import_step`.execute(tables);
  try {
    await work();
    return null;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await sql`rollback to savepoint before_import_step`.execute(tables);
    return error;
  }
}

const problemsPerDeviceMax = 20;

/** A refusal by our own rules; a store that is away is none. */
export function isRefusal(error: unknown): error is DomainError {
  return (
    error instanceof DomainError &&
    (error.code === "invalid-input" || error.code === "conflict" || error.code === "limit-reached")
  );
}

export function ofDevice(name: string, { en, zh }: BilingualText): BilingualText {
  return { en: `${name}: ${en}`, zh: `${name}:${zh}` };
}

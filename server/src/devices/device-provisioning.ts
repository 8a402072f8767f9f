import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { claimDevice, openClaim } from "./claims.ts";
import { insertCredential } from "./credential-store.ts";
import type { Device } from "./device.ts";
import { deviceColumns, insertDeviceUnlessNamed } from "./device-store.ts";
import type { IdentityCache } from "./identity-cache.ts";
import { type PreparedCredential, prepareCredential } from "./new-credential.ts";
import { editProfile, hashOfProvisionSecret, selectSettings } from "./profile-edits.ts";
import type { DeviceProvisioning, ProvisionAnswer, ProvisionRequest } from "./provisioning.ts";
import { checkDeviceName } from "./registry.ts";
import type { DeviceTables } from "./tables.ts";
import type { UnknownSecrets } from "./unknown-secrets.ts";

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

/** How devices come in by themselves and are claimed by people; see `provisioning.ts`. */
export function createDeviceProvisioning(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
  /** The one that `createDevices` was given: an edited profile counts for its devices at once. */
  readonly identities: IdentityCache;
  /** `keys.credentials` */
  readonly secret: string;
}): DeviceProvisioning {
  const { database, clock, identities, secret } = dependencies;
  return {
    settings: () => selectSettings(database),
    editProfile: async (connection, profileId, version, edit) => {
      const profile = await editProfile(connection, { profileId, version, edit });
      identities.forgetProfile(profileId);
      return profile;
    },
    provision: (connection, request) =>
      provision(connection, request, {
        ...{ key: secret, at: clock.now(), unknownSecrets: identities.unknownSecrets },
      }),
    openClaim: (connection, deviceId, claim) =>
      openClaim(connection, { ...claim, deviceId, key: secret, at: clock.now() }),
    claim: (connection, input) => claimDevice(connection, { ...input, key: secret, at: clock.now() }),
  };
}

interface Context {
  readonly key: string;
  readonly at: number;
  readonly unknownSecrets: UnknownSecrets;
}
type Taken = { readonly device: Device; undo(): Promise<void> } | ProvisionAnswer;

/** A refusal leaves nothing behind, though the caller commits it like a success. */
async function provision(
  connection: Connection,
  request: ProvisionRequest,
  context: Context,
): Promise<ProvisionAnswer> {
  const profile = await findProfile(connection, request);
  if (profile === null) return { status: "NOT_FOUND" };
  try {
    const credential = prepareCredential(request.credential ?? { kind: "access-token" }, context);
    const taken =
      profile.strategy === "allow-create-new"
        ? await takeNew(connection, request, { profileId: profile.id, at: context.at })
        : await takeEntered(connection, request, { profileId: profile.id, at: context.at });
    if ("status" in taken) return taken;
    return await handOut(connection, { taken, credential, context });
  } catch (error) {
    // The refusals of a name or a credential that cannot be used; anything else is a fault.
    if (error instanceof DomainError && error.code === "invalid-input")
      return { status: "FAILURE", reason: error.sentence.en };
    throw error;
  }
}

/** By key and secret; in the same time whether the key is unknown or the secret wrong. */
async function findProfile(
  connection: Connection,
  { key, secret }: ProvisionRequest,
): Promise<{ readonly id: string; readonly strategy: "allow-create-new" | "check-pre-provisioned" } | null> {
  const row = await tablesIn(connection)
    .selectFrom("profile")
    .select(["id", "provisionStrategy", "provisionSecretHash"])
    .where("provisionKey", "=", key.replaceAll("\0", "").toWellFormed())
    .executeTakeFirst();
  const hash = hashOfProvisionSecret(secret);
  const isSecret = timingSafeEqual(row?.provisionSecretHash ?? Buffer.alloc(hash.length), hash);
  if (row === undefined || !isSecret) return null;
  const { id, provisionStrategy: strategy } = row;
  return strategy === "allow-create-new" || strategy === "check-pre-provisioned" ? { id, strategy } : null;
}

async function takeNew(
  connection: Connection,
  request: ProvisionRequest,
  { profileId, at }: { readonly profileId: string; readonly at: number },
): Promise<Taken> {
  const name = request.deviceName ?? newId("dev", at);
  checkDeviceName(name);
  const device = await insertDeviceUnlessNamed(
    connection,
    { name, label: "", profileId, isGateway: request.isGateway, provisionedAt: at },
    at,
  );
  if (device === null) return { status: "FAILURE", reason: "A device of this name exists already." };
  return {
    device,
    undo: async () => {
      await tablesIn(connection).deleteFrom("device").where("id", "=", device.id).execute();
    },
  };
}

/** Whether it is a gateway was decided by who entered it. */
async function takeEntered(
  connection: Connection,
  { deviceName }: ProvisionRequest,
  { profileId, at }: { readonly profileId: string; readonly at: number },
): Promise<Taken> {
  if (deviceName === null) return { status: "NOT_FOUND" };
  checkDeviceName(deviceName);
  const tables = tablesIn(connection);
  const known = await tables
    .selectFrom("device")
    .select([...deviceColumns, "provisionedAt"])
    .where("name", "=", deviceName)
    .where("profileId", "=", profileId)
    .where("state", "=", "active")
    .forUpdate()
    .executeTakeFirst();
  if (known === undefined) return { status: "NOT_FOUND" };
  const { provisionedAt, ...device } = known;
  if (provisionedAt !== null)
    return { status: "FAILURE", reason: "This device has provisioned itself already." };
  const mark = async (value: number | null) => {
    await tables.updateTable("device").set({ provisionedAt: value }).where("id", "=", device.id).execute();
  };
  await mark(at);
  return { device, undo: () => mark(null) };
}

async function handOut(
  connection: Connection,
  given: {
    readonly taken: Exclude<Taken, ProvisionAnswer>;
    readonly credential: PreparedCredential;
    readonly context: Context;
  },
): Promise<ProvisionAnswer> {
  const { taken, credential, context } = given;
  const { secretHash, shown } = credential;
  const id = await insertCredential(connection, {
    ...{ deviceId: taken.device.id, kind: shown.kind, secretHash, hint: shown.hint, at: context.at },
  });
  if (id !== null) context.unknownSecrets.added(secretHash);
  if (id !== null) return { status: "SUCCESS", device: taken.device, credential: { ...shown, id } };
  await taken.undo();
  return { status: "FAILURE", reason: "The supplied credentials are in use already." };
}

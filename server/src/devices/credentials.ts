import { X509Certificate } from "node:crypto";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { admitByChain } from "./certificate-chain.ts";
import type { DeviceCredentials, IssuedCredential, NewCredential, Presented } from "./credential.ts";
import {
  insertCredential,
  revokeCredential,
  selectCredential,
  selectCredentials,
} from "./credential-store.ts";
import type { DeviceIdentity } from "./device.ts";
import type { IdentityCache } from "./identity-cache.ts";
import { isValidAt, prepareCredential } from "./new-credential.ts";
import { hashesOfConnect, hashOfBasic, hashOfCertificate, hashOfToken } from "./secret-hashes.ts";
import { createSignIns, type SignIns } from "./sign-ins.ts";
import type { DeviceTables } from "./tables.ts";
import type { UnknownSecrets } from "./unknown-secrets.ts";

export interface CredentialDependencies {
  readonly database: Database;
  readonly clock: Clock;
  /** The one that `createDevices` was given: a forgotten device is forgotten by every credential. */
  readonly identities: IdentityCache;
  /** `keys.credentials`: basic credentials are hashed under it. */
  readonly secret: string;
}

/** Who a device is, by what it shows: access tokens, basic credentials and certificates; see `credential.ts`. */
export function createDeviceCredentials(dependencies: CredentialDependencies): DeviceCredentials {
  const { database, clock, identities, secret } = dependencies;
  const { unknownSecrets } = identities;
  const signIns = createSignIns({ database, clock, unknownSecrets });
  return {
    authenticate: (presented) => authenticate({ ...dependencies, signIns }, presented),
    issue: async (connection, deviceId, credential) => {
      const request = { deviceId, credential, key: secret, at: clock.now(), unknownSecrets };
      const issued = await issueCredential(connection, request);
      identities.forget(deviceId);
      return issued;
    },
    list: (deviceId) => selectCredentials(database, deviceId),
    find: (credentialId) => selectCredential(database, credentialId),
    revoke: async (connection, credentialId) => {
      const revoked = await revokeCredential(connection, credentialId, clock.now());
      identities.forget(revoked.deviceId);
      return revoked;
    },
  };
}

type Authentication = CredentialDependencies & { readonly signIns: SignIns };

function authenticate(
  { database, clock, identities, secret, signIns }: Authentication,
  presented: Presented,
): Promise<DeviceIdentity | null> {
  switch (presented.kind) {
    case "access-token": {
      return findByToken(identities, signIns, presented.hash ?? hashOfToken(presented.token));
    }
    case "connect": {
      const { clientId, userName, password } = presented;
      // An empty text is the same as none, as in an MQTT CONNECT.
      const texts = { clientId: clientId || null, userName: userName || null, password: password || null };
      // Named by all three texts: what a part of them opens must not answer for the whole.
      const name = `connect:${hashOfBasic(texts, secret).toString("base64")}`;
      return identities.find(name, () => signIns.find(hashesOfConnect(texts, secret)));
    }
    case "certificate": {
      const hash = hashOfCertificate(presented.der);
      return identities.find(`x509:${hash.toString("base64")}`, () =>
        findByCertificate({ database, signIns, at: clock.now() }, presented.der, hash),
      );
    }
  }
}

/** Shared by `devices.authenticate`, so that a token is cached once. */
export function findByToken(
  identities: IdentityCache,
  signIns: SignIns,
  hash: Buffer,
): Promise<DeviceIdentity | null> {
  return identities.find(`token:${hash.toString("base64")}`, () => signIns.find([hash]));
}

/** A certificate that was entered counts within its validity, like one that is vouched for. */
async function findByCertificate(
  { database, signIns, at }: { readonly database: Database; readonly signIns: SignIns; readonly at: number },
  der: Uint8Array,
  hash: Buffer,
): Promise<DeviceIdentity | null> {
  if (!isInValidity(der, at)) return null;
  const { identity, unknown } = await signIns.lookUp([hash]);
  // Revoked, or of a disabled device: no issuer's word brings it back.
  if (identity !== null || unknown.length === 0) return identity;
  return (await admitByChain(database, der, at)) ? (await signIns.lookUp([hash])).identity : null;
}

function isInValidity(der: Uint8Array, at: number): boolean {
  try {
    return isValidAt(new X509Certificate(der), at);
  } catch {
    return false;
  }
}

/** @throws DomainError `conflict` when it is in use, `invalid-input` when it is too short or no certificate. */
export async function issueCredential(
  connection: Connection,
  request: {
    readonly deviceId: number;
    readonly credential: NewCredential;
    readonly key: string;
    readonly at: number;
    readonly unknownSecrets: UnknownSecrets;
  },
): Promise<IssuedCredential> {
  const { deviceId, credential, key, at, unknownSecrets } = request;
  const { secretHash, shown } = prepareCredential(credential, { key, at });
  const id = await insertCredential(connection, {
    deviceId,
    kind: shown.kind,
    secretHash,
    hint: shown.hint,
    at,
  });
  if (id === null) throw inUse(shown.kind);
  unknownSecrets.added(secretHash);
  // From now on it speaks for itself; no gateway does.
  await tablesOf<DeviceTables>(connection)
    .updateTable("device")
    .set({ gatewayId: null })
    .where("id", "=", deviceId)
    .where("gatewayId", "is not", null)
    .execute();
  return { ...shown, id };
}

export const tokenInUse = (): DomainError => inUse("access-token");

function inUse(kind: NewCredential["kind"]): DomainError {
  const texts = {
    "access-token": {
      en: "This access token is in use already; choose another one.",
      zh: "该访问令牌已被使用，请换一个。",
    },
    basic: {
      en: "These very credentials are in use already; change the client id, the user name or the password.",
      zh: "这组凭证已被使用，请更改客户端标识、用户名或密码。",
    },
    x509: {
      en: "This certificate belongs to a device already, or was revoked; each device needs its own.",
      zh: "该证书已属于某个设备或已被吊销；每个设备需要自己的证书。",
    },
  };
  return new DomainError("conflict", texts[kind], { kind });
}

// What stands in `device_credential.secret_hash`, by kind. One column, unique over all kinds.
import { createHash, createHmac, hash, type X509Certificate } from "node:crypto";

/** The three texts of an MQTT CONNECT; null where the credential (or the device) gives none. */
export interface BasicTexts {
  readonly clientId: string | null;
  readonly userName: string | null;
  readonly password: string | null;
}

export function hashOfToken(token: string): Buffer {
  return hash("sha256", token, "buffer");
}

/** Under a key of the installation, since people choose passwords; JSON tells ["a","b"] from ["ab",null]. */
export function hashOfBasic(texts: BasicTexts, key: string): Buffer {
  const { clientId, userName, password } = texts;
  return createHmac("sha256", key)
    .update(JSON.stringify([clientId, userName, password]))
    .digest();
}

export function hashOfCertificate(certificate: X509Certificate | Uint8Array): Buffer {
  return createHash("sha256")
    .update(certificate instanceof Uint8Array ? certificate : certificate.raw)
    .digest();
}

/**
 * The hashes under which what a CONNECT shows may be known, those that ask more first:
 * an access token as user name (only without a password), then the combinations that a credential may consist of. Texts
 * that a credential does not name are not looked at; those that it names must be equal, so a credential with a password
 * is found by its password only.
 */
export function hashesOfConnect(texts: BasicTexts, key: string): Buffer[] {
  const { clientId, userName, password } = texts;
  const combinations = [
    texts,
    { clientId: null, userName, password },
    { clientId, userName: null, password },
    { clientId, userName, password: null },
    { clientId: null, userName, password: null },
    { clientId, userName: null, password: null },
  ].filter((one) => one.clientId !== null || one.userName !== null);
  const token = userName !== null && password === null ? [hashOfToken(userName)] : [];
  const hashes = [...token, ...combinations.map((one) => hashOfBasic(one, key))];
  return hashes.filter((hash, index) => hashes.findIndex((other) => other.equals(hash)) === index);
}

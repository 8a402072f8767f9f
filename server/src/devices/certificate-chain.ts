// A certificate that nobody entered, vouched for by a profile's issuer: its device is made on first sight.
import { X509Certificate } from "node:crypto";
import { runInNewContext } from "node:vm";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { insertCredential, isHashKnown } from "./credential-store.ts";
import { insertDeviceUnlessNamed } from "./device-store.ts";
import { isStorable, isValidAt, prepareCertificate } from "./new-credential.ts";
import type { DeviceTables } from "./tables.ts";

export const commonNameLengthMax = 200;
export const commonNamePatternLengthMax = 200;
const issuingProfilesMax = 100;
/** A pattern that backtracks without end is stopped; an honest one takes microseconds, on a busy machine too. */
const matchMsMax = 250;

interface Voucher {
  readonly profileId: string;
  readonly deviceName: string;
}

/**
 * Makes the device of a vouched certificate, or gives its device a renewed one. Answers whether the certificate is known
 * now; false when nobody vouches for it, its device is of another profile or disabled, or it was revoked.
 */
export async function admitByChain(database: Database, der: Uint8Array, at: number): Promise<boolean> {
  const certificate = parseCertificate(der);
  if (certificate === null) return false;
  const voucher = await findVoucher(database, certificate, at);
  if (voucher === null) return false;
  const { secretHash, shown } = prepareCertificate(certificate, at);
  return database.transaction(async (connection) => {
    const device = await openDevice(connection, voucher, at);
    if (device === null) return false;
    const id = await insertCredential(connection, {
      ...{ deviceId: device.id, kind: "x509", secretHash, hint: shown.hint, at },
    });
    // Another session of the same device was first.
    return id !== null || (await isHashKnown(connection, secretHash));
  });
}

async function findVoucher(
  connection: Connection,
  certificate: X509Certificate,
  at: number,
): Promise<Voucher | null> {
  const commonName = commonNameOf(certificate);
  if (commonName === null || commonName.length > commonNameLengthMax) return null;
  const profiles = await tablesOf<DeviceTables>(connection)
    .selectFrom("profile")
    .select(["id", "issuerPem", "commonNamePattern"])
    .where("provisionStrategy", "=", "x509-chain")
    .orderBy("id")
    .limit(issuingProfilesMax)
    .execute();
  for (const { id, issuerPem, commonNamePattern } of profiles) {
    if (issuerPem === null || commonNamePattern === null) continue;
    // The signature first: the pattern only ever sees names that the issuer has signed.
    if (!isIssuedBy(certificate, issuerPem, at)) continue;
    const deviceName = matchCommonName(commonName, commonNamePattern);
    if (deviceName !== null) return { profileId: id, deviceName };
  }
  return null;
}

/** Signed by that authority, and both in their validity. */
function isIssuedBy(certificate: X509Certificate, issuerPem: string, at: number): boolean {
  const issuer = parseCertificate(issuerPem);
  return (
    issuer?.ca === true &&
    isValidAt(issuer, at) &&
    isValidAt(certificate, at) &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey)
  );
}

/**
 * The first group of the pattern, or the whole match where it has none; null when it does not match. The pattern speaks
 * of the whole common name.
 */
export function matchCommonName(commonName: string, pattern: string): string | null {
  const found = runPattern(commonName, pattern);
  const name = found === null ? "" : (found[1] ?? found[0] ?? "");
  return name !== "" && isStorable(name) ? name : null;
}

function runPattern(commonName: string, pattern: string): (string | undefined)[] | null {
  const script =
    "const found = new RegExp('^(?:' + pattern + ')$', 'u').exec(text); found && JSON.stringify([...found])";
  try {
    const found: unknown = runInNewContext(script, { pattern, text: commonName }, { timeout: matchMsMax });
    return typeof found === "string" ? (JSON.parse(found) as (string | undefined)[]) : null;
  } catch {
    // Too slow, or no pattern: `checkCommonNamePattern` refuses what can be told beforehand.
    return null;
  }
}

/** @throws DomainError `invalid-input` */
export function checkCommonNamePattern(pattern: string): void {
  try {
    if (pattern.length > commonNamePatternLengthMax) throw new Error("too long");
    new RegExp(`^(?:${pattern})$`, "u");
  } catch (error) {
    throw new DomainError(
      "invalid-input",
      {
        en: `The pattern of the common name is no regular expression of at most ${commonNamePatternLengthMax} characters.`,
        zh: `通用名的匹配式不是有效的正则表达式，或超过 ${commonNamePatternLengthMax} 个字符。`,
      },
      { field: "commonNamePattern", lengthMax: commonNamePatternLengthMax },
      error,
    );
  }
}

async function openDevice(
  connection: Connection,
  { profileId, deviceName }: Voucher,
  at: number,
): Promise<{ readonly id: number } | null> {
  const created = await insertDeviceUnlessNamed(
    connection,
    { name: deviceName, label: "", profileId, isGateway: false, provisionedAt: at },
    at,
  );
  if (created !== null) return created;
  const known = await tablesOf<DeviceTables>(connection)
    .selectFrom("device")
    .select("id")
    .where("name", "=", deviceName)
    .where("profileId", "=", profileId)
    .where("state", "=", "active")
    .executeTakeFirst();
  return known ?? null;
}

function parseCertificate(source: string | Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(source);
  } catch {
    return null;
  }
}

/** Its own, whatever the socket says of it; null where it has none or several. */
function commonNameOf(certificate: X509Certificate): string | null {
  // Not `certificate.subject`, which escapes the name.
  const name: unknown = certificate.toLegacyObject().subject.CN;
  return typeof name === "string" ? name : null;
}

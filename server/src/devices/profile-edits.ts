// Profiles as they are edited, and how their devices may come in by themselves.
import { createHash, randomBytes, type X509Certificate } from "node:crypto";
import { type Connection, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { uniqueViolation } from "../platform/violations.ts";
import { checkCommonNamePattern } from "./certificate-chain.ts";
import type { Profile } from "./device.ts";
import { profileColumns, profileOf } from "./device-store.ts";
import { isStorable, readCertificate } from "./new-credential.ts";
import type { ProfileEdit, ProvisioningSettings } from "./provisioning.ts";
import type { DeviceTables } from "./tables.ts";

export const provisionSecretLengthMin = 16;
const provisionTextLengthMax = 255;
const generatedBytes = 18;

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);
const provisioningColumns = [
  "profile.id",
  "profile.provisionStrategy",
  "profile.provisionKey",
  "profile.provisionSecretHash",
  "profile.issuerPem",
  "profile.commonNamePattern",
] as const;

/** A key and secret for a profile whose editor asks for new ones; set them with `editProfile` and show the secret once. */
export function generateProvisionKeys(): { readonly key: string; readonly secret: string } {
  const text = () => randomBytes(generatedBytes).toString("base64url");
  return { key: text(), secret: text() };
}

/** A bare hash is enough: the secret has 16 characters or more, and is made by a machine. */
export function hashOfProvisionSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export async function selectSettings(
  connection: Connection,
): Promise<ReadonlyMap<string, ProvisioningSettings>> {
  const rows = await tablesIn(connection).selectFrom("profile").select(provisioningColumns).execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        strategy: row.provisionStrategy,
        key: row.provisionKey,
        hasSecret: row.provisionSecretHash !== null,
        issuerPem: row.issuerPem,
        commonNamePattern: row.commonNamePattern,
      },
    ]),
  );
}

/** @throws DomainError `conflict`, `not-found`, `invalid-input` */
export async function editProfile(
  connection: Connection,
  input: { readonly profileId: string; readonly version: number; readonly edit: ProfileEdit },
): Promise<Profile> {
  const { profileId, version, edit } = input;
  const tables = tablesIn(connection);
  const current = await tables
    .selectFrom("profile")
    .select([...provisioningColumns, "version"])
    .where("id", "=", profileId)
    .forUpdate()
    .executeTakeFirst();
  if (current === undefined) throw unknownProfile(profileId);
  if (current.version !== version) throw editedMeanwhile(profileId, version, current.version);
  checkKeys(edit);
  const provisioning = edit.provisioning === undefined ? {} : provisioningValues(edit.provisioning);
  if (edit.provisioning !== undefined) checkProvisioning({ ...current, ...provisioning });
  try {
    const row = await tables
      .updateTable("profile")
      .set({ ...profileValues(edit), ...provisioning, version: version + 1 })
      .where("id", "=", profileId)
      .returning(profileColumns)
      .executeTakeFirstOrThrow();
    return profileOf(profileId, row);
  } catch (error) {
    if (uniqueViolation(error) === null) throw error;
    throw new DomainError(
      "conflict",
      {
        en: "Another profile uses this provisioning key already; choose another one.",
        zh: "已有其他配置使用该配网密钥标识，请换一个。",
      },
      { field: "provisioning.key" },
      error,
    );
  }
}

function profileValues(edit: ProfileEdit) {
  const { nameEn, nameZh, expectedIntervalSeconds } = edit;
  const json = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
  return withoutAbsent({
    ...{ nameEn, nameZh, expectedIntervalSeconds },
    keys: json(edit.keys),
    commands: json(edit.commands),
    transport: json(edit.transport),
    limits: json(edit.limits),
    alarmRules: json(edit.alarmRules),
  });
}

function provisioningValues(provisioning: NonNullable<ProfileEdit["provisioning"]>) {
  const { strategy, key, secret, issuerPem, commonNamePattern } = provisioning;
  if (typeof key === "string") checkText("provisioning.key", key, 1);
  if (typeof secret === "string") checkText("provisioning.secret", secret, provisionSecretLengthMin);
  return withoutAbsent({
    provisionStrategy: strategy,
    provisionKey: key,
    provisionSecretHash: typeof secret === "string" ? hashOfProvisionSecret(secret) : secret,
    issuerPem,
    commonNamePattern,
  });
}

/** What is absent stays as it is. */
function withoutAbsent<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<Values>;
}

/** A strategy must have what it works by. */
function checkProvisioning(row: {
  readonly provisionStrategy: ProvisioningSettings["strategy"];
  readonly provisionKey: string | null;
  readonly provisionSecretHash: Buffer | null;
  readonly issuerPem: string | null;
  readonly commonNamePattern: string | null;
}): void {
  const { provisionStrategy: strategy } = row;
  if (row.commonNamePattern !== null) checkCommonNamePattern(row.commonNamePattern);
  if (row.issuerPem !== null) checkIssuer(row.issuerPem);
  if (strategy === "x509-chain" && (row.issuerPem === null || row.commonNamePattern === null)) {
    throw new DomainError(
      "invalid-input",
      {
        en: "Devices that come by certificate need the issuing certificate and the pattern of the common name.",
        zh: "通过证书接入的设备需要签发证书和通用名匹配式。",
      },
      { field: row.issuerPem === null ? "provisioning.issuerPem" : "provisioning.commonNamePattern" },
    );
  }
  const needsSecret = strategy === "allow-create-new" || strategy === "check-pre-provisioned";
  if (needsSecret && (row.provisionKey === null || row.provisionSecretHash === null)) {
    throw new DomainError(
      "invalid-input",
      {
        en: "Devices that provision themselves need a provisioning key and secret; set both.",
        zh: "自行配网的设备需要配网密钥标识和密钥，请同时设置。",
      },
      { field: row.provisionKey === null ? "provisioning.key" : "provisioning.secret" },
    );
  }
}

function checkIssuer(pem: string): void {
  const certificate: X509Certificate = readCertificate(pem);
  if (certificate.ca) return;
  throw new DomainError(
    "invalid-input",
    {
      en: "This certificate may not issue others: paste the certificate of the authority that signs the devices.",
      zh: "该证书无权签发其他证书：请粘贴为设备签名的颁发机构证书。",
    },
    { field: "provisioning.issuerPem" },
  );
}

function checkText(field: string, text: string, lengthMin: number): void {
  if (text.length >= lengthMin && text.length <= provisionTextLengthMax && isStorable(text)) return;
  throw new DomainError(
    "invalid-input",
    {
      en: `${field} has ${lengthMin} to ${provisionTextLengthMax} characters, none of them a control character.`,
      zh: `${field} 须为 ${lengthMin} 到 ${provisionTextLengthMax} 个字符，且不含控制字符。`,
    },
    { field, lengthMin, lengthMax: provisionTextLengthMax },
  );
}

function checkKeys(edit: ProfileEdit): void {
  const names = (edit.keys ?? []).map(({ key }) => key);
  const twice = names.find((key, index) => names.indexOf(key) !== index);
  if (twice === undefined) return;
  throw new DomainError(
    "invalid-input",
    { en: `The key ${twice} stands in the profile twice.`, zh: `键 ${twice} 在配置中出现了两次。` },
    { field: "keys", key: twice },
  );
}

function unknownProfile(profileId: string): DomainError {
  return new DomainError(
    "not-found",
    { en: `There is no device profile ${profileId}.`, zh: `没有设备配置 ${profileId}。` },
    { profileId },
  );
}

function editedMeanwhile(profileId: string, version: number, currentVersion: number): DomainError {
  return new DomainError(
    "conflict",
    {
      en: `The profile ${profileId} was changed meanwhile: it is at version ${currentVersion}, not ${version}. Load it again and repeat your change.`,
      zh: `配置 ${profileId} 已被他人修改：当前为版本 ${currentVersion}，而非 ${version}。请重新加载后再修改。`,
    },
    { profileId, version, currentVersion },
  );
}

// From what a person or a device supplies to what is stored (a hash) and what is shown once.
import { randomBytes, X509Certificate } from "node:crypto";
import { DomainError } from "../platform/errors.ts";
import type { IssuedCredential, NewCredential } from "./credential.ts";
import { type BasicTexts, hashOfBasic, hashOfCertificate, hashOfToken } from "./secret-hashes.ts";

const generatedBytes = 15;
const tokenLengthMin = 8;
const textLengthMax = 255;
const hintLength = 4;
const fingerprintHintLength = 8;
const pemLengthMax = 32_768;

/** What is shown once, but for the number that the store gives. */
type Shown = IssuedCredential extends infer One
  ? One extends IssuedCredential
    ? Omit<One, "id">
    : never
  : never;
export interface PreparedCredential {
  readonly secretHash: Buffer;
  readonly shown: Shown;
}

/**
 * Generates what is absent: a token, and of the basic kind a user name (when neither it nor a client id is given) and a
 * password (null: a credential without one).
 *
 * @throws DomainError `invalid-input`
 */
export function prepareCredential(
  credential: NewCredential,
  context: { readonly key: string; readonly at: number },
): PreparedCredential {
  if (credential.kind === "access-token") return prepareToken(credential.token);
  if (credential.kind === "basic") return prepareBasic(credential, context.key);
  return prepareCertificate(readCertificate(credential.pem), context.at);
}

export function generateSecret(): string {
  return randomBytes(generatedBytes).toString("base64url");
}

export function prepareToken(supplied: string | undefined): PreparedCredential {
  const token = supplied ?? generateSecret();
  checkAccessToken(token);
  const hint = `…${token.slice(-hintLength)}`;
  return { secretHash: hashOfToken(token), shown: { kind: "access-token", token, hint } };
}

/** @throws DomainError `invalid-input` */
export function checkAccessToken(token: string): void {
  if (token.length < tokenLengthMin || token.length > textLengthMax || !isStorable(token)) {
    throw new DomainError(
      "invalid-input",
      {
        en: `An access token has ${tokenLengthMin} to ${textLengthMax} characters, none of them a control character.`,
        zh: `访问令牌须为 ${tokenLengthMin} 到 ${textLengthMax} 个字符，且不含控制字符。`,
      },
      { field: "token", lengthMin: tokenLengthMin, lengthMax: textLengthMax },
    );
  }
}

function prepareBasic(supplied: Extract<NewCredential, { kind: "basic" }>, key: string): PreparedCredential {
  const clientId = supplied.clientId ?? null;
  const userName = supplied.userName ?? (clientId === null ? generateSecret() : null);
  const password = supplied.password === undefined ? generateSecret() : supplied.password;
  const texts: BasicTexts = { clientId, userName, password };
  checkBasic(texts);
  const hint = userName ?? clientId ?? "";
  return { secretHash: hashOfBasic(texts, key), shown: { kind: "basic", ...texts, hint } };
}

function checkBasic({ clientId, userName, password }: BasicTexts): void {
  for (const [field, text] of Object.entries({ clientId, userName, password })) {
    if (text === null || (text.length > 0 && text.length <= textLengthMax && isStorable(text))) continue;
    throw new DomainError(
      "invalid-input",
      {
        en: `${field} has 1 to ${textLengthMax} characters, none of them a control character; leave it out if it is not asked for.`,
        zh: `${field} 须为 1 到 ${textLengthMax} 个字符且不含控制字符；不需要时请省略。`,
      },
      { field, lengthMax: textLengthMax },
    );
  }
  if (password !== null || `${clientId ?? ""}${userName ?? ""}`.length >= tokenLengthMin) return;
  throw new DomainError(
    "invalid-input",
    {
      en: `Without a password, the client id and user name are the secret: give them ${tokenLengthMin} characters or more, or add a password.`,
      zh: `没有密码时，客户端标识和用户名就是密钥：请至少使用 ${tokenLengthMin} 个字符，或添加密码。`,
    },
    { field: "password", lengthMin: tokenLengthMin },
  );
}

/** @throws DomainError `invalid-input` when it is out of its validity. */
export function prepareCertificate(certificate: X509Certificate, at: number): PreparedCredential {
  if (!isValidAt(certificate, at)) {
    throw new DomainError(
      "invalid-input",
      {
        en: `This certificate is valid from ${certificate.validFrom} to ${certificate.validTo}, so not now.`,
        zh: `该证书的有效期为 ${certificate.validFrom} 至 ${certificate.validTo}，目前无效。`,
      },
      { field: "pem" },
    );
  }
  const secretHash = hashOfCertificate(certificate);
  const fingerprint = secretHash.toString("hex");
  const hint = `…${fingerprint.slice(-fingerprintHintLength)}`;
  return { secretHash, shown: { kind: "x509", fingerprint, hint } };
}

export function isValidAt(certificate: X509Certificate, at: number): boolean {
  return certificate.validFromDate.getTime() <= at && at <= certificate.validToDate.getTime();
}

/**
 * PEM, or its body alone as ThingsBoard's own tools send it.
 *
 * @throws DomainError `invalid-input`
 */
export function readCertificate(pem: string): X509Certificate {
  try {
    if (pem.length > pemLengthMax) throw new Error(`longer than ${pemLengthMax} characters`);
    return new X509Certificate(pem.includes("-----BEGIN") ? pem : Buffer.from(pem, "base64"));
  } catch (error) {
    throw new DomainError(
      "invalid-input",
      {
        en: "This is no X.509 certificate in PEM form; paste the text from BEGIN CERTIFICATE to END CERTIFICATE.",
        zh: "这不是 PEM 格式的 X.509 证书；请粘贴从 BEGIN CERTIFICATE 到 END CERTIFICATE 的全文。",
      },
      { field: "pem" },
      error,
    );
  }
}

/** The store keeps neither NUL nor half a character, and a control character in a hint would not show. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

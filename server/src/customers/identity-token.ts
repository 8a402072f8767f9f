// The shop's own word for who its customer is: its server signs a token that the chat widget hands to us.
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../platform/clock.ts";
import { assert } from "../platform/errors.ts";
import { normaliseEmail } from "./email.ts";

/** Who the token speaks of: our own customer id, or the e-mail that the shop knows. */
export type IdentitySubject = { readonly customerId: string } | { readonly email: string };

export type Identity = IdentitySubject & { readonly issuedAt: number; readonly expiresAt: number };

export interface IdentityTokens {
  /** `wm1.<payload>.<signature>`, both base64url; the signature is HMAC-SHA256 over `wm1.<payload>`. */
  issue(subject: IdentitySubject, lifetimeMs?: number): string;
  /** Null for anything forged, altered, expired, not yet valid or valid for too long; never says which. */
  verify(token: string): Identity | null;
}

export const identityTokenLifetimeMs = 5 * 60_000;
export const identityTokenLifetimeMsMax = 60 * 60_000;
/** The shop's clock may run ahead of ours by this much. */
const clockSkewMsMax = 60_000;
const tokenLengthMax = 2000;
const secretLengthMin = 16;
const version = "wm1";

const times = { issuedAt: z.int().nonnegative(), expiresAt: z.int().nonnegative() };
const payloadSchema = z.union([
  z.strictObject({ customerId: z.string().min(1).max(64), ...times }),
  z.strictObject({ email: z.string().min(3).max(320), ...times }),
]);

export function createIdentityTokens(deps: {
  readonly secret: string;
  readonly clock: Clock;
}): IdentityTokens {
  const { secret, clock } = deps;
  assert(secret.length >= secretLengthMin, `an identity secret has at least ${secretLengthMin} characters`);
  const sign = (text: string) => createHmac("sha256", secret).update(text).digest();
  return {
    issue: (subject, lifetimeMs = identityTokenLifetimeMs) => {
      const issuedAt = clock.now();
      const payload = JSON.stringify({ ...subject, issuedAt, expiresAt: issuedAt + lifetimeMs });
      const signed = `${version}.${Buffer.from(payload).toString("base64url")}`;
      return `${signed}.${sign(signed).toString("base64url")}`;
    },
    verify: (token) => {
      const parts = partsOf(token);
      if (parts === null) return null;
      const expected = sign(parts.signed);
      if (expected.length !== parts.signature.length || !timingSafeEqual(expected, parts.signature))
        return null;
      const identity = identityOf(parts.payload);
      return identity !== null && isTimely(identity, clock.now()) ? identity : null;
    },
  };
}

function partsOf(token: string): { signed: string; payload: string; signature: Buffer } | null {
  if (token.length > tokenLengthMax) return null;
  const [prefix, payload, signature, ...rest] = token.split(".");
  if (prefix !== version || payload === undefined || signature === undefined || rest.length > 0) return null;
  // Node reads any text as base64url; only the one spelling that it would write itself is taken.
  const bytes = Buffer.from(signature, "base64url");
  return bytes.toString("base64url") === signature
    ? { signed: `${prefix}.${payload}`, payload, signature: bytes }
    : null;
}

function identityOf(payload: string): Identity | null {
  try {
    const parsed = payloadSchema.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
    if (!parsed.success) return null;
    return "email" in parsed.data
      ? { ...parsed.data, email: normaliseEmail(parsed.data.email) }
      : parsed.data;
  } catch {
    // Signed by the shop, yet no JSON: the same answer as a forged one.
    return null;
  }
}

function isTimely({ issuedAt, expiresAt }: Identity, now: number): boolean {
  const lifetimeMs = expiresAt - issuedAt;
  return (
    now < expiresAt &&
    issuedAt <= now + clockSkewMsMax &&
    lifetimeMs > 0 &&
    lifetimeMs <= identityTokenLifetimeMsMax
  );
}

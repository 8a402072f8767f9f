// The sign-in library and everything we set in it: e-mail and password only, no sign-up, no telemetry, no calls outside.
import { type BetterAuthOptions, betterAuth } from "better-auth";
import { type Database, tablesOf } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { PeopleTables } from "./tables.ts";

export const passwordLengthMin = 10;
export const passwordLengthMax = 128;
export const personSessionLifetimeSeconds = 7 * 24 * 60 * 60;
/** A session in use is prolonged at most this often. */
const sessionProlongSeconds = 24 * 60 * 60;

/** Table and column names; the migration is made from these. */
const peopleSchema = {
  user: {
    modelName: "person",
    additionalFields: { roles: { type: "string", required: true, input: false } },
  },
  session: {
    modelName: "personSession",
    expiresIn: personSessionLifetimeSeconds,
    updateAge: sessionProlongSeconds,
  },
  account: { modelName: "personAccount" },
  verification: { modelName: "personVerification" },
} as const satisfies Partial<BetterAuthOptions>;

export interface AuthDependencies {
  readonly database: Database;
  /** Where people reach the product, e.g. `https://desk.example`; https makes cookies `Secure`. */
  readonly baseUrl: string;
  /** Signs session cookies; at least 32 characters. */
  readonly secret: string;
  readonly log: Log;
}

export function createAuth({ database, baseUrl, secret, log }: AuthDependencies) {
  return betterAuth({
    ...peopleSchema,
    appName: "Waremind",
    baseURL: baseUrl,
    basePath: "/api/auth",
    secret,
    // No transactions of its own: the embedded store has one connection and every step here stands alone.
    database: { db: tablesOf<PeopleTables>(database), type: "postgres", transaction: false },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLengthMin,
      maxPasswordLength: passwordLengthMax,
    },
    trustedOrigins: (request) => (request === undefined ? [] : ownOrigins(request.url)),
    // Counted in sign-in-limit.ts, by account and by the socket's address.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // A store that is down comes out as itself; refusals are answers, which problem-answers.ts puts into our words.
    onAPIError: { throw: true },
    logger: { level: "warn", log: (level, message) => log[level === "error" ? "error" : "debug"](message) },
    advanced: {
      cookiePrefix: "waremind",
      useSecureCookies: baseUrl.startsWith("https://"),
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax", path: "/" },
      // Named, because the library switches both off by itself where NODE_ENV or TEST says test.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      ipAddress: { disableIpTracking: true },
      // At first use it compares its tables with migration 0002, and stops there when they differ.
      database: { validateSchema: true },
    },
  });
}

/** The address that the request itself went to, also when a proxy before us speaks https. */
function ownOrigins(url: string): string[] {
  const { protocol, host } = new URL(url);
  return [`${protocol}//${host}`, `https://${host}`];
}

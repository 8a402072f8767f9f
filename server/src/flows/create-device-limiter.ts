import type { DeviceIdentity, LimitLedger, LimitName } from "../devices/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Admission, DeviceLimiter, MessageCost, SessionLimits } from "./device-limits.ts";
import { type Bucket, bucketsOf, waitMs } from "./rate-windows.ts";

export const limiterLimits = {
  /** Devices whose counts are kept; above it the one counted longest begins anew. */
  devicesMax: 50_000,
  /** What a limit of 0 answers when asked how long to wait. */
  retryAfterMsMax: 3_600_000,
} as const;

/** What `getSessionLimits` tells devices of what the transports hold. */
export const sessionLimits = { payloadBytesMax: 65_536, inflightMax: 100 } as const;

type Profile = DeviceIdentity["profile"];
type Kind = "messages" | "telemetryMessages" | "telemetryPoints";

interface Counted {
  readonly kind: Kind;
  readonly limitName: LimitName;
  readonly bucket: Bucket;
}

/** The counts of one device, or of all children of one gateway, under the limits as they were written. */
interface Counts {
  readonly texts: Readonly<Record<Kind, string>>;
  readonly counted: readonly Counted[];
}

const admitted: Admission = { isAdmitted: true };

const deviceNames = {
  messages: "messages",
  telemetryMessages: "telemetry-messages",
  telemetryPoints: "telemetry-points",
} as const satisfies Record<Kind, LimitName>;
const gatewayNames = {
  messages: "gateway-messages",
  telemetryMessages: "gateway-telemetry-messages",
  telemetryPoints: "gateway-telemetry-points",
} as const satisfies Record<Kind, LimitName>;

/**
 * Counts what devices send, in memory. A profile names the limits of each of its devices; for a gateway's profile the same
 * ones hold once for what the gateway sends of itself and once for the sum of its children. A profile that names none has
 * none: only the server's own rate holds.
 */
export function createDeviceLimiter(deps: {
  readonly ledger: Pick<LimitLedger, "note">;
  readonly clock: Clock;
  /** `n:seconds,…` for all devices together; empty: no limit. */
  readonly serverRate: string;
  /** Told to devices by `getSessionLimits`; the transports hold them. */
  readonly payloadBytesMax: number;
  readonly inflightMax: number;
}): DeviceLimiter {
  const { ledger, clock } = deps;
  const ofDevice = createCountsCache(deviceNames);
  const ofChildren = createCountsCache(gatewayNames);
  const ofServer: readonly Counted[] = bucketsOf(deps.serverRate, clock.now()).map((bucket) => ({
    kind: "messages",
    limitName: "server-messages",
    bucket,
  }));

  return {
    admit: (identity, cost, via) => {
      const at = clock.now();
      const own = hasLimits(identity.profile) ? ofDevice.find(identity, at) : none;
      const shared = via !== undefined && hasLimits(via.profile) ? ofChildren.find(via, at) : none;
      const broken =
        firstBroken(own, cost, at) ?? firstBroken(shared, cost, at) ?? firstBroken(ofServer, cost, at);
      if (broken === null) {
        take(own, cost);
        take(shared, cost);
        take(ofServer, cost);
        return admitted;
      }
      const { bucket, kind, limitName } = broken;
      const observed = Math.ceil(bucket.capacity - bucket.tokens + costOf(kind, cost));
      const event = { limitName, allowed: bucket.text, observed };
      ledger.note({ ...event, deviceId: identity.device.id });
      if (via !== undefined) ledger.note({ ...event, deviceId: via.device.id });
      const wait = waitMs(bucket, costOf(kind, cost), at);
      const retryAfterMs = Math.min(wait, limiterLimits.retryAfterMsMax);
      return { isAdmitted: false, limitName, allowed: bucket.text, retryAfterMs };
    },
    note: (deviceId, limitName, allowed, observed) => ledger.note({ deviceId, limitName, allowed, observed }),
    sessionLimits: ({ device, profile }): SessionLimits => {
      const rateLimits = {
        messages: profile.limits.messages ?? "",
        telemetryMessages: profile.limits.telemetryMessages ?? "",
        telemetryDataPoints: profile.limits.telemetryPoints ?? "",
      };
      const told = {
        maxPayloadSize: deps.payloadBytesMax,
        maxInflightMessages: deps.inflightMax,
        rateLimits,
      };
      return device.isGateway ? { ...told, gatewayRateLimits: { ...rateLimits } } : told;
    },
  };
}

const none: readonly Counted[] = [];

/** Most profiles name no limit, and a message of theirs must cost nothing here. */
function hasLimits({ limits }: Profile): boolean {
  return (
    (limits.messages ?? "") !== "" ||
    (limits.telemetryMessages ?? "") !== "" ||
    (limits.telemetryPoints ?? "") !== ""
  );
}

function costOf(kind: Kind, cost: MessageCost): number {
  if (kind === "messages") return 1;
  if (cost.kind !== "telemetry") return 0;
  return kind === "telemetryMessages" ? 1 : cost.points;
}

function firstBroken(counted: readonly Counted[], cost: MessageCost, at: number): Counted | null {
  for (const one of counted) if (waitMs(one.bucket, costOf(one.kind, cost), at) > 0) return one;
  return null;
}

function take(counted: readonly Counted[], cost: MessageCost): void {
  for (const { bucket, kind } of counted) bucket.tokens -= costOf(kind, cost);
}

function createCountsCache(names: Readonly<Record<Kind, LimitName>>): {
  find(identity: DeviceIdentity, at: number): readonly Counted[];
} {
  const counts = new Map<number, Counts>();
  return {
    find: ({ device, profile }, at) => {
      const known = counts.get(device.id);
      if (known !== undefined && isOf(known, profile)) return known.counted;
      const made = countsOf(profile, names, at);
      counts.delete(device.id);
      counts.set(device.id, made);
      if (counts.size > limiterLimits.devicesMax) {
        const [oldest] = counts.keys();
        if (oldest !== undefined) counts.delete(oldest);
      }
      return made.counted;
    },
  };
}

/** Changed limits begin anew; the same limits read again do not. */
function isOf({ texts }: Counts, { limits }: Profile): boolean {
  return (
    texts.messages === (limits.messages ?? "") &&
    texts.telemetryMessages === (limits.telemetryMessages ?? "") &&
    texts.telemetryPoints === (limits.telemetryPoints ?? "")
  );
}

function countsOf({ limits }: Profile, names: Readonly<Record<Kind, LimitName>>, at: number): Counts {
  const texts = {
    messages: limits.messages ?? "",
    telemetryMessages: limits.telemetryMessages ?? "",
    telemetryPoints: limits.telemetryPoints ?? "",
  };
  const kinds: readonly Kind[] = ["messages", "telemetryMessages", "telemetryPoints"];
  const counted = kinds.flatMap((kind) =>
    bucketsOf(texts[kind], at).map((bucket) => ({ kind, limitName: names[kind], bucket })),
  );
  return { texts, counted };
}

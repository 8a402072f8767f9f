// Messages of a gateway that name several devices: each part is taken by itself, and a bad part spoils no other.
import type { Point } from "@waremind/contract";
import type { DeviceIdentity } from "../../devices/index.ts";
import type { MessageCost } from "../../flows/device-limits.ts";
import {
  decodeTelemetry,
  isMalformed,
  type MalformedPayload,
  malformed,
  telemetryLimits,
} from "../telemetry-json.ts";
import { cutEntries, type GatewayEntry, isDeviceName } from "./gateway-entries.ts";
import {
  domainRefusal,
  type GatewayCall,
  keep,
  malformedRefusal,
  named,
  type Outcome,
  refusalByLimit,
  refuseWhole,
} from "./gateway-outcome.ts";
import type { Refusal } from "./refusals.ts";

type Decoded<Content extends object> = {
  readonly entry: GatewayEntry;
  readonly content: Content | MalformedPayload;
};

/** How one device's part is taken: its cost, and what begins to store it. */
interface Taking<Content> {
  costOf(content: Content): MessageCost;
  /** Called in the order in which the device's messages came; the message is settled when `stored` resolves. */
  begin(
    identity: DeviceIdentity,
    content: Content,
    entry: GatewayEntry,
  ): Promise<{ readonly stored: Promise<void> }>;
}

const other: MessageCost = { kind: "other", points: 0 };

/** `take` for every device of the message, one at a time for each device. */
export function forEachEntry<Content extends object>(
  call: GatewayCall,
  decode: (bytes: Uint8Array) => Content | MalformedPayload,
  take: (identity: DeviceIdentity, content: Content) => Promise<void>,
): Promise<Outcome> {
  const entries = cutEntries(call.publish.payload);
  if (isMalformed(entries)) return refuseWhole(call, entries);
  return takeAll(
    call,
    entries.map((entry) => ({ entry, content: decode(entry.bytes) })),
    {
      costOf: () => other,
      // The turn ends with the commit: of two reports of one device the later one must win.
      begin: (identity, content) => take(identity, content).then(() => ({ stored: Promise.resolve() })),
    },
  );
}

/**
 * `{"device": [readings]}`: the readings of each device are read as if it had sent them itself. What a gateway gathered
 * in an outage comes as one message, with the times at which it was measured.
 */
export function takeGatewayTelemetry(call: GatewayCall): Promise<Outcome> {
  const { origin, receivedAt } = call;
  const entries = cutEntries(call.publish.payload);
  if (isMalformed(entries)) return refuseWhole(call, entries);
  const decoded = entries.map((entry) => ({ entry, content: decodeReadings(entry.bytes) }));
  const surplus = firstBeyond(decoded, telemetryLimits.pointsPerMessageMax);
  if (surplus !== null) return refuseWhole(call, malformed("too-many-points", surplus));
  return takeAll<readonly Point[]>(call, decoded, {
    costOf: (points) => ({ kind: "telemetry", points: points.length }),
    begin: async (identity, points, { bytes }) => {
      const { sink } = origin;
      while (sink.pendingCount >= sink.pendingCountMax) await sink.waitForRoom();
      return { stored: sink.append({ identity, transport: "gateway", points, receivedAt, payload: bytes }) };
    },
  });
}

const openBracket = 0x5b;

function decodeReadings(bytes: Uint8Array): readonly Point[] | MalformedPayload {
  return bytes[0] === openBracket ? decodeTelemetry(bytes) : malformed("gateway-entry-not-an-array", 0);
}

/** Where the entry begins with which the message holds more than `pointsMax`; null when it does not. */
function firstBeyond(decoded: readonly Decoded<readonly Point[]>[], pointsMax: number): number | null {
  let count = 0;
  for (const { entry, content } of decoded) {
    count += isMalformed(content) ? 0 : content.length;
    if (count > pointsMax) return entry.position;
  }
  return null;
}

async function takeAll<Content extends object>(
  call: GatewayCall,
  decoded: readonly Decoded<Content>[],
  taking: Taking<Content>,
): Promise<Outcome> {
  const refusals = await Promise.all(
    decoded.map(({ entry, content }) =>
      isDeviceName(entry.name) ? takeOne(call, entry, content, taking) : refuseName(call, entry),
    ),
  );
  return refusals.filter((refusal) => refusal !== null);
}

async function refuseName(call: GatewayCall, entry: GatewayEntry): Promise<Refusal> {
  const refusal = malformedRefusal(malformed("gateway-device-name-invalid", 0), entry.position);
  await keep(call, call.origin.identity, entryWithName(entry), refusal);
  return refusal;
}

/** Null when the device's part is stored. */
async function takeOne<Content extends object>(
  call: GatewayCall,
  entry: GatewayEntry,
  content: Content | MalformedPayload,
  taking: Taking<Content>,
): Promise<Refusal | null> {
  try {
    const begun = await call.children.inTurn(entry.name, async () => {
      const identity = await call.children.open(entry.name, null);
      if (isMalformed(content)) return { fault: content, identity };
      const refusal = await refusalByLimit(call, identity, taking.costOf(content));
      if (refusal !== null) return { refusal, identity };
      return await taking.begin(identity, content, entry);
    });
    if ("stored" in begun) {
      await begun.stored;
      return null;
    }
    if ("fault" in begun) return await refuseMalformedEntry(call, entry, begun.fault, begun.identity);
    if (!call.isTold) await keep(call, begun.identity, entry.bytes, begun.refusal);
    return named(entry.name, begun.refusal);
  } catch (error) {
    // There is no device to keep it under, or the shop refused it: its gateway's owner finds it.
    const refusal = domainRefusal(error);
    await keep(call, call.origin.identity, entryWithName(entry), refusal);
    return named(entry.name, refusal);
  }
}

/** Kept under its device, where the owner can look at exactly what the device said; positions count from there. */
async function refuseMalformedEntry(
  call: GatewayCall,
  entry: GatewayEntry,
  fault: MalformedPayload,
  identity: DeviceIdentity,
): Promise<Refusal> {
  await keep(call, identity, entry.bytes, malformedRefusal(fault, 0));
  return named(entry.name, malformedRefusal(fault, entry.position));
}

function entryWithName({ name, bytes }: GatewayEntry): Uint8Array {
  return Buffer.concat([Buffer.from(`{${JSON.stringify(name)}:`), bytes, Buffer.from("}")]);
}

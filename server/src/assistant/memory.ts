import { moneySchema } from "@waremind/contract";
import { z } from "zod";
import type { Intent, Understanding } from "../language/index.ts";

/** An offer is answered by the next message or it is void; a yes an hour later is no yes to it. */
export const offerForMs = 30 * 60_000;
/** Orders that "the other one" and "the second one" can point at. */
export const listedOrdersMax = 6;

/** The evidence of the answer that made the offer: what a person who must approve it should read. */
const madeIn = { askedAt: z.int(), evidenceRecordId: z.string().nullable().default(null) };

/** Something that was put to the customer in words and runs only on their yes to exactly this. */
export const offerSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("refund"),
    orderId: z.string(),
    orderNumber: z.string(),
    shipmentId: z.string(),
    orderLineIds: z.array(z.string()),
    amount: moneySchema,
    ...madeIn,
  }),
  z.object({
    kind: z.literal("cancel"),
    orderId: z.string(),
    orderNumber: z.string(),
    reason: z.enum(["no-longer-needed", "ordered-by-mistake"]),
    ...madeIn,
  }),
  z.object({ kind: z.literal("hand-off"), reason: z.string(), ...madeIn }),
]);
export type Offer = z.infer<typeof offerSchema>;

/** What a conversation remembers between questions. */
export const memorySchema = z.object({
  offer: offerSchema.nullable().default(null),
  /** The order spoken of last. */
  focusOrderNumber: z.string().nullable().default(null),
  /** Orders named in the last answer, as listed. */
  listedOrderNumbers: z.array(z.string()).max(listedOrdersMax).default([]),
  /** The last answer asked which order is meant; the next message may be nothing but a name. */
  isAskingWhich: z.boolean().default(false),
  /** The product words spoken of last. */
  focusProduct: z.string().nullable().default(null),
  /** What "and the other one?" asks again; also what was asked when the assistant asked back. */
  lastIntent: z.string().nullable().default(null),
});
export type Memory = z.infer<typeof memorySchema>;

export const emptyMemory: Memory = memorySchema.parse({});

/** Who proved themselves by an order's number most likely asks about that order. */
export function memoryAtFirst(provedBy: string): Memory {
  const number = /^order:(.+)$/.exec(provedBy)?.[1] ?? null;
  return { ...emptyMemory, focusOrderNumber: number };
}

/** Reads what was stored; what an older version wrote and this one does not know is forgotten. */
export function readMemory(stored: unknown): Memory {
  const parsed = memorySchema.safeParse(stored);
  return parsed.success ? parsed.data : emptyMemory;
}

/** The offer that a yes at `now` would consent to. */
export function openOffer(memory: Memory, now: number): Offer | null {
  return memory.offer !== null && now - memory.offer.askedAt <= offerForMs ? memory.offer : null;
}

const intentOfOffer: Readonly<Record<Offer["kind"], Intent>> = {
  refund: "refund",
  cancel: "cancel",
  "hand-off": "person",
};

/**
 * Whether a message consents to exactly this offer: an unconditional yes that names no other wish, no other order and
 * no other figure. "OK, cancel my order" is no yes to a refund, and "yes, refund 500" none to one of 168.
 */
export function consentsTo(offer: Offer, understanding: Understanding, text: string): boolean {
  if (!understanding.isYes || understanding.refersToOther || understanding.ordinal !== null) return false;
  const wishes = understanding.intents.filter(({ intent }) => intent !== "thanks" && intent !== "greeting");
  if (wishes.length > 0 && !wishes.some(({ intent }) => intent === intentOfOffer[offer.kind])) return false;
  return figuresOf(text).every((figure) => figuresSaid(offer).has(figure));
}

/** Runs of digits, without separators and without decimals that are zero. */
function figuresOf(text: string): readonly string[] {
  const runs = text.normalize("NFKC").match(/\d[\d,]*(?:\.\d+)?/g) ?? [];
  return runs.map((run) => run.replaceAll(",", "").replace(/\.0+$/, ""));
}

function figuresSaid(offer: Offer): ReadonlySet<string> {
  const spoken = offer.kind === "hand-off" ? [] : figuresOf(offer.orderNumber);
  if (offer.kind !== "refund") return new Set(spoken);
  const { amountMinor } = offer.amount;
  return new Set([...spoken, ...figuresOf((amountMinor / 100).toFixed(2)), String(amountMinor / 100)]);
}

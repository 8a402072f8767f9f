// The stories of the demo as data: scenarios/*.json, checked when they are first used.
import { bilingualTextSchema, seriesBehaviourSchema } from "@waremind/contract";
import { z } from "zod";
import emptyingShelf from "./scenarios/emptying-shelf.json" with { type: "json" };
import goodParcel from "./scenarios/good-parcel.json" with { type: "json" };
import silentLogger from "./scenarios/silent-logger.json" with { type: "json" };
import warmingParcel from "./scenarios/warming-parcel.json" with { type: "json" };
import warmingParcelSmall from "./scenarios/warming-parcel-small.json" with { type: "json" };

const minutes = z.number().nonnegative();
const base = { id: z.string(), title: bilingualTextSchema, description: bilingualTextSchema };

const parcelStorySchema = z.strictObject({
  ...base,
  kind: z.literal("parcel"),
  /** One of people.json's named customers. */
  customer: z.string(),
  order: z.strictObject({
    lines: z.array(z.strictObject({ sku: z.string(), units: z.int().positive() })).min(1),
    placedMinutesAgo: minutes,
    payment: z.strictObject({ method: z.string(), label: z.string() }),
  }),
  shipment: z.strictObject({
    bandId: z.string(),
    locationCode: z.string(),
    carrier: z.string(),
    createdMinutesAgo: minutes,
    shippedMinutesAgo: minutes,
    /** When the courier took over; absent: still on our van. */
    courierMinutesAgo: minutes.optional(),
    expectedInMinutes: minutes,
  }),
  device: z.strictObject({
    profileId: z.string(),
    seriesKey: z.string(),
    intervalSeconds: z.number().positive(),
    startMinutesAgo: minutes,
    playback: z.strictObject({ stepSeconds: z.number().positive(), stepMs: z.number().nonnegative() }),
    liveMinutes: z.number().positive(),
    series: z.array(seriesBehaviourSchema).min(1),
    silences: z
      .array(z.strictObject({ kind: z.enum(["off", "out-of-coverage"]), afterMinutes: minutes }))
      .default([]),
  }),
  /** When the story is over: the parcel is delivered, or stays where it is. */
  afterwards: z.enum(["deliver", "leave"]),
});

const shelfStorySchema = z.strictObject({
  ...base,
  kind: z.literal("shelf"),
  cellCode: z.string(),
  device: z.strictObject({
    profileId: z.string(),
    seriesKey: z.string(),
    intervalSeconds: z.number().positive(),
    liveMinutes: z.number().positive(),
    noiseGrams: z.number().nonnegative(),
    firstTakenAfterSeconds: z.number().positive(),
    takenEverySeconds: z.number().positive(),
    takenUnits: z.int().positive(),
  }),
});

export type ParcelStory = z.infer<typeof parcelStorySchema>;
export type ShelfStory = z.infer<typeof shelfStorySchema>;
export type Story = ParcelStory | ShelfStory;

const storySchema = z.discriminatedUnion("kind", [parcelStorySchema, shelfStorySchema]);
const files = [warmingParcel, warmingParcelSmall, silentLogger, emptyingShelf, goodParcel];

let checked: readonly Story[] | undefined;

/** In the order in which they are shown. */
export function stories(): readonly Story[] {
  checked ??= files.map((file) => storySchema.parse(file));
  return checked;
}

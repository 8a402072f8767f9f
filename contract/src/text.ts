import { z } from "zod";

/** The two languages of the product; everything a person reads exists in both. */
export const languageSchema = z.enum(["en", "zh"]);
export type Language = z.infer<typeof languageSchema>;

export const bilingualTextSchema = z.object({ en: z.string(), zh: z.string() });
export type BilingualText = z.infer<typeof bilingualTextSchema>;

/** Of a device, in UTF-16 units: wherever a device is named, on the wire, in a path or in a file. */
export const deviceNameLengthMax = 255;

/** An instant in epoch milliseconds, UTC. Every field ending in `At` is one. */
export const instantSchema = z.int().min(-8.64e15).max(8.64e15);

/** Money in integer minor units (fen, cents) with its ISO 4217 currency; never a float. */
export const moneySchema = z.object({ amountMinor: z.int(), currency: z.string().length(3) });
export type Money = z.infer<typeof moneySchema>;

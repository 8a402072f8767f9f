// The words and numbers of the demo shop, checked when they are first used. Change data/*.json, not code.
import {
  type Band,
  bandSchema,
  bilingualTextSchema,
  languageSchema,
  seriesBehaviourSchema,
  valueTypeSchema,
} from "@waremind/contract";
import { z } from "zod";
import catalogue from "./data/catalogue.json" with { type: "json" };
import devices from "./data/devices.json" with { type: "json" };
import people from "./data/people.json" with { type: "json" };
import shop from "./data/shop.json" with { type: "json" };
import warehouses from "./data/warehouses.json" with { type: "json" };

const catalogueSchema = z.strictObject({
  bands: z.array(bandSchema),
  products: z.array(
    z.strictObject({
      id: z.string(),
      category: z.string(),
      bandId: z.string().nullable(),
      shelfLifeDays: z.int().positive().nullable(),
      popularity: z.int().positive(),
      title: bilingualTextSchema,
      description: bilingualTextSchema,
      attributes: z.record(z.string(), z.unknown()),
      variants: z
        .array(
          z.strictObject({
            sku: z.string(),
            /** Text with its leading zeros; the prefix 952 is GS1's for examples. */
            gtin: z.string().regex(/^(?:\d{8}|\d{12,14})$/),
            title: bilingualTextSchema,
            priceMinor: z.int().positive(),
            weightGrams: z.number().positive(),
          }),
        )
        .min(1),
    }),
  ),
});

const peopleSchema = z.strictObject({
  customerCount: z.int().positive(),
  chineseShare: z.number().min(0).max(1),
  surnames: z.array(z.strictObject({ zh: z.string(), latin: z.string() })),
  givenNames: z.array(z.strictObject({ zh: z.string(), latin: z.string() })),
  firstNames: z.array(z.string()),
  lastNames: z.array(z.string()),
  cities: z.array(
    z.strictObject({
      name: bilingualTextSchema,
      postcodePrefix: z.string(),
      warehouse: z.string(),
      weight: z.number().positive(),
      timeZone: z.string(),
    }),
  ),
  streets: z.array(bilingualTextSchema),
  named: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      email: z.email(),
      language: languageSchema,
      cityEn: z.string(),
    }),
  ),
});

const shopSchema = z.strictObject({
  name: bilingualTextSchema,
  currency: z.string().length(3),
  timeZone: z.string(),
  phone: z.string(),
  orderCount: z.int().positive(),
  historyDays: z.int().positive(),
  carriers: z.strictObject({ chilled: z.string(), frozen: z.string(), ambient: z.string() }),
  holders: z.strictObject({
    van: bilingualTextSchema,
    truck: bilingualTextSchema,
    chilledCourier: bilingualTextSchema,
    ambientCourier: bilingualTextSchema,
  }),
  payments: z.array(z.strictObject({ method: z.string(), label: z.string(), weight: z.number().positive() })),
  hourWeights: z.array(z.number().nonnegative()).length(24),
  weekdayWeights: z.array(z.number().nonnegative()).length(7),
});

const warehousesSchema = z.strictObject({
  locations: z.array(
    z.strictObject({ id: z.string(), code: z.string(), name: bilingualTextSchema, timeZone: z.string() }),
  ),
  cells: z.array(
    z.strictObject({
      code: z.string(),
      locationId: z.string(),
      row: z.int().positive(),
      column: z.int().positive(),
      sku: z.string(),
      capacityUnits: z.int().positive(),
      tareGrams: z.number().nonnegative(),
    }),
  ),
  scarce: z.array(z.strictObject({ sku: z.string(), freeUnits: z.int().nonnegative() })),
});

const profileKeySchema = z.strictObject({
  key: z.string(),
  type: valueTypeSchema,
  unit: z.string().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  decimals: z.int().nullable(),
});
const deviceBase = {
  name: z.string(),
  label: z.string(),
  profileId: z.string(),
  intervalSeconds: z.number(),
};
const devicesSchema = z.strictObject({
  profiles: z.array(
    z.strictObject({
      id: z.string(),
      nameEn: z.string(),
      nameZh: z.string(),
      expectedIntervalSeconds: z.number().positive(),
      keys: z.array(profileKeySchema),
    }),
  ),
  devices: z.array(
    z.discriminatedUnion("role", [
      /** Travels with a parcel that is under way. */
      z.strictObject({ ...deviceBase, role: z.literal("parcel-logger") }),
      /** Weighs one shelf cell with each of its plates `weight-1`, `weight-2` … */
      z.strictObject({
        ...deviceBase,
        role: z.literal("shelf-scale"),
        cells: z.array(z.string()).min(1).max(4),
      }),
      z.strictObject({
        ...deviceBase,
        role: z.literal("fixed"),
        series: z.array(seriesBehaviourSchema).min(1),
      }),
    ]),
  ),
});

export interface DemoData {
  readonly catalogue: z.infer<typeof catalogueSchema>;
  readonly people: z.infer<typeof peopleSchema>;
  readonly shop: z.infer<typeof shopSchema>;
  readonly warehouses: z.infer<typeof warehousesSchema>;
  readonly devices: z.infer<typeof devicesSchema>;
}
export type CatalogueProduct = DemoData["catalogue"]["products"][number];
export type City = DemoData["people"]["cities"][number];

let checked: DemoData | undefined;

export function demoData(): DemoData {
  checked ??= {
    catalogue: catalogueSchema.parse(catalogue),
    people: peopleSchema.parse(people),
    shop: shopSchema.parse(shop),
    warehouses: warehousesSchema.parse(warehouses),
    devices: devicesSchema.parse(devices),
  };
  return checked;
}

/** What a parcel must be kept like while it travels; goods of one zone go into one parcel. */
export type Zone = "chilled" | "frozen" | "ambient";

export function zoneOf(band: Band | null): Zone {
  if (band === null) return "ambient";
  return band.maxCelsius < 0 ? "frozen" : "chilled";
}

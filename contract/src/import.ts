// What became of taking over another system, as the command line and screens follow it.
import { z } from "zod";
import { bilingualTextSchema, instantSchema } from "./text.ts";

export const importCountsSchema = z.object({
  profilesCreated: z.int(),
  profilesPresent: z.int(),
  /** Devices that the source has, and those of them that were asked for. */
  devicesFound: z.int(),
  devicesMatched: z.int(),
  devicesCreated: z.int(),
  devicesPresent: z.int(),
  devicesRefused: z.int(),
  /** Devices whose whole history is here. */
  devicesDone: z.int(),
  credentialsTaken: z.int(),
  attributesTaken: z.int(),
  /** Distinct points that were read, and what became of them: the three add up. */
  pointsRead: z.int(),
  pointsStored: z.int(),
  pointsPresent: z.int(),
  pointsQuarantined: z.int(),
});
export type ImportCounts = z.infer<typeof importCountsSchema>;

export const importViewSchema = z.object({
  id: z.string(),
  source: z.string(),
  state: z.enum(["running", "finished", "failed"]),
  isDryRun: z.boolean(),
  isResumed: z.boolean(),
  startedAt: instantSchema,
  updatedAt: instantSchema,
  counts: importCountsSchema,
  /**
   * Sums over device, key, time and value, modulo 2^64: of all distinct points that the source answered, of those that the
   * store holds as readings, read back from it, and of those that were held back in quarantine. The first is the sum of the others.
   */
  sourceChecksum: z.string(),
  storeChecksum: z.string(),
  heldChecksum: z.string(),
  /** What could not be taken over and why; the first ones, and how many there are. */
  problems: z.array(bilingualTextSchema),
  problemCount: z.int(),
  /** Why it ended before its end. */
  failure: bilingualTextSchema.nullable(),
});
export type ImportView = z.infer<typeof importViewSchema>;

/** One device of an import. */
export const importedDeviceSchema = z.object({
  name: z.string(),
  isDone: z.boolean(),
  attributesTaken: z.int(),
  pointsRead: z.int(),
  pointsStored: z.int(),
  pointsPresent: z.int(),
  pointsQuarantined: z.int(),
  sourceChecksum: z.string(),
  storeChecksum: z.string(),
  heldChecksum: z.string(),
});
export type ImportedDevice = z.infer<typeof importedDeviceSchema>;

// The scenario file of virtual devices (server or person → edge program) and the lines the program prints back.
import { z } from "zod";
import { deviceNameLengthMax, instantSchema } from "./text.ts";

/** Enough for a large demo, and a bound on what one program holds in memory. */
export const scenarioDevicesMax = 200;
const seriesPerDeviceMax = 16;
const phasesMax = 200;
const minutesMax = 60 * 24 * 365;

const minutes = z.number().positive().max(minutesMax);
const elapsedMinutes = z.number().nonnegative().max(minutesMax);
const phaseName = z
  .string()
  .max(60)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "A phase name is lower-case words joined by hyphens.");

/** What happens after the last phase: its end value stays, or the phases begin again. */
const afterwardsSchema = z.enum(["hold", "repeat"]).default("hold");

/** A measured value that moves from one value to another over each phase, with noise on top. */
export const numberSeriesSchema = z.strictObject({
  kind: z.literal("number"),
  key: z.string().min(1).max(255),
  decimals: z.int().min(0).max(9).default(2),
  phases: z
    .array(
      z.strictObject({
        name: phaseName.optional(),
        from: z.number(),
        to: z.number(),
        minutes,
        /** Standard deviation of the noise, in the unit of the value. */
        noise: z.number().nonnegative().default(0),
      }),
    )
    .min(1)
    .max(phasesMax),
  afterwards: afterwardsSchema,
});

/** A value that jumps: a door that is open or closed, a firmware text. */
export const stateSeriesSchema = z.strictObject({
  kind: z.literal("state"),
  key: z.string().min(1).max(255),
  phases: z
    .array(z.strictObject({ value: z.union([z.string().max(1000), z.boolean(), z.number()]), minutes }))
    .min(1)
    .max(phasesMax),
  afterwards: afterwardsSchema,
});

/** A shelf scale: tare and units in grams, less what is taken, plus what is put back. */
export const weightSeriesSchema = z.strictObject({
  kind: z.literal("weight"),
  key: z.string().min(1).max(255),
  decimals: z.int().min(0).max(3).default(0),
  tareGrams: z.number().nonnegative(),
  unitGrams: z.number().positive(),
  startUnits: z.int().nonnegative(),
  noiseGrams: z.number().nonnegative().default(0),
  /** Units leaving the shelf at a time; a negative number puts units back. Never below zero units. */
  steps: z
    .array(z.strictObject({ afterMinutes: elapsedMinutes, takenUnits: z.int() }))
    .max(1000)
    .default([]),
  /** Sales that go on for ever: about every so many minutes some units leave, and a low shelf is filled up again. */
  sales: z
    .strictObject({
      everyMinutes: minutes,
      unitsMax: z.int().positive(),
      refillBelowUnits: z.int().nonnegative(),
      refillToUnits: z.int().positive(),
    })
    .optional(),
});

export const seriesBehaviourSchema = z.discriminatedUnion("kind", [
  numberSeriesSchema,
  stateSeriesSchema,
  weightSeriesSchema,
]);
export type SeriesBehaviour = z.infer<typeof seriesBehaviourSchema>;

export const virtualDeviceSchema = z
  .strictObject({
    /** Names the device's token in the token file; it is not sent. */
    name: z.string().min(1).max(deviceNameLengthMax),
    /** Real seconds between readings once the device is live. */
    intervalSeconds: z.number().min(0.05).max(86_400),
    /** Where the device's story begins, before now; above 0 the device first plays back what it recorded. */
    startMinutesAgo: elapsedMinutes.default(0),
    /** Needed with `startMinutesAgo`: the recorded interval, and how fast it is told. */
    playback: z
      .strictObject({
        /** Simulated seconds between two recorded readings. */
        stepSeconds: z.number().min(0.1).max(86_400),
        /** Wall milliseconds per recorded reading; 0 sends as fast as the server acknowledges. */
        stepMs: z.number().nonnegative().max(60_000),
        /** Recorded readings per message. */
        readingsPerMessage: z.int().min(1).max(200).default(1),
      })
      .optional(),
    /** Live minutes after which the device's story is over; absent: it goes on until stopped. */
    liveMinutes: minutes.optional(),
    series: z.array(seriesBehaviourSchema).min(1).max(seriesPerDeviceMax),
    /** `off` measures nothing; `out-of-coverage` measures, disconnects, and sends all of it when it is back. */
    silences: z
      .array(
        z.strictObject({
          kind: z.enum(["off", "out-of-coverage"]),
          afterMinutes: elapsedMinutes,
          /** Absent: silent from then on. */
          minutes: minutes.optional(),
        }),
      )
      .max(50)
      .default([]),
  })
  .superRefine((device, context) => {
    if (device.startMinutesAgo > 0 && device.playback === undefined)
      context.addIssue({
        code: "custom",
        path: ["playback"],
        message: "A device with startMinutesAgo needs playback: { stepSeconds, stepMs }.",
      });
    const keys = device.series.map((series) => series.key);
    const repeated = keys.find((key, index) => keys.indexOf(key) !== index);
    if (repeated !== undefined)
      context.addIssue({ code: "custom", path: ["series"], message: `Two series have the key ${repeated}.` });
  });
export type VirtualDevice = z.infer<typeof virtualDeviceSchema>;

/** The whole file. `version` rises when a file of the old form would be read wrongly. */
export const deviceScenarioSchema = z
  .strictObject({
    version: z.literal(1),
    name: z.string().min(1).max(100),
    /** The same seed gives the same values and times. */
    seed: z.int(),
    protocol: z.enum(["mqtt-5", "mqtt-3.1.1"]).default("mqtt-5"),
    devices: z.array(virtualDeviceSchema).min(1).max(scenarioDevicesMax),
  })
  .superRefine((scenario, context) => {
    const names = scenario.devices.map((device) => device.name);
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated !== undefined)
      context.addIssue({ code: "custom", path: ["devices"], message: `Two devices are named ${repeated}.` });
  });
export type DeviceScenario = z.infer<typeof deviceScenarioSchema>;
/** A scenario as it is written by hand, with defaults left out. */
export type DeviceScenarioInput = z.input<typeof deviceScenarioSchema>;

/** Access tokens by device name. A secret: a file with mode 0600, or standard input; never an argument. */
export const deviceTokensSchema = z.record(z.string().min(1), z.string().min(1).max(1000));
export type DeviceTokens = z.infer<typeof deviceTokensSchema>;

/** One line of JSON on standard output for each change of state. */
export const deviceRunEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("started"), at: instantSchema, scenario: z.string(), devices: z.int() }),
  z.object({ event: z.literal("connected"), at: instantSchema, device: z.string() }),
  z.object({ event: z.literal("disconnected"), at: instantSchema, device: z.string(), reason: z.string() }),
  /** A named phase began; `simulatedAt` is the device's own time. */
  z.object({
    event: z.literal("phase"),
    at: instantSchema,
    device: z.string(),
    key: z.string(),
    phase: z.string(),
    simulatedAt: instantSchema,
  }),
  /** A silence began or ended. */
  z.object({
    event: z.literal("silence"),
    at: instantSchema,
    device: z.string(),
    kind: z.enum(["off", "out-of-coverage", "none"]),
    simulatedAt: instantSchema,
  }),
  /** The recorded past was told; readings are live from here. */
  z.object({ event: z.literal("live"), at: instantSchema, device: z.string() }),
  /** The server refused a message for good; its readings are given up. */
  z.object({
    event: z.literal("refused"),
    at: instantSchema,
    device: z.string(),
    readings: z.int(),
    reason: z.string(),
  }),
  z.object({
    event: z.literal("finished"),
    at: instantSchema,
    device: z.string(),
    acknowledgedReadings: z.int(),
  }),
  z.object({ event: z.literal("stopped"), at: instantSchema, acknowledgedReadings: z.int() }),
]);
export type DeviceRunEvent = z.infer<typeof deviceRunEventSchema>;

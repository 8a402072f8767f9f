export type * from "./anomaly-store.ts";
export { type Expected, type Fault, faultOfKey, faultOfTime, faultOfValue } from "./clean.ts";
export { type ConversionFound, conversionOf, converted } from "./convert-unit.ts";
export {
  isAlteredInteger,
  mayBeInexact,
  numberInText,
  numberValue,
  parseKeepingDigits,
  textOfValue,
} from "./decimal.ts";
export { createPairedReadings, type PairedReadings, type SeriesPair } from "./paired-readings.ts";
export { aggregateSeriesMax } from "./read-aggregates.ts";
export type * from "./reading.ts";
export {
  csvLine,
  type ExportedReading,
  type ExportedSeries,
  exportReadings,
  exportSeriesMax,
  readingsCsv,
} from "./readings-csv.ts";
export { readingsParquet } from "./readings-parquet.ts";
export type * from "./rule-history.ts";
export { type ReadingRun, type RecordedGap, type SeriesGaps, seriesGaps } from "./series-gaps.ts";
export type * from "./silence-store.ts";
export { createTelemetry } from "./telemetry.ts";

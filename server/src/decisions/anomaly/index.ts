export {
  type AnomalyReason,
  advanceDetector,
  createDetectorState,
  type DetectorOptions,
  type DetectorState,
  type Judgement,
  type Sensitivity,
  type SeriesPoint,
} from "./detector.ts";
export { decodeDetectorState, encodeDetectorState } from "./encode.ts";
export { reasonSentences } from "./reasons.ts";
export { learningMs, learningReadings } from "./settings.ts";

export { advanceSkew, type Skew, type SkewState, skewOf, startSkew } from "./clock-skew.ts";
export { gapsOf, intervalsPerGap, type SeriesGap } from "./gaps.ts";
export {
  type GateReading,
  type GateState,
  type Gates,
  type Judged,
  judgeReading,
  qualitiesOf,
  quality,
  startGates,
} from "./gates.ts";

export { checkpointsBefore, withCheckpoint } from "./checkpoints.ts";
export {
  advanceCellCount,
  type CellCounted,
  type CellCountState,
  type CellScale,
  startCellCount,
  type WeightReading,
} from "./count.ts";

export { checkText, textLengthMax } from "./check-text.ts";
export type * from "./evidence.ts";
export { createEvidenceRecords } from "./evidence-records.ts";
export { type RemainingText, type RepairHint, removeUnsupported, repairHints } from "./repair.ts";

export { argumentsHash, canonicalJson } from "./canonical.ts";
export {
  clauseIds,
  clauseText,
  type DeviceControlParameters,
  defaultClauses,
  type RefundParameters,
} from "./clauses.ts";
export { createGuard } from "./create-guard.ts";
export { type DeviceAction, isDeviceAction, mayAskOfDevices } from "./device-control.ts";
export type * from "./guard.ts";
export { type ApprovalLevel, evaluate, maySign } from "./predicates.ts";

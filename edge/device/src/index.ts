export type { Clock } from "./clock.ts";
export type { CommandHandler } from "./commands.ts";
export { createDevice, type DeviceClient, type DeviceEvents, type DeviceOptions } from "./device.ts";
export { type Provisioned, type ProvisionOptions, provision } from "./provision.ts";
export {
  type OfferedRelease,
  type ReleaseKind,
  type ReleaseOptions,
  type ReleaseState,
  releaseManifest,
} from "./releases.ts";
export { type RefusedReading, storeLimits } from "./store.ts";
export {
  type DeviceJson,
  type DeviceValue,
  type DeviceValues,
  type ReceivedJson,
  type ReceivedValues,
  valueLimits,
} from "./values.ts";

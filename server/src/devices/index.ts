export type * from "./attribute.ts";
export { attributeLimits } from "./attribute.ts";
export { createDeviceAttributes } from "./attributes.ts";
export type * from "./command.ts";
export { commandBytesMax } from "./command.ts";
export { createDeviceCommands } from "./commands.ts";
export { heardResolutionMs } from "./connections.ts";
export type * from "./credential.ts";
export { createDeviceCredentials } from "./credentials.ts";
export type * from "./device.ts";
export { createDeviceProvisioning } from "./device-provisioning.ts";
export { createDevices } from "./devices.ts";
export { createGatewayChildren, devicesPerGatewayMaxDefault } from "./gateway-children.ts";
export { createIdentityCache, type IdentityCache } from "./identity-cache.ts";
export type * from "./limit.ts";
export { limitNames } from "./limit.ts";
export { createLimitLedger } from "./limit-ledger.ts";
export { checkAccessToken } from "./new-credential.ts";
export { generateProvisionKeys } from "./profile-edits.ts";
export type * from "./provisioning.ts";
export { checkDeviceLabel, checkDeviceName } from "./registry.ts";
export type * from "./release.ts";
export { releaseLimits, releasePrefixes } from "./release.ts";
export { checksumAlgorithms, checksumOf, isReleaseName, releaseManifest } from "./release-package.ts";
export { createDeviceReleases } from "./releases.ts";
export { createDeviceRollouts } from "./rollouts.ts";
export { hashOfToken } from "./secret-hashes.ts";
export {
  createVehicleRoutes,
  type RouteAssignment,
  type VehicleRoute,
  type VehicleRoutes,
  vehicleRoutesMax,
} from "./vehicle-routes.ts";

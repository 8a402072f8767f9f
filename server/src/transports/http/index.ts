// The door of the HTTP device API.
export {
  createDeviceApi,
  type DeviceApi,
  type DeviceApiDependencies,
  deviceApiLimits,
} from "./device-api.ts";

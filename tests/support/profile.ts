import type { DeviceIdentity, NewProfile, Profile } from "../../server/src/devices/index.ts";

/** A profile as the registry answers it, with the defaults of what is left out. */
export function wholeProfile(profile: NewProfile): Profile {
  return {
    version: 1,
    commands: [],
    transport: { payloadType: "json" },
    limits: {},
    alarmRules: [],
    ...profile,
  };
}

/** A logger that nobody entered anywhere: for tests of transports, which ask a desk in memory. */
export function loggerIdentity(id: number, name = `logger-${id}`): DeviceIdentity {
  return {
    device: {
      ...{ id, name, label: "", profileId: "logger", state: "active" },
      ...{ isGateway: false, gatewayId: null, firmwareReleaseId: null, softwareReleaseId: null },
    },
    profile: wholeProfile({
      ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", keys: [], expectedIntervalSeconds: 60 },
    }),
  };
}

// The real desk of devices over a store, for tests and programs that run transports without the whole product.
import {
  createDeviceAttributes,
  createDeviceCommands,
  createDeviceCredentials,
  createDeviceProvisioning,
  createGatewayChildren,
  createIdentityCache,
  createLimitLedger,
  type Devices,
} from "../../server/src/devices/index.ts";
import { createCommandDesk } from "../../server/src/flows/command-desk.ts";
import { createDeviceDesk } from "../../server/src/flows/create-device-desk.ts";
import { createDeviceHub } from "../../server/src/flows/create-device-hub.ts";
import { createDeviceLimiter, sessionLimits } from "../../server/src/flows/create-device-limiter.ts";
import type { DeviceDesk } from "../../server/src/flows/device-desk.ts";
import { createGuard } from "../../server/src/guard/index.ts";
import type { Bus } from "../../server/src/platform/bus.ts";
import type { Clock } from "../../server/src/platform/clock.ts";
import type { Database } from "../../server/src/platform/database.ts";
import type { Log } from "../../server/src/platform/log.ts";

const secret = "a secret of at least thirty-two characters";

/** Commands are delivered and answered, but none is proposed here: nobody stands before the desk. */
export function openDeviceDesk(ground: {
  readonly database: Database;
  readonly devices: Devices;
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Bus;
}): DeviceDesk {
  const { database, clock } = ground;
  const domains = {
    deviceCredentials: createDeviceCredentials({
      database,
      clock,
      secret,
      identities: createIdentityCache({ clock }),
    }),
    deviceAttributes: createDeviceAttributes({ database, clock }),
    deviceCommands: createDeviceCommands({ database, clock }),
    deviceProvisioning: createDeviceProvisioning({
      ...{ database, clock, secret, identities: createIdentityCache({ clock }) },
    }),
    gatewayChildren: createGatewayChildren({ database, clock, identities: createIdentityCache({ clock }) }),
    guard: createGuard({ database, clock, signingSecret: secret }),
  };
  const shared = { ...ground, ...domains };
  const propose = () => Promise.reject(new Error("Nothing is proposed at this desk."));
  return createDeviceDesk({
    ...shared,
    hub: createDeviceHub(shared),
    limiter: createDeviceLimiter({
      ledger: createLimitLedger({ database, clock }),
      clock,
      serverRate: "",
      ...sessionLimits,
    }),
    commandDesk: createCommandDesk({ ...shared, actions: { propose } }),
  });
}

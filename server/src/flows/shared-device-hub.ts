// The hub where several processes hold sessions: what is told to a device goes to the one that has it.
import type { DeviceAttributes } from "../devices/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { OwnedDeviceHub } from "./create-device-hub.ts";
import type { Notice, Notices } from "./notices.ts";
import { createDoings } from "./slots.ts";

const devicesPerLook = 5_000;

/** `local` must tell of its sessions through `noticeOfSession`. */
export function createSharedDeviceHub(local: OwnedDeviceHub, notices: Notices): OwnedDeviceHub {
  const doings = createDoings();

  /** Nobody listens anywhere: what may not wait fails, as it does where there is one process. */
  async function dispatchElsewhere(deviceId: number): Promise<void> {
    doings.begin();
    try {
      // Unknown: whoever holds the device finds the command with his next sweep.
      if ((await notices.ask({ kind: "deliver", deviceId })) === "nobody") local.dispatch(deviceId);
    } finally {
      doings.end();
    }
  }

  return {
    attach: local.attach,
    get connectedCount() {
      return local.connectedCount;
    },
    sweep: local.sweep,
    isListening: local.isListening,
    wantingAttributes: local.wantingAttributes,
    giveUp: local.giveUp,
    noteAgain: local.noteAgain,
    dispatch: (deviceId) => {
      if (local.isListening(deviceId)) local.dispatch(deviceId);
      else void dispatchElsewhere(deviceId);
    },
    pushAttributes: (deviceId, change) => {
      local.pushAttributes(deviceId, change);
      const { values, deletedKeys } = change;
      notices.tell({ kind: "attributes", deviceId, change: { values, deletedKeys: [...deletedKeys] } });
    },
    close: (deviceId, reason) => {
      local.close(deviceId, reason);
      notices.tell({ kind: "close", deviceId, reason });
    },
    settled: async () => {
      await doings.idle();
      await local.settled();
    },
  };
}

export const noticeOfSession = (deviceId: number, clock: Clock): Notice => ({
  kind: "session",
  deviceId,
  at: clock.now(),
});

/**
 * After the connection to the others was away: sends what was queued, and pushes again what was set meanwhile, since the
 * notices of it may be lost.
 */
export async function catchUp(
  local: OwnedDeviceHub,
  deviceAttributes: Pick<DeviceAttributes, "sharedSince">,
  awaySince: number,
): Promise<void> {
  local.sweep();
  const ids = local.wantingAttributes();
  for (let start = 0; start < ids.length; start += devicesPerLook) {
    const some = ids.slice(start, start + devicesPerLook);
    for (const [deviceId, values] of await deviceAttributes.sharedSince(some, awaySince))
      local.pushAttributes(deviceId, { values, deletedKeys: [] });
  }
}

/** What other processes tell of devices, for the sessions held here. True: this process sees to it. */
export function heedNotice(local: OwnedDeviceHub, notice: Notice): boolean {
  switch (notice.kind) {
    case "deliver":
      if (!local.isListening(notice.deviceId)) return false;
      local.dispatch(notice.deviceId);
      return true;
    case "attributes":
      local.pushAttributes(notice.deviceId, notice.change);
      return false;
    case "close":
      local.close(notice.deviceId, notice.reason);
      return false;
    case "session":
      local.giveUp(notice.deviceId, notice.at);
      return false;
    case "forget-device":
    case "forget-profile":
      return false;
  }
}

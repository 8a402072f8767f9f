import type { DeviceIdentity } from "../../devices/index.ts";
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { Log } from "../../platform/log.ts";
import type { Session } from "./session.ts";

/** Looks the credentials of all sessions up again: revoked ones end their session, a changed profile reaches it. */
export function createRevalidation(
  { desk, log }: { readonly desk: DeviceDesk; readonly log: Log },
  byDevice: ReadonlyMap<number, Session>,
): () => Promise<void> {
  let isUnderway = false;
  const apply = (session: Session, identity: DeviceIdentity | null): void => {
    const { link } = session;
    if (link === null) return;
    // Credentials that were moved to another device are not this one's any more.
    if (identity === null || identity.device.id !== link.identity.device.id) session.revoke();
    else link.identity = identity;
  };
  return async () => {
    if (isUnderway) return;
    isUnderway = true;
    try {
      for (const session of [...byDevice.values()]) {
        if (session.presented !== null) apply(session, await desk.authenticate(session.presented));
      }
    } catch (error) {
      log.warn({ err: error }, "Credentials of live sessions could not be checked; they stay open.");
    } finally {
      isUnderway = false;
    }
  };
}

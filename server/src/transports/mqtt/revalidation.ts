import type { DeviceIdentity } from "../../devices/index.ts";
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { Log } from "../../platform/log.ts";
import type { Session } from "./session.ts";

/** Looked up together, so that they share statements; in groups, so that devices that sign in meanwhile get their turn. */
const groupMax = 250;

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
  const check = async (session: Session): Promise<void> => {
    if (session.presented !== null) apply(session, await desk.authenticate(session.presented));
  };
  return async () => {
    if (isUnderway) return;
    isUnderway = true;
    try {
      const sessions = [...byDevice.values()];
      for (let from = 0; from < sessions.length; from += groupMax)
        await Promise.all(sessions.slice(from, from + groupMax).map(check));
    } catch (error) {
      log.warn({ err: error }, "Credentials of live sessions could not be checked; they stay open.");
    } finally {
      isUnderway = false;
    }
  };
}

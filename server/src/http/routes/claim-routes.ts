// Closing a device's claim: who holds what stands on its label says so here.
import { deviceNameLengthMax, deviceViewSchema } from "@waremind/contract";
import { z } from "zod";
import { type AttemptLimit, createAttemptLimit } from "../../platform/attempt-limit.ts";
import { DomainError } from "../../platform/errors.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, personOf, type Route } from "../route.ts";
import { deviceViews } from "../views/device-views.ts";

/** Guesses at a secret within `claimWindowMs`: by one person, and at one device. */
export const claimsPerPersonMax = 60;
export const claimsPerDeviceMax = 10;
export const claimWindowMs = 15 * 60_000;
const keysMax = 10_000;
const secretLengthMax = 255;

/** Unknown name, closed window, wrong secret: one answer, and each counts as an attempt. */
export function claimRoutes(needs: HttpDependencies): readonly Route[] {
  const limitOf = (attemptsMax: number) =>
    createAttemptLimit({ clock: needs.clock, attemptsMax, windowMs: claimWindowMs, keysMax });
  const [byPerson, byDevice] = [limitOf(claimsPerPersonMax), limitOf(claimsPerDeviceMax)];
  return [
    defineRoute({
      method: "post",
      path: "/api/claims",
      summary: "Claims a device that waits for it, with the secret it opened its window with.",
      access: "devices.write",
      body: z.object({
        deviceName: z.string().min(1).max(deviceNameLengthMax),
        /** Empty where the device asks for none. */
        secret: z.string().max(secretLengthMax),
        label: z.string().trim().max(200).optional(),
      }),
      answers: z.object({ device: deviceViewSchema }),
      handle: async ({ body, caller }) => {
        const person = personOf(caller);
        const { deviceName, secret, label } = body;
        takeOrRefuse(byPerson, person.userId);
        takeOrRefuse(byDevice, deviceName);
        const claimed = await needs.database.transaction(async (connection) => {
          const device = await needs.deviceProvisioning.claim(connection, {
            ...{ deviceName, secret, by: person.name },
          });
          await needs.guard.appendAudit(connection, {
            kind: "device-claimed",
            actor: person,
            body: { name: device.name, ...(label === undefined ? {} : { label }) },
          });
          return label === undefined
            ? device
            : needs.devices.updateDevice(connection, device.name, { label });
        });
        byDevice.forget(deviceName);
        needs.devices.forget(claimed.id);
        const [device] = await deviceViews(needs, claimed);
        if (device === undefined) throw new Error("A device always has a view.");
        return { device };
      },
    }),
  ];
}

function takeOrRefuse(limit: AttemptLimit, key: string): void {
  if (limit.take(key)) return;
  const retryAfterSeconds = limit.retryAfterSeconds(key);
  const minutes = Math.ceil(retryAfterSeconds / 60);
  throw new DomainError(
    "rate-limited",
    {
      en: `Too many attempts to claim. Check the label, and try again in ${minutes} min.`,
      zh: `认领尝试次数过多。请核对标签，并在 ${minutes} 分钟后重试。`,
    },
    { retryAfterSeconds },
  );
}

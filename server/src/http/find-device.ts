import type { Device, Devices } from "../devices/index.ts";
import type { DomainError } from "../platform/errors.ts";
import { notFound } from "./route.ts";

/** @throws DomainError `not-found` */
export async function deviceNamed(needs: { readonly devices: Devices }, name: string): Promise<Device> {
  const device = await needs.devices.findDevice(name);
  if (device === null) throw unknownDevice(name);
  return device;
}

export function unknownDevice(name: string): DomainError {
  return notFound({ en: `device ${name}`, zh: `设备 ${name}` });
}

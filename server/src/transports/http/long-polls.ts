// A device that cannot listen asks and waits: the answer comes when there is something to tell, or after its time.
import type { JsonValue } from "@waremind/contract";
import type { AttributeChange, DeviceIdentity } from "../../devices/index.ts";
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { Delivered, DeviceChannel, OutgoingCommand } from "../../flows/device-hub.ts";
import type { DomainError } from "../../platform/errors.ts";
import { deviceClosed, overloaded, stopping, tooManyWaiting } from "../device-refusals.ts";

export interface LongPollLimits {
  readonly pollsMax: number;
  readonly pollsPerDeviceMax: number;
}

/** What a poll ended with. `settle` says whether the answer reached the device's connection. */
export type PollOutcome =
  | { readonly kind: "command"; readonly body: JsonValue; readonly settle: (isWritten: boolean) => void }
  | { readonly kind: "attributes"; readonly body: JsonValue }
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly error: DomainError };

export interface LongPolls {
  /** Resolves, never rejects, at the first of: something to tell, `timeoutMs`, `signal`, the device's end, `stop`. */
  wait(
    identity: DeviceIdentity,
    request: {
      readonly listensTo: "commands" | "attributes";
      readonly timeoutMs: number;
      readonly signal: AbortSignal;
      readonly address: string;
    },
  ): Promise<PollOutcome>;
  readonly count: number;
  /** Ends every poll at once. */
  stop(): void;
}

export function createLongPolls(
  desk: Pick<DeviceDesk, "hub" | "limiter">,
  limits: LongPollLimits,
): LongPolls {
  const polls = new Set<(outcome: PollOutcome) => void>();
  const ofDevices = new Map<number, number>();
  let isStopping = false;

  function refusalOf(deviceId: number): DomainError | null {
    if (isStopping) return stopping();
    if (polls.size >= limits.pollsMax) return overloaded();
    const ofDevice = ofDevices.get(deviceId) ?? 0;
    if (ofDevice < limits.pollsPerDeviceMax) return null;
    desk.limiter.note(deviceId, "connections", String(limits.pollsPerDeviceMax), ofDevice + 1);
    return tooManyWaiting("polls", limits.pollsPerDeviceMax);
  }

  function count(deviceId: number, by: 1 | -1): void {
    const left = (ofDevices.get(deviceId) ?? 0) + by;
    if (left > 0) ofDevices.set(deviceId, left);
    else ofDevices.delete(deviceId);
  }

  return {
    wait: (identity, { listensTo, timeoutMs, signal, address }) => {
      const deviceId = identity.device.id;
      const error = refusalOf(deviceId);
      if (error !== null) return Promise.resolve({ kind: "refused", error });
      if (signal.aborted) return Promise.resolve({ kind: "nothing" });
      return new Promise((resolve) => {
        let isOpen = true;
        const end = (outcome: PollOutcome): void => {
          if (!isOpen) return;
          isOpen = false;
          polls.delete(end);
          count(deviceId, -1);
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          attachment?.detach("poll-ended");
          resolve(outcome);
        };
        const onAbort = (): void => end({ kind: "nothing" });
        const timer = setTimeout(onAbort, timeoutMs);
        signal.addEventListener("abort", onAbort);
        polls.add(end);
        count(deviceId, 1);
        const channel = channelOf(listensTo, () => isOpen, end);
        const attachment = desk.hub.attach(identity, channel, { isSession: false, address });
        // What waited may have been told while it was being attached.
        if (!isOpen) attachment.detach("poll-ended");
        else if (listensTo === "commands") attachment.commandsWanted();
      });
    },
    get count() {
      return polls.size;
    },
    stop: () => {
      isStopping = true;
      for (const end of [...polls]) end({ kind: "refused", error: stopping() });
    },
  };
}

function channelOf(
  listensTo: "commands" | "attributes",
  isOpen: () => boolean,
  end: (outcome: PollOutcome) => void,
): DeviceChannel {
  return {
    transport: "http",
    get wantsCommands() {
      return listensTo === "commands" && isOpen();
    },
    get wantsAttributes() {
      return listensTo === "attributes" && isOpen();
    },
    deliverCommand: (command) => {
      if (listensTo !== "commands" || !isOpen()) return Promise.resolve("not-taken");
      return new Promise<Delivered>((resolve) => {
        const settle = (isWritten: boolean): void => resolve(isWritten ? "acknowledged" : "not-taken");
        end({ kind: "command", body: commandBody(command), settle });
      });
    },
    deliverAttributes: (change) => {
      if (listensTo === "attributes") end({ kind: "attributes", body: changeBody(change) });
    },
    close: (reason) => end({ kind: "refused", error: deviceClosed(reason) }),
  };
}

const commandBody = ({ number, method, params }: OutgoingCommand): JsonValue => ({
  id: number,
  method,
  params,
});

const changeBody = ({ values, deletedKeys }: AttributeChange): JsonValue =>
  deletedKeys.length === 0 ? { ...values } : { ...values, deleted: [...deletedKeys] };

// All virtual devices of one scenario file, each with a connection of its own.
import type { DeviceRunEvent, DeviceScenario, DeviceTokens } from "@waremind/contract";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { type Emit, runVirtualDevice } from "./virtual-device.ts";

export interface VirtualDevices {
  start(): void;
  /** Resolves when every device's story is over, or after `stop`. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs a scenario against the device API at `host:port`. Each change of state goes to `onEvent`.
 * `tokens` must name every device of the scenario (see `loadTokens`).
 */
export function createVirtualDevices(deps: {
  scenario: DeviceScenario;
  tokens: DeviceTokens;
  host: string;
  port: number;
  clock: Clock;
  log: Log;
  onEvent: (event: DeviceRunEvent) => void;
}): VirtualDevices {
  const { scenario, clock, onEvent } = deps;
  const emit: Emit = (event) => onEvent({ ...event, at: clock.now() });
  const runs = scenario.devices.map((device) => {
    const token = deps.tokens[device.name];
    if (token === undefined) throw new Error(`There is no token for device ${device.name}.`);
    return runVirtualDevice({ ...deps, device, token, emit });
  });
  const finished = Promise.all(runs.map((run) => run.finished)).then(() => undefined);
  return {
    finished,
    start: () => {
      emit({ event: "started", scenario: scenario.name, devices: runs.length });
      for (const run of runs) run.start();
    },
    stop: async () => {
      await Promise.all(runs.map((run) => run.stop()));
      emit({
        event: "stopped",
        acknowledgedReadings: runs.reduce((sum, run) => sum + run.acknowledgedReadings, 0),
      });
    },
  };
}

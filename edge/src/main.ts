// The edge program. Here it runs the virtual devices of a scenario file; see README.md for the file's form.
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { DeviceTokens } from "@waremind/contract";
import { systemClock } from "./clock.ts";
import { loadScenario, loadTokens, parseTokens, requireTokens, ScenarioError } from "./load-scenario.ts";
import { createLog } from "./log.ts";
import { createVirtualDevices } from "./virtual-devices.ts";

const usage = `Runs virtual devices over MQTT, as a scenario file says.

  node edge/src/main.ts --scenario FILE --tokens FILE [--host HOST] [--port PORT] [--until-stdin-ends]

  --scenario FILE      how the devices behave (JSON; edge/README.md describes it)
  --tokens FILE        access tokens by device name (JSON, mode 0600); "-" reads one line from standard input
  --host HOST          where the device API listens (127.0.0.1)
  --port PORT          its MQTT port (1883)
  --until-stdin-ends   stop when standard input ends, so that the program never outlives its parent
  --help               this text

Each change of state is one line of JSON on standard output; the log is on standard error.
`;

const usageErrorCode = 2;
const portMax = 65_535;

async function main(): Promise<number> {
  const log = createLog((line) => process.stderr.write(line));
  const { values } = parseArgs({
    options: {
      scenario: { type: "string" },
      tokens: { type: "string" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "1883" },
      "until-stdin-ends": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.scenario === undefined || values.tokens === undefined)
    throw new ScenarioError(`--scenario and --tokens are needed.\n\n${usage}`);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > portMax)
    throw new ScenarioError(`--port ${values.port}: a port is a whole number from 1 to ${portMax}.`);

  const input = createStandardInput();
  const scenario = await loadScenario(values.scenario);
  const tokens: DeviceTokens =
    values.tokens === "-"
      ? parseTokens(await input.firstLine(), "standard input")
      : await loadTokens(values.tokens, process.platform);
  requireTokens(scenario, tokens, values.tokens === "-" ? "standard input" : values.tokens);

  const devices = createVirtualDevices({
    scenario,
    tokens,
    host: values.host,
    port,
    clock: systemClock,
    log,
    onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  });
  // Nobody reads the lines any more: the parent is gone.
  process.stdout.on("error", () => process.exit(0));
  // Before the first line is out: whoever reads it may ask for the stop at once.
  const stopAsked = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopAsked.resolve());
  devices.start();
  if (values["until-stdin-ends"]) void input.ended().then(stopAsked.resolve);
  await Promise.race([devices.finished, stopAsked.promise]);
  await devices.stop();
  return 0;
}

/** Standard input, touched only when it is asked for: reading it would otherwise keep the program alive. */
function createStandardInput(): { firstLine(): Promise<string>; ended(): Promise<void> } {
  const first = Promise.withResolvers<string>();
  const end = Promise.withResolvers<void>();
  let isOpen = false;
  const open = (): void => {
    if (isOpen) return;
    isOpen = true;
    const lines = createInterface({ input: process.stdin });
    lines.once("line", first.resolve);
    lines.once("close", () => {
      first.reject(new ScenarioError("standard input: it ended before a line with the tokens came."));
      end.resolve();
    });
  };
  return {
    firstLine: () => {
      open();
      return first.promise;
    },
    ended: () => {
      open();
      first.promise.catch(() => undefined);
      return end.promise;
    },
  };
}

function report(error: unknown): number {
  const isUsage = error instanceof ScenarioError || isArgumentError(error);
  process.stderr.write(`${isUsage && error instanceof Error ? error.message : describe(error)}\n`);
  return isUsage ? usageErrorCode : 1;
}

const isArgumentError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

// `exit`, not `exitCode`: an open standard input would keep a finished program waiting.
process.exit(await main().catch(report));

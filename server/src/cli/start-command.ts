import { defineCommand } from "citty";
import { type App, createApp, type Started } from "../app.ts";
import { readConfig, settings } from "../config.ts";
import { systemClock } from "../platform/clock.ts";
import { loadKeys } from "../platform/keys.ts";
import { createLog } from "../platform/log.ts";
import { CommandError } from "./control.ts";
import { complain, print, say } from "./print.ts";
import { findRunning, leaveAddress, removeAddress } from "./running.ts";

/** A stop that takes longer than this is cut off; everything acknowledged is on disk already. */
const stopMsMax = 20_000;

export const startCommand = defineCommand({
  meta: {
    name: "start",
    description: "Start the server; on first run with a demo shop, or an empty one with --empty.",
  },
  args: {
    empty: {
      type: "boolean",
      default: false,
      description: "Start a real, empty shop and create its first administrator",
    },
    "admin-email": {
      type: "string",
      default: "owner@localhost.localdomain",
      description: "E-mail of that administrator",
    },
    roles: {
      type: "string",
      description: "What this one of several processes does: ingest, worker, api, separated by commas",
    },
  },
  run: ({ args }) => start({ isEmpty: args.empty, adminEmail: args["admin-email"], roles: args.roles }),
});

export function startHelp(): string {
  const width = Math.max(...settings.map((setting) => setting.name.length));
  return [
    "waremind start [--empty] [--admin-email ADDRESS] [--roles ROLES]",
    "",
    "  --empty         start a real, empty shop and create its first administrator",
    "  --admin-email   e-mail of that administrator",
    "  --roles         what this one of several processes does: ingest, worker, api, separated by commas (see docs/growing.en.md)",
    "",
    "Settings (environment variables):",
    ...settings.map(
      (setting) => `  ${setting.name.padEnd(width)}  ${setting.meaning} Default: ${setting.default}`,
    ),
  ].join("\n");
}

async function start(options: {
  readonly isEmpty: boolean;
  readonly adminEmail: string;
  readonly roles: string | undefined;
}): Promise<void> {
  const config = readConfig(undefined, options);
  // The command line speaks to the process that serves people; the others may share its data folder.
  const isFound = config.roles.includes("api");
  const other = isFound ? await findRunning(config.dataDirectory) : null;
  if (other !== null)
    throw new CommandError(
      `Waremind already runs on ${config.dataDirectory}: ${other.url} (process ${other.pid}). Stop it first, or set WAREMIND_DATA_DIR to another folder.`,
    );
  const log = createLog(config.logLevel);
  const app = createApp({ config, keys: await loadKeys(config.dataDirectory), clock: systemClock, log, say });
  stopOnSignal(app, isFound ? config.dataDirectory : null);
  try {
    const started = await app.start(options);
    if (isFound)
      await leaveAddress(config.dataDirectory, {
        pid: process.pid,
        url: started.url,
        mqttPort: started.mqttPort ?? 0,
      });
    announce(started);
  } catch (error) {
    await app.stop().catch(() => undefined);
    throw error;
  }
}

function announce(started: Started): void {
  print("");
  print(`  Waremind is ready   ${started.url}`);
  print(`  Customer chat       ${started.url}/widget`);
  if (started.mqttPort !== null) print(`  MQTT devices        mqtt://localhost:${started.mqttPort}`);
  if (started.mqttTlsPort !== null) print(`  over TLS            mqtts://localhost:${started.mqttTlsPort}`);
  if (started.coapPort !== null) print(`  CoAP devices        coap://localhost:${started.coapPort}`);
  print(`  Answers come from   ${started.engine}`);
  if (started.logins.length > 0) {
    print("");
    print(`  ${started.loginsTitle}`);
    for (const login of started.logins)
      print(`    ${login.email.padEnd(28)} ${login.password.padEnd(20)} ${login.roles.join(", ")}`);
  }
  print("");
  print("  Ctrl-C stops.");
}

/** The first signal stops cleanly, the second at once. */
function stopOnSignal(app: App, dataDirectory: string | null): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(130);
    isStopping = true;
    say("Stopping");
    setTimeout(() => {
      complain("The stop took too long and was cut off. Nothing acknowledged is lost.");
      process.exit(1);
    }, stopMsMax).unref();
    app
      .stop()
      .then(() => (dataDirectory === null ? undefined : removeAddress(dataDirectory)))
      .then(
        () => process.exit(0),
        (error: unknown) => {
          complain(`The stop failed: ${String(error)}`);
          process.exit(1);
        },
      );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
}

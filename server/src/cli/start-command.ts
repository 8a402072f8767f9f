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
  },
  run: ({ args }) => start({ isEmpty: args.empty, adminEmail: args["admin-email"] }),
});

export function startHelp(): string {
  const width = Math.max(...settings.map((setting) => setting.name.length));
  return [
    "waremind start [--empty] [--admin-email ADDRESS]",
    "",
    "  --empty         start a real, empty shop and create its first administrator",
    "  --admin-email   e-mail of that administrator",
    "",
    "Settings (environment variables):",
    ...settings.map(
      (setting) => `  ${setting.name.padEnd(width)}  ${setting.meaning} Default: ${setting.default}`,
    ),
  ].join("\n");
}

async function start(options: { readonly isEmpty: boolean; readonly adminEmail: string }): Promise<void> {
  const config = readConfig();
  const other = await findRunning(config.dataDirectory);
  if (other !== null)
    throw new CommandError(
      `Waremind already runs on ${config.dataDirectory}: ${other.url} (process ${other.pid}). Stop it first, or set WAREMIND_DATA_DIR to another folder.`,
    );
  const log = createLog(config.logLevel);
  const app = createApp({ config, keys: await loadKeys(config.dataDirectory), clock: systemClock, log, say });
  stopOnSignal(app, config.dataDirectory);
  try {
    const started = await app.start(options);
    await leaveAddress(config.dataDirectory, {
      pid: process.pid,
      url: started.url,
      mqttPort: started.mqttPort,
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
  print(`  MQTT devices        mqtt://localhost:${started.mqttPort}`);
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
function stopOnSignal(app: App, dataDirectory: string): void {
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
      .then(() => removeAddress(dataDirectory))
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

import type { ImportView } from "@waremind/contract";
import { defineCommand } from "citty";
import { type Config, readConfig } from "../config.ts";
import {
  isAccountedFor,
  type ThingsboardLogin,
  type ThingsboardRequest,
} from "../connect/thingsboard/index.ts";
import { CommandError } from "./control.ts";
import { importReport, progressLine } from "./import-report.ts";
import { type ImportSide, openImportSide } from "./import-side.ts";
import { complain, print } from "./print.ts";

const progressMs = 500;
/** Where lines cannot be written over, one is enough now and then. */
const plainProgressMs = 5_000;

export const importHelp = [
  "waremind import thingsboard --url URL (--user NAME --password TEXT | --api-key KEY) [options]",
  "",
  "Takes over profiles, devices, credentials, attributes and history from a ThingsBoard. With a server running on this",
  "data folder, the server does it; without one, this command does. Interrupted, the same command goes on where it was.",
  "",
  "  --url        the address that people open ThingsBoard with",
  "  --user       e-mail of a tenant administrator there",
  "  --password   its password; better in WAREMIND_IMPORT_PASSWORD, since others may see arguments",
  "  --api-key    instead of both (ThingsBoard 4.3 and later); better in WAREMIND_IMPORT_API_KEY",
  "  --since      only history from this time on: 2026-01-31 or 2026-01-31T08:00:00Z",
  "  --devices    only devices of these names; * stands for any characters, ? for one",
  "  --dry-run    reads and counts, and writes nothing",
].join("\n");

const thingsboardCommand = defineCommand({
  meta: { name: "thingsboard", description: "Take over a ThingsBoard with its history." },
  args: {
    url: { type: "string", required: true, description: "Address of the ThingsBoard" },
    user: { type: "string", description: "E-mail of a tenant administrator there" },
    password: { type: "string", description: "Its password" },
    "api-key": { type: "string", description: "An API key instead of both" },
    since: { type: "string", description: "Only history from this time on (ISO 8601)" },
    devices: { type: "string", description: "Only devices of these names (* and ?)" },
    "dry-run": { type: "boolean", default: false, description: "Write nothing" },
  },
  async run({ args }) {
    const config = readConfig();
    const request: ThingsboardRequest = {
      ...{ url: args.url, login: loginOf(args, config), since: sinceOf(args.since) },
      ...{ devicePattern: args.devices ?? null, isDryRun: args["dry-run"] },
    };
    const side = await openImportSide(config);
    try {
      const view = await follow(side, await side.start(request));
      for (const line of importReport(view, view.isDryRun ? [] : await side.devices(view.id))) print(line);
      if (view.state !== "finished" || !isAccountedFor(view)) process.exitCode = 1;
    } finally {
      await side.close();
    }
  },
});

/** `waremind import thingsboard`: what stands in another system comes over. */
export const importCommand = defineCommand({
  meta: { name: "import", description: "Take over devices and their history from another system." },
  subCommands: { thingsboard: thingsboardCommand },
});

function loginOf(
  args: {
    readonly user?: string | undefined;
    readonly password?: string | undefined;
    readonly "api-key"?: string | undefined;
  },
  { importSecrets }: Pick<Config, "importSecrets">,
): ThingsboardLogin {
  const password = args.password ?? importSecrets.password;
  if (args.user !== undefined && password !== undefined)
    return { kind: "password", user: args.user, password };
  const key = args["api-key"] ?? importSecrets.apiKey;
  if (key !== undefined) return { kind: "api-key", key };
  throw new CommandError(
    args.user === undefined
      ? "Say how to sign in there: --user with --password (or WAREMIND_IMPORT_PASSWORD), or --api-key (or WAREMIND_IMPORT_API_KEY)."
      : `Give the password of ${args.user} with --password, or better in WAREMIND_IMPORT_PASSWORD.`,
  );
}

function sinceOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const at = /^\d{4}-\d{2}-\d{2}/u.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at) || at < 0)
    throw new CommandError(`--since ${text} is no time. Write 2026-01-31 or 2026-01-31T08:00:00Z.`);
  return at;
}

/** Shows how far it is until it ends. The first Ctrl-C stops it where it can go on. */
async function follow(side: ImportSide, started: ImportView): Promise<ImportView> {
  const show = createProgress();
  const stop = (): void => {
    complain("\nStopping; the same command goes on from here.");
    void side.stop(started.id);
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    if (started.isResumed) print(`Going on with the import of ${started.source} that was interrupted.`);
    let view = started;
    while (view.state === "running") {
      show.now(view);
      await new Promise((resolve) => setTimeout(resolve, progressMs));
      view = await side.find(started.id);
    }
    return view;
  } finally {
    show.end();
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

/** One line that is written over at a terminal, a line now and then elsewhere. */
function createProgress(): { now(view: ImportView): void; end(): void } {
  const isTerminal = process.stdout.isTTY === true;
  let sinceLineMs = plainProgressMs;
  return {
    now: (view) => {
      sinceLineMs += progressMs;
      if (isTerminal) process.stdout.write(`\r\u001b[2K${progressLine(view)}`);
      else if (sinceLineMs >= plainProgressMs) {
        sinceLineMs = 0;
        print(progressLine(view));
      }
    },
    end: () => {
      if (isTerminal) process.stdout.write("\r\u001b[2K");
    },
  };
}

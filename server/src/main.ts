// The program `waremind`: one word for each thing a person at a terminal may want.
import { stripVTControlCharacters } from "node:util";
import { defineCommand, runCommand, showUsage } from "citty";
import { backupCommand } from "./cli/backup-command.ts";
import { CommandError } from "./cli/control.ts";
import { demoCommand } from "./cli/demo-command.ts";
import { doctorCommand } from "./cli/doctor-command.ts";
import { importCommand, importHelp } from "./cli/import-command.ts";
import { complain, print } from "./cli/print.ts";
import { releaseKeyCommand, signReleaseCommand } from "./cli/release-commands.ts";
import { restoreCommand } from "./cli/restore-command.ts";
import { startCommand, startHelp } from "./cli/start-command.ts";
import { ConfigError } from "./config.ts";
import { DomainError } from "./platform/errors.ts";
import { PortTakenError } from "./platform/listen.ts";

const waremind = defineCommand({
  meta: {
    name: "waremind",
    description: "The operations desk that joins devices, language models and commerce.",
  },
  subCommands: {
    start: startCommand,
    demo: demoCommand,
    import: importCommand,
    "release-key": releaseKeyCommand,
    "sign-release": signReleaseCommand,
    doctor: doctorCommand,
    backup: backupCommand,
    restore: restoreCommand,
  },
});

const parameters = process.argv.slice(2);
try {
  if (parameters[0] === "start" && parameters.includes("--help")) print(startHelp());
  else if (parameters[0] === "import" && (parameters.length === 1 || parameters.includes("--help")))
    print(importHelp);
  else if (parameters.length === 0 || parameters.includes("--help")) await showUsage(waremind);
  else await runCommand(waremind, { rawArgs: parameters });
} catch (error) {
  complain(`\n${sentenceOf(error)}\n`);
  process.exit(1);
}

/** What a person can act on is said in a sentence; a bug shows where it happened. */
function sentenceOf(error: unknown): string {
  const isExpected =
    error instanceof ConfigError ||
    error instanceof CommandError ||
    error instanceof PortTakenError ||
    error instanceof DomainError;
  if (isExpected) return error.message;
  if (error instanceof Error && error.name === "CLIError") {
    return `${stripVTControlCharacters(error.message)}. There are: start, demo, import, release-key, sign-release, doctor, backup, restore; each takes --help.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

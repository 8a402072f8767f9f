// What every command needs first: the packages of the lock file. Runs on Node 20 with nothing installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(import.meta.url), "../..");
const nodeMajorMin = 20;
const stampFile = join(root, "node_modules", ".waremind-installed");

/** The environment in which this project's own Node 24 and tools come first. */
export const toolEnvironment = () => ({
  ...process.env,
  PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`,
});

/** The project's own Node, whatever Node started this script. */
export const projectNode = () =>
  join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");

/** Installs what is missing; answers whether anything was installed. `say` shows progress. */
export function ensureInstalled(say) {
  if (Number(process.versions.node.split(".")[0]) < nodeMajorMin)
    fail(
      `Waremind needs Node ${nodeMajorMin} or newer to start; this is ${process.versions.node}. See https://nodejs.org.`,
    );
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === lock && existsSync(projectNode()))
    return false;
  say("Installing packages (once; about a minute)");
  const npm = npmCommand();
  const result = spawnSync(npm[0], [...npm.slice(1), "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (result.status !== 0)
    fail(
      "npm could not install the packages. Its own message stands above; check the network and the disk, then try again.",
    );
  if (!existsSync(projectNode()))
    fail(
      "npm installed the packages but not Node 24 (package `node`): its install script was not allowed to run. Try `npm ci --ignore-scripts=false`.",
    );
  writeFileSync(stampFile, lock);
  return true;
}

/** npm of the very installation that runs this, also when called by npm itself. */
function npmCommand() {
  const script = process.env.npm_execpath;
  if (script !== undefined && /\.[cm]?js$/.test(script)) return [process.execPath, script];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

/** Builds the console when its sources are newer than its last build; answers whether it built. */
export function ensureConsoleBuilt(say) {
  const stamp = join(root, "console", "dist", ".built");
  const inputs = createHash("sha256");
  for (const folder of ["console", "contract/src"])
    for (const file of listFiles(join(root, folder)))
      inputs.update(file.slice(root.length)).update(readFileSync(file));
  const hash = inputs.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return false;
  say("Building the console");
  const result = spawnSync(join(root, "node_modules", ".bin", "vite"), ["build", "--logLevel", "warn"], {
    cwd: join(root, "console"),
    stdio: ["ignore", "inherit", "inherit"],
    env: toolEnvironment(),
  });
  if (result.status !== 0) fail("The console could not be built; the message stands above.");
  mkdirSync(join(root, "console", "dist"), { recursive: true });
  writeFileSync(stamp, hash);
  return true;
}

function listFiles(folder) {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      if (name === "node_modules" || name === "dist") return [];
      const path = join(folder, name);
      return statSync(path).isDirectory() ? listFiles(path) : [path];
    });
}

export function fail(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

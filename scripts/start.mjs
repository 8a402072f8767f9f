// `npm start`: installs, builds and starts. Everything after `--` goes to `waremind start`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureConsoleBuilt, ensureInstalled, projectNode, root, toolEnvironment } from "./ready.mjs";

const isHelp = process.argv.includes("--help");
const isDev = process.argv.includes("--dev");
const say = (line) => process.stdout.write(`  · ${line}\n`);

if (!isHelp) process.stdout.write("\nWaremind\n");
ensureInstalled(say);
if (!isHelp) ensureConsoleBuilt(say);

const flags = process.argv.slice(2).filter((flag) => flag !== "--dev");
const nodeFlags = [
  "--disable-warning=ExperimentalWarning",
  ...(isDev ? ["--watch-path", join(root, "server/src"), "--watch-path", join(root, "contract/src")] : []),
];
const server = spawn(projectNode(), [...nodeFlags, join(root, "server/src/main.ts"), "start", ...flags], {
  cwd: process.cwd(),
  stdio: "inherit",
  env: toolEnvironment(),
});

// A terminal's Ctrl-C reaches the server by itself; a signal to this process alone must be passed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) server.kill(signal);
  });
server.on("exit", (code, signal) =>
  process.exit(code ?? (signal === "SIGINT" || signal === "SIGTERM" ? 0 : 1)),
);

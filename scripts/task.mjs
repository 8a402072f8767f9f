// The six words: check, test, journey, prove, bench, build. Each installs what is missing first.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureConsoleBuilt, ensureInstalled, fail, root, toolEnvironment } from "./ready.mjs";

const [word, ...rest] = process.argv.slice(2);
const say = (line) => process.stderr.write(`  · ${line}\n`);
const node = ["node", "--disable-warning=ExperimentalWarning"];

/** Runs the commands in order and stops at the first that fails. */
const tasks = {
  check: () =>
    run(
      ["biome", "check", "--error-on-warnings", "."],
      ...["contract", "server", "console", "edge", "edge/device", "."].map((folder) => ["tsc", "-p", folder]),
      ["oxlint", "--type-aware", "--deny-warnings", "-c", ".oxlintrc.json", "."],
    ),
  test: () => run(["vitest", "run", ...rest]),
  journey: () => {
    ensureConsoleBuilt(say);
    run(["vitest", "run", "--config", "vitest.journey.config.ts", ...rest]);
  },
  prove: () => {
    ensureConsoleBuilt(say);
    run([...node, "tests/prove/run.ts", ...rest]);
  },
  bench: () => {
    ensureConsoleBuilt(say);
    run([...node, "bench/run.ts", ...rest]);
  },
  build: () => void ensureConsoleBuilt(say),
};

function run(...commands) {
  for (const [program, ...parameters] of commands) {
    const result = spawnSync(join(root, "node_modules", ".bin", program), parameters, {
      cwd: root,
      stdio: "inherit",
      env: toolEnvironment(),
    });
    if (result.status !== 0) process.exit(result.status ?? 1);
  }
}

const task = tasks[word];
if (task === undefined) fail(`Unknown task "${word ?? ""}". There are: ${Object.keys(tasks).join(", ")}.`);
ensureInstalled(say);
task();

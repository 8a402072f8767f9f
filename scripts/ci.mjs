// All that must hold before a change lands, step by step with its time; ends with one summary line.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureConsoleBuilt, ensureInstalled, root, toolEnvironment } from "./ready.mjs";

const databaseUrl = process.env.WAREMIND_CI_DATABASE_URL;
const folder = mkdtempSync(join(tmpdir(), "waremind-ci-"));
const totals = { passed: 0, failed: 0, skipped: 0 };
const say = (line) => process.stdout.write(`\n=== ${line}\n`);

/** Runs one step; a step that fails counts as one failure when it reports none of its own. */
function step(
  name,
  command,
  { environment = {}, counts = () => ({ passed: 0, failed: 0, skipped: 0 }) } = {},
) {
  say(name);
  const startedAt = Date.now();
  const [program, ...parameters] = command;
  const result = spawnSync(
    program === "node" ? process.execPath : join(root, "node_modules", ".bin", program),
    parameters,
    { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: environmentWith(environment) },
  );
  const counted = counts();
  if (result.status !== 0 && counted.failed === 0) counted.failed = 1;
  for (const key of Object.keys(totals)) totals[key] += counted[key];
  process.stdout.write(
    `--- ${name}: ${result.status === 0 ? "holds" : "FAILED"} after ${((Date.now() - startedAt) / 1000).toFixed(0)} s\n`,
  );
}

/** An empty value takes a variable away. */
function environmentWith(changes) {
  return Object.fromEntries(
    Object.entries({ ...toolEnvironment(), ...changes }).filter(([, value]) => value !== ""),
  );
}

function vitestStep(name, parameters, environment) {
  const file = join(folder, `${name.replaceAll(/\W+/g, "-")}.json`);
  step(
    name,
    ["vitest", "run", ...parameters, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
    { environment, counts: () => readVitest(file) },
  );
}

function readVitest(file) {
  try {
    const report = JSON.parse(readFileSync(file, "utf8"));
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function proveStep(name, environment) {
  const file = join(folder, "prove.json");
  step(
    name,
    ["node", "--disable-warning=ExperimentalWarning", "scripts/task.mjs", "prove", "--json-file", file],
    {
      environment,
      counts: () => {
        try {
          const results = JSON.parse(readFileSync(file, "utf8"));
          const sum = (key) => results.reduce((total, result) => total + result[key], 0);
          return {
            passed: sum("passed"),
            failed: sum("failed") + results.filter((result) => !result.holds && result.failed === 0).length,
            skipped: sum("skipped"),
          };
        } catch {
          return { passed: 0, failed: 1, skipped: 0 };
        }
      },
    },
  );
}

say("install");
ensureInstalled((line) => process.stdout.write(`${line}\n`));
step("check", ["node", "scripts/task.mjs", "check"]);
vitestStep("tests on the embedded store", [], { WAREMIND_TEST_DATABASE_URL: "" });
vitestStep("tests on PostgreSQL", [], { WAREMIND_TEST_DATABASE_URL: databaseUrl });
say("build");
ensureConsoleBuilt((line) => process.stdout.write(`${line}\n`));
vitestStep("journeys", ["--config", "vitest.journey.config.ts"], { WAREMIND_TEST_DATABASE_URL: databaseUrl });
proveStep("proof suites", { WAREMIND_TEST_DATABASE_URL: databaseUrl });

rmSync(folder, { recursive: true, force: true });
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

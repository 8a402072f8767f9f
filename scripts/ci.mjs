// All that must hold before a change lands, step by step with its time; ends with what failed and one summary line.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSuites, readVitest } from "./ci-results.mjs";
import { ensureConsoleBuilt, ensureInstalled, root, toolEnvironment } from "./ready.mjs";

const databaseUrl = process.env.WAREMIND_CI_DATABASE_URL;
const folder = mkdtempSync(join(tmpdir(), "waremind-ci-"));
const totals = { passed: 0, failed: 0, skipped: 0 };
/** What failed and stayed so, and what failed first and held when it ran again. */
const failed = [];
const unsteady = [];
let files = 0;

const say = (line) => process.stdout.write(`\n=== ${line}\n`);

/** Runs a program to its end. @returns whether it ended well */
function runs([program, ...parameters], environment = {}) {
  const path = program === "node" ? process.execPath : join(root, "node_modules", ".bin", program);
  const result = spawnSync(path, parameters, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: environmentWith(environment),
  });
  return result.status === 0;
}

/** An empty value takes a variable away. */
function environmentWith(changes) {
  return Object.fromEntries(
    Object.entries({ ...toolEnvironment(), ...changes }).filter(([, value]) => value !== ""),
  );
}

function timed(name, work) {
  say(name);
  const startedAt = Date.now();
  const holds = work();
  process.stdout.write(
    `--- ${name}: ${holds ? "holds" : "FAILED"} after ${((Date.now() - startedAt) / 1000).toFixed(0)} s\n`,
  );
}

/**
 * Runs a step that counts. What fails in it runs once more, on its own: what then holds counts as passed and is named
 * as unsteady at the end, to be mended; what fails twice has failed.
 * @param {(file: string, targets: string[]) => string[]} command writes its report to `file`; no targets: everything
 */
function countedStep(name, { command, read, environment }) {
  timed(name, () => {
    const first = attempt([]);
    if (first.endedWell) return settle(first);
    // A run that broke without naming what failed runs again in full.
    const isNamed = first.failures.length > 0 && first.failures.every((failure) => failure.target !== "");
    const targets = isNamed ? [...new Set(first.failures.map((failure) => failure.target))] : [];
    say(`${name}, once more: ${targets.join(", ") || "everything"}`);
    const second = attempt(targets);
    const unsteadyOnes = first.failures.map((failure) => failure.text);
    if (!second.endedWell) return settle(isNamed ? { ...first, failures: second.failures } : second);
    unsteady.push(
      ...(unsteadyOnes.length > 0 ? unsteadyOnes : ["ended badly without naming a failure"]).map(
        (text) => `${name}: ${text}`,
      ),
    );
    return settle(
      isNamed
        ? { ...first, endedWell: true, passed: first.passed + first.failed, failed: 0, failures: [] }
        : second,
    );
  });

  function attempt(targets) {
    const file = join(folder, `${++files}.json`);
    const endedWell = runs(command(file, targets), environment);
    return { ...read(file), endedWell };
  }

  function settle(result) {
    const isSilent = !result.endedWell && result.failed === 0;
    totals.passed += result.passed;
    totals.failed += isSilent ? 1 : result.failed;
    totals.skipped += result.skipped;
    failed.push(...result.failures.map((failure) => `${name}: ${failure.text}`));
    if (isSilent) failed.push(`${name}: ended badly without naming a failure`);
    return result.endedWell && result.failed === 0;
  }
}

function vitestStep(name, parameters, environment) {
  countedStep(name, {
    environment,
    read: readVitest,
    command: (file, targets) =>
      [
        "vitest",
        "run",
        ...parameters,
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${file}`,
      ].concat(targets),
  });
}

say("install");
ensureInstalled((line) => process.stdout.write(`${line}\n`));
timed("check", () => {
  const holds = runs(["node", "scripts/task.mjs", "check"]);
  if (!holds) {
    totals.failed += 1;
    failed.push("check");
  }
  return holds;
});
vitestStep("tests on the embedded store", [], { WAREMIND_TEST_DATABASE_URL: "" });
vitestStep("tests on PostgreSQL", [], { WAREMIND_TEST_DATABASE_URL: databaseUrl });
say("build");
ensureConsoleBuilt((line) => process.stdout.write(`${line}\n`));
vitestStep("journeys", ["--config", "vitest.journey.config.ts"], { WAREMIND_TEST_DATABASE_URL: databaseUrl });
countedStep("proof suites", {
  environment: { WAREMIND_TEST_DATABASE_URL: databaseUrl },
  read: readSuites,
  command: (file, targets) => [
    "node",
    "--disable-warning=ExperimentalWarning",
    "scripts/task.mjs",
    "prove",
    "--json-file",
    file,
    ...targets,
  ],
});

rmSync(folder, { recursive: true, force: true });
for (const line of unsteady) process.stdout.write(`\nUNSTEADY, held when it ran again: ${line}\n`);
for (const line of failed) process.stdout.write(`\nFAILED ${line}\n`);
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

// `npm run prove -- [NAME …] [--json] [--full] [--list] [--json-file FILE] [--seed N]`: runs the named proof suites, all by default.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { SuiteResult } from "@waremind/contract";
import { suites } from "./index.ts";
import type { Suite } from "./suite.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    /** Also writes the results as JSON to this file. */
    "json-file": { type: "string" },
    full: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    seed: { type: "string", default: "20261122" },
  },
});

if (values.list) {
  const listed = suites.map(({ name, title, bar }) => ({ suite: name, title, bar }));
  process.stdout.write(
    values.json
      ? `${JSON.stringify(listed)}\n`
      : `${listed.map((suite) => `${suite.suite}: ${suite.bar}`).join("\n")}\n`,
  );
  process.exit(0);
}

const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `No suite is named ${unknown.join(", ")}. There are: ${suites.map((suite) => suite.name).join(", ")}.\n`,
  );
  process.exit(2);
}

const chosen = positionals.length === 0 ? suites : suites.filter((suite) => positionals.includes(suite.name));
const cancel = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => cancel.abort());

const results: SuiteResult[] = [];
for (const suite of chosen) results.push(await runSuite(suite));
report(results);
if (values["json-file"] !== undefined) writeFileSync(values["json-file"], JSON.stringify(results));
process.exit(results.every((result) => result.holds || isSkipped(result)) ? 0 : 1);

async function runSuite(suite: Suite): Promise<SuiteResult> {
  const startedAt = performance.now();
  // Progress goes to standard error, so that --json leaves standard output to the results alone.
  const log = (line: string): void => void process.stderr.write(`[${suite.name}] ${line}\n`);
  log(`the bar: ${suite.bar}`);
  const outcome = await suite
    .run({
      isFull: values.full,
      seed: Number(values.seed),
      log,
      signal: cancel.signal,
      postgresqlUrl: process.env["WAREMIND_TEST_DATABASE_URL"] || undefined,
    })
    .catch((error: unknown) => ({
      passed: 0,
      failed: 1,
      skipped: 0,
      figure: "stopped by an error",
      failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    }));
  return {
    suite: suite.name,
    bar: suite.bar,
    ...outcome,
    failures: [...outcome.failures],
    holds: outcome.failed === 0 && outcome.passed > 0,
    durationMs: Math.round(performance.now() - startedAt),
  };
}

/** This machine lacks what the suite needs: nothing is proven, and nothing is broken. */
function isSkipped({ passed, failed, skipped }: SuiteResult): boolean {
  return passed === 0 && failed === 0 && skipped > 0;
}

function report(all: readonly SuiteResult[]): void {
  if (values.json) {
    process.stdout.write(`${JSON.stringify(all)}\n`);
    return;
  }
  for (const result of all) {
    for (const failure of result.failures) process.stdout.write(`  ✗ ${failure}\n`);
    process.stdout.write(
      `${result.holds ? "holds" : isSkipped(result) ? "skipped" : "DOES NOT HOLD"}  ${result.suite}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped in ${(result.durationMs / 1000).toFixed(1)} s\n       ${result.figure}\n       bar: ${result.bar}\n`,
    );
  }
}

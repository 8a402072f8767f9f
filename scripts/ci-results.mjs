// What a step of CI counted, and what failed in it, read from the files that the runners write.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./ready.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number, failures: { target: string, text: string }[] }} Counted */

/**
 * Reads Vitest's JSON report. A file that could not even be loaded counts as one failure.
 * @param {string} path @returns {Counted} `target` is the test file, from the root
 */
export function readVitest(path) {
  return read(path, (report) => {
    const failures = report.testResults.flatMap((file) => {
      const target = relative(root, file.name);
      const failed = file.assertionResults.filter((test) => test.status === "failed");
      if (failed.length === 0 && file.status === "failed")
        return [{ target, text: `${target}: ${firstLines(file.message)}` }];
      return failed.map((test) => ({
        target,
        text: `${target} > ${test.fullName}: ${firstLines(test.failureMessages.join("\n"))}`,
      }));
    });
    return {
      passed: report.numPassedTests,
      failed: failures.length,
      skipped: report.numPendingTests + report.numTodoTests,
      failures,
    };
  });
}

/**
 * Reads the proof suites' JSON. A suite that proved nothing counts as one failure.
 * @param {string} path @returns {Counted} `target` is the suite's name
 */
export function readSuites(path) {
  return read(path, (results) => {
    const failing = results.filter((result) => !result.holds);
    return {
      passed: sum(results, "passed"),
      failed: sum(results, "failed") + failing.filter((result) => result.failed === 0).length,
      skipped: sum(results, "skipped"),
      failures: failing.map((result) => ({
        target: result.suite,
        text: `${result.suite}: ${[...result.failures.slice(0, 5).map(firstLines), result.figure].join("\n    ")}`,
      })),
    };
  });
}

const sum = (results, key) => results.reduce((total, result) => total + result[key], 0);
const firstLines = (text) => String(text).split("\n").slice(0, 6).join("\n    ");

function read(path, take) {
  try {
    return take(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: [{ target: "", text: `no report was written: ${error.message}` }],
    };
  }
}

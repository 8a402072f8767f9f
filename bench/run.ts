// `node bench/run.ts NAME [--quick] [--json]`: runs one bench, prints its table and writes it to bench/results/.
import { runAnomaly } from "./anomaly.ts";
import { runExplorer } from "./explorer.ts";
import { runFreshness } from "./freshness.ts";
import { runIngest } from "./ingest.ts";
import { runQueries } from "./queries.ts";
import { runRules } from "./rules.ts";
import { runSessions } from "./sessions.ts";
import type { BenchOptions, BenchReport } from "./support/report.ts";
import { printReport, writeReport } from "./support/report.ts";

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<BenchReport>>> = {
  anomaly: runAnomaly,
  ingest: runIngest,
  freshness: runFreshness,
  explorer: runExplorer,
  queries: runQueries,
  rules: runRules,
  sessions: runSessions,
};

async function main(words: readonly string[]): Promise<number> {
  const name = words.find((word) => !word.startsWith("--"));
  const run = name === undefined ? undefined : benches[name];
  const unknown = words.filter((word) => word.startsWith("--") && word !== "--quick" && word !== "--json");
  if (name === undefined || run === undefined || unknown.length > 0) {
    console.error(
      `Usage: npm run bench -- NAME [--quick] [--json]\nBenches: ${Object.keys(benches).join(", ")}`,
    );
    return 2;
  }
  const options = { quick: words.includes("--quick"), say: (line: string) => console.error(line) };
  const report = await run(options);
  await writeReport(name, report);
  if (words.includes("--json")) console.log(JSON.stringify(report, null, 2));
  else printReport(report);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));

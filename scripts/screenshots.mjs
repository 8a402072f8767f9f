// Takes the pictures of README and guide from the journeys: `node scripts/screenshots.mjs`, or one of them: `… devices`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureConsoleBuilt, ensureInstalled, root, toolEnvironment } from "./ready.mjs";

const journeys = process.argv.slice(2);
const say = (line) => process.stderr.write(`  · ${line}\n`);
ensureInstalled(say);
ensureConsoleBuilt(say);
const result = spawnSync(
  join(root, "node_modules", ".bin", "vitest"),
  [
    "run",
    "--config",
    "vitest.journey.config.ts",
    ...(journeys.length === 0 ? ["salmon", "devices"] : journeys),
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...toolEnvironment(), WAREMIND_SCREENSHOTS: join(root, "docs", "screenshots") },
  },
);
process.exit(result.status ?? 1);

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import en from "../console/src/i18n/en.json" with { type: "json" };
import zh from "../console/src/i18n/zh.json" with { type: "json" };
import { malformedSentences } from "../server/src/transports/malformed-reasons.ts";

const server = join(import.meta.dirname, "../server/src");

/** Why a connection ended, or what a refused request is told: no message is held back for these. */
const ofConnections = /mqtt\/(?:endings|session)\.ts$|transports\/device-refusals\.ts$/u;

/** Code of the shop's own refusals that may become the reason of a message (`mqtt/refusals.ts`). */
const codesOfRefusals = [
  ...["invalid-input", "not-allowed", "not-found", "conflict", "state-forbids", "limit-reached"],
  ...["already-done", "rate-limited", "payload-malformed", "payload-too-large"],
];

function sourcesOf(directory: string): readonly string[] {
  return readdirSync(join(server, directory), { recursive: true, encoding: "utf8" })
    .map((name) => join(server, directory, name))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !ofConnections.test(path));
}

/** Every reason that is written out in the code that refuses messages. */
function reasonsInCode(): readonly string[] {
  const intake = ["take-in-readings", "take-in-readings-clean", "take-in-readings-commit", "quarantine-desk"];
  const paths = [
    ...sourcesOf("transports"),
    ...intake.map((name) => join(server, `flows/${name}.ts`)),
    join(server, "telemetry/clean.ts"),
  ];
  return paths.flatMap((path) => {
    const text = readFileSync(path, "utf8");
    const written = [...text.matchAll(/\breason: "([a-z\d-]+)"/gu)].map(([, reason = ""]) => reason);
    const chosen = [...text.matchAll(/"((?:telemetry-)?limit-reached)"/gu)].map(([, reason = ""]) => reason);
    return [...written, ...chosen];
  });
}

test("every reason for which a message is held back has words in both languages", () => {
  const found = reasonsInCode();
  // The search is not blind: one of each place that refuses.
  expect(found).toEqual(
    expect.arrayContaining([
      ...["type-mismatch", "too-many-keys", "store-refused", "topic-unknown", "not-a-gateway"],
      ...["limit-reached", "telemetry-limit-reached"],
    ]),
  );
  const reasons = new Set([...found, ...Object.keys(malformedSentences), ...codesOfRefusals]);
  for (const words of [en.quarantineReason, zh.quarantineReason])
    expect([...reasons].filter((reason) => !(reason in words))).toEqual([]);
});

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";

const program = join(import.meta.dirname, "main.ts");
const example = join(import.meta.dirname, "..", "examples", "warming-parcel.json");
/** Nothing listens there: the program goes on trying. */
const deadPort = "9";
let folder = "";
let tokens = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-"));
  tokens = join(folder, "tokens.json");
  await writeFile(tokens, '{"logger-1": "a-token"}', { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

function run(parameters: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [program, ...parameters], { env: {} });
}

async function endOf(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: number | null; errors: string }> {
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout.resume();
  const [code] = (await once(child, "close")) as [number | null];
  return { code, errors };
}

/** The program is up when it printed its first line. */
async function started(child: ChildProcessWithoutNullStreams): Promise<void> {
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  expect(JSON.parse(line)).toMatchObject({ event: "started", devices: 1 });
}

test("a wrong call ends with code 2 and says what to do", async () => {
  expect(await endOf(run([]))).toMatchObject({ code: 2, errors: expect.stringContaining("--scenario") });
  expect(await endOf(run(["--scenario", join(folder, "none.json"), "--tokens", tokens]))).toMatchObject({
    code: 2,
    errors: expect.stringContaining("none.json: cannot be read"),
  });
  expect(await endOf(run(["--scenario", example, "--tokens", tokens, "--port", "x"]))).toMatchObject({
    code: 2,
    errors: expect.stringContaining("--port x"),
  });
});

test("SIGTERM stops it cleanly, also without a server", async () => {
  const child = run(["--scenario", example, "--tokens", tokens, "--port", deadPort]);
  await started(child);
  const end = endOf(child);
  child.kill("SIGTERM");
  expect(await end).toMatchObject({ code: 0 });
});

test("it ends when its parent is gone: with the end of standard input", async () => {
  const child = run(["--scenario", example, "--tokens", "-", "--port", deadPort, "--until-stdin-ends"]);
  child.stdin.write('{"logger-1": "a-token"}\n');
  await started(child);
  const end = endOf(child);
  child.stdin.end();
  expect(await end).toMatchObject({ code: 0 });
});

test("a token never stands among the arguments or in the output", async () => {
  const child = run(["--scenario", example, "--tokens", tokens, "--port", deadPort]);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child.stderr, "data");
  const end = endOf(child);
  child.kill("SIGTERM");
  expect(output + (await end).errors).not.toContain("a-token");
});

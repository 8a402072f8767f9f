import { spawnSync } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { releaseManifest as manifestOfDevice } from "@waremind/device";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checksumOf, releaseManifest } from "../devices/index.ts";
import { makeReleaseKey, signRelease } from "./release-commands.ts";

const named = { kind: "firmware", title: "Logger 冷链", version: "2.0.0" } as const;
const bytes = Buffer.from("a package of no great size");
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "waremind-release-key-"));
  await writeFile(join(directory, "package.bin"), bytes);
});
afterAll(() => rm(directory, { recursive: true, force: true }));
const at = (name: string): string => join(directory, name);

test("server and device build the same bytes to sign", () => {
  const sha256 = checksumOf(bytes, "SHA256");
  const ofServer = releaseManifest(named, bytes);
  expect(ofServer.equals(manifestOfDevice({ ...named, sizeBytes: bytes.length, sha256 }))).toBe(true);
  expect(ofServer.toString()).toBe(`waremind-release/1\nfirmware\nLogger 冷链\n2.0.0\n26\n${sha256}\n`);
});

test("a new key is the owner's alone, is never overwritten, and what it signs holds", async () => {
  const publicPem = await makeReleaseKey(at("key.pem"));
  expect((await stat(at("key.pem"))).mode & 0o777).toBe(0o600);
  expect(publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  await expect(makeReleaseKey(at("key.pem"))).rejects.toThrow(/not overwritten/);
  const signed = await signRelease({ ...named, file: at("package.bin"), keyFile: at("key.pem") });
  expect(signed.sha256).toBe(checksumOf(bytes, "SHA256"));
  const signature = Buffer.from(signed.signature, "base64");
  const holds = (version: string): boolean =>
    verify(null, releaseManifest({ ...named, version }, bytes), createPublicKey(publicPem), signature);
  expect([holds("2.0.0"), holds("2.0.1")]).toEqual([true, false]);
});

test("openssl makes the same signature from the same key", async () => {
  await makeReleaseKey(at("second.pem"));
  const { signature } = await signRelease({ ...named, file: at("package.bin"), keyFile: at("second.pem") });
  await writeFile(at("manifest"), releaseManifest(named, bytes));
  const command = ["pkeyutl", "-sign", "-rawin", "-inkey", at("second.pem"), "-in", at("manifest")];
  const { stdout, status } = spawnSync("openssl", command);
  expect(status).toBe(0);
  expect(stdout.toString("base64")).toBe(signature);
});

test.each([
  ["a public key", { keyFile: "public.pem" }, /is a public key; signing takes the private one/],
  ["an RSA key", { keyFile: "rsa.pem" }, /is no Ed25519 private key/],
  ["no key", { keyFile: "absent.pem" }, /The key cannot be read/],
  ["no package", { file: "absent.bin" }, /The package cannot be read/],
  ["an empty package", { file: "empty.bin" }, /is empty/],
  ["another kind", { kind: "hardware" }, /firmware or software, not hardware/],
  ["a title of two lines", { title: "two\nlines" }, /--title has 1 to 100 characters, no line breaks/],
  ["a version with blanks around it", { version: " 2" }, /--version has 1 to 100 characters/],
])("%s is refused in a sentence", async (_what, change, says) => {
  await writeFile(
    at("public.pem"),
    await makeReleaseKey(at(`of-${says.source.length}-${Math.random()}.pem`)),
  );
  await writeFile(at("empty.bin"), "");
  spawnSync("openssl", ["genrsa", "-out", at("rsa.pem"), "2048"]);
  const { file = "package.bin", keyFile = "key.pem", ...rest } = change as Record<string, string>;
  await expect(signRelease({ ...named, ...rest, file: at(file), keyFile: at(keyFile) })).rejects.toThrow(
    says,
  );
});

test("`waremind sign-release` prints both lines, and no part of the private key", async () => {
  const main = join(import.meta.dirname, "../main.ts");
  const run = (...words: string[]) =>
    spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...words], {
      encoding: "utf8",
    });
  expect(run("release-key", "--out", at("third.pem")).stdout).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  const names = ["--kind", "software", "--title", "Logger", "--version", "3.1"];
  const { stdout, status } = run("sign-release", "--key", at("third.pem"), ...names, at("package.bin"));
  const expected = await signRelease({
    ...{ kind: "software", title: "Logger", version: "3.1" },
    ...{ file: at("package.bin"), keyFile: at("third.pem") },
  });
  expect([status, stdout]).toEqual([0, `sha256     ${expected.sha256}\nsignature  ${expected.signature}\n`]);
  expect(stdout).not.toContain((await readFile(at("third.pem"), "utf8")).split("\n")[1]);
});

import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, openManagedShop } from "../../../../tests/support/managed-shop.ts";
import { makeSignedRelease, type SignedRelease } from "../../../../tests/support/signed-release.ts";
import { checksumOf } from "../../devices/index.ts";
import type { Role } from "../../people/index.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

async function upload(role: Role, made: SignedRelease, keyId: string, change: Record<string, string> = {}) {
  const form = new FormData();
  const fields = {
    ...{ kind: "firmware", title: made.title, version: made.version, profileId: "cold", keyId },
    ...{ checksumAlgorithm: "SHA256", checksum: checksumOf(made.bytes, "SHA256") },
    signature: made.signature.toString("base64"),
    ...change,
  };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("file", new File([new Uint8Array(made.bytes)], "package.bin"));
  const response = await shop.app.request("/api/releases", {
    ...{ method: "POST", headers: { cookie: role }, body: form },
  });
  // A test looks into any answer without a type for each.
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it is said by the test.
  return { status: response.status, body: (await response.json()) as any };
}

const addKey = (made: SignedRelease) =>
  shop.ask("owner", "POST", "/api/release-keys", { name: made.title, publicPem: made.publicPem });
const audited = async (kind: string) =>
  (await shop.guard.audit({ limit: 200 })).entries.filter((one) => one.kind === kind);

test("a package is taken in whole, listed with its key's name, and stands in the audit log", async () => {
  const made = makeSignedRelease("firmware", 300_000);
  const { body: key } = await addKey(made);
  const { status, body } = await upload("owner", made, key.id);
  expect([status, body.sizeBytes, body.keyName]).toEqual([200, 300_000, made.title]);
  const stored = await shop.deviceReleases.read(body.id, 0, 300_000);
  expect(stored.equals(made.bytes)).toBe(true);
  const { body: listed } = await shop.ask("owner", "GET", "/api/releases");
  expect(listed.items[0]).toMatchObject({ id: body.id, checksum: checksumOf(made.bytes, "SHA256") });
  expect((await audited("release-uploaded")).map((one) => one.body["releaseId"])).toContain(body.id);
});

test("what is untrue or unknown is refused in both languages, and nothing of it stays", async () => {
  const made = makeSignedRelease("firmware", 100);
  const { body: key } = await addKey(made);
  const refusals: [Record<string, string>, number][] = [
    [{ checksum: "ab".repeat(32) }, 400],
    [{ checksum: "no checksum" }, 400],
    [{ checksumAlgorithm: "ROT13" }, 400],
    [{ signature: Buffer.alloc(64, 1).toString("base64") }, 400],
    [{ signature: "***" }, 400],
    [{ version: "9.9.9" }, 400],
    [{ keyId: "rky_none" }, 400],
    [{ profileId: "none" }, 404],
  ];
  for (const [change, status] of refusals) {
    const answer = await upload("owner", made, key.id, change);
    expect([change, answer.status]).toEqual([change, status]);
    expect([answer.body.message.en, answer.body.message.zh].every((text) => text.length > 0)).toBe(true);
  }
  const { body } = await shop.ask("owner", "GET", "/api/releases");
  expect(body.items.map(({ title }: { title: string }) => title)).not.toContain(made.title);
});

test("only an Ed25519 public key becomes a key, once; a revoked one takes in nothing", async () => {
  const ask = (publicPem: string) => shop.ask("owner", "POST", "/api/release-keys", { name: "k", publicPem });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).publicKey;
  const { privateKey } = generateKeyPairSync("ed25519");
  expect((await ask(rsa.export({ type: "spki", format: "pem" }).toString())).status).toBe(400);
  expect((await ask(privateKey.export({ type: "pkcs8", format: "pem" }).toString())).status).toBe(400);
  expect((await ask("no key at all")).status).toBe(400);
  const made = makeSignedRelease("firmware", 100);
  const { body: key } = await addKey(made);
  expect((await addKey(made)).status).toBe(409);
  expect((await shop.ask("owner", "POST", `/api/release-keys/${key.id}/revoke`)).status).toBe(200);
  expect((await shop.ask("owner", "POST", `/api/release-keys/${key.id}/revoke`)).status).toBe(404);
  expect((await upload("owner", made, key.id)).status).toBe(400);
});

test("a rollout is started, told and shown; words that do not fit its state are refused", async () => {
  const made = makeSignedRelease("firmware", 100);
  const { body: key } = await addKey(made);
  const { body: release } = await upload("owner", made, key.id);
  await shop.addDevice("release-box-1");
  await shop.addDevice("release-box-2");
  const plan = { releaseId: release.id, rings: [{ share: 0.5 }, { share: 1 }], failureShareMax: 0.2 };
  const ask = (rings: object) =>
    shop.ask("owner", "POST", "/api/rollouts", { ...plan, ...rings, failuresMin: 1, soakMinutes: 0 });
  expect((await ask({ rings: [{ share: 0.5 }] })).body.message.en).toContain("must rise and end at 1");
  expect((await ask({ rings: [{ share: 0.5 }, { share: 0.5 }, { share: 1 }] })).status).toBe(400);
  expect((await ask({ releaseId: "rel_none" })).status).toBe(404);
  const { status, body: rollout } = await ask({});
  expect([status, rollout.state, rollout.rings.length]).toEqual([200, "running", 2]);
  expect((await ask({})).status).toBe(409);
  const tell = async (word: string) =>
    (await shop.ask("owner", "POST", `/api/rollouts/${rollout.id}/${word}`)).status;
  expect([await tell("resume"), await tell("pause"), await tell("pause")]).toEqual([409, 200, 409]);
  expect([await tell("resume"), await tell("next"), await tell("next")]).toEqual([200, 200, 409]);
  expect([await tell("stop"), await tell("stop"), await tell("roll-back")]).toEqual([200, 409, 200]);
  const { body: one } = await shop.ask("owner", "GET", `/api/rollouts/${rollout.id}`);
  expect(one).toMatchObject({ state: "stopped", stoppedReason: { en: "Rolled back by The owner." } });
  const { body: all } = await shop.ask("owner", "GET", "/api/rollouts");
  expect(all.items[0]).toEqual(one);
  expect((await audited("rollout-told")).map((entry) => entry.body["word"])).toContain("roll-back");
  expect((await shop.ask("owner", "GET", "/api/rollouts/rol_none")).status).toBe(404);
});

test("a package that nothing needs is deleted with its bytes, and the audit log keeps its name", async () => {
  const made = makeSignedRelease("firmware", 100);
  const { body: key } = await addKey(made);
  const { body: release } = await upload("owner", made, key.id);
  const remove = () => shop.ask("owner", "DELETE", `/api/releases/${release.id}`);
  expect((await shop.ask("support", "DELETE", `/api/releases/${release.id}`)).status).toBe(403);
  const token = await shop.addDevice("release-runner");
  const says = (version: string) =>
    shop.send(token, { current_fw_title: release.title, current_fw_version: version });
  await says(release.version);
  const kept = await remove();
  expect([kept.status, kept.body.code, kept.body.details.deviceNames]).toEqual([
    ...[409, "state-forbids", ["release-runner"]],
  ]);
  expect(kept.body.message.en).toContain("release-runner");
  expect(kept.body.message.zh).toContain("release-runner");
  shop.clock.advance(1);
  await says("another");
  expect((await remove()).status).toBe(200);
  expect((await remove()).status).toBe(404);
  expect(await shop.deviceReleases.read(release.id, 0, 100)).toHaveLength(0);
  expect((await audited("release-deleted"))[0]?.body).toMatchObject({
    releaseId: release.id,
    ...{ title: release.title, version: release.version },
  });
});

test("a package that a rollout names, also one that is over, stays; so does what a device should run", async () => {
  const made = makeSignedRelease("firmware", 100);
  const { body: key } = await addKey(made);
  const { body: release } = await upload("owner", made, key.id);
  await shop.addDevice("release-box-3");
  const plan = {
    releaseId: release.id,
    rings: [{ share: 1 }],
    failureShareMax: 1,
    failuresMin: 1,
    soakMinutes: 0,
  };
  const { body: rollout } = await shop.ask("owner", "POST", "/api/rollouts", plan);
  await shop.rollouts.advance();
  const remove = () => shop.ask("owner", "DELETE", `/api/releases/${release.id}`);
  const { body: used } = await remove();
  expect(used.details.rolloutIds).toEqual([rollout.id]);
  expect(used.details.deviceNames).toContain("release-box-3");
  await shop.ask("owner", "POST", `/api/rollouts/${rollout.id}/roll-back`);
  await shop.rollouts.advance();
  const { status, body: named } = await remove();
  expect([status, named.details]).toEqual([409, { deviceNames: [], rolloutIds: [rollout.id] }]);
  expect(named.message.en).toContain("(stopped)");
});

test("who may only read devices starts, uploads and tells nothing", async () => {
  const made = makeSignedRelease("firmware", 100);
  expect((await upload("support", made, "rky_1")).status).toBe(403);
  for (const path of [
    "/api/release-keys",
    "/api/release-keys/k/revoke",
    "/api/rollouts",
    "/api/rollouts/r/stop",
  ])
    expect([path, (await shop.ask("support", "POST", path, {})).status]).toEqual([path, 403]);
});

// What the shop takes in: nothing whose checksum, signature, key or name is not what it says.
import { checksumOf } from "../../server/src/devices/index.ts";
import { same } from "./device-api-case.ts";
import type { ReleaseCase, ReleaseScope } from "./releases-case.ts";
import type { Package, UploadLie } from "./releases-shop.ts";

const sizeBytes = 5_000;

function aPackage(title: string, bytes: Buffer, version = "2.0.0"): Package {
  return { kind: "firmware", title, version, bytes };
}

/** Refused with a sentence that names the reason, and nothing of it is in the shop. */
async function refused(
  { shop }: ReleaseScope,
  upload: { readonly profileId: string; readonly made: Package; readonly lie: UploadLie },
  says: RegExp,
): Promise<void> {
  const { profileId, made, lie } = upload;
  const answer = await shop.upload(profileId, made, lie);
  same(
    [answer.status, says.test(answer.body.message?.en ?? "")],
    [400, true],
    `refused with ${String(says)}`,
  );
  const { body } = await shop.ask<{ items: { profileId: string }[] }>("GET", "/api/releases");
  same(
    body.items.filter((item) => item.profileId === profileId).length,
    0,
    "packages of this kind in the shop",
  );
}

export const uploadCases: readonly ReleaseCase[] = [
  {
    name: "an honest upload is taken in, and the same version never again",
    run: async ({ shop, bytes }) => {
      const profileId = await shop.makeProfile();
      const made = aPackage(profileId, bytes(sizeBytes));
      const { status, body } = await shop.upload(profileId, made);
      same(
        [status, body.sizeBytes, body.checksum],
        [200, sizeBytes, checksumOf(made.bytes, "SHA256")],
        "taken in",
      );
      same(
        (await shop.upload(profileId, aPackage(profileId, bytes(sizeBytes)))).status,
        409,
        "the same version again",
      );
    },
  },
  {
    name: "an upload with another checksum is refused",
    run: async (scope) => {
      const profileId = await scope.shop.makeProfile();
      const made = aPackage(profileId, scope.bytes(sizeBytes));
      const lie = { checksum: checksumOf(Buffer.from("another file"), "SHA256") };
      await refused(scope, { profileId, made, lie }, /SHA256 of the file is/);
    },
  },
  {
    name: "an upload whose signature is of another file is refused",
    run: async (scope) => {
      const profileId = await scope.shop.makeProfile();
      const made = aPackage(profileId, scope.bytes(sizeBytes));
      const key = await scope.shop.addKey();
      const signature = scope.shop.signWith(key.privateKey, { ...made, bytes: scope.bytes(sizeBytes) });
      await refused(scope, { profileId, made, lie: { keyId: key.id, signature } }, /signature does not fit/);
    },
  },
  {
    name: "an upload signed with another key than it names is refused",
    run: async (scope) => {
      const profileId = await scope.shop.makeProfile();
      const made = aPackage(profileId, scope.bytes(sizeBytes));
      const [named, used] = [await scope.shop.addKey(), await scope.shop.addKey()];
      const lie = { keyId: named.id, signature: scope.shop.signWith(used.privateKey, made) };
      await refused(scope, { profileId, made, lie }, /signature does not fit/);
    },
  },
  {
    name: "an upload signed with a revoked key is refused",
    run: async (scope) => {
      const profileId = await scope.shop.makeProfile();
      const made = aPackage(profileId, scope.bytes(sizeBytes));
      const key = await scope.shop.addKey();
      await scope.shop.ask("POST", `/api/release-keys/${key.id}/revoke`);
      const lie = { keyId: key.id, signature: scope.shop.signWith(key.privateKey, made) };
      await refused(scope, { profileId, made, lie }, /unknown or revoked/);
    },
  },
  {
    name: "an old package under a new version is refused",
    run: async (scope) => {
      const profileId = await scope.shop.makeProfile();
      const made = aPackage(profileId, scope.bytes(sizeBytes), "1.0.0");
      await refused(scope, { profileId, made, lie: { version: "3.0.0" } }, /signature does not fit/);
    },
  },
  {
    name: "a package under another title is refused",
    run: async (scope) => {
      const profileId = await scope.shop.makeProfile();
      const made = aPackage(profileId, scope.bytes(sizeBytes));
      await refused(scope, { profileId, made, lie: { title: "another" } }, /signature does not fit/);
    },
  },
  {
    name: "a title with a line break, which could stand for two names, is refused",
    run: async (scope) => {
      const profileId = await scope.shop.makeProfile();
      const made = aPackage("two\nlines", scope.bytes(sizeBytes));
      await refused(scope, { profileId, made, lie: {} }, /hold no line break/);
    },
  },
];

// Packages for devices and their rollouts. The private key of a signature never comes here.
import {
  releaseKeySchema,
  releaseKindSchema,
  releaseViewSchema,
  rolloutViewSchema,
} from "@waremind/contract";
import { z } from "zod";
import { checksumAlgorithms, releaseLimits } from "../../devices/index.ts";
import { removeRelease } from "../../flows/remove-release.ts";
import type { RolloutWord } from "../../flows/rollouts.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, notFound, ok, okSchema, personOf, type Route } from "../route.ts";
import { releaseView, releaseViews, rolloutView, rolloutViews } from "../views/release-views.ts";

/** What stands around the file in a form. */
const formOverheadBytes = 64 * 1024;
const rolloutsShownMax = 50;
const textField = z.string().trim().min(1).max(100);

export function releaseRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    listRoute(needs),
    uploadRoute(needs),
    removeRoute(needs),
    ...keyRoutes(needs),
    ...rolloutRoutes(needs),
    startRoute(needs),
    ...wordRoutes(needs),
  ];
}

function listRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "get",
    path: "/api/releases",
    summary: "Packages for devices, newest first, and the keys that may sign them.",
    access: "devices.read",
    answers: z.object({ items: z.array(releaseViewSchema), keys: z.array(releaseKeySchema) }),
    handle: async () => ({
      items: await releaseViews(needs),
      keys: [...(await needs.deviceReleases.keys())],
    }),
  });
}

const uploadSchema = z.object({
  file: z.file().max(releaseLimits.sizeBytesMax).meta({ type: "string", format: "binary" }),
  kind: releaseKindSchema,
  title: textField,
  version: textField,
  tag: z.string().trim().max(100).default(""),
  profileId: textField,
  checksumAlgorithm: z.enum(checksumAlgorithms as [string, ...string[]]),
  checksum: z
    .string()
    .trim()
    .regex(/^[\da-fA-F]{8,128}$/u, "must be hexadecimal"),
  signature: z.base64().max(200),
  keyId: textField,
});

function uploadRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/releases",
    summary: "Takes in a signed package. Refused unless its checksum and signature hold.",
    access: "devices.write",
    body: uploadSchema,
    bodyKind: "form",
    bodyBytesMax: releaseLimits.sizeBytesMax + formOverheadBytes,
    answers: releaseViewSchema,
    handle: async ({ body, caller }) => {
      const person = personOf(caller);
      if (!(await needs.devices.listProfiles()).some(({ id }) => id === body.profileId))
        throw notFound({ en: `profile ${body.profileId}`, zh: `设备配置 ${body.profileId}` });
      const { file, signature, checksumAlgorithm, ...rest } = body;
      const bytes = Buffer.from(await file.arrayBuffer());
      const algorithm = checksumAlgorithms.find((one) => one === checksumAlgorithm);
      if (algorithm === undefined) throw new Error("The schema lets known algorithms through only.");
      // Before the transaction: the sums of a large package take seconds, and nobody else should wait for them.
      const digests = await needs.deviceReleases.digest(bytes, algorithm);
      const release = await needs.database.transaction(async (connection) => {
        const made = await needs.deviceReleases.upload(
          connection,
          {
            ...rest,
            fileName: file.name.slice(0, 200),
            checksumAlgorithm: algorithm,
            signature: Buffer.from(signature, "base64"),
            createdBy: person.name,
          },
          bytes,
          digests,
        );
        await needs.guard.appendAudit(connection, {
          kind: "release-uploaded",
          actor: person,
          body: { releaseId: made.id, title: made.title, version: made.version, checksum: made.checksum },
        });
        return made;
      });
      const keyNames = new Map((await needs.deviceReleases.keys()).map(({ id, name }) => [id, name]));
      return releaseView(release, keyNames);
    },
  });
}

function removeRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "delete",
    path: "/api/releases/{id}",
    summary: "Deletes a package that no device runs or should run and no rollout names.",
    access: "devices.write",
    params: idParam,
    answers: okSchema,
    handle: async ({ params, caller }) => {
      await removeRelease(needs, params.id, personOf(caller));
      return ok;
    },
  });
}

function keyRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/release-keys",
      summary: "Adds an Ed25519 public key whose packages are taken in.",
      access: "devices.write",
      body: z.object({ name: textField, publicPem: z.string().max(2_000) }),
      answers: releaseKeySchema,
      handle: async ({ body, caller }) =>
        needs.database.transaction(async (connection) => {
          const key = await needs.deviceReleases.addKey(connection, body);
          await needs.guard.appendAudit(connection, {
            kind: "release-key-added",
            actor: personOf(caller),
            body: { keyId: key.id, name: key.name },
          });
          return key;
        }),
    }),
    defineRoute({
      method: "post",
      path: "/api/release-keys/{id}/revoke",
      summary: "Takes in nothing signed by this key from now on.",
      access: "devices.write",
      params: idParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await needs.database.transaction(async (connection) => {
          await needs.deviceReleases.revokeKey(connection, params.id);
          await needs.guard.appendAudit(connection, {
            kind: "release-key-revoked",
            actor: personOf(caller),
            body: { keyId: params.id },
          });
        });
        return ok;
      },
    }),
  ];
}

function rolloutRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/rollouts",
      summary:
        "Rollouts, newest first; of a large one the devices that failed first. Ask for one to see all.",
      access: "devices.read",
      answers: itemsOf(rolloutViewSchema),
      handle: async () => {
        const rollouts = (await needs.deviceRollouts.list()).slice(0, rolloutsShownMax);
        return { items: await rolloutViews(needs, rollouts) };
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/rollouts/{id}",
      summary: "One rollout with every device in it.",
      access: "devices.read",
      params: idParam,
      answers: rolloutViewSchema,
      handle: async ({ params }) => {
        const rollout = await needs.deviceRollouts.find(params.id);
        if (rollout === null) throw notFound({ en: `rollout ${params.id}`, zh: `发布任务 ${params.id}` });
        return rolloutView(needs, rollout);
      },
    }),
  ];
}

function startRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/rollouts",
    summary: "Offers a release to the devices of its profile, ring by ring.",
    access: "devices.write",
    body: z.object({
      releaseId: textField,
      rings: z
        .array(z.object({ share: z.number().positive().max(1) }))
        .min(1)
        .max(releaseLimits.ringsMax),
      failureShareMax: z.number().min(0).max(1),
      failuresMin: z.int().min(1).max(10_000),
      soakMinutes: z.number().min(0).max(43_200),
    }),
    answers: rolloutViewSchema,
    handle: async ({ body, caller }) => {
      const person = personOf(caller);
      const rollout = await needs.rollouts.start(body, person.name, (connection, made) =>
        needs.guard.appendAudit(connection, {
          kind: "rollout-started",
          actor: person,
          body: { rolloutId: made.id, ...body },
        }),
      );
      needs.bus.publish({ kind: "rollout-changed", rolloutId: rollout.id, state: rollout.state });
      return rolloutView(needs, rollout);
    },
  });
}

const words: readonly (readonly [RolloutWord, string])[] = [
  ["pause", "Offers the release to nobody new."],
  ["resume", "Goes on where it was paused."],
  ["stop", "Stops: who has begun may finish, nobody else is offered it."],
  ["next", "Serves the next ring without waiting for this one."],
  ["roll-back", "Stops and offers every device what it ran before."],
];

function wordRoutes(needs: HttpDependencies): readonly Route[] {
  return words.map(([word, summary]) =>
    defineRoute({
      method: "post",
      path: `/api/rollouts/{id}/${word}`,
      summary,
      access: "devices.write",
      params: idParam,
      answers: rolloutViewSchema,
      handle: async ({ params, caller }) => {
        const person = personOf(caller);
        const rollout = await needs.database.transaction(async (connection) => {
          const changed = await needs.rollouts.command(connection, {
            rolloutId: params.id,
            word,
            by: person.name,
          });
          await needs.guard.appendAudit(connection, {
            kind: "rollout-told",
            actor: person,
            body: { rolloutId: params.id, word },
          });
          return changed;
        });
        needs.bus.publish({ kind: "rollout-changed", rolloutId: rollout.id, state: rollout.state });
        return rolloutView(needs, rollout);
      },
    }),
  );
}

// One device and one package: delivered, resumed, refused, and back to what it ran before.
import { createHash } from "node:crypto";
import type { ReleaseView, RolloutView } from "@waremind/contract";
import { same, so, until } from "./device-api-case.ts";
import type { ReleaseCase, ReleaseScope } from "./releases-case.ts";
import type { MakeDevice, ReleaseDevice } from "./releases-devices.ts";
import { type Meddling, type Middle, openMiddle } from "./releases-proxy.ts";
import type { MadeDevice } from "./releases-shop.ts";

export interface DeviceUnderTest {
  readonly name: string;
  readonly make: MakeDevice;
  readonly protocolVersion: 4 | 5;
  /** An old device looks at the checksum alone. */
  readonly checksSignatures: boolean;
}

const chunkBytes = 4_096;
const chunkCount = 21;
const sizeBytes = (chunkCount - 1) * chunkBytes + 777;
const allChunks = Array.from({ length: chunkCount }, (_, chunk) => chunk);
const waitMsMax = 30_000;
const sha256Of = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

interface Bench {
  readonly profileId: string;
  readonly made: MadeDevice;
  readonly device: ReleaseDevice;
  readonly middle: Middle;
  /** What it runs at the beginning; 1.0.0. */
  readonly first: ReleaseView;
}

/** A kind of device with one device of it, which runs 1.0.0 and says so. */
async function setUp(
  { shop, bytes, defer }: ReleaseScope,
  under: DeviceUnderTest,
  more: { readonly meddling?: Meddling; readonly failsAt?: readonly string[] } = {},
): Promise<Bench> {
  const profileId = await shop.makeProfile();
  const first = await shop.publish(profileId, "1.0.0", bytes(sizeBytes));
  const [made] = await shop.makeDevices(profileId, 1);
  if (made === undefined) throw new Error("A device was to be made.");
  const middle = await openMiddle(shop.mqttPort, under.protocolVersion, more.meddling);
  defer(() => middle.close());
  const device = await under.make({
    ...{ port: middle.port, token: made.token, trustedKeys: [shop.publicPem], chunkBytes },
    ...{ runs: { title: profileId, version: "1.0.0" }, protocolVersion: under.protocolVersion },
    ...(more.failsAt === undefined ? {} : { failsAt: more.failsAt }),
  });
  defer(() => device.stop());
  await until(
    "what the device says it runs",
    () => shop.said(made.id, "current_fw_version"),
    (said) => said === "1.0.0",
  );
  return { profileId, made, device, middle, first };
}

async function rollOut({ shop, bytes }: ReleaseScope, { profileId }: Bench, version = "2.0.0") {
  const whole = bytes(sizeBytes);
  const release = await shop.publish(profileId, version, whole);
  // One device of one: it may fail without stopping anything, so that the case is about the device alone.
  const rollout = await shop.start(release.id, { failureShareMax: 1 });
  return { release, rollout, whole };
}

async function untilState({ shop }: ReleaseScope, rollout: RolloutView, state: string): Promise<void> {
  await until(
    `the device ${state}`,
    async () => (await shop.rollout(rollout.id)).devices.map((device) => [device.state, device.error]),
    (seen) => seen[0]?.[0] === state,
    waitMsMax,
  );
}

export function deliveryCases(under: DeviceUnderTest): readonly ReleaseCase[] {
  const named = (name: string, run: ReleaseCase["run"]): ReleaseCase => ({
    name: `${under.name}: ${name}`,
    run,
  });
  return [
    named("delivered and installed, byte for byte, each chunk fetched once", async (scope) => {
      const bench = await setUp(scope, under);
      const { rollout, whole } = await rollOut(scope, bench);
      await untilState(scope, rollout, "updated");
      same(
        bench.device.installed.map(({ sha256 }) => sha256),
        [sha256Of(whole)],
        "installed",
      );
      same(bench.middle.asked, allChunks, "chunks asked for");
      await until(
        "the end of the rollout",
        async () => scope.shop.rollout(rollout.id),
        ({ state, devices }) => state === "finished" && devices[0]?.bytesSent === sizeBytes,
      );
    }),
    named("resumed after the line was cut at three points, fetching only what was missing", async (scope) => {
      const cutAtChunks = [0, 7, chunkCount - 1];
      const bench = await setUp(scope, under, { meddling: { cutAtChunks } });
      const { rollout, whole } = await rollOut(scope, bench);
      await untilState(scope, rollout, "updated");
      same(
        bench.device.installed.map(({ sha256 }) => sha256),
        [sha256Of(whole)],
        "installed",
      );
      const expected = allChunks.flatMap((chunk) => (cutAtChunks.includes(chunk) ? [chunk, chunk] : [chunk]));
      same(bench.middle.asked, expected, "chunks asked for");
      so(bench.middle.connectionCount > cutAtChunks.length, "a new connection after each cut");
    }),
    named("a bit flipped on the way is refused by the device and told", async (scope) => {
      const bench = await setUp(scope, under, { meddling: { flipInChunk: 5 } });
      const { rollout } = await rollOut(scope, bench);
      await until(
        "the failure",
        async () => (await scope.shop.rollout(rollout.id)).devices[0],
        (device) =>
          (device?.state === "failed" || device?.state === "rolled-back") &&
          /checksum/.test(device.error ?? ""),
        waitMsMax,
      );
      same([bench.device.installed, bench.device.runs.version], [[], "1.0.0"], "installed");
    }),
    named(
      "a failed installation leaves the device with what it ran, and its offer is taken back",
      async (scope) => {
        const bench = await setUp(scope, under, { failsAt: ["2.0.0"] });
        const { rollout } = await rollOut(scope, bench);
        await until(
          "the offer of what it ran",
          async () => scope.shop.assigned(bench.made.id),
          (assigned) => assigned === bench.first.id,
          waitMsMax,
        );
        const [device] = (await scope.shop.rollout(rollout.id)).devices;
        same(device?.error, "2.0.0 does not start here", "the reason");
        same([bench.device.installed, bench.device.runs.version], [[], "1.0.0"], "installed");
      },
    ),
    named("a failure after the update brings the release before, which then runs", async (scope) => {
      const bench = await setUp(scope, under);
      const { rollout } = await rollOut(scope, bench);
      await untilState(scope, rollout, "updated");
      bench.device.complain("it reboots every minute");
      await untilState(scope, rollout, "rolled-back");
      same(
        bench.device.installed.map(({ version }) => version),
        ["2.0.0", "1.0.0"],
        "installed, in order",
      );
      same(
        [bench.device.runs.version, bench.device.installed[1]?.sha256],
        ["1.0.0", bench.first.checksum],
        "what runs",
      );
    }),
    named("a manual roll-back brings the release before", async (scope) => {
      const bench = await setUp(scope, under);
      const { rollout } = await rollOut(scope, bench);
      await untilState(scope, rollout, "updated");
      same(await scope.shop.tell(rollout.id, "roll-back"), 200, "the word");
      await untilState(scope, rollout, "rolled-back");
      same(bench.device.runs.version, "1.0.0", "what runs");
      same((await scope.shop.rollout(rollout.id)).state, "stopped", "the rollout");
    }),
    ...(under.checksSignatures ? signatureCases(under, named) : []),
  ];
}

function signatureCases(
  under: DeviceUnderTest,
  named: (name: string, run: ReleaseCase["run"]) => ReleaseCase,
): readonly ReleaseCase[] {
  return [
    named(
      "a package under another version, offered past the shop's own check, is refused by the device",
      async (scope) => {
        const bench = await setUp(scope, under);
        const { release, rollout } = await rollOut(scope, bench);
        await untilState(scope, rollout, "updated");
        // As if someone with the database put the signed 2.0.0 out as a newer 9.0.0.
        await scope.shop.forge(bench.made.id, release.id, "9.0.0");
        const failure = await until(
          "the refusal",
          () => bench.device.failures,
          (failures) => failures.length > 0,
          waitMsMax,
        );
        same(/no key that this device trusts/.test(failure[0] ?? ""), true, "the reason");
        same([bench.device.installed.length, bench.device.runs.version], [1, "2.0.0"], "installed");
      },
    ),
    named("a package signed by a key the shop trusts and the device does not is refused", async (scope) => {
      const bench = await setUp(scope, under);
      const key = await scope.shop.addKey();
      const made = {
        kind: "firmware" as const,
        title: bench.profileId,
        version: "2.0.0",
        bytes: scope.bytes(sizeBytes),
      };
      const lie = { keyId: key.id, signature: scope.shop.signWith(key.privateKey, made) };
      const { status, body } = await scope.shop.upload(bench.profileId, made, lie);
      same(status, 200, "the upload");
      const rollout = await scope.shop.start(body.id, { failureShareMax: 1 });
      await until(
        "the refusal",
        async () => (await scope.shop.rollout(rollout.id)).devices[0]?.error ?? "",
        (error) => /no key that this device trusts/.test(error),
        waitMsMax,
      );
      same([bench.device.installed, bench.device.runs.version], [[], "1.0.0"], "installed");
    }),
  ];
}

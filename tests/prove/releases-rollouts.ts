// Many devices: rings, thresholds, pauses, restarts, and what a device that lost its release still gets.

import type { RolloutView } from "@waremind/contract";
import { connectAsync, type MqttClient } from "mqtt";
import { same, so, until } from "./device-api-case.ts";
import type { ReleaseCase, ReleaseScope } from "./releases-case.ts";
import { makeOwnDevice, makePlainDevice, type ReleaseDevice } from "./releases-devices.ts";
import type { MadeDevice } from "./releases-shop.ts";

const chunkBytes = 4_096;
const sizeBytes = 3 * chunkBytes + 1;
const waitMsMax = 40_000;

/** Half of them our own client, half as ThingsBoard's; those whose index is at most `failing` cannot run 2.0.0. */
async function bringUp(
  { shop, defer }: ReleaseScope,
  profileId: string,
  made: readonly MadeDevice[],
  failsAt: (index: number) => readonly string[] = () => [],
): Promise<readonly ReleaseDevice[]> {
  return Promise.all(
    made.map(async ({ token }, index) => {
      const device = await (index % 2 === 0 ? makeOwnDevice : makePlainDevice)({
        ...{ port: shop.mqttPort, token, trustedKeys: [shop.publicPem], chunkBytes },
        ...{ runs: { title: profileId, version: "1.0.0" }, failsAt: failsAt(index) },
        protocolVersion: index % 4 < 2 ? 5 : 4,
      });
      defer(() => device.stop());
      return device;
    }),
  );
}

async function aKind(
  { shop, bytes }: ReleaseScope,
  deviceCount: number,
): Promise<{ profileId: string; made: readonly MadeDevice[]; firstId: string; release: { id: string } }> {
  const profileId = await shop.makeProfile();
  const { id: firstId } = await shop.publish(profileId, "1.0.0", bytes(sizeBytes));
  const release = await shop.publish(profileId, "2.0.0", bytes(sizeBytes));
  return { profileId, made: await shop.makeDevices(profileId, deviceCount), firstId, release };
}

const untilRollout = (
  { shop }: ReleaseScope,
  id: string,
  what: string,
  isSo: (rollout: RolloutView) => boolean,
): Promise<RolloutView> => until(what, () => shop.rollout(id), isSo, waitMsMax);

const statesIn = (rollout: RolloutView, ring: number): string[] =>
  rollout.devices.filter((device) => device.ring === ring).map(({ state }) => state);

export const rolloutCases: readonly ReleaseCase[] = [
  {
    name: "20 devices in a ring, 5 fail at a threshold of 20 %: stopped, told, withdrawn, the next ring untouched",
    run: stoppedAtThreshold,
  },
  {
    name: "4 of 20 failures are within 20 %: the next ring is served, and the rollout finishes",
    run: withinThreshold,
  },
  { name: "a paused rollout offers nothing, a resumed one goes on", run: pausedAndResumed },
  { name: "a server that restarts in the middle of a rollout goes on where it was", run: restarted },
  { name: "a package taken back in the middle of a download yields no further chunk", run: takenBack },
  { name: "two rollouts for the same devices at the same time are refused", run: oneAtATime },
  { name: "what failed and went back can be rolled out again", run: rolledOutAgain },
];

async function stoppedAtThreshold(scope: ReleaseScope): Promise<void> {
  const { shop } = scope;
  const { profileId, made, release } = await aKind(scope, 40);
  const rollout = await shop.start(release.id, { shares: [0.5, 1], failureShareMax: 0.2 });
  const ringOf = new Map(rollout.devices.map(({ deviceName, ring }) => [deviceName, ring]));
  const firstRing = made.filter(({ name }) => ringOf.get(name) === 0);
  const secondRing = made.filter(({ name }) => ringOf.get(name) === 1);
  same([firstRing.length, secondRing.length], [20, 20], "devices in the rings");
  // Four never come: they are offered the release and have not begun when the rollout stops.
  const away = firstRing.slice(16);
  await untilRollout(scope, rollout.id, "offers to all of the ring", (view) =>
    statesIn(view, 0).every((state) => state === "offered"),
  );
  await bringUp(scope, profileId, secondRing);
  await bringUp(scope, profileId, firstRing.slice(0, 11));
  await untilRollout(scope, rollout.id, "11 updates", (view) => view.rings[0]?.updated === 11);
  await bringUp(scope, profileId, firstRing.slice(11, 16), () => ["2.0.0"]);
  const stopped = await untilRollout(
    scope,
    rollout.id,
    "the stop and the withdrawals",
    (view) =>
      view.state === "stopped" && statesIn(view, 0).filter((state) => state === "waiting").length === 4,
  );
  same([stopped.rings[0]?.failed, stopped.rings[0]?.updated], [5, 11], "failed and updated");
  so(
    stopped.stoppedReason?.en.includes("5 of 20 devices failed") === true,
    "the reason",
    stopped.stoppedReason,
  );
  same(new Set(statesIn(stopped, 1)), new Set(["waiting"]), "states in the second ring");
  for (const { id } of [...secondRing, ...away])
    same(await shop.assigned(id), null, "assigned to one not begun");
  const alarm = (await shop.alarms()).find(({ subjectId }) => subjectId === rollout.id);
  same([alarm?.kind, alarm?.message.en.includes("5 of 20")], ["release", true], "the alarm");
}

async function withinThreshold(scope: ReleaseScope): Promise<void> {
  const { shop } = scope;
  const { profileId, made, release } = await aKind(scope, 30);
  const rollout = await shop.start(release.id, { shares: [2 / 3, 1], failureShareMax: 0.2 });
  const ringOf = new Map(rollout.devices.map(({ deviceName, ring }) => [deviceName, ring]));
  const ordered = made.toSorted(
    (left, right) => (ringOf.get(left.name) ?? 0) - (ringOf.get(right.name) ?? 0),
  );
  await bringUp(scope, profileId, ordered, (index) => (index < 4 ? ["2.0.0"] : []));
  const finished = await untilRollout(scope, rollout.id, "the end", ({ state }) => state === "finished");
  same(
    finished.rings.map(({ deviceCount, updated, failed }) => [deviceCount, updated, failed]),
    [
      [20, 16, 4],
      [10, 10, 0],
    ],
    "devices, updated, failed by ring",
  );
}

async function pausedAndResumed(scope: ReleaseScope): Promise<void> {
  const { shop } = scope;
  const { profileId, made, release } = await aKind(scope, 6);
  const rollout = await shop.start(release.id, { shares: [0.5, 1] });
  same(await shop.tell(rollout.id, "pause"), 200, "pause");
  const ringOf = new Map(rollout.devices.map(({ deviceName, ring }) => [deviceName, ring]));
  await bringUp(scope, profileId, made);
  let looks = 0;
  shop.looks();
  await until(
    "looks at the rollouts",
    () => {
      looks += shop.looks();
      return looks;
    },
    (count) => count >= 4,
  );
  // Whatever was offered before the pause may finish; the second ring is not reached.
  const paused = await shop.rollout(rollout.id);
  same(new Set(statesIn(paused, 1)), new Set(["waiting"]), "the second ring while paused");
  same(await shop.tell(rollout.id, "pause"), 409, "a second pause");
  same(await shop.tell(rollout.id, "resume"), 200, "resume");
  await untilRollout(scope, rollout.id, "the end", ({ state }) => state === "finished");
  same(ringOf.size, 6, "devices");
}

async function restarted(scope: ReleaseScope): Promise<void> {
  const { shop } = scope;
  const { profileId, made, release } = await aKind(scope, 8);
  const rollout = await shop.start(release.id, { shares: [0.25, 0.5, 1] });
  const devices = await bringUp(scope, profileId, made);
  await untilRollout(scope, rollout.id, "the second ring", (view) => view.ring >= 1);
  await shop.restart();
  const finished = await untilRollout(scope, rollout.id, "the end", ({ state }) => state === "finished");
  same(finished.rings.at(-1)?.failed, 0, "failures");
  same(
    devices.map(({ runs }) => runs.version),
    made.map(() => "2.0.0"),
    "what runs",
  );
  same(
    devices.map(({ installed }) => installed.length),
    made.map(() => 1),
    "installations",
  );
}

async function takenBack(scope: ReleaseScope): Promise<void> {
  const { shop, defer } = scope;
  const { made, release } = await aKind(scope, 1);
  const [device] = made;
  const rollout = await shop.start(release.id);
  await untilRollout(scope, rollout.id, "the offer", (view) => statesIn(view, 0)[0] === "offered");
  const client = await connectAsync(`mqtt://127.0.0.1:${shop.mqttPort}`, {
    ...{ username: device?.token ?? "", reconnectPeriod: 0 },
  });
  defer(() => client.endAsync(true));
  const seen = listen(client);
  const ask = (chunk: number): void =>
    void client.publish(`v2/fw/request/7/chunk/${chunk}`, String(chunkBytes), { qos: 1 });
  ask(0);
  await until(
    "the first chunk",
    () => [...seen.topics],
    (topics) => topics.includes("v2/fw/response/7/chunk/0"),
  );
  same(await shop.tell(rollout.id, "stop"), 200, "stop");
  await until(
    "the withdrawal",
    () => shop.assigned(device?.id ?? 0),
    (assigned) => assigned === null,
  );
  ask(1);
  await until(
    "the end of the connection",
    () => client.connected,
    (isConnected) => !isConnected,
  );
  same(
    seen.topics.filter((topic) => topic.includes("response")),
    ["v2/fw/response/7/chunk/0"],
    "chunks",
  );
  same(seen.topics.at(-1), "v2/fw/error", "the last message");
}

function listen(client: MqttClient): { readonly topics: string[] } {
  const topics: string[] = [];
  client.on("message", (topic) => topics.push(topic));
  client.on("error", () => undefined);
  return { topics };
}

async function oneAtATime(scope: ReleaseScope): Promise<void> {
  const { shop } = scope;
  const { release } = await aKind(scope, 3);
  const plan = {
    releaseId: release.id,
    rings: [{ share: 1 }],
    failureShareMax: 1,
    failuresMin: 1,
    soakMinutes: 0,
  };
  const both = await Promise.all([1, 2].map(() => shop.ask("POST", "/api/rollouts", plan)));
  same(both.map(({ status }) => status).toSorted(), [200, 409], "answers");
}

async function rolledOutAgain(scope: ReleaseScope): Promise<void> {
  const { shop } = scope;
  const { profileId, made, release, firstId } = await aKind(scope, 2);
  const fails = ["2.0.0"];
  const devices = await bringUp(scope, profileId, made, () => fails);
  for (const { id } of made)
    await until(
      "what runs",
      () => shop.said(id, "current_fw_version"),
      (said) => said === "1.0.0",
    );
  const first = await shop.start(release.id, { failureShareMax: 1 });
  const wentBack = async (): Promise<(string | null)[]> =>
    Promise.all(made.map(({ id }) => shop.assigned(id)));
  await until("both back", wentBack, (assigned) => assigned.every((id) => id === firstId), waitMsMax);
  await untilRollout(scope, first.id, "the end of the first", ({ state }) => state === "finished");
  // The cause is mended on the devices; the same release goes out again, and the first rollout has no say in it.
  fails.length = 0;
  const second = await shop.start(release.id, { failureShareMax: 1 });
  await untilRollout(
    scope,
    second.id,
    "the end of the second",
    ({ state, rings }) => state === "finished" && rings[0]?.updated === 2,
  );
  same(
    devices.map(({ runs }) => runs.version),
    ["2.0.0", "2.0.0"],
    "what runs",
  );
  same(await wentBack(), [release.id, release.id], "assigned");
}

// What is done again and again without anybody asking, and in which processes.
import { processLimits } from "../platform/processes.ts";
import type { Domains, Flows, Ground } from "./domains.ts";
import { createRecurring, type Recurring } from "./recurring.ts";
import { hasRole } from "./roles.ts";
import { createVitalSigns } from "./vital-signs.ts";

const silenceCheckMs = 5_000;
const rolloutCheckMs = 5_000;
const rollupMs = 5 * 60_000;
const expiryCheckMs = 30_000;
const commandExpiryMs = 1_000;
/** Commands are sent when they are queued; this finds what another process queued or a failure left. */
const commandSweepMs = 10_000;
/** Outcomes are told right after the decision; this finds what a stop or a failure left. */
const outcomesCheckMs = 10_000;
const ledgerFlushMs = 5_000;
const deathCheckMs = 5_000;

type Stops = (() => Promise<unknown>)[];

/** Starts them; where there are several processes, each does its own and one worker what one at a time may do. */
export function startRecurring(ground: Ground, domains: Domains, flows: Flows, stops: Stops): void {
  const { config, bus, log } = ground;
  const ofDevices: Recurring[] = [
    { name: "command-sweep", everyMs: commandSweepMs, run: async () => flows.deviceHub.sweep() },
  ];
  const recurring = createRecurring(
    [
      ...(hasRole(config, "ingest") ? ofDevices : []),
      ...(hasRole(config, "worker") ? onlyLeader(ofTheShop(ground, domains, flows), flows) : []),
      // In each process: what its devices fetched is known to it alone.
      { name: "rollouts", everyMs: rolloutCheckMs, run: async () => flows.rollouts.poke() },
      { name: "limit-ledger", everyMs: ledgerFlushMs, run: () => domains.limitLedger.flush() },
      ...ofCluster(ground, domains, flows),
    ],
    log,
  );
  stops.push(() => flows.rollouts.settled());
  // What a device reported may let its rollout go on at once.
  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === "rollout-changed" && hasRole(config, "worker")) flows.rollouts.poke();
  });
  stops.push(() => Promise.resolve(unsubscribe()));
  const { worker } = flows;
  if (worker !== null) stops.push(() => worker.stop());
  recurring.start();
  stops.push(() => recurring.stop());
}

/** Silence is noticed and approvals run out without anybody asking. */
function ofTheShop({ bus }: Ground, { telemetry }: Domains, flows: Flows): readonly Recurring[] {
  return [
    {
      name: "silence",
      everyMs: silenceCheckMs,
      run: async () => {
        for (const event of await flows.silenceWatch.check()) bus.publish(event);
        for (const event of await flows.ruleTimeWatch.check()) bus.publish(event);
      },
    },
    { name: "rollups", everyMs: rollupMs, run: async () => void (await telemetry.rollUp()) },
    { name: "approval-expiry", everyMs: expiryCheckMs, run: async () => void (await flows.actions.expire()) },
    {
      name: "outcome-messages",
      everyMs: outcomesCheckMs,
      run: async () => void (await flows.outcomeMessages.tell()),
    },
    {
      name: "command-expiry",
      everyMs: commandExpiryMs,
      run: async () => void (await flows.commandDesk.expire()),
    },
  ];
}

function onlyLeader(jobs: readonly Recurring[], { worker }: Flows): readonly Recurring[] {
  if (worker === null) return jobs;
  return jobs.map((job) => ({
    ...job,
    run: () => (worker.isLeader() ? job.run() : Promise.resolve()),
  }));
}

function ofCluster(ground: Ground, domains: Domains, flows: Flows): readonly Recurring[] {
  const { cluster } = ground;
  if (cluster === undefined) return [];
  const { beat, buryDead } = createVitalSigns({ ...ground, cluster }, domains, flows);
  const { worker } = flows;
  const vital = { name: "heartbeat", everyMs: processLimits.heartbeatMs, run: beat };
  if (worker === null) return [vital];
  const balance = { name: "balance", everyMs: processLimits.heartbeatMs, run: () => worker.balance() };
  const death = { name: "dead-processes", everyMs: deathCheckMs, run: buryDead };
  return [vital, balance, ...onlyLeader([death], flows)];
}

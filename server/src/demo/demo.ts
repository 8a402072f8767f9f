// The demo at run time: the fleet that always runs, and the stories a person starts and stops.
import { join } from "node:path";
import type { BilingualText, DeviceScenarioInput, Scenario } from "@waremind/contract";
import { DomainError } from "../platform/errors.ts";
import type { DemoDependencies } from "./demo-dependencies.ts";
import { type EdgeExit, type EdgeProcess, startEdgeProcess } from "./edge-process.ts";
import { type PreparedStory, prepareStory } from "./play-story.ts";
import { createFleet } from "./run-fleet.ts";
import { type Story, stories } from "./story.ts";
import { createTokenStore } from "./token-store.ts";

export interface Demo {
  /** Starts the twelve devices, each with a parcel, shelf or room of its own. */
  startFleet(): Promise<void>;
  scenarios(): readonly Scenario[];
  /**
   * Tells a story from its beginning, with an order, a shipment and a binding of its own. Refuses `not-found` for an
   * unknown one and `state-forbids` while it runs.
   */
  start(id: string): Promise<void>;
  /** Ends a running story; nothing happens when it does not run. */
  stop(id: string): Promise<void>;
  /** Ends every process of the demo; no binding is changed. */
  stopAll(): Promise<void>;
}

interface Run {
  state: Scenario["state"];
  startedAt: number | null;
  subjectLabel: string;
  askAs: Scenario["askAs"];
  problem: BilingualText | null;
  process: EdgeProcess | null;
  isStopAsked: boolean;
  /** Resolves when the process is gone and the story is closed. */
  closed: Promise<void>;
}

/** Files of the demo stand in a folder of their own. */
const folderName = "demo";

export function createDemo(given: DemoDependencies): Demo {
  const deps = { ...given, log: given.log.child({ component: "demo" }) };
  const directory = join(deps.dataDirectory, folderName);
  const tokens = createTokenStore({ ...deps, directory });
  const fleet = createFleet({ ...deps, tokens, directory });
  const runs = new Map<string, Run>();
  let isStopping = false;

  const change = (story: Story, run: Run, state: Run["state"]): void => {
    run.state = state;
    deps.bus.publish({ kind: "scenario-changed", scenarioId: story.id, state });
  };

  const tell = async (story: Story, run: Run): Promise<void> => {
    const prepared = await prepareStory(deps, story);
    run.subjectLabel = prepared.subjectLabel;
    run.askAs = prepared.askAs;
    try {
      const scenario = atPace(prepared.scenario, deps.stepMs);
      const token = await tokens.tokensFor([prepared.device]);
      run.process = await startEdgeProcess({
        ...deps,
        scenario,
        tokens: token,
        address: deps.mqtt,
        directory,
      });
    } catch (error) {
      await prepared.close(false);
      throw error;
    }
    run.closed = run.process.exited.then((exit) => close(story, run, prepared, exit));
    change(story, run, "running");
    if (run.isStopAsked) await run.process.stop();
  };

  const close = async (story: Story, run: Run, prepared: PreparedStory, exit: EdgeExit): Promise<void> => {
    run.process = null;
    // On the way down bindings stay: the next start of the fleet settles them.
    if (isStopping) return;
    const isOver = exit.isFinished && !run.isStopAsked;
    if (!exit.isFinished && !run.isStopAsked) {
      deps.log.error(
        { scenario: story.id, complaint: exit.complaint },
        "the devices of a scenario broke off",
      );
      run.problem = brokeOff(exit);
    }
    await prepared.close(isOver).catch((error: unknown) => {
      deps.log.error({ error, scenario: story.id }, "a scenario could not be closed");
    });
    change(story, run, isOver ? "finished" : "stopped");
  };

  const start = async (id: string): Promise<void> => {
    const story = findStory(id);
    if (isStopping) throw serverStops();
    if (runs.get(id)?.state === "running") throw runsAlready(story);
    // Taken before the first await: a second start at the same moment is refused.
    const run: Run = { ...newRun(), startedAt: deps.clock.now(), state: "running" };
    const before = runs.get(id);
    runs.set(id, run);
    try {
      await tell(story, run);
    } catch (error) {
      if (before === undefined) runs.delete(id);
      else runs.set(id, before);
      throw error;
    }
  };

  return {
    startFleet: () => fleet.start(),
    scenarios: () => stories().map((story) => viewOf(story, runs.get(story.id))),
    start,
    stop: async (id) => {
      const run = runs.get(findStory(id).id);
      if (run === undefined || run.state !== "running") return;
      run.isStopAsked = true;
      await run.process?.stop();
      await run.closed;
    },
    stopAll: async () => {
      isStopping = true;
      await Promise.all([fleet.stop(), ...[...runs.values()].map((run) => run.process?.stop())]);
    },
  };
}

function atPace(scenario: DeviceScenarioInput, stepMs: number | undefined): DeviceScenarioInput {
  if (stepMs === undefined) return scenario;
  const devices = scenario.devices.map(({ playback, ...device }) =>
    playback === undefined ? device : { ...device, playback: { ...playback, stepMs } },
  );
  return { ...scenario, devices };
}

function newRun(): Run {
  return {
    state: "stopped",
    startedAt: null,
    subjectLabel: "",
    askAs: null,
    problem: null,
    process: null,
    isStopAsked: false,
    closed: Promise.resolve(),
  };
}

function viewOf(story: Story, run: Run = newRun()): Scenario {
  const { state, startedAt, subjectLabel, problem } = run;
  return {
    id: story.id,
    title: story.title,
    description: story.description,
    state,
    startedAt,
    subjectLabel,
    askAs: run.askAs ?? null,
    problem,
  };
}

function findStory(id: string): Story {
  const story = stories().find((candidate) => candidate.id === id);
  if (story !== undefined) return story;
  const known = stories()
    .map((candidate) => candidate.id)
    .join(", ");
  throw new DomainError("not-found", {
    en: `There is no scenario ${id}. There are: ${known}.`,
    zh: `没有场景 ${id}。现有场景：${known}。`,
  });
}

function runsAlready(story: Story): DomainError {
  return new DomainError("state-forbids", {
    en: `“${story.title.en}” is running already; stop it before you start it again.`,
    zh: `“${story.title.zh}”正在运行，请先停止再重新开始。`,
  });
}

function serverStops(): DomainError {
  return new DomainError("state-forbids", {
    en: "The server is stopping; start the scenario again when it is back.",
    zh: "服务器正在停止，请在其恢复后重新启动场景。",
  });
}

function brokeOff({ complaint }: EdgeExit): BilingualText {
  return {
    en: `The virtual devices broke off: ${complaint}`,
    zh: `虚拟设备意外中断：${complaint}`,
  };
}

// Ten rules of two conditions each over a stream of readings: our rule engine beside json-rules-engine, in one run.
import { alarmRuleSchema } from "@waremind/contract";
import { Engine, type RuleProperties } from "json-rules-engine";
import {
  advanceRule,
  type CompiledRule,
  compileRule,
  type Moment,
  never,
  type RuleState,
  startRule,
} from "../server/src/decisions/rules/index.ts";
import { type BenchOptions, type BenchReport, median, reportOf } from "./support/report.ts";

/** The promise. */
const ratioAim = 10;
const deviceCount = 100;
const factsPerMoment = 2;
const seed = 20_261_122;

/** One rule as both engines are told it. */
interface Pair {
  readonly ours: object;
  readonly theirs: RuleProperties;
}

interface Subject {
  readonly name: string;
  /** Judges the whole stream; of each moment which rules are true, one bit a rule. */
  run(into: Uint16Array): Promise<void> | void;
  /** How often the stream goes by in one round: long enough for the processor's clock. */
  readonly passes: number;
}

export async function runRules(options: BenchOptions): Promise<BenchReport> {
  const momentCount = options.quick ? 4_000 : 20_000;
  const rounds = options.quick ? 3 : 7;
  const moments = streamOf(momentCount);
  const subjects: readonly Subject[] = [
    ourEngine("Waremind", moments, options.quick ? 50 : 100, false),
    ourEngine("Waremind, expressions through the CEL library", moments, 5, true),
    jsonRulesEngine(moments),
  ];
  const fired = await agreedOn(subjects, momentCount);
  const paces = subjects.map((): number[] => []);
  // Taking turns, so that what else the machine does meets all of them.
  for (let round = 0; round < rounds; round += 1) {
    options.say(`Round ${round + 1} of ${rounds} …`);
    for (const [index, subject] of subjects.entries())
      paces[index]?.push(await factsPerSecond(subject, momentCount));
  }
  return report(options, { subjects, paces, momentCount, rounds, fired });
}

/** Every engine judges the same stream alike, or there is nothing to compare; answers how many times a rule was true. */
async function agreedOn(subjects: readonly Subject[], momentCount: number): Promise<number> {
  const answers: Uint16Array[] = [];
  for (const subject of subjects) {
    const answer = new Uint16Array(momentCount);
    await subject.run(answer);
    answers.push(answer);
  }
  const [first] = answers;
  if (first === undefined) throw new Error("There is nothing to compare.");
  for (const [index, answer] of answers.entries()) {
    const place = answer.findIndex((bits, moment) => bits !== first[moment]);
    if (place === -1) continue;
    throw new Error(
      `${subjects[index]?.name} judges moment ${place} otherwise: ${answer[place]}, not ${first[place]}.`,
    );
  }
  return first.reduce((total, bits) => total + bits.toString(2).replaceAll("0", "").length, 0);
}

async function factsPerSecond(subject: Subject, momentCount: number): Promise<number> {
  const into = new Uint16Array(momentCount);
  const before = process.cpuUsage();
  for (let pass = 0; pass < subject.passes; pass += 1) await subject.run(into);
  const { user, system } = process.cpuUsage(before);
  return (subject.passes * momentCount * factsPerMoment) / ((user + system) / 1e6);
}

/** A walk of each device's temperature and humidity, second by second, the devices in turn. */
function streamOf(count: number): Moment[] {
  const random = seededRandom(seed);
  const devices = Array.from({ length: deviceCount }, () => ({ temperature: 6, humidity: 45 }));
  return Array.from({ length: count }, (_, index) => {
    const device = devices[index % deviceCount] ?? { temperature: 6, humidity: 45 };
    device.temperature += (random() - 0.5) * 4 + (6 - device.temperature) * 0.1;
    device.humidity += (random() - 0.5) * 20 + (45 - device.humidity) * 0.1;
    return {
      at: 1_790_000_000_000 + Math.floor(index / deviceCount) * 1_000,
      values: [
        { key: "humidity", value: Math.round(device.humidity * 10) / 10 },
        { key: "temperature", value: Math.round(device.temperature * 100) / 100 },
      ],
    };
  });
}

/** Mulberry32. */
function seededRandom(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Five pairs of limits, and five expressions over both keys. Of each kind some are seldom true and some often. */
function tenRules(): Pair[] {
  const event = (index: number) => ({ type: String(index) });
  const beyond = [0, 1, 2, 3, 4].map((step): Pair => {
    const key = step % 2 === 0 ? "temperature" : "humidity";
    const [above, below] = key === "temperature" ? [7.5 + step, 4.5 - step] : [55 + step * 5, 35 - step * 5];
    const any = [
      { fact: key, operator: "greaterThan", value: above },
      { fact: key, operator: "lessThan", value: below },
    ];
    return {
      ours: { kind: "threshold", key, above, below },
      theirs: { conditions: { any }, event: event(step) },
    };
  });
  const joint = [0, 1, 2, 3, 4].map((step): Pair => {
    const [warm, dry] = [6 + step, 50 - step * 5];
    const all = [
      { fact: "temperature", operator: "greaterThan", value: warm },
      { fact: "humidity", operator: "lessThan", value: dry },
    ];
    return {
      ours: { kind: "expression", expression: `temperature > ${warm} && humidity < ${dry}` },
      theirs: { conditions: { all }, event: event(5 + step) },
    };
  });
  return [...beyond, ...joint];
}

function ourEngine(
  name: string,
  moments: readonly Moment[],
  passes: number,
  isThroughLibrary: boolean,
): Subject {
  const rules = tenRules().map(({ ours }, index) => ready(ours, index, isThroughLibrary));
  return {
    name,
    passes,
    run: (into) => {
      // As in the product: a state for each rule of each device, from the first reading on.
      const devices = Array.from({ length: deviceCount }, () => rules.map(() => startRule()));
      for (let index = 0; index < moments.length; index += 1) {
        const moment = moments[index];
        const states = devices[index % deviceCount];
        if (moment !== undefined && states !== undefined) into[index] = judged(rules, states, moment);
      }
    },
  };
}

function judged(rules: readonly CompiledRule[], states: readonly RuleState[], moment: Moment): number {
  let bits = 0;
  for (let index = 0; index < rules.length; index += 1) {
    const rule = rules[index];
    const state = states[index];
    if (rule === undefined || state === undefined) continue;
    advanceRule(rule, state, moment);
    if (state.raisedAt !== never) bits |= 1 << index;
  }
  return bits;
}

function ready(own: object, index: number, isThroughLibrary: boolean): CompiledRule {
  const rule = alarmRuleSchema.parse({
    ...{ id: `rule-${index}`, name: { en: "Rule", zh: "规则" }, severity: "warning" },
    ...own,
  });
  // A ternary is not simple: the library walks its tree for each reading.
  if (isThroughLibrary && rule.kind === "expression") rule.expression = `true ? ${rule.expression} : false`;
  const keys = (["temperature", "humidity"] as const).map((key) => ({ key, type: "number" as const }));
  const result = compileRule(rule, { keys, expectedIntervalSeconds: 1 });
  if (!result.ok) throw new Error(result.problem.en);
  return result.compiled;
}

function jsonRulesEngine(moments: readonly Moment[]): Subject {
  const engine = new Engine(tenRules().map(({ theirs }) => theirs));
  const facts = moments.map(({ values }) => Object.fromEntries(values.map(({ key, value }) => [key, value])));
  return {
    name: "json-rules-engine",
    passes: 1,
    run: async (into) => {
      for (let index = 0; index < facts.length; index += 1) {
        const { events } = await engine.run(facts[index]);
        let bits = 0;
        for (const { type } of events) bits |= 1 << Number(type);
        into[index] = bits;
      }
    },
  };
}

function report(
  options: BenchOptions,
  measured: {
    readonly subjects: readonly Subject[];
    readonly paces: readonly (readonly number[])[];
    readonly momentCount: number;
    readonly rounds: number;
    readonly fired: number;
  },
): BenchReport {
  const { subjects, paces, momentCount, rounds, fired } = measured;
  const theirs = median(paces.at(-1) ?? []);
  const rows = subjects.map(({ name }, index) => {
    const own = paces[index] ?? [];
    const pace = median(own);
    return [name, pace, Math.min(...own), Math.max(...own), 1e6 / pace, pace / theirs];
  });
  const ratio = median(paces[0] ?? []) / theirs;
  return reportOf(options, {
    title: "Rules: ten of two conditions each over a stream of readings",
    notes: [
      `${momentCount.toLocaleString("en-GB")} moments of ${deviceCount} devices (seed ${seed}), ${factsPerMoment} facts each: a temperature and a humidity. Five rules are limits to both sides, five join both keys with "and".`,
      `All engines judged every moment alike before anything was measured: a rule was true ${fired.toLocaleString("en-GB")} times of ${(momentCount * 10).toLocaleString("en-GB")}.`,
      "Ours also keeps a state for each rule and device and finds where alarms begin and end; the peer answers which rules are true and keeps nothing.",
      `One thread, one process, facts ready in memory; user and system time of the process; ${rounds} rounds taking turns, medians.`,
      `The aim is ${ratioAim} × json-rules-engine; reached: ${ratio.toFixed(0)} ×.`,
    ],
    skipped: [],
    tables: [
      {
        title: "Facts per processor second",
        columns: ["engine", "median", "slowest round", "fastest round", "µs per fact", "× json-rules-engine"],
        rows,
      },
    ],
  });
}

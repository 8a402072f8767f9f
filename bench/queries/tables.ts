// What was measured, as tables: each line of the bar with its verdict, then every figure.
import { median, quantile, type Table } from "../support/report.ts";
import type { Question } from "./questions.ts";
import type { Workload } from "./workload.ts";

export interface Server {
  readonly name: string;
  readonly peer: "influx" | "victoria" | null;
  readonly loadSeconds: number;
  ask(path: string): Promise<string>;
  /** Its processes at this moment. */
  processes(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

/** Of one question and one server. */
export interface Figures {
  readonly times: number[];
  seconds: number;
}

export interface Outcome {
  readonly workload: Workload;
  readonly servers: readonly Server[];
  readonly skipped: readonly string[];
  readonly questions: readonly Question[];
  /** By question and server, as `figures`. */
  readonly firsts: ReadonlyMap<
    string,
    { readonly ms: number; readonly bytes: number; readonly numbers: number }
  >;
  readonly figures: ReadonlyMap<string, Figures>;
  readonly loadBefore: number;
  /** Of each server: latency is not to be compared between unequal ones. */
  readonly priorities: readonly string[];
}

const costOf = ({ figures }: Outcome, question: Question, server: Server) => {
  const own = figures.get(`${question.name}/${server.name}`) ?? { times: [], seconds: Number.NaN };
  return { cpuMs: (own.seconds * 1_000) / own.times.length, p50: median(own.times), times: own.times };
};

export function verdicts(outcome: Outcome): Table {
  const peers = outcome.servers.filter((server) => server.peer !== null);
  const rows = outcome.questions.flatMap((question) =>
    outcome.servers
      .filter((server) => server.peer === null)
      .map((server) => {
        const own = costOf(outcome, question, server);
        const ratios = peers.map((peer) => {
          const theirs = costOf(outcome, question, peer);
          return { name: peer.name, cpu: theirs.cpuMs / own.cpuMs, p50: theirs.p50 / own.p50 };
        });
        const behind = ratios.flatMap(({ name, cpu, p50 }) => [
          ...(cpu > 1 ? [] : [`${name} by CPU${Number.isNaN(cpu) ? " (not measured)" : ""}`]),
          ...(p50 > 1 ? [] : [`${name} by p50`]),
        ]);
        const verdict = behind.length === 0 ? "ahead of both" : `not ahead of ${behind.join(", ")}`;
        return [
          ...[question.line, question.name, server.name],
          ...["influx", "victoria"].flatMap((peer) => {
            const ratio = ratios.find((_, at) => peers[at]?.peer === peer);
            return [ratio?.cpu ?? null, ratio?.p50 ?? null];
          }),
          peers.length === 2 ? verdict : "not decided: a peer is missing",
        ];
      }),
  );
  return {
    title: "Against the bar: times less than the peer (above 1: ahead)",
    columns: [
      ...["line", "question", "store", "CPU, InfluxDB", "p50, InfluxDB"],
      ...["CPU, VictoriaMetrics", "p50, VictoriaMetrics", "verdict"],
    ],
    rows,
  };
}

export function figuresTable(outcome: Outcome): Table {
  const rows = outcome.questions.flatMap((question) =>
    outcome.servers.map((server) => {
      const { cpuMs, p50, times } = costOf(outcome, question, server);
      const first = outcome.firsts.get(`${question.name}/${server.name}`);
      return [
        ...[question.name, server.name, cpuMs, p50, quantile(times, 0.99), first?.ms ?? null],
        ...[times.length, first?.numbers ?? null, (first?.bytes ?? 0) / 1_000],
      ];
    }),
  );
  return {
    title: "Figures",
    columns: [
      ...["question", "server", "CPU ms", "p50 ms", "p99 ms", "first ms"],
      ...["answers", "entries", "kB"],
    ],
    rows,
  };
}

// What a bench says: the machine, the workload, tables of figures, and what was left out.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeMachine, type Machine } from "./machine.ts";

export interface BenchOptions {
  /** Short rounds and fewer of them. */
  readonly quick: boolean;
  /** Progress, on standard error. */
  say(line: string): void;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface BenchReport {
  readonly title: string;
  readonly machine: Machine;
  readonly quick: boolean;
  readonly ranAt: string;
  /** How it was measured, one sentence each. */
  readonly notes: readonly string[];
  /** Peers and stores that were not there, by name, each with its reason. */
  readonly skipped: readonly string[];
  readonly tables: readonly Table[];
}

const resultsFolder = join(import.meta.dirname, "..", "results");

export function reportOf(
  options: BenchOptions,
  body: Pick<BenchReport, "title" | "notes" | "skipped" | "tables">,
): BenchReport {
  return { ...body, machine: describeMachine(), quick: options.quick, ranAt: new Date().toISOString() };
}

export async function writeReport(name: string, report: BenchReport): Promise<void> {
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(join(resultsFolder, `${name}.json`), `${JSON.stringify(report, rounded, 2)}\n`);
  await writeFile(join(resultsFolder, `${name}.md`), asMarkdown(name, report));
}

/** Digits beyond the fifth are noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}

export function printReport(report: BenchReport): void {
  console.log(`\n${report.title}\n${machineLine(report.machine)}\n`);
  for (const note of report.notes) console.log(`- ${note}`);
  for (const skipped of report.skipped) console.log(`- skipped: ${skipped}`);
  for (const table of report.tables) console.log(`\n${table.title}\n${asColumns(table)}`);
}

function machineLine(machine: Machine): string {
  return `${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB memory, ${machine.system}, Node ${machine.node}`;
}

function asMarkdown(name: string, report: BenchReport): string {
  const lines = [
    `# ${report.title}`,
    "",
    `Made by \`npm run bench -- ${name}${report.quick ? " --quick" : ""}\` on ${report.ranAt.slice(0, 10)}.`,
    "",
    machineLine(report.machine),
    "",
    ...report.notes.map((note) => `- ${note}`),
    ...report.skipped.map((skipped) => `- Skipped: ${skipped}`),
  ];
  for (const table of report.tables) {
    lines.push("", `## ${table.title}`, "");
    lines.push(`| ${table.columns.join(" | ")} |`, `|${table.columns.map(() => "---").join("|")}|`);
    for (const row of table.rows) lines.push(`| ${row.map(cell).join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function asColumns(table: Table): string {
  const rows = [table.columns, ...table.rows.map((row) => row.map(cell))];
  const widths = table.columns.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => (column < 2 ? text.padEnd : text.padStart).call(text, widths[column] ?? 0))
        .join("  "),
    )
    .join("\n");
}

function cell(value: string | number | null): string {
  if (value === null) return "–";
  if (typeof value === "string") return value;
  const decimals = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The value below which `share` (0 to 1) of the values lie; NaN without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

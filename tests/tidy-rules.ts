// The rules that keep the house in shape, as pure functions over files; tidy.test.ts runs them over the tree.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";

export interface SourceFile {
  /** Path from the repository root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const domains = [
  "devices",
  "telemetry",
  "catalog",
  "inventory",
  "customers",
  "orders",
  "shipments",
  "reviews",
  "campaigns",
  "evidence",
  "guard",
  "people",
  "notifications",
  "language",
];

/** Folders of server/src by layer, top first. A file may import its own folder and any lower layer. */
const layers: readonly (readonly string[])[] = [
  ["main", "cli"],
  ["app"],
  ["http", "transports", "connect", "demo"],
  ["flows", "assistant"],
  domains,
  ["migrations"],
  ["platform"],
];

/** Decisions and configuration stand beside the layers. */
const decisionImporters = new Set(["flows", "assistant", "demo", "http", "app"]);
/** What an engine may use besides: no input or output, no clock, no chance. */
const pureLibraries = new Set(["@marcbachmann/cel-js"]);
const configImporters = new Set(["main", "cli", "app"]);

const linesPerFileMax = 400;

export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    listFiles(join(root, folder)).map((path) => ({
      path: relative(root, path).split(sep).join("/"),
      text: readFileSync(path, "utf8"),
    })),
  );
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    if (name === "node_modules" || name === "dist" || name === "fixtures") return [];
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return listFiles(path);
    return /\.(ts|tsx|mjs)$/.test(name) ? [path] : [];
  });
}

export interface Import {
  readonly from: string;
  /** A path from the root for relative imports, else the package name. */
  readonly to: string;
  readonly isRelative: boolean;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|new URL\(\s*["'](\.[^"']+\.ts)["']/g;

export function importsOf(file: SourceFile): Import[] {
  return [...file.text.matchAll(importPattern)].map((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? "";
    const isRelative = target.startsWith(".");
    return {
      from: file.path,
      to: isRelative ? posix.normalize(posix.join(dirname(file.path), target)) : target,
      isRelative,
    };
  });
}

export const isTest = (path: string): boolean =>
  /\.test\.tsx?$/.test(path) || path.startsWith("tests/") || path.startsWith("bench/");

/** The folder of server/src that a file belongs to; `main.ts`, `app.ts` and `config.ts` are their own. */
export function placeOf(path: string): string | undefined {
  const match = /^server\/src\/([^/]+)/.exec(path);
  return match?.[1]?.replace(/\.ts$/, "");
}

const layerOf = (place: string): number => layers.findIndex((layer) => layer.includes(place));

/** Every broken import rule, one sentence each. */
export function importFaults(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !isTest(file.path))
    .flatMap(importsOf)
    .flatMap((edge) =>
      [workspaceFault(edge), serverFault(edge), doorFault(edge)].filter((fault) => fault !== undefined),
    );
}

function workspaceFault({ from, to, isRelative }: Import): string | undefined {
  const workspace = from.split("/")[0];
  if (isRelative && to.split("/")[0] !== workspace)
    return `${from} reaches into ${to}: workspaces meet only in @waremind/contract.`;
  if (workspace === "contract" && !isRelative && to !== "zod")
    return `${from} imports ${to}: contract knows zod only.`;
  if (!isRelative && /^@waremind\/(server|console|edge)/.test(to))
    return `${from} imports ${to}: only @waremind/contract is shared.`;
  return undefined;
}

function serverFault({ from, to, isRelative }: Import): string | undefined {
  const place = placeOf(from);
  if (place === undefined) return undefined;
  if (place === "decisions") {
    const isInside = isRelative
      ? placeOf(to) === "decisions"
      : to === "@waremind/contract" || pureLibraries.has(to);
    return isInside ? undefined : `${from} imports ${to}: engines import nothing but @waremind/contract.`;
  }
  const target = isRelative ? placeOf(to) : undefined;
  if (target === undefined || target === place) return undefined;
  return betweenPlaces(from, place, to, target);
}

function betweenPlaces(from: string, place: string, to: string, target: string): string | undefined {
  if (target === "decisions")
    return decisionImporters.has(place)
      ? undefined
      : `${from} imports ${to}: only flows and above call an engine.`;
  if (target === "config")
    return configImporters.has(place) ? undefined : `${from} imports ${to}: settings are passed in.`;
  if (place === "config") return `${from} imports ${to}: config.ts stands alone.`;
  if (layerOf(place) === -1) return `${from}: server/src/${place} is no room of the house.`;
  if (layerOf(target) === -1) return `${from} imports ${to}: server/src/${target} is no room of the house.`;
  if (domains.includes(place) && domains.includes(target))
    return `${from} imports ${to}: domains never import each other.`;
  if (layerOf(target) < layerOf(place)) return `${from} imports ${to}: imports go down only.`;
  if (layerOf(target) === layerOf(place) && target !== place && !isPeerAllowed(place, target))
    return `${from} imports ${to}: ${place} and ${target} are peers.`;
  return undefined;
}

/** The assistant proposes through flows; the public routes serve the demo and the device API. */
function isPeerAllowed(place: string, target: string): boolean {
  return (place === "assistant" && target === "flows") || (place === "main" && target === "cli");
}

/** Another folder is entered through its door; platform, decisions' engines, contract and migrations have many small files. */
function doorFault({ from, to, isRelative }: Import): string | undefined {
  const target = isRelative ? placeOf(to) : undefined;
  if (target === undefined || target === placeOf(from)) return undefined;
  const hasDoor = domains.includes(target) || target === "assistant";
  return hasDoor && !to.endsWith(`/${target}/index.ts`)
    ? `${from} imports ${to}: enter ${target} through its index.ts.`
    : undefined;
}

/** Circles among files, each reported once as `a → b → a`. */
export function importCircles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files
      .filter((file) => !isTest(file.path))
      .map((file) => [
        file.path,
        importsOf(file)
          .filter((edge) => edge.isRelative)
          .map((edge) => edge.to),
      ]),
  );
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    for (const next of edges.get(path) ?? []) if (edges.has(next)) walk(next, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of edges.keys()) walk(path, []);
  return circles;
}

/** Words that a folder must not know: the present, the environment, transports and models. */
export function wordFaults(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !isTest(file.path))
    .flatMap((file) => {
      const place = placeOf(file.path);
      if (place === undefined) return [];
      const code = withoutComments(file.text);
      const faults: string[] = [];
      if (
        file.path !== "server/src/platform/clock.ts" &&
        /\bDate\.now\(\)|\bnew Date\(\)|\bperformance\.now\(\)/.test(code)
      )
        faults.push(`${file.path} asks the system for the time: take a Clock.`);
      if (file.path !== "server/src/config.ts" && /\bprocess\.env\b/.test(code))
        faults.push(`${file.path} reads the environment: only config.ts does.`);
      if (place === "decisions" && /\bMath\.random\b|["']node:|\bsetTimeout\b|\bfetch\(/.test(code))
        faults.push(`${file.path} is not pure: engines take everything as input.`);
      if (
        domains.includes(place) &&
        place !== "language" &&
        /from "(mqtt|mqtt-packet|hono|ai|@hono\/|@ai-sdk\/)/.test(code)
      )
        faults.push(`${file.path} knows a transport or a model: domains do not.`);
      return faults;
    });
}

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*/g, "");

export function sizeFaults(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !isTest(file.path) && file.text.split("\n").length > linesPerFileMax + 1)
    .map((file) => `${file.path} has more than ${linesPerFileMax} lines: split it.`);
}

/** Relative imports that point at no file. */
export function missingFaults(root: string, files: readonly SourceFile[]): string[] {
  return files
    .flatMap(importsOf)
    .filter(
      (edge) => edge.isRelative && /\.(ts|tsx|mjs)$/.test(edge.to) && !existsSync(resolve(root, edge.to)),
    )
    .map((edge) => `${edge.from} imports ${edge.to}, which does not exist.`);
}

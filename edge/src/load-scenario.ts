// Reads and checks what a run is made of; every refusal says which file, where in it, and what to do.
import { readFile, stat } from "node:fs/promises";
import {
  type DeviceScenario,
  type DeviceTokens,
  deviceScenarioSchema,
  deviceTokensSchema,
} from "@waremind/contract";
import type { z } from "zod";

/** The file or its content cannot be used; the message is for the person who started the program. */
export class ScenarioError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ScenarioError";
  }
}

const scenarioBytesMax = 10 * 1024 * 1024;
const issuesShownMax = 10;

export async function loadScenario(path: string): Promise<DeviceScenario> {
  return parseScenario(await readText(path), path);
}

/** `source` names where the text came from, for the refusal. */
export function parseScenario(text: string, source: string): DeviceScenario {
  return parseWith(deviceScenarioSchema, text, source);
}

/** Tokens from a file that only its owner may read. On Windows the mode says nothing and is not looked at. */
export async function loadTokens(path: string, platform: NodeJS.Platform): Promise<DeviceTokens> {
  const { mode } = await stat(path).catch((cause: unknown) => {
    throw new ScenarioError(`${path}: cannot be read.`, { cause });
  });
  if (platform !== "win32" && (mode & 0o077) !== 0)
    throw new ScenarioError(`${path}: other users may read these tokens. Run: chmod 600 ${path}`);
  return parseTokens(await readText(path), path);
}

export function parseTokens(text: string, source: string): DeviceTokens {
  return parseWith(deviceTokensSchema, text, source);
}

/** Refuses a run in which a device has no token. */
export function requireTokens(scenario: DeviceScenario, tokens: DeviceTokens, source: string): void {
  const missing = scenario.devices.filter((device) => tokens[device.name] === undefined);
  if (missing.length === 0) return;
  const names = missing.map((device) => device.name).join(", ");
  throw new ScenarioError(`${source}: no token for ${names}. Add a line "name": "token" for each.`);
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > scenarioBytesMax)
      throw new ScenarioError(`${path}: ${size} bytes; at most ${scenarioBytesMax} are read.`);
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof ScenarioError) throw cause;
    throw new ScenarioError(`${path}: cannot be read (${messageOf(cause)}).`, { cause });
  }
}

function parseWith<Schema extends z.ZodType>(schema: Schema, text: string, source: string): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ScenarioError(`${source}: this is not JSON (${messageOf(cause)}).`, { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, issuesShownMax)
    .map((issue) => `  ${pathText(issue.path)}: ${issue.message}`);
  throw new ScenarioError([`${source}: the content is not as it should be.`, ...issues].join("\n"));
}

/** `devices[0].series[1].phases` as a person reads it. */
function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the whole file";
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return index === 0 ? String(part) : `.${String(part)}`;
    })
    .join("");
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

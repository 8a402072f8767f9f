import { problemSchema } from "@waremind/contract";
import { loadKeys } from "../platform/keys.ts";
import { findRunning } from "./running.ts";

/** A command that cannot go on; the message is for the person at the terminal. */
export class CommandError extends Error {}

/**
 * Calls the running server of this data folder as its own command line.
 *
 * @throws CommandError when no server runs, or with the server's own sentence when it refuses.
 */
export async function callServer(
  dataDirectory: string,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<unknown> {
  const running = await findRunning(dataDirectory);
  if (running === null)
    throw new CommandError(
      `No Waremind server runs on ${dataDirectory}. Start it with \`npm start\`, or set WAREMIND_DATA_DIR to the folder of the one that does.`,
    );
  const keys = await loadKeys(dataDirectory);
  const response = await fetch(new URL(path, running.url), {
    method,
    headers: { authorization: `Bearer ${keys.control}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const problem = problemSchema.safeParse(answer);
  throw new CommandError(
    problem.success
      ? problem.data.message.en
      : `The server answered ${response.status} to ${method} ${path}.`,
  );
}

import type { Database } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import type { Log } from "./log.ts";
import { openPostgresql } from "./postgresql.ts";

/** PostgreSQL when a URL is given, else the embedded store below `dataDirectory`. The caller migrates and closes it. */
export function openDatabase(options: {
  readonly databaseUrl: string | undefined;
  readonly dataDirectory: string;
  readonly log: Log;
}): Promise<Database> {
  if (options.databaseUrl !== undefined) return openPostgresql({ url: options.databaseUrl });
  return openEmbedded({ directory: options.dataDirectory, log: options.log });
}

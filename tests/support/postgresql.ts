import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import pg from "pg";
import { migrations } from "../../server/src/migrations/index.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";

const templatePrefix = "waremind_test_template_";
const templateKeptMs = 24 * 60 * 60_000;
const templateLock = 7_236_401;

export interface OwnDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * A database of one's own on the PostgreSQL behind `url`, whose role must be allowed to create databases. Not a schema:
 * a migrator looks at every schema of its database, and finds one that another test drops meanwhile missing halfway.
 *
 * @param options.isMigrated copies the present schema from a template; otherwise the database is empty
 */
export async function createOwnDatabase(
  url: string,
  options: { readonly isMigrated: boolean },
): Promise<OwnDatabase> {
  const name = `waremind_test_${randomBytes(6).toString("hex")}`;
  const template = options.isMigrated ? await findOrMakeTemplate(url) : "template0";
  await onPostgresql(url, (client) => client.query(`create database ${name} template ${template}`));
  return {
    url: urlOf(url, name),
    drop: async () => {
      await onPostgresql(url, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** Runs `work` on one connection to `url` and closes it. */
export async function onPostgresql<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

let template: Promise<string> | undefined;

function findOrMakeTemplate(url: string): Promise<string> {
  template ??= onPostgresql(url, async (client) => {
    const name = `${templatePrefix}${hashOfSchema()}`;
    await client.query("select pg_advisory_lock($1)", [templateLock]);
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (rowCount === 0) await makeTemplate(client, url, name);
    return name;
  });
  return template;
}

/** Migrated under another name first: a template that exists is complete. */
async function makeTemplate(client: pg.Client, url: string, name: string): Promise<void> {
  await dropOldTemplates(client);
  const draft = `waremind_test_${randomBytes(6).toString("hex")}`;
  await client.query(`create database ${draft} template template0`);
  const database = await openPostgresql({ url: urlOf(url, draft) });
  try {
    await database.migrate(migrations);
  } finally {
    await database.close();
  }
  await client.query(`comment on database ${draft} is '${Date.now()}'`);
  await client.query(`alter database ${draft} rename to ${name}`);
}

async function dropOldTemplates(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ datname: string; made_at: string | null }>(
    "select datname, shobj_description(oid, 'pg_database') as made_at from pg_database where starts_with(datname, $1)",
    [templatePrefix],
  );
  for (const { datname, made_at } of rows) {
    if (Date.now() - Number(made_at) > templateKeptMs) await client.query(`drop database ${datname}`);
  }
}

function urlOf(url: string, databaseName: string): string {
  const own = new URL(url);
  own.pathname = `/${databaseName}`;
  return own.href;
}

/** What a migrated store depends on: the migrations' text and the pinned versions. */
export function hashOfSchema(): string {
  const hash = createHash("sha256");
  hash.update(readFileSync(new URL("../../server/package.json", import.meta.url)));
  for (const name of Object.keys(migrations)) {
    hash.update(readFileSync(new URL(`../../server/src/migrations/${name}.ts`, import.meta.url)));
  }
  return hash.digest("hex").slice(0, 16);
}

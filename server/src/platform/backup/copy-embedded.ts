import { sql } from "kysely";
import { type Database, tablesOf } from "../database.ts";
import { isEmbedded } from "../embedded.ts";
import { DomainError } from "../errors.ts";
import { copyCluster, sizeOfCluster } from "./copy-cluster.ts";
import type { BackupEvent } from "./format.ts";

/**
 * Header, files and facts of an embedded store that is open in this process; it goes on working meanwhile.
 *
 * @throws DomainError `state-forbids` for any other store, `conflict` while another copy is made.
 */
export async function* copyEmbedded(
  database: Database,
  head: { readonly product: string; readonly createdAt: number },
): AsyncGenerator<BackupEvent> {
  if (!isEmbedded(database) || database.directory === undefined)
    throw new DomainError("state-forbids", {
      en: "This server uses PostgreSQL: `waremind backup` copies it without the server. Give it the same WAREMIND_DATABASE_URL.",
      zh: "此服务器使用 PostgreSQL：`waremind backup` 可直接复制，无需服务器。请为其设置相同的 WAREMIND_DATABASE_URL。",
    });
  const { directory } = database;
  const { rows } = await sql<{ version: string; migrations: string[] }>`
    select current_setting('server_version') as version,
      array(select name::text from kysely_migration order by name) as migrations`.execute(tablesOf(database));
  const [row] = rows;
  if (row === undefined) throw new Error("The store told no version.");
  yield {
    kind: "header",
    header: {
      ...{ format: 1, product: head.product, engine: "embedded", engineVersion: row.version },
      ...{ createdAt: head.createdAt, migrations: row.migrations },
      bytesExpected: await sizeOfCluster(directory),
    },
  };
  const suspendCheckpoints = () => database.suspendCheckpoints();
  yield* copyCluster({ database, directory, suspendCheckpoints });
}

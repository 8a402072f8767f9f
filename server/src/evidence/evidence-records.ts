import { type EvidenceRecord, evidenceRecordSchema } from "@waremind/contract";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import type { EvidenceRecords } from "./evidence.ts";
import type { EvidenceTables } from "./tables.ts";

/** Keeps every text that left the product with the facts it rests on. A record is written once and never changed. */
export function createEvidenceRecords({ database }: { readonly database: Database }): EvidenceRecords {
  return {
    save: (connection: Connection, record: EvidenceRecord) => save(connection, record),
    find: (id: string) => find(database, id),
  };
}

async function save(connection: Connection, record: EvidenceRecord): Promise<void> {
  await tablesOf<EvidenceTables>(connection)
    .insertInto("evidenceRecord")
    .values({
      id: record.id,
      kind: record.kind,
      language: record.language,
      text: record.text,
      sentences: JSON.stringify(record.sentences),
      withheld: JSON.stringify(record.withheld),
      facts: JSON.stringify(record.facts),
      createdAt: record.createdAt,
    })
    .execute();
}

async function find(database: Database, id: string): Promise<EvidenceRecord | null> {
  const row = await tablesOf<EvidenceTables>(database)
    .selectFrom("evidenceRecord")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : evidenceRecordSchema.parse(row);
}

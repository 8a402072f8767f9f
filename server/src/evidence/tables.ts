import type { ColumnType } from "kysely";

type Json = ColumnType<unknown, string, never>;

export interface EvidenceTables {
  evidenceRecord: {
    id: string;
    kind: string;
    language: string;
    text: string;
    sentences: Json;
    withheld: Json;
    facts: Json;
    createdAt: number;
  };
}

// Silences of a series between two of its readings, as records.
import { type Kysely, sql } from "kysely";

const statements = [
  // A row stands for a silence that is over: both ends are readings. They never overlap, so from_at is enough of a key.
  `create table series_gap (
    series_id int not null, from_at bigint not null, to_at bigint not null,
    primary key (series_id, from_at), check (to_at > from_at)
  )`,
];

export const seriesGaps = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(database);
  },
};

// Routes that vehicles drive, and which device drives which since when.
import { type Kysely, sql } from "kysely";
import { splitStatements } from "./split-statements.ts";

const statements = `
create table route (
  id text primary key, name_en text not null, name_zh text not null,
  -- In the order of driving: [{"latitude": 31.2, "longitude": 121.5}, …].
  places jsonb not null, metres double precision not null,
  usual_speed_kmh double precision not null check (usual_speed_kmh > 0), created_at bigint not null
);
create table device_route (
  id bigint generated always as identity primary key,
  device_id int not null references device on delete cascade, route_id text not null references route on delete cascade,
  began_at bigint not null, ended_at bigint, check (ended_at is null or ended_at >= began_at)
);
create unique index device_route_live on device_route (device_id) where ended_at is null;
create index device_route_of_route on device_route (route_id) where ended_at is null;
-- Which devices tell where they are is asked of all series at once.
create index series_position on series (device_id) where key in ('latitude', 'longitude', 'lat', 'lon', 'lng');
`;

export const routes = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of splitStatements(statements)) await sql.raw(statement).execute(database);
  },
};

// The peer: an Aedes broker whose messages go to PostgreSQL in groups, acknowledged after the commit of their group.
import { createServer } from "node:net";
import { Aedes, type AuthorizePublishHandler } from "aedes";
import pg from "pg";
import { ownProcessorSeconds, serveParent } from "../support/children.ts";

interface Settings {
  readonly databaseUrl: string;
  /** Whether a message may come twice, as after a reconnect; costs the peer a little. */
  readonly takesRedeliveries?: boolean;
}

interface Waiting {
  readonly device: number;
  readonly observedAt: number;
  readonly temperature: number;
  readonly humidity: number;
  readonly stored: (error: Error | null) => void;
}

const groupMs = 10;
const connections = 3;

serveParent<Settings>(async (settings) => {
  const pool = new pg.Pool({
    connectionString: settings.databaseUrl,
    max: connections,
  });
  await pool.query(
    `create table reading (series_id int not null, observed_at bigint not null, number double precision not null,
     primary key (series_id, observed_at))`,
  );
  let waiting: Waiting[] = [];
  const insertReadings = `insert into reading select * from unnest($1::int[], $2::bigint[], $3::float8[])${
    settings.takesRedeliveries === true ? " on conflict do nothing" : ""
  }`;

  async function commit(): Promise<void> {
    const group = waiting;
    waiting = [];
    let error: Error | null = null;
    try {
      await pool.query({
        name: "insert-readings",
        text: insertReadings,
        values: [
          group.flatMap(({ device }) => [device * 2, device * 2 + 1]),
          group.flatMap(({ observedAt }) => [observedAt, observedAt]),
          group.flatMap(({ temperature, humidity }) => [temperature, humidity]),
        ],
      });
    } catch (cause) {
      error = cause instanceof Error ? cause : new Error(String(cause));
      console.error(error);
    }
    for (const { stored } of group) stored(error);
  }

  const store: AuthorizePublishHandler = (client, packet, stored) => {
    const message = JSON.parse(packet.payload.toString()) as {
      ts: number;
      values: { temperature: number; humidity: number };
    };
    if (waiting.length === 0) setTimeout(() => void commit(), groupMs);
    const device = Number((client?.id ?? "bench-0").slice("bench-".length));
    waiting.push({ device, observedAt: message.ts, ...message.values, stored: (error) => stored(error) });
  };

  const broker = await Aedes.createBroker({ authorizePublish: store });
  const server = createServer({ noDelay: true }, broker.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    verbs: {
      port: () => (typeof address === "object" && address !== null ? address.port : 0),
      processorSeconds: ownProcessorSeconds,
      memory: () => process.memoryUsage(),
      countReadings: async () =>
        Number((await pool.query<{ count: string }>("select count(*) from reading")).rows[0]?.count ?? 0),
      // As the database's own housekeeping would, so that no round pays for the one before.
      settle: async () => {
        await pool.query("vacuum analyze reading");
      },
    },
    stop: async () => {
      server.close();
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await pool.end();
    },
  };
});

// The product's own HTTP server over a filled store, for the bench to ask: all of its routes and checks, none of its jobs.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDomains, buildFlows } from "../../server/src/app/domains.ts";
import { readConfig } from "../../server/src/config.ts";
import { createThingsboardImports } from "../../server/src/connect/thingsboard/index.ts";
import type { HttpDependencies } from "../../server/src/http/dependencies.ts";
import { createHttpListener } from "../../server/src/http/listener.ts";
import { createProofRunner } from "../../server/src/http/proof-runner.ts";
import { createHttp } from "../../server/src/http/server.ts";
import { migrations } from "../../server/src/migrations/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import type { Database } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import { createLog } from "../../server/src/platform/log.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";
import type { Reading, Telemetry } from "../../server/src/telemetry/index.ts";
import { createDeviceApi } from "../../server/src/transports/http/index.ts";
import { checkProtoSchemas } from "../../server/src/transports/protobuf/index.ts";
import { serveParent } from "../support/children.ts";
import { fillWaremind, runnerOf } from "./fill-waremind.ts";
import { countOf, everyMsOf, numberAt, seriesCount, startOf, type Workload } from "./workload.ts";

export interface QueryServerSettings {
  readonly store:
    | { readonly kind: "embedded"; readonly directory: string }
    | { readonly kind: "postgresql"; readonly url: string };
  readonly workload: Workload;
  /** What a request bears; stands for a person with every permission. */
  readonly controlToken: string;
}

const log = createLog("warn");
const readingsPerCall = 5_000;

serveParent<QueryServerSettings>(async ({ store, workload, controlToken }) => {
  const database =
    store.kind === "embedded"
      ? await openEmbedded({ directory: store.directory, log })
      : await openPostgresql({ url: store.url });
  await database.migrate(migrations);
  const http = await openHttp(database, controlToken);
  const run = runnerOf(database);
  return {
    verbs: {
      port: () => http.port,
      fill: () => fillWaremind(database, workload, (line) => console.error(line)),
      storeControl: () => storeControl(database, http.telemetry, workload),
      /** Processes that work for this server's database, where it has some of its own. */
      backends: async () =>
        store.kind === "embedded"
          ? []
          : (await run("select pid from pg_stat_activity where datname = current_database()")).map(
              (row) => row["pid"],
            ),
      bytes: async () =>
        Number((await run("select pg_database_size(current_database())::text as size"))[0]?.["size"]),
    },
    stop: async () => {
      await http.stop();
      await database.close();
    },
  };
});

async function openHttp(database: Database, controlToken: string) {
  const keys = {
    ...{ approvals: "a".repeat(43), sessions: "s".repeat(43), identity: "i".repeat(43) },
    ...{ control: controlToken, credentials: "d".repeat(43) },
  };
  const ground = { database, clock: systemClock, log, keys, config: readConfig({}), bus: createBus() };
  const domains = buildDomains(ground);
  const settings = {
    ...{ name: { en: "Bench", zh: "Bench" }, phone: "", currency: "CNY", timeZone: "UTC", isDemo: false },
  };
  const flows = buildFlows(ground, domains, settings);
  const thingsboardImports = createThingsboardImports({
    ...{ ...ground, ...domains },
    wait: () => Promise.resolve(),
  });
  const app = createHttp({
    ...{ ...ground, ...domains, ...flows, thingsboardImports, checkTransport: checkProtoSchemas },
    // Nobody signs in here: the control token is what requests bear.
    people: { userOf: () => Promise.resolve(null) } as unknown as HttpDependencies["people"],
    proofs: createProofRunner({ projectDirectory: tmpdir(), ...ground }),
    ...{ demo: null, controlToken },
    deviceApi: createDeviceApi({ ...ground, desk: flows.deviceDesk, sink: flows.sink }).routes,
    consoleDirectory: join(tmpdir(), "waremind-no-console"),
    shop: { ...settings, engine: "", version: "" },
  } as HttpDependencies);
  const listener = createHttpListener();
  const port = await listener.listen(0, "127.0.0.1");
  listener.serve((request, bindings) => app.fetch(request, bindings));
  return { port, telemetry: domains.telemetry, stop: () => listener.stop() };
}

/**
 * The readings of series 2 once more, as one more series and through the product's own intake and job: what was written in
 * bulk must read the same.
 */
async function storeControl(database: Database, telemetry: Telemetry, workload: Workload): Promise<void> {
  const all = Array.from({ length: countOf(workload, 2) }, (_, index): Reading => {
    const observedAt = startOf(workload, 2) + index * everyMsOf(workload, 2);
    return {
      ...{ seriesId: seriesCount + 1, observedAt, receivedAt: observedAt },
      value: { type: "number", number: numberAt(2, index) },
    };
  });
  for (let first = 0; first < all.length; first += readingsPerCall) {
    const batch = all.slice(first, first + readingsPerCall);
    await database.transaction((connection) => telemetry.storeReadings(connection, batch));
  }
  await telemetry.rollUp();
}

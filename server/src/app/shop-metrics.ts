// Figures that are read when Prometheus asks: of memory at once, of the store together and not more often than it needs.
import { sql } from "kysely";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import type { Jobs } from "../platform/jobs.ts";
import type { GaugeValues, Metrics } from "../platform/metrics.ts";

/** Scrapes of several Prometheus servers share one reading of the store. */
const storeKeptMs = 5_000;

export interface ShopMetricsDependencies {
  readonly metrics: Metrics;
  readonly database: Database;
  readonly jobs: Pick<Jobs, "counts">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly sink: { readonly pendingCount: number; readonly pendingCountMax: number };
  readonly deviceHub: { readonly connectedCount: number };
  readonly version: string;
}

/** Answers how to stop counting what the bus tells. */
export function createShopMetrics(deps: ShopMetricsDependencies): () => void {
  const { metrics, sink, deviceHub } = deps;
  const one = (value: number): GaugeValues => [{ values: [], value }];
  const gauge = (name: string, help: string, read: () => GaugeValues | Promise<GaugeValues>) =>
    metrics.gauge({ name: `waremind_${name}`, help, labels: [] }, read);
  gauge("intake_pending_messages", "Messages that came in and are not stored yet.", () =>
    one(sink.pendingCount),
  );
  gauge("intake_pending_messages_max", "Above this many, devices are held back.", () =>
    one(sink.pendingCountMax),
  );
  gauge("devices_connected", "Devices with an open session in this process.", () =>
    one(deviceHub.connectedCount),
  );
  metrics.gauge({ name: "waremind_info", help: "The version that runs.", labels: ["version"] }, () => [
    { values: [deps.version], value: 1 },
  ]);
  addStoreGauges(deps);
  const changes = metrics.counter({
    name: "waremind_command_changes_total",
    help: "Changes of commands to this state.",
    labels: ["state"],
  });
  return deps.bus.subscribe((event) => {
    if (event.kind === "command-changed") changes.add([event.state]);
  });
}

function addStoreGauges({ metrics, database, jobs, clock }: ShopMetricsDependencies): void {
  const read = createStoreReader({ database, jobs, clock });
  const up = async (): Promise<GaugeValues> =>
    read().then(
      () => [{ values: [], value: 1 }],
      () => [{ values: [], value: 0 }],
    );
  metrics.gauge({ name: "waremind_store_up", help: "Whether the store answers.", labels: [] }, up);
  metrics.gauge(
    { name: "waremind_store_size_bytes", help: "Size of the database on its disk.", labels: [] },
    async () => [{ values: [], value: (await read()).sizeBytes }],
  );
  metrics.gauge(
    { name: "waremind_commands_open", help: "Commands that are not over, by state.", labels: ["state"] },
    async () => (await read()).commands,
  );
  metrics.gauge(
    { name: "waremind_alarms_open", help: "Alarms that did not end, by severity.", labels: ["severity"] },
    async () => (await read()).alarms,
  );
  metrics.gauge(
    { name: "waremind_jobs", help: "Background jobs by state.", labels: ["state"] },
    async () => (await read()).jobs,
  );
}

interface StoreFigures {
  readonly sizeBytes: number;
  readonly commands: GaugeValues;
  readonly alarms: GaugeValues;
  readonly jobs: GaugeValues;
}

/** What every gauge of one scrape shares. A reading that failed is not kept. */
function createStoreReader(
  deps: Pick<ShopMetricsDependencies, "database" | "jobs" | "clock">,
): () => Promise<StoreFigures> {
  let kept: { readonly at: number; readonly figures: Promise<StoreFigures> } | undefined;
  return () => {
    const at = deps.clock.now();
    if (kept !== undefined && Math.abs(at - kept.at) < storeKeptMs) return kept.figures;
    const figures = readStore(deps);
    const mine = { at, figures };
    kept = mine;
    figures.catch(() => {
      if (kept === mine) kept = undefined;
    });
    return figures;
  };
}

const openCommandStates = ["queued", "sent", "delivered"] as const;
const severities = ["info", "warning", "critical"] as const;

async function readStore({
  database,
  jobs,
}: Pick<ShopMetricsDependencies, "database" | "jobs">): Promise<StoreFigures> {
  const { rows } = await sql<{ what: string; label: string; count: number }>`
    select 'size' as what, '' as label, pg_database_size(current_database())::float8 as count
    union all
    select 'command', state, count(*)::float8 from device_command where ended_at is null group by state
    union all
    select 'alarm', severity, count(*)::float8 from alarm where ended_at is null group by severity`.execute(
    tablesOf(database),
  );
  const countOf = (what: string, label: string): number =>
    rows.find((row) => row.what === what && row.label === label)?.count ?? 0;
  const valuesOf = (what: string, labels: readonly string[]): GaugeValues =>
    labels.map((label) => ({ values: [label], value: countOf(what, label) }));
  const counts = await jobs.counts();
  return {
    sizeBytes: countOf("size", ""),
    commands: valuesOf("command", openCommandStates),
    alarms: valuesOf("alarm", severities),
    jobs: Object.entries(counts).map(([state, value]) => ({ values: [state], value })),
  };
}
